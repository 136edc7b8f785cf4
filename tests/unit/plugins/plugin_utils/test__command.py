"""What a command line may be, and how its failures are told."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._command import (
    MAX_LINE,
    check_line,
    last_line,
    lost,
    signed,
    too_long,
)


@pytest.mark.parametrize(
    "line",
    ["x" * (MAX_LINE + 1), '"C:\\a b.exe" x', "a\nb", "a\r\nb"],
    ids=["too long", "a leading quote is stripped", "two lines", "two lines of Windows"],
)
def test_lines_that_cmd_would_alter(line: str) -> None:
    with pytest.raises(Failure, match=r"look at it on dev01: .* cannot take the command line") as caught:
        check_line(line, "look at it", "dev01")
    assert line not in str(caught.value), "it may hold a secret"


@pytest.mark.parametrize("line", ["x" * MAX_LINE, '@"C:\\a b.exe" x', "sc.exe query"])
def test_lines_that_it_takes(line: str) -> None:
    check_line(line, "look at it", "dev01")


@pytest.mark.parametrize(
    ("rc", "found"),
    [
        (0, 0),
        (1, 1),
        (9009, 9009),
        ((1 << 31) - 1, (1 << 31) - 1),
        (3762504530, -532462766),
        (-532462766, -532462766),
        (None, -1),
    ],
)
def test_exit_codes_are_as_windows_documents_them(rc: int | None, found: int) -> None:
    assert signed(rc) == found


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ""), ("a\r\nb\r\n", "b"), ("a\n \n\n", "a"), ("x" * 200, "x" * 100), ("  one  ", "one")],
)
def test_last_line(text: str, line: str) -> None:
    assert last_line(text) == line


@pytest.mark.parametrize(("seen", "tail"), [("", ""), ("\n \n", ""), ("working\n", "; last output: working")])
def test_a_command_that_did_not_end(seen: str, tail: str) -> None:
    failure = too_long("stop X", "dev01", 12.0, seen)
    assert failure.answer == f"timed out after 12 s; the command was abandoned{tail}"
    assert not isinstance(failure, Unreachable), "the host is there"


def test_a_connection_that_broke_says_that_the_work_may_be_done() -> None:
    failure = lost("dev01", "stop X", ConnectionResetError(104, "reset"))
    assert isinstance(failure, Unreachable)
    assert str(failure).startswith("Could not stop X on dev01: the connection broke: [Errno 104] reset. ")
    assert "may or may not have finished on the host" in str(failure)
    assert "TimeoutError" in str(lost("dev01", "stop X", TimeoutError()))
