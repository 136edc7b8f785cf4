"""What the lab's cmd.exe, which nobody wrote for this, makes of our command lines."""

from __future__ import annotations

import asyncio

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import argument, escape, in_one_piece
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import (
    ToolOptions,
    command_line,
    environment,
)
from hypothesis import example, given
from hypothesis import strategies as st

from fakes.words import NASTY, WORDS
from lab.clock import Clock
from lab.windows import Account, WindowsHost
from lab.windows.program import Call

PROGRAM = r"C:\with blanks\show.exe"


@pytest.fixture(scope="module")
def machine() -> WindowsHost:
    host = WindowsHost("dev01", "127.0.0.1", Clock(10_000))
    host.add_account(Account("admin", "secret"))
    host.install(PROGRAM)
    return host


def run(host: WindowsHost, line: str, variables: dict[str, str]) -> tuple[list[list[str]], str]:
    """Run a line on the simulated host; return the arguments of each call of the program, and what was printed."""
    found: list[list[str]] = []
    printed: list[bytes] = []

    async def show(call: Call) -> int:
        found.append(call.arguments)
        return 0

    host.programs[PROGRAM.lower()] = show

    async def go() -> None:
        await host.run(
            line,
            account=host.accounts["admin"],
            environment=variables,
            cwd=None,
            skip_cmd=False,
            stdin=asyncio.StreamReader(),
            write=lambda _stream, data: printed.append(data),
        )

    asyncio.run(go())
    return found, b"".join(printed).decode()


@given(WORDS)
@example('a"b" & echo %PATH% ^^ \\')
@example("%PATH:a=b%")
def test_any_argument_arrives(machine: WindowsHost, text: str) -> None:
    assert run(machine, f'@"{PROGRAM}" {escape(argument(text))} last', {}) == ([[text, "last"]], "")


def arguments(password: str, bindir: str) -> list[str]:
    """What the setup tool gets of a password and a folder."""
    return ["--metadatadir", "x", "--bindir", bindir, "--sqlserver", ".", "--sqlpwd", password, "--setupmode", "sync"]


def tool_line(bindir: str) -> str:
    given_ = {"metadatadir": "x", "bindir": bindir, "sqldatabase": None, "sqluser": None}
    options = ToolOptions(PROGRAM, user="axdbadmin", password="set", arguments=given_)
    return command_line(Findings(), options, {"setupmode": "sync"})


@given(WORDS)
@example('a"b" & echo %PATH% ^^ \\')
def test_any_password_arrives_at_the_setup_tool(machine: WindowsHost, password: str) -> None:
    """By way of the shell's environment; the line itself does not hold it."""
    assert run(machine, tool_line("b"), environment(password)) == ([arguments(password, "b")], "")


@pytest.mark.parametrize("word", NASTY)
def test_known_traps(machine: WindowsHost, word: str) -> None:
    """A password is not seen by an argument that names its variable."""
    assert run(machine, tool_line(word), environment(word)) == ([arguments(word, word)], "")


PIECES = st.sampled_from(
    [
        "echo one",
        "echo (two)",
        'echo "a & b"',
        "echo a^^b",
        "echo a, b; c=d",
        "(echo x& echo y)",
        "for %n in (1 2) do @echo %n",
        '(if exist "C:\\nothing" echo found)',
        "cd .",
        "echo 100%",
        "echo #marker %COMPUTERNAME%",
        "(echo err 1>&2)",
        "(echo both 2>&1)",
        'echo a^"b',
        'echo "a ^" b',
        'for /f tokens^=2^ delims^=^" %b in (\'echo x^"y^"z\') do @(echo %b& echo (w))',
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_in_one_piece_prints_what_the_line_prints(machine: WindowsHost, pieces: list[str]) -> None:
    line = "& ".join(pieces)
    _calls, plain = run(machine, line, {})
    _calls, composed = run(machine, in_one_piece(line), {})
    assert sorted(composed.split("\r\n")) == sorted(each for each in plain.split("\r\n"))
