"""The commands that are part of cmd.exe."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from lab.windows.cmd.streams import Exit, Streams
from lab.windows.errors import Win32Error

if TYPE_CHECKING:
    from lab.windows.cmd.shell import Shell

Builtin = Callable[["Shell", str, Streams], Awaitable[int]]
VERSION = "10.0.17763.5458"


async def echo(shell: Shell, arguments: str, streams: Streams) -> int:
    """``echo TEXT``, ``echo.``, ``echo on|off``, or the state."""
    word = arguments.strip().lower()
    if word in ("on", "off"):
        shell.echo = word == "on"
    elif not word:
        streams.print(f"ECHO is {'on' if shell.echo else 'off'}.\n")
    else:
        streams.print(arguments[1:] + "\n")
    return 0


async def type_(shell: Shell, arguments: str, streams: Streams) -> int:
    """``type FILE...``."""
    names = _words(arguments)
    if not names:
        streams.complain("The syntax of the command is incorrect.\n")
        return 1
    for name in names:
        try:
            content = shell.host.files.read(shell.resolve(name))
        except Win32Error as error:
            streams.complain(f"{error.text}\n")
            if len(names) > 1:
                streams.complain(f"Error occurred while processing: {name}.\n")
            return 1
        if len(names) > 1:
            streams.complain(f"\n{name}\n\n\n")
        streams.out(content)
    return 0


async def cd(shell: Shell, arguments: str, streams: Streams) -> int:
    """``cd [/d] [directory]``; another drive's directory is only remembered without /d."""
    text = arguments.strip()
    change_drive = text.lower().startswith("/d")
    path = text[2:].strip() if change_drive else text
    if not path:
        streams.print(shell.cwd + "\n")
        return 0
    target = shell.resolve(path)
    if target.startswith("\\\\"):
        shown = target.rstrip("\\")
        streams.complain(f"'{shown}'\nCMD does not support UNC paths as current directories.\n")
        return 1
    if ntpath.splitdrive(path)[1] == "" and not change_drive:
        streams.print(target + "\n")
        return 0
    return _change(shell, path, change_drive, streams)


def _change(shell: Shell, path: str, change_drive: bool, streams: Streams) -> int:
    target = shell.resolve(path)
    entry = shell.host.files.find(target)
    if shell.host.files.find(target[:3]) is None and not target.startswith("\\\\"):
        streams.complain("The system cannot find the drive specified.\n")
        return 1
    if entry is None or not shell.host.files.exists(target):
        streams.complain("The system cannot find the path specified.\n")
        return 1
    if entry.denied:
        streams.complain("Access is denied.\n")
        return 1
    if not entry.is_directory:
        streams.complain("The directory name is invalid.\n")
        return 1
    shell.directories[entry.path[:2].upper()] = entry.path
    if change_drive or entry.path[:2].upper() == shell.cwd[:2].upper():
        shell.directories[shell.cwd[:2].upper()] = shell.cwd
        shell.cwd = entry.path
    return 0


async def pushd(shell: Shell, arguments: str, streams: Streams) -> int:
    """``pushd DIRECTORY``. The real one gives a share a drive letter, which the lab leaves out."""
    before = shell.cwd
    code = _change(shell, arguments.strip(), True, streams)
    if code == 0:
        shell.stack.append(before)
    return code


async def popd(shell: Shell, _arguments: str, _streams: Streams) -> int:
    """``popd``."""
    if not shell.stack:
        return 1
    shell.cwd = shell.stack.pop()
    return 0


async def set_(shell: Shell, arguments: str, streams: Streams) -> int:
    """set, set PREFIX, set NAME=VALUE, set "NAME=VALUE"."""
    text = arguments.lstrip()
    if re.match(r"/[ap]\b", text, re.IGNORECASE):
        streams.complain(f"lab: set {text[:2]} is not simulated\n")
        return 120
    if text.startswith('"'):
        text = text[1:].rpartition('"')[0] if text.count('"') > 1 else text[1:]
    name, equals, value = text.partition("=")
    if equals and name:
        if value:
            shell.environment[name] = value
        else:
            shell.environment.pop(name, None)
        return 0
    prefix = text.strip().upper()
    shown = [name for name in shell.environment if name.upper().startswith(prefix)]
    if not shown:
        streams.complain(f"Environment variable {text.strip()} not defined\n")
        return 1
    for name in shown:
        streams.print(f"{name}={shell.environment[name]}\n")
    return 0


async def exit_(shell: Shell, arguments: str, _streams: Streams) -> int:
    """``exit [/b] [code]``: outside a batch file both end this cmd.exe."""
    words = [word for word in arguments.split() if word.lower() != "/b"]
    number = re.match(r"-?\d+", words[0]) if words else None
    raise Exit(int(number[0]) if number else shell.errorlevel)


async def ver(_shell: Shell, _arguments: str, streams: Streams) -> int:
    """``ver``."""
    streams.print(f"\nMicrosoft Windows [Version {VERSION}]\n")
    return 0


async def call(shell: Shell, arguments: str, streams: Streams) -> int:
    """``call COMMAND``: the line is expanded once more; labels and batch files aren't simulated."""
    if arguments.lstrip().startswith(":"):
        streams.complain("Invalid attempt to call batch label outside of batch script.\n")
        return 1
    return await shell.run(arguments, streams)


async def dir_(shell: Shell, arguments: str, streams: Streams) -> int:
    """``dir /b [/a:d|/a:-d] PATH``, the bare list only."""
    words = _words(arguments)
    switches = [word.lower().replace(":", "") for word in words if word.startswith("/")]
    paths = [word for word in words if not word.startswith("/")] or ["."]
    if "/b" not in switches or set(switches) - {"/b", "/ad", "/a-d", "/a"}:
        streams.complain("lab: of dir only /b and /a are simulated\n")
        return 120
    path = shell.resolve(paths[0])
    try:
        files = shell.host.files
        entries = files.entries(path) if files.is_directory(path) else files.match(path)
    except Win32Error as error:
        streams.complain(f"{error.text}\n")
        return 1
    if "/ad" in switches or "/a-d" in switches:
        entries = [entry for entry in entries if entry.is_directory == ("/ad" in switches)]
    if not entries:
        streams.complain("File Not Found\n")
        return 1
    for entry in entries:
        streams.print(ntpath.basename(entry.path) + "\n")
    return 0


async def del_(shell: Shell, arguments: str, streams: Streams) -> int:
    """``del FILE...``."""
    for name in [word for word in _words(arguments) if not word.startswith("/")]:
        path = shell.resolve(name)
        if not shell.host.files.exists(path):
            streams.complain(f"Could Not Find {path}\n")
            continue
        try:
            shell.host.files.read(path)
        except Win32Error as error:
            streams.complain(f"{path}\n{error.text}\n")
            continue
        shell.host.files.delete(path)
    return 0  # del says 0 even where it found nothing


async def md(shell: Shell, arguments: str, streams: Streams) -> int:
    """``md DIRECTORY...``."""
    for name in _words(arguments):
        path = shell.resolve(name)
        if shell.host.files.exists(path):
            streams.complain(f"A subdirectory or file {name} already exists.\n")
            return 1
        try:
            shell.host.files.make_directory(path)
        except Win32Error as error:
            streams.complain(f"{error.text}\n")
            return 1
    return 0


async def copy(shell: Shell, arguments: str, streams: Streams) -> int:
    """``copy [/y] FILE FILE-or-directory``."""
    words = [word for word in _words(arguments) if not word.startswith("/")]
    if len(words) != 2:
        streams.complain("The syntax of the command is incorrect.\n")
        return 1
    source, target = (shell.resolve(word) for word in words)
    if shell.host.files.is_directory(target):
        target = ntpath.join(target, ntpath.basename(source))
    try:
        shell.host.files.write_as_program(target, shell.host.files.read(source), append=False)
    except Win32Error as error:
        streams.complain(f"{error.text}\n")
        streams.print("        0 file(s) copied.\n")
        return 1
    streams.print("        1 file(s) copied.\n")
    return 0


async def nothing(_shell: Shell, _arguments: str, _streams: Streams) -> int:
    """rem, title, setlocal and others that do nothing on a command line."""
    return 0


def _words(arguments: str) -> list[str]:
    found: list[str] = re.findall(r'/[^\s/"]+|(?:"[^"]*"|[^\s,;="])+', arguments)
    return [word.replace('"', "") for word in found]


BUILTINS: dict[str, Builtin] = {
    "call": call,
    "cd": cd,
    "chdir": cd,
    "cls": nothing,
    "copy": copy,
    "del": del_,
    "dir": dir_,
    "echo": echo,
    "endlocal": nothing,
    "erase": del_,
    "exit": exit_,
    "md": md,
    "mkdir": md,
    "popd": popd,
    "pushd": pushd,
    "rem": nothing,
    "set": set_,
    "setlocal": nothing,
    "title": nothing,
    "type": type_,
    "ver": ver,
}
# these leave ERRORLEVEL alone when they succeed
KEEP_ERRORLEVEL = frozenset({"call", "cls", "echo", "endlocal", "popd", "rem", "set", "setlocal", "title"})
NOT_SIMULATED = frozenset(
    {"assoc", "break", "color", "date", "ftype", "goto", "mklink", "move", "path", "pause", "prompt", "rd", "ren"}
    | {"rename", "rmdir", "shift", "start", "time", "verify", "vol"}
)
