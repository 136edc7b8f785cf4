"""The shapes of a failure: three parts and the state that is left; input of a form of its own; reasons to refuse."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import (
    Failure,
    Invalid,
    Refused,
    Unreachable,
    sentence,
)


@pytest.mark.parametrize(
    ("target", "answer", "remedy", "state", "message"),
    [
        pytest.param("srv", "no answer", "Try again", "", "Could not stop X on srv: no answer. Try again.", id="three"),
        pytest.param("srv", "really?", "Do it!", "", "Could not stop X on srv: really? Do it!", id="ends of their own"),
        pytest.param("srv", "two\n  lines", "", "", "Could not stop X on srv: two lines.", id="one line"),
        pytest.param("", "no", "Look", "", "Could not stop X: no. Look.", id="no place"),
        pytest.param("srv", "no", "Look", "It is off", "Could not stop X on srv: no. Look. It is off.", id="a state"),
        pytest.param("srv", "no", "", "It is off", "Could not stop X on srv: no. It is off.", id="a state, no remedy"),
    ],
)
def test_message(target: str, answer: str, remedy: str, state: str, message: str) -> None:
    failure = Failure("stop X", target, answer, remedy)
    failure.state = state
    assert str(failure) == message


def test_parts_and_details() -> None:
    given = {"pid": 4}
    failure = Failure("stop X", "srv", "a", "b", details=given)
    given["pid"] = 5
    assert (failure.attempted, failure.target, failure.answer, failure.remedy) == ("stop X", "srv", "a", "b")
    assert failure.details == {"pid": 4}
    assert Failure("stop X", "srv", "a", "b").details == {}


def test_input_that_cannot_be_used() -> None:
    failure = Invalid("drain_timeout", '"ten" is not a duration', "Use 30m or 1800")
    assert str(failure) == 'Invalid O(drain_timeout): "ten" is not a duration. Use 30m or 1800.'
    assert str(Invalid("expires", "it is zero")) == "Invalid O(expires): it is zero."
    assert isinstance(failure, Failure)


def test_a_refusal_names_every_reason_and_that_nothing_was_touched() -> None:
    failure = Refused("dev01", ["Visual Studio is open. Close it.", "Not elevated"])
    assert str(failure) == ("Refused, nothing was touched on dev01. Visual Studio is open. Close it. Not elevated.")
    assert failure.reasons == ["Visual Studio is open. Close it.", "Not elevated"]
    assert isinstance(failure, Failure)


def test_a_broken_way_is_a_failure_of_its_own_kind() -> None:
    assert issubclass(Unreachable, Failure)


@pytest.mark.parametrize(
    ("text", "found"), [("", ""), ("  ", ""), ("a", "a."), ("a.", "a."), (" a \n b ", "a b."), ("a!", "a!")]
)
def test_sentence(text: str, found: str) -> None:
    assert sentence(text) == found
