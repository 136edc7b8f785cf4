"""What a for loop iterates over: words, file names, numbers, or the lines of a file or of a command's output."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lab.windows.cmd.parser import For
from lab.windows.cmd.streams import Streams
from lab.windows.errors import Win32Error
from lab.windows.program import Call

if TYPE_CHECKING:
    from lab.windows.cmd.shell import Shell


@dataclass(frozen=True)
class Options:
    """The options of ``for /f``."""

    eol: str = ";"
    skip: int = 0
    delims: str = " \t"
    tokens: tuple[int, ...] = (1,)
    rest: bool = False  # a * behind the tokens: the rest of the line
    usebackq: bool = False


_WHOLE_LINE = Options(delims="")


async def iterations(
    shell: Shell, node: For, streams: Streams, variables: Mapping[str, str]
) -> Iterable[dict[str, str]]:
    """The values of the loop's variables, one dictionary per turn."""
    items = shell.expand(node.items, variables)
    if node.switch == "/l":
        return _numbers(shell, node.variable, items, streams)
    if node.switch == "/f":
        return await _lines(shell, node, items, streams)
    words: list[str] = []
    for word in re.findall(r'(?:"[^"]*"|[^\s"])+', items):
        if "*" not in word and "?" not in word:
            words.append(word)
            continue
        prefix = ntpath.dirname(word.replace('"', ""))
        for entry in shell.host.files.match(shell.resolve(word)):
            if entry.is_directory == (node.switch == "/d"):
                words.append(ntpath.join(prefix, ntpath.basename(entry.path)))
    return [{node.variable: word} for word in words]


def _numbers(shell: Shell, variable: str, items: str, streams: Streams) -> Iterable[dict[str, str]]:
    numbers = [int(word) if re.fullmatch(r"-?\d+", word) else 0 for word in items.split()]
    start, step, end = [*numbers, 0, 0, 0][:3]
    if step == 0 and start <= end:
        streams.complain("lab: an endless for /l is not simulated\n")
        shell.errorlevel = 120
        return ()
    return ({variable: str(number)} for number in range(start, end + (1 if step >= 0 else -1), step or 1))


@lru_cache(maxsize=256)
def parse_options(text: str) -> Options:
    """Read the options of ``for /f``; delims, if it is the last option, takes blanks in."""
    options: dict[str, Any] = {}
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    while text := text.lstrip():
        name, _equals, value = text.partition("=")
        if name.lower().startswith("usebackq"):
            options["usebackq"] = True
            text = text[len("usebackq") :]
            continue
        word = re.match(r"\S*", value)
        given = word[0] if word else ""
        if name.lower() == "delims":
            # everything up to the next option is a delimiter, blanks only at the very end
            following = re.search(r"\s+(eol|skip|tokens|usebackq)\b", value, re.IGNORECASE)
            given = value[: following.start()] if following else value
            options["delims"] = given
        elif name.lower() == "eol":
            given = value[:1]
            options["eol"] = given
        elif name.lower() == "skip":
            options["skip"] = int(given)
        elif name.lower() == "tokens":
            options["rest"] = given.endswith("*")
            numbers: list[int] = []
            for part in given.rstrip("*").split(","):
                first, dash, last = part.partition("-")
                if first:
                    numbers.extend(range(int(first), int(last if dash else first) + 1))
            options["tokens"] = tuple(sorted(numbers))
        else:
            raise ValueError(text)
        text = value[len(given) :]
    return Options(**options)


async def _lines(shell: Shell, node: For, items: str, streams: Streams) -> list[dict[str, str]]:
    try:
        options = parse_options(node.options)
    except ValueError as error:
        streams.complain(f"{error} was unexpected at this time.\n")
        shell.errorlevel = 255
        return []
    text = items.strip()
    quote = text[:1] if len(text) > 1 and text[0] == text[-1] else ""
    if quote == ("`" if options.usebackq else "'"):
        content = await _output(shell, text[1:-1], streams)
    elif quote == ("'" if options.usebackq else '"'):
        content = text[1:-1]
    else:
        content = ""
        for word in re.findall(r'"[^"]*"|\S+', text):
            name = word.replace('"', "")
            try:
                content += shell.host.files.read(shell.resolve(name)).decode("utf-8", "replace")
            except Win32Error:
                streams.complain(f"The system cannot find the file {name}.\n")
                shell.errorlevel = 1
                return []
    turns = []
    for line in content.replace("\r\n", "\n").split("\n")[options.skip :]:
        values = split_line(line, options, node.variable)
        if values is not None:
            turns.append(values)
    return turns


def split_line(line: str, options: Options, variable: str) -> dict[str, str] | None:
    """The variables for one line; None where the loop skips it. Delimiters come off before eol is looked for."""
    line = line.lstrip(options.delims) if options.delims else line
    if not line or (options.eol and line.startswith(options.eol)):
        return None
    if options == _WHOLE_LINE:
        return {variable: line}
    wanted = list(options.tokens)
    names = [chr(ord(variable) + offset) for offset in range(len(wanted) + int(options.rest))]
    values = dict.fromkeys(names, "")
    found: list[str] = []
    rest = line
    last = wanted[-1] if wanted else 0
    while len(found) < last:
        rest = rest.lstrip(options.delims) if options.delims else rest
        if not rest:
            break
        end = next((index for index, character in enumerate(rest) if character in options.delims), len(rest))
        found.append(rest[:end])
        rest = rest[end:]
    for name, number in zip(names, wanted, strict=False):
        if number <= len(found):
            values[name] = found[number - 1]
    rest = rest.lstrip(options.delims) if options.delims else rest
    if options.rest:
        values[names[-1]] = rest
    return values if any(values.values()) else None


async def _output(shell: Shell, command: str, streams: Streams) -> str:
    """What a command prints, run by a cmd.exe of its own."""
    printed = bytearray()
    outputs = {"stdout": printed.extend, "stderr": streams.err}
    call = Call(
        shell.host,
        shell.call.account,
        shell.environment.copy(),
        shell.cwd,
        shell.environment.get("ComSpec", r"C:\Windows\System32\cmd.exe"),
        f" /c {command}",
        streams.stdin,
        lambda stream, data: outputs[stream](data),
    )
    await shell.host.execute(call)
    return printed.decode("utf-8", "replace")
