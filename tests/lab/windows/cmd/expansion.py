"""Variable expansion: %VAR% when a line is read, %x in a for loop, !VAR! with /v:on.

The rules are those of a command line, not of a batch file: what is undefined stays as it was written, and %% is two
per cent signs. It comes before anything is read of the line, so carets and quotes mean nothing here.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Mapping

from lab.windows.filesystem import FileSystem, absolute

Lookup = Callable[[str], str | None]

_LOOP_VARIABLE = re.compile(r"%~(?P<run>[A-Za-z]+)|%(?P<plain>[^~\s])")


def expand_percent(line: str, lookup: Lookup) -> str:
    """Replace %NAME%, %NAME:old=new% and %NAME:~start,length%."""
    return _expand(line, lookup, "%", keep_undefined=True) if "%" in line else line


def expand_delayed(text: str, lookup: Lookup) -> str:
    """Replace !NAME! and its variants; what is undefined becomes nothing."""
    return _expand(text, lookup, "!", keep_undefined=False) if "!" in text else text


def _expand(line: str, lookup: Lookup, mark: str, keep_undefined: bool) -> str:
    parts: list[str] = []
    position = 0
    while (start := line.find(mark, position)) >= 0:
        parts.append(line[position:start])
        end = line.find(mark, start + 1)
        inside = line[start + 1 : end] if end > 0 else ""
        value = _value(inside, lookup)
        if value is not None:
            parts.append(value)
            position = end + 1
        elif keep_undefined or not inside:
            parts.append(mark)
            position = start + 1
        else:
            position = end + 1
    return "".join(parts) + line[position:]


def _value(inside: str, lookup: Lookup) -> str | None:
    """What stands for ``%inside%``; None where it is nothing that cmd.exe expands."""
    name, colon, modifier = inside.partition(":")
    if colon and not modifier:
        name, colon = inside, ""  # the colon belongs to the name
    value = lookup(name) if name else None
    if value is None or not colon:
        return value
    if modifier.startswith("~"):
        start, _comma, length = modifier[1:].partition(",")
        part = value[_number(start) :]
        return part[: _number(length)] if length else part
    old, equals, new = modifier.partition("=")
    if not equals or not old:
        return None
    if old.startswith("*"):
        position = value.lower().find(old[1:].lower())
        return value if position < 0 else new + value[position + len(old) - 1 :]
    return re.sub(re.escape(old), lambda _match: new, value, flags=re.IGNORECASE)


def _number(text: str) -> int:
    """A number as cmd.exe reads it: what is none counts as 0."""
    match = re.match(r"\s*(-?\d+)", text)
    return int(match[1]) if match else 0


def expand_loop(text: str, variables: Mapping[str, str], files: FileSystem, cwd: str) -> str:
    """Replace %x and %~modifiersx of the loops around a command."""
    if not variables or "%" not in text:
        return text

    def replaced(match: re.Match[str]) -> str:
        if match["plain"]:
            return variables.get(match["plain"], match[0])
        # the variable is the last letter of the run that is one: %~dpnx is %~dpn of x, or %~dp of n and an x
        run = match["run"]
        for end in range(len(run) - 1, -1, -1):
            letters = run[:end].lower()
            if run[end] in variables and all(letter in "fdpnxsatz" for letter in letters):
                return _parts(variables[run[end]].replace('"', ""), letters, files, cwd) + run[end + 1 :]
        return match[0]

    return _LOOP_VARIABLE.sub(replaced, text)


def mentions(text: str, variable: str) -> bool:
    """Whether a text may hold that variable of a loop."""
    return any(variable in (match["run"] or match["plain"]) for match in _LOOP_VARIABLE.finditer(text))


def _parts(value: str, letters: str, files: FileSystem, cwd: str) -> str:
    if not letters:
        return value
    path = absolute(value, cwd)
    drive, rest = ntpath.splitdrive(path)
    folder, file_name = ntpath.split(rest)
    stem, extension = ntpath.splitext(file_name)
    size = ""
    if "z" in letters:
        entry = files.find(path)
        size = str(len(entry.content or b"")) + " " if entry is not None else ""
    if "f" in letters:
        return size + path
    selected = (drive if "d" in letters else "") + (folder.rstrip("\\") + "\\" if "p" in letters else "")
    selected += (stem if "n" in letters else "") + (extension if "x" in letters else "")
    return (size + selected).strip() if size else selected
