"""Why somebody should look at a system, and the words of the options."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._attention import (
    WORDS,
    attention,
    fits,
    listed,
    words,
)

WINDOW = {"id": "1"}
ROW: dict[str, Any] = {"mode": "normal", "overdue": False, "verified": True, "windows": [], "faults": []}
ON = {"mode": "maintenance", "windows": [WINDOW]}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, ()),
        (ON, ()),
        ({"verified": None}, ()),
        ({**ON, "overdue": True}, ("overdue",)),
        ({**ON, "windows": []}, ("foreign",)),
        ({**ON, "windows": [], "overdue": True}, ("overdue", "foreign")),
        ({"verified": False}, ("unverified",)),
        ({**ON, "verified": False, "overdue": True}, ("overdue", "unverified")),
        ({"mode": "changing", "verified": False, "windows": [WINDOW]}, ("changing",)),
        ({"mode": "unknown", "verified": None}, ("unknown",)),
        ({"faults": ["W3SVC is stopped"]}, ("faulty",)),
        ({"mode": "unknown", "faults": ["W3SVC is stopped"]}, ("unknown", "faulty")),
    ],
)
def test_attention(row: dict[str, Any], expected: tuple[str, ...]) -> None:
    found = {**ROW, **row}
    assert attention(found) == expected
    assert [word for word in WORDS if fits(found, word)] == [
        *expected,
        *(["attention"] if expected else []),
        *([found["mode"]] if found["mode"] in ("normal", "maintenance") else []),
    ]


def test_a_row_of_an_older_version_has_no_faults() -> None:
    assert attention({key: value for key, value in ROW.items() if key != "faults"}) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, []),
        ([], []),
        (["", "  ", "\n"], []),
        (["overdue", "unknown"], ["overdue", "unknown"]),
        (["Keller, Anna"], ["Keller, Anna"]),
        (["overdue\nunknown\r\n\n"], ["overdue", "unknown"]),
        ([" Overdue", "overdue "], ["Overdue", "overdue"]),
    ],
)
def test_lists_as_people_and_surveys_write_them(given: list[str] | None, expected: list[str]) -> None:
    assert listed(given) == expected


def test_words() -> None:
    assert words("fail_on", ["Overdue", "UNKNOWN", "overdue"]) == ["overdue", "unknown"]
    assert words("fail_on", None) == []


@pytest.mark.parametrize(("word", "hint"), [("overdu", "Did you mean overdue?"), ("open", "Use overdue, unknown")])
def test_a_misspelled_word_is_refused(word: str, hint: str) -> None:
    with pytest.raises(Invalid, match=f'Invalid O.fail_on.: "{word}" is not a word for a system. {hint}'):
        words("fail_on", ["unknown", word])
