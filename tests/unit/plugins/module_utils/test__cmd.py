"""Quoting: what a program gets is what was meant, by the rules of the C run-time and through cmd.exe."""

from __future__ import annotations

import asyncio

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._quoting import (
    argument,
    check_plain,
    escape,
    spellings,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import (
    command_line,
    environment,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lab.clock import Clock
from lab.windows import Account, WindowsHost
from lab.windows.program import Call

# everything that can be typed, and more of what means something to somebody on the way
PRINTABLE = st.characters(exclude_categories=("C", "Zl", "Zp"))
PASSWORDS = st.text(st.one_of(PRINTABLE, st.sampled_from(list("\"\\%^&|<>()!' \t=,;äß€"))), min_size=1, max_size=40)
NASTY = (
    'a"b',
    '"',
    "\\",
    '\\"',
    "end\\",
    'two words\\\\"',
    "%PATH%",
    "100%",
    "^&|<>()!",
    '"&calc.exe&"',
    "!PATH!",
    "--sqluser",
    "Grüße aus Köln",
    "'single'",
    '""',
    " ",
)


def arguments_of(tail: str) -> list[str]:
    """What CommandLineToArgvW makes of the part behind the program (Microsoft's description, written down again)."""
    found, current, quoted, begun, position = [], "", False, False, 0
    while position < len(tail):
        slashes = len(tail) - position - len(tail[position:].lstrip("\\"))
        following = tail[position + slashes : position + slashes + 1]
        if slashes:
            begun = True
            if following == '"':
                current += "\\" * (slashes // 2) + ('"' if slashes % 2 else "")
                position += slashes + slashes % 2
            else:
                current += "\\" * slashes
                position += slashes
        elif following == '"':
            begun, quoted = True, not quoted
            position += 1
        elif following in " \t" and not quoted:
            found += [current] if begun else []
            current, begun = "", False
            position += 1
        else:
            current, begun = current + following, True
            position += 1
    return found + ([current] if begun else [])


@given(st.lists(PASSWORDS, max_size=4))
@example(list(NASTY))
@example([""])
def test_arguments_are_taken_apart_as_they_were_put_together(words: list[str]) -> None:
    assert arguments_of(" ".join(argument(word) for word in words)) == words


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("plain", "plain"),
        ("with\\slash\\", "with\\slash\\"),
        ("two words", '"two words"'),
        ("two words\\", '"two words\\\\"'),
        ('a"b', '"a\\"b"'),
        ('a\\"b', '"a\\\\\\"b"'),
    ],
)
def test_argument(text: str, quoted: str) -> None:
    assert argument(text) == quoted


@pytest.fixture(scope="module")
def machine() -> WindowsHost:
    host = WindowsHost("dev01", "127.0.0.1", Clock(10_000))
    host.add_account(Account("admin", "secret"))
    host.install(r"C:\with blanks\show.exe")
    return host


def given_to_program(host: WindowsHost, line: str, variables: dict[str, str]) -> tuple[list[str], str]:
    """Run a line on the simulated host; return the arguments that the program got, and what went to stderr."""
    found: list[list[str]] = []
    printed: list[bytes] = []

    async def show(call: Call) -> int:
        found.append(call.arguments)
        return 0

    host.programs[r"c:\with blanks\show.exe"] = show

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
    said = b"".join(printed).decode()
    assert len(found) == 1, said
    return found[0], said


@settings(deadline=None)
@given(PASSWORDS)
@example('a"b" & echo %PATH% ^^ \\')
def test_any_argument_arrives_through_cmd(machine: WindowsHost, text: str) -> None:
    line = rf'@"C:\with blanks\show.exe" {escape(argument(text))} last'
    assert given_to_program(machine, line, {}) == ([text, "last"], "")


@settings(deadline=None)
@given(PASSWORDS)
@example('a"b" & echo %PATH% ^^ \\')
def test_any_password_arrives_at_the_setup_tool(machine: WindowsHost, password: str) -> None:
    """By way of the shell's environment; the line itself does not hold it."""
    values = {"sqluser": "axdbadmin", "sqlpwd": "%QUIESCE_SQLPWD%", "setupmode": "maintenancemode"}
    line = command_line(r"C:\with blanks\show.exe", values)
    expected = ["--sqluser", "axdbadmin", "--sqlpwd", password, "--setupmode", "maintenancemode"]
    assert given_to_program(machine, line, environment(password)) == (expected, "")


@pytest.mark.parametrize("password", NASTY)
def test_known_traps(machine: WindowsHost, password: str) -> None:
    line = command_line(r"C:\with blanks\show.exe", {"sqlpwd": "%QUIESCE_SQLPWD%", "bindir": password})
    found, said = given_to_program(machine, line, environment(password))
    assert (found, said) == (["--sqlpwd", password, "--bindir", password], "")


@pytest.mark.parametrize("character", list('"%^&|<>!\r\n'))
def test_check_plain_refuses(character: str) -> None:
    with pytest.raises(Failure, match=r"Could not use script on .*: it holds a line break or one of"):
        check_plain("script", f"C:\\a{character}b")


def test_check_plain_lets_ordinary_paths_through() -> None:
    check_plain("script", r"\\files01\D365 (prod)\scripts\Set-MaintenanceMode.ps1")


@pytest.mark.parametrize(
    ("secret", "found"),
    [
        ("", []),
        ("plain", ["plain"]),
        ("a b", ['^"a b^"', '"a b"', "a b"]),
        ('a"', ['^"a\\^"^"', '"a\\""', 'a\\"', 'a"']),
        ("a&b", ["a^&b", "a&b"]),
    ],
)
def test_spellings(secret: str, found: list[str]) -> None:
    assert spellings(secret) == found
