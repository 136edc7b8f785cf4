"""Runs what the parser made of a command line."""

from __future__ import annotations

import asyncio
import ntpath
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone

from lab.windows.cmd.builtins import BUILTINS, KEEP_ERRORLEVEL, NOT_SIMULATED
from lab.windows.cmd.expansion import expand_delayed, expand_loop, expand_percent
from lab.windows.cmd.loops import iterations
from lab.windows.cmd.parser import (
    DELIMITERS,
    Chain,
    CmdSyntaxError,
    For,
    Group,
    If,
    Node,
    Redirect,
    Silent,
    Simple,
    parse,
)
from lab.windows.cmd.streams import Exit, Streams
from lab.windows.cmd.tree import as_text, asks_for
from lab.windows.environment import Environment
from lab.windows.errors import Win32Error
from lab.windows.filesystem import absolute
from lab.windows.program import Call

LONGEST_LINE = 8191
SYNTAX_ERROR = 255
_BUILTIN_NAME = re.compile(f"[^{re.escape(DELIMITERS)}" + r'/.\\:\[\]+("]+')
SPECIAL = "&<>()@^|"  # between two quotes they make cmd /c strip the quotes


async def run_cmd(call: Call) -> int:
    """cmd.exe with /c (and /s /d /q /v:on /v:off); without a command it isn't simulated."""
    tail = call.tail.lstrip()
    strip_always = quiet = delayed = False
    while tail.startswith("/"):
        switch = tail[1:2].lower()
        if switch in ("c", "k"):
            line = command_text(tail[2:].lstrip(), strip_always, call)
            return await _run_line(call, line, quiet, delayed)
        word, _blank, rest = tail.partition(" ")
        strip_always = strip_always or switch == "s"
        quiet = quiet or switch == "q"
        if switch == "v":
            delayed = word.lower() in ("/v", "/v:on")
        tail = rest.lstrip()
    call.err("lab: an interactive cmd.exe is not simulated\n")
    return 120


def command_text(text: str, strip_always: bool, call: Call) -> str:
    """Quote stripping of ``cmd /c``: the quotes stay only around the bare name of a program that exists."""
    if not text.startswith('"'):
        return text
    inside = text[1:].partition('"')[0]
    if (
        not strip_always
        and text.count('"') == 2
        and not any(character in inside for character in SPECIAL)
        and any(blank in inside for blank in " \t")
        and _find(call, inside) is not None
    ):
        return text
    last = text.rindex('"')
    return text[1:last] + text[last + 1 :] if last else text[1:]


def _find(call: Call, name: str) -> str | None:
    return call.host.find_program(name, call.cwd, call.environment, _extensions(call.environment))


def _extensions(environment: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(environment.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").lower().split(";"))


async def _run_line(call: Call, line: str, quiet: bool, delayed: bool) -> int:
    streams = Streams(call.stdin, lambda data: call.write("stdout", data), lambda data: call.write("stderr", data))
    if len(line) > LONGEST_LINE:
        streams.complain("The command line is too long.\n")
        return 1
    shell = Shell(call, echo=not quiet, delayed=delayed)
    if shell.cwd.startswith("\\\\"):
        streams.complain(
            f"'{shell.cwd}'\nCMD.EXE was started with the above path as the current directory.\n"
            "UNC paths are not supported.  Defaulting to Windows directory.\n"
        )
        shell.cwd = r"C:\Windows"
    try:
        return await shell.run(line, streams)
    except Exit as command:
        return command.code


class Shell:
    """The state of one cmd.exe."""

    def __init__(self, call: Call, echo: bool, delayed: bool) -> None:
        self.call = call
        self.host = call.host
        self.environment: Environment = call.environment.copy()
        self.cwd = call.cwd
        self.directories: dict[str, str] = {}  # the current directory of each other drive
        self.stack: list[str] = []  # of pushd
        self.echo = echo
        self.delayed = delayed
        self.errorlevel = 0
        self.actions = 0  # how much was done that could change anything

    def child(self) -> Shell:
        """A cmd.exe started for one side of a pipe."""
        shell = Shell(self.call, self.echo, self.delayed)
        shell.environment = self.environment.copy()
        shell.cwd = self.cwd
        shell.errorlevel = self.errorlevel
        return shell

    def resolve(self, path: str) -> str:
        """The absolute form of a path, quotes taken off."""
        path = path.replace('"', "").rstrip()
        drive, rest = ntpath.splitdrive(path)
        if drive and not rest.startswith(("\\", "/")) and len(drive) == 2:
            here = drive.upper() == self.cwd[:2].upper()
            base = self.cwd if here else self.directories.get(drive.upper(), drive + "\\")
            return absolute(rest or ".", base)
        return absolute(path, self.cwd)

    def lookup(self, name: str) -> str | None:
        """A variable's value, the dynamic ones included."""
        if name in self.environment:
            return self.environment[name]
        return self._dynamic(name.upper())

    def _dynamic(self, name: str) -> str | None:
        if name == "CD":
            return self.cwd
        if name == "ERRORLEVEL":
            return str(self.errorlevel)
        if name in ("DATE", "TIME"):
            now = datetime.fromtimestamp(self.host.clock.time(), timezone.utc)
            clock = f"{now.hour:2}:{now:%M:%S}.{now.microsecond // 10_000:02}"
            return f"{now:%a %m/%d/%Y}" if name == "DATE" else clock
        if name == "RANDOM":
            return str(self.host.random.randrange(32768))
        return "2" if name == "CMDEXTVERSION" else None

    async def run(self, line: str, streams: Streams, variables: Mapping[str, str] | None = None) -> int:
        """Expand, parse and run a line."""
        try:
            tree = parse(expand_percent(line, self.lookup))
        except CmdSyntaxError as error:
            streams.complain(f"{error}\n")
            self.errorlevel = SYNTAX_ERROR
            return SYNTAX_ERROR
        return 0 if tree is None else await self.execute(tree, streams, variables or {})

    async def execute(self, node: Node, streams: Streams, variables: Mapping[str, str]) -> int:
        """Run a node and return its exit code."""
        if isinstance(node, Silent):
            return await self.execute(node.body, streams, variables)
        if isinstance(node, Chain):
            return await self._chain(node, streams, variables)
        if isinstance(node, If):
            chosen = node.then if self._holds(node, variables) else node.otherwise
            return 0 if chosen is None else await self.execute(chosen, streams, variables)
        if isinstance(node, For):
            return await self._loop(node, streams, variables)
        if isinstance(node, Simple) and not node.redirects:
            return await self._simple(node.text, streams, variables)
        try:
            streams, files = self._redirected(node.redirects, streams, variables)
        except Win32Error as error:
            streams.complain(f"{error.text}\n")
            self.errorlevel = 1
            return 1
        try:
            if isinstance(node, Group):
                return await self.execute(node.body, streams, variables)
            return await self._simple(node.text, streams, variables)
        finally:
            for path, content in files.items():
                self.host.files.write_as_program(path, bytes(content), append=True)

    async def _chain(self, node: Chain, streams: Streams, variables: Mapping[str, str]) -> int:
        if node.operator == "|":
            return await self._pipe(node, streams, variables)
        code = await self.execute(node.left, streams, variables)
        if node.right is None or (node.operator == "&&" and code) or (node.operator == "||" and not code):
            return code
        return await self.execute(node.right, streams, variables)

    async def _pipe(self, node: Chain, streams: Streams, variables: Mapping[str, str]) -> int:
        self.actions += 1
        # the left side ends before the right one starts: enough for programs that end by themselves
        passed = bytearray()
        stdin = asyncio.StreamReader()
        sides: list[tuple[Node | None, Streams]] = [
            (node.left, replace(streams, out=passed.extend)),
            (node.right, replace(streams, stdin=stdin)),
        ]
        code = 0
        for side, its_streams in sides:
            if side is None:
                continue
            try:
                code = await self.child().execute(side, its_streams, variables)
            except Exit as command:
                code = command.code
            if side is node.left:
                stdin.feed_data(bytes(passed))
                stdin.feed_eof()
        self.errorlevel = code
        return code

    def expand(self, text: str, variables: Mapping[str, str]) -> str:
        """Loop variables and, with /v:on, !VAR!."""
        text = expand_loop(text, variables, self.host.files, self.cwd)
        return expand_delayed(text, self.lookup) if self.delayed else text

    def _redirected(
        self, redirects: tuple[Redirect, ...], streams: Streams, variables: Mapping[str, str]
    ) -> tuple[Streams, dict[str, bytearray]]:
        """The streams after redirection, and the files that are written when the command has ended."""
        self.actions += len(redirects)
        files: dict[str, bytearray] = {}
        for redirect in redirects:
            target = self.expand(redirect.target, variables).replace('"', "")
            if redirect.kind == "<":
                stdin = asyncio.StreamReader()
                stdin.feed_data(b"" if target.lower() == "nul" else self.host.files.read(self.resolve(target)))
                stdin.feed_eof()
                streams = replace(streams, stdin=stdin)
                continue
            if redirect.kind == "&":
                output = streams.err if target == "2" else streams.out
            elif target.lower() == "nul":
                output = _discard
            else:
                path = self.resolve(target)
                self.host.files.write_as_program(path, b"", append=redirect.kind == ">>")
                output = files.setdefault(path, bytearray()).extend
            streams = replace(streams, err=output) if redirect.handle == 2 else replace(streams, out=output)
        return streams, files

    async def _simple(self, text: str, streams: Streams, variables: Mapping[str, str]) -> int:
        self.actions += 1
        text = self.expand(text, variables).lstrip(DELIMITERS)
        if not text:
            return 0
        name, arguments = split_command(text)
        if len(name) == 2 and name[1] == ":" and name[0].isalpha():
            name, arguments = "cd", f"/d {self.resolve(name)}"
        builtin = BUILTINS.get(name.lower())
        if builtin is not None:
            code = await builtin(self, arguments, streams)
            if code or name.lower() not in KEEP_ERRORLEVEL:
                self.errorlevel = code
            return code
        if name.lower() in NOT_SIMULATED:
            streams.complain(f"lab: the cmd.exe command {name} is not simulated\n")
            code = 120
        else:
            code = await self.start_program(text, streams)
        self.errorlevel = code
        return code

    async def start_program(self, text: str, streams: Streams) -> int:
        """Start the program that a command line names, with this shell's environment and directory."""
        word, tail = _program_word(text)
        name = word.replace('"', "")
        path = self.host.find_program(name, self.cwd, self.environment, _extensions(self.environment))
        if path is None:
            if "\\" in name and not self.host.files.exists(ntpath.dirname(self.resolve(name))):
                streams.complain("The system cannot find the path specified.\n")
            else:
                streams.complain(
                    f"'{word}' is not recognized as an internal or external command,\noperable program or batch file.\n"
                )
            return 1
        outputs = {"stdout": streams.out, "stderr": streams.err}
        call = Call(
            self.host,
            self.call.account,
            self.environment.copy(),
            self.cwd,
            path,
            tail,
            streams.stdin,
            lambda stream, data: outputs[stream](data),
        )
        return await self.host.execute(call)

    def _holds(self, node: If, variables: Mapping[str, str]) -> bool:
        left, right = self.expand(node.left, variables), self.expand(node.right, variables)
        return self._condition(node, left, right) != node.negated

    def _condition(self, node: If, left: str, right: str) -> bool:
        if node.kind == "exist":
            path = self.resolve(left)
            return bool(self.host.files.match(path)) if "*" in path or "?" in path else self.host.files.exists(path)
        if node.kind == "defined":
            return self.lookup(left) is not None
        if node.kind == "errorlevel":
            return self.errorlevel >= int(left)
        if node.ignore_case:
            left, right = left.lower(), right.lower()
        if node.kind == "==":
            return left == right
        order: tuple[int, int] | tuple[str, str]
        try:
            order = (int(left, 0), int(right, 0))
            difference = (order[0] > order[1]) - (order[0] < order[1])
        except ValueError:
            difference = (left > right) - (left < right)
        return {
            "equ": difference == 0,
            "neq": difference != 0,
            "lss": difference < 0,
            "leq": difference <= 0,
            "gtr": difference > 0,
            "geq": difference >= 0,
        }[node.kind]

    async def _loop(self, node: For, streams: Streams, variables: Mapping[str, str]) -> int:
        code = 0
        shown = self.echo and not isinstance(node.body, Silent)
        for values in await iterations(self, node, streams, variables):
            bound = {**variables, **values}
            if shown:
                text = expand_loop(as_text(node.body), bound, self.host.files, self.cwd)
                streams.print(f"\n{self.cwd}>{text} \n")
            before = self.actions
            code = await self.execute(node.body, streams, bound)
            if self.actions == before and not shown and not asks_for(node.body, node.variable):
                break  # only conditions were looked at: nothing has changed, so the other turns would do the same
        self.actions += 1
        return code


def split_command(text: str) -> tuple[str, str]:
    r"""A command's name and the rest; a built-in's name also ends at / . \ : and others, as in ``cd\`` or ``echo.``."""
    match = _BUILTIN_NAME.match(text)
    end = match.end() if match else 0
    if text[:end].lower() in BUILTINS:
        return text[:end], text[end:]
    word, tail = _program_word(text)
    return word, tail


def _program_word(text: str) -> tuple[str, str]:
    quoted = False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted and (character in DELIMITERS or (character == "/" and position)):
            return text[:position], text[position:]
    return text, ""


def _discard(_data: bytes) -> None:
    return
