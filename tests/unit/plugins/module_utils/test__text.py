"""What somebody else wrote is shown on one line, without commands to the terminal, and not at any length."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import one_line, shortened
from hypothesis import given
from hypothesis import strategies as st

ANYTHING = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        (" two\r\n  lines\t", "two lines"),
        ("Köln € 漢", "Köln € 漢"),
        ("no\xa0break", "no break"),
        ("\x1b[2Jgone\x07", "\\x1b[2Jgone\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("left\u202eright", "left\\u202eright"),
        ("half \ud800 a pair", "half \\ud800 a pair"),
    ],
)
def test_one_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


@given(ANYTHING)
def test_any_text_can_be_shown_and_stored(text: str) -> None:
    shown = one_line(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert one_line(shown) == shown


def test_a_long_text_is_cut() -> None:
    assert shortened("x" * 300) == "x" * 300
    assert shortened("x" * 301) == "x" * 300 + "..."
    assert shortened(" " * 10_000 + "x") == "..."
    assert shortened("x\n" * 9, 5) == "x x x..."


def test_a_failure_holds_no_commands() -> None:
    assert str(Failure("read \x1b[1m", "srv\x07", "\u202e", "Look\x00")) == (
        "Could not read \\x1b[1m on srv\\x07: \\u202e. Look\\x00."
    )
