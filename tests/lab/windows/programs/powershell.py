"""powershell.exe as far as it is used to start something: scripts by -File, and native calls by -EncodedCommand.

Of the language only this is simulated, a statement a line or between semicolons: ``exit N``, ``exit $LASTEXITCODE``,
and a program with its arguments (bare words, 'literal' and "plain" strings, ``&`` before it, ``--%``, ``> $null`` after
it). All else is refused. A script runs what the host's ``scripts`` has for its path, inside this process.

PowerShell's own error records are broken at 80 columns, as in a console that nobody sees, and go to stderr as CLIXML
where the command came encoded and nobody asked for another -OutputFormat. What a native program writes is passed on.
"""

from __future__ import annotations

import base64
import binascii
import ntpath
import re
import textwrap
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from lab.windows.cmd.expansion import expand_percent
from lab.windows.errors import Win32Error
from lab.windows.filesystem import absolute
from lab.windows.program import Call, Write, not_simulated

PATH = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe"
START_SECONDS = 0.4  # what a start costs, about
BAD_COMMAND_LINE = -196608
EXTENSIONS = ("", ".exe", ".com")

COLUMNS = 80
RUNS_ANYTHING = ("bypass", "unrestricted")

_SWITCHES = frozenset({"-noprofile", "-noninteractive", "-nologo", "-mta", "-sta", "-noexit"})
_WITH_VALUE = frozenset({"-executionpolicy", "-ep", "-outputformat", "-inputformat", "-windowstyle"})
_WORD = re.compile(r"""'((?:[^']|'')*)'|"([^"`$]*)"|([^\s'"`$|<>;(){}@#&]+)""")
_NULL = re.compile(r"\s(?:1?>|\*>)\s*\$null\s*$", re.IGNORECASE)
_BANNER = "Windows PowerShell \nCopyright (C) 2016 Microsoft Corporation. All rights reserved.\n\n"
_NOT_FOUND = (
    "{0} : The term '{0}' is not recognized as the name of a cmdlet, function, script file, or operable program. Check"
    " the spelling of the name, or if a path was included, verify that the path is correct and try again."
)
_ABOUT = "about_Execution_Policies at https:/go.microsoft.com/fwlink/?LinkID=135170."


@dataclass(eq=False)
class ErrorRecord(Exception):
    """An error as PowerShell shows it: the message, where it was, of what kind it is."""

    message: str
    category: str
    identity: str
    position: str = ""

    def lines(self) -> list[str]:
        """The lines of the default view."""
        wrapped = textwrap.wrap(self.message, COLUMNS - 1, break_long_words=False, break_on_hyphens=False)
        found = [line + " " for line in wrapped[:-1]] + wrapped[-1:]
        return [
            *found,
            *self.position.splitlines(),
            f"    + CategoryInfo          : {self.category}",
            f"    + FullyQualifiedErrorId : {self.identity}",
            " ",
        ]


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
    policy = call.host.execution_policy
    text_errors = False
    position = 0
    while position < len(words):
        word = words[position].lower()
        rest = words[position + 1 :]
        if word in _WITH_VALUE:
            policy = rest[0] if rest and word in ("-executionpolicy", "-ep") else policy
            text_errors = text_errors or word == "-outputformat"
            position += 2
        elif word in _SWITCHES:
            position += 1
        elif word in ("-file", "-f"):
            return await _file(call, rest, policy, "-nologo" in [each.lower() for each in words[:position]])
        elif word in ("-encodedcommand", "-enc", "-e", "-ec"):
            try:
                text = base64.b64decode(rest[0] if rest else "", validate=True).decode("utf-16-le")
            except (binascii.Error, UnicodeDecodeError):
                call.err("Cannot process the command because the value specified with -EncodedCommand is not properly")
                call.err(" encoded. The value must be Base64 encoded.\n")
                return BAD_COMMAND_LINE
            return await _statements(call, text, policy, clixml=not text_errors)
        elif word in ("-command", "-c"):
            return await _statements(call, " ".join(rest), policy)
        elif word.startswith("-"):
            return not_simulated(call, f"powershell {words[position]}")
        else:
            return await _statements(call, " ".join(words[position:]), policy)
    return not_simulated(call, "an interactive powershell.exe")


def complain(call: Call, record: ErrorRecord, clixml: bool = False) -> None:
    """Write an error record to stderr."""
    if not clixml:
        call.err("".join(f"{line}\n" for line in record.lines()))
        return
    strings = "".join(f'<S S="Error">{escape(line)}_x000D__x000A_</S>' for line in record.lines())
    schema = "http://schemas.microsoft.com/powershell/2004/04"
    call.write("stderr", f'#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="{schema}">{strings}</Objs>'.encode())


async def _file(call: Call, words: list[str], policy: str, no_logo: bool) -> int:
    name = words[0] if words else ""
    path = absolute(name, call.cwd) if name else ""
    entry = call.host.files.find(path)
    refusal = ""
    if entry is None or entry.is_directory or not call.host.files.exists(path):
        refusal = (
            f"The argument '{name}' to the -File parameter does not exist. Provide the path to an existing '.ps1' file"
            " as an argument to the -File parameter."
        )
    elif not path.lower().endswith(".ps1"):
        refusal = (
            f"Processing -File '{name}' failed because the file does not have a '.ps1' extension. Specify a valid"
            " Windows PowerShell script file name, and then try again."
        )
    if refusal:
        call.err(refusal + "\n")
        call.out("" if no_logo else _BANNER)
        return BAD_COMMAND_LINE
    try:
        return await _script(call, path, _tail(words[1:]), policy)
    except ErrorRecord as record:
        complain(call, record)
        return 1


async def _script(call: Call, path: str, tail: str, policy: str) -> int:
    """Run a script in this process. Raises ErrorRecord where it may not or can't be read."""
    script = call.host.scripts.get(path.lower())
    if policy.lower() not in RUNS_ANYTHING:
        reason = {
            "allsigned": f"The file {path} is not digitally signed. You cannot run this script on the current system."
            f" For more information about running scripts and setting execution policy, see {_ABOUT}",
            "restricted": f"because running scripts is disabled on this system. For more information, see {_ABOUT}",
        }
        # a share counts as another machine's zone under RemoteSigned where Windows Server hardens the browser [G]
        effective = "allsigned" if policy.lower() == "remotesigned" and path.startswith("\\\\") else policy.lower()
        if effective in reason:
            dot = "" if effective == "restricted" else "."
            raise ErrorRecord(
                f"File {path} cannot be loaded{dot} {reason[effective]}",
                "SecurityError: (:) [], ParentContainsErrorRecordException",
                "UnauthorizedAccess",
            )
    try:
        call.host.files.read(path)
    except Win32Error as error:
        raise ErrorRecord(
            f"Access to the path '{path}' is denied.",
            "PermissionDenied: (:) [], UnauthorizedAccessException",
            "UnauthorizedAccess",
        ) from error
    if script is None:
        return not_simulated(call, f"the script {path}")
    return await script(_started(call, path, tail))


async def _statements(call: Call, text: str, policy: str, clixml: bool = False) -> int:
    last = 0
    try:
        for statement in _split(text):
            try:
                last = await _statement(call, statement, last, policy)
            except ErrorRecord as record:
                complain(call, record, clixml)
                last = 1
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
    """--% ends at a |, inside quotes too, and at an unquoted &&, where PowerShell would go on with the pipeline."""
    if "|" in verbatim or any("&&" in part for part in verbatim.split('"')[::2]):
        raise _NotSimulated("an operator behind --%")


async def _statement(call: Call, text: str, last: int, policy: str) -> int:
    leave = re.fullmatch(r"exit(?:\s+(-?\d+|\$LASTEXITCODE))?", text, re.IGNORECASE)
    if leave:
        code = leave[1] or "0"
        raise _Exit(last if code.startswith("$") else int(code))
    before, mark, verbatim = text.partition("--%")
    if not mark and _NULL.search(before):
        before = _NULL.sub("", before)
        call = replace(call, write=_without_output(call))
    words, called = _words(before)
    if not words or (text[0] in "'\"" and not called):
        raise _NotSimulated(text)
    tail = _tail(words[1:])
    if mark:
        tail += " " + expand_percent(verbatim.strip(), call.environment.get)
    path = call.host.find_program(words[0], call.cwd, call.environment, EXTENSIONS)
    if path is None:
        raise ErrorRecord(
            _NOT_FOUND.format(words[0]),
            f"ObjectNotFound: ({words[0]}:String) [], CommandNotFoundException",
            "CommandNotFoundException",
            f"At line:1 char:1\n+ {text}\n+ {'~' * len(words[0])}",
        )
    if path.lower().endswith(".ps1"):
        return await _script(call, path, tail, policy)
    return await call.host.execute(_started(call, path, tail))


def _without_output(call: Call) -> Write:
    write = call.write
    return lambda stream, data: write(stream, data) if stream == "stderr" else None


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
