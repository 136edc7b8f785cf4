"""powershell.exe as far as it is used to start something: scripts by -File, and native calls by -EncodedCommand.

Of the language only this is simulated, a statement a line or between semicolons: ``exit N``, ``exit $LASTEXITCODE``,
and a program with its arguments (bare words, 'literal' and "plain" strings, ``&`` before it, ``--%``). Everything else
is refused. A script runs what the host's ``programs`` has for its path.
"""

from __future__ import annotations

import base64
import binascii
import ntpath
import re

from lab.windows.cmd.expansion import expand_percent
from lab.windows.filesystem import absolute
from lab.windows.program import Call, not_simulated

PATH = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
START_SECONDS = 0.4  # what a start costs, about
NO_FILE = -196608
EXTENSIONS = ("", ".exe", ".com")

_SWITCHES = frozenset({"-noprofile", "-noninteractive", "-nologo", "-mta", "-sta", "-noexit"})
_WITH_VALUE = frozenset({"-executionpolicy", "-ep", "-outputformat", "-inputformat", "-windowstyle"})
_WORD = re.compile(r"""'((?:[^']|'')*)'|"([^"`$]*)"|([^\s'"`$|<>;(){}@#&]+)""")
_NOT_FOUND = (
    "{0} : The term '{0}' is not recognized as the name of a cmdlet, function, script file, or operable program. Check"
    " the spelling of the name, or if a path was included, verify that the path is correct and try again.\n"
    "At line:1 char:1\n+ {0}\n+ ~~~\n"
    "    + CategoryInfo          : ObjectNotFound: ({0}:String) [], CommandNotFoundException\n"
    "    + FullyQualifiedErrorId : CommandNotFoundException\n\n"
)


class _NotSimulated(Exception):
    """Something of the language that the lab does not know."""


class _Exit(Exception):
    """The statement ``exit``."""

    def __init__(self, code: int) -> None:
        self.code = code


async def powershell(call: Call) -> int:
    """Run a script, or the statements given by -Command or -EncodedCommand."""
    await call.host.clock.sleep(START_SECONDS)
    words = call.arguments
    position = 0
    while position < len(words):
        word = words[position].lower()
        rest = words[position + 1 :]
        if word in _WITH_VALUE:
            position += 2
        elif word in _SWITCHES:
            position += 1
        elif word in ("-file", "-f"):
            return await _script(call, rest)
        elif word in ("-encodedcommand", "-enc", "-e", "-ec"):
            try:
                text = base64.b64decode(rest[0] if rest else "", validate=True).decode("utf-16-le")
            except (binascii.Error, UnicodeDecodeError):
                call.err("Cannot process the command because the value specified with -EncodedCommand is not properly")
                call.err(" encoded. The value must be Base64 encoded.\n")
                return 1
            return await _statements(call, text)
        elif word in ("-command", "-c"):
            return await _statements(call, " ".join(rest))
        elif word.startswith("-"):
            return not_simulated(call, f"powershell {words[position]}")
        else:
            return await _statements(call, " ".join(words[position:]))
    return not_simulated(call, "an interactive powershell.exe")


async def _script(call: Call, words: list[str]) -> int:
    path = absolute(words[0], call.cwd) if words else ""
    if not call.host.files.exists(path) or not path.lower().endswith(".ps1"):
        call.err(
            f"The argument '{words[0] if words else ''}' to the -File parameter does not exist. Provide the path to an"
            " existing '.ps1' file as an argument to the -File parameter.\n"
        )
        return NO_FILE
    return await call.host.execute(_started(call, path, _tail(words[1:])))


async def _statements(call: Call, text: str) -> int:
    last = 0
    try:
        for statement in _split(text):
            last = await _statement(call, statement, last)
    except _Exit as statement_exit:
        return statement_exit.code
    except _NotSimulated as problem:
        return not_simulated(call, f"this PowerShell: {problem}")
    # without exit, powershell.exe says only whether the last statement failed
    return 1 if last else 0


def _split(text: str) -> list[str]:
    """The statements; what follows --% belongs to its statement up to the end of the line."""
    found = []
    for line in text.splitlines():
        before, mark, verbatim = line.partition("--%")
        _refuse_pipeline(verbatim)
        current = quote = ""
        for character in before:
            if not quote and character == ";":
                found.append(current)
                current = ""
                continue
            if character in "'\"":
                quote = "" if quote == character else quote or character
            current += character
        found.append(current + mark + verbatim)
    return [statement.strip() for statement in found if statement.strip()]


def _refuse_pipeline(verbatim: str) -> None:
    """--% ends at an unquoted | or &&, where PowerShell would go on with the pipeline."""
    for part in verbatim.split('"')[::2]:
        if "|" in part or "&&" in part:
            raise _NotSimulated("an operator behind --%")


async def _statement(call: Call, text: str, last: int) -> int:
    leave = re.fullmatch(r"exit(?:\s+(-?\d+|\$LASTEXITCODE))?", text, re.IGNORECASE)
    if leave:
        code = leave[1] or "0"
        raise _Exit(last if code.startswith("$") else int(code))
    before, mark, verbatim = text.partition("--%")
    words, called = _words(before)
    if not words or (text[0] in "'\"" and not called):
        raise _NotSimulated(text)
    tail = _tail(words[1:])
    if mark:
        tail += " " + expand_percent(verbatim.strip(), call.environment.get)
    path = call.host.find_program(words[0], call.cwd, call.environment, EXTENSIONS)
    if path is None:
        call.err(_NOT_FOUND.format(words[0]))
        return 1
    return await call.host.execute(_started(call, path, tail))


def _words(text: str) -> tuple[list[str], bool]:
    """The words of a command and whether the call operator stands before it."""
    text = text.strip()
    called = text.startswith("&")
    text = text[1:].strip() if called else text
    words: list[str] = []
    position = 0
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None or (match.end() < len(text) and not text[match.end()].isspace()):
            raise _NotSimulated(text)
        literal, plain, bare = match.groups()
        words.append(literal.replace("''", "'") if literal is not None else plain if plain is not None else bare)
        position = match.end()
        while position < len(text) and text[position].isspace():
            position += 1
    return words, called


def _tail(words: list[str]) -> str:
    """The command line that Windows PowerShell makes of arguments: quotes around blanks, none escaped."""
    return "".join(f' "{word}"' if not word or re.search(r"\s", word) else f" {word}" for word in words)


def _started(call: Call, path: str, tail: str) -> Call:
    return Call(
        call.host, call.account, call.environment.copy(), call.cwd, ntpath.normpath(path), tail, call.stdin, call.write
    )
