"""The one shape of a failure."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


@pytest.mark.parametrize(
    ("answer", "remedy", "message"),
    [
        ("no answer", "Try again", "Could not stop X on srv: no answer. Try again."),
        ("really?", "Do it!", "Could not stop X on srv: really? Do it!"),
        ("two\n  lines", "", "Could not stop X on srv: two lines."),
        ("", "", "Could not stop X on srv:"),
    ],
)
def test_message(answer: str, remedy: str, message: str) -> None:
    assert str(Failure("stop X", "srv", answer, remedy)) == message


def test_parts_and_details() -> None:
    given = {"pid": 4}
    failure = Failure("stop X", "srv", "a", "b", details=given)
    given["pid"] = 5
    assert (failure.attempted, failure.target, failure.answer, failure.remedy) == ("stop X", "srv", "a", "b")
    assert failure.details == {"pid": 4}
    assert Failure("stop X", "srv", "a", "b").details == {}
