"""findstr.exe, as far as filters use it: /i /v /n /m /b /e /x /l /r /c:TEXT, words, files or stdin."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.windows.errors import Win32Error
from lab.windows.filesystem import absolute
from lab.windows.program import Call, not_simulated

LONGEST = 254  # characters in one search string


async def findstr(call: Call) -> int:
    """Print the lines that match; exit code 1 where none does, 2 on wrong use."""
    switches: set[str] = set()
    texts: list[str] = []
    whole = False
    names: list[str] = []
    for word in call.arguments:
        if word.lower().startswith("/c:"):
            texts.append(word[3:])
            whole = True
        elif word.startswith("/") and not names:
            for letter in word[1:].lower().replace("/", ""):
                if letter not in "ivnmbexlr":
                    return not_simulated(call, f"findstr /{letter}")
                switches.add(letter)
        elif not texts:
            texts = word.split()
        else:
            names.append(word)
    if not texts:
        call.err("FINDSTR: Bad command line\n")
        return 2
    if any(len(text) > LONGEST for text in texts) or sum(map(len, texts)) > 2 * LONGEST:
        call.err("FINDSTR: Search string too long.\n")
        return 2
    # words are regular expressions unless /l is given; /c: is plain text unless /r is given
    plain = "l" in switches or (whole and "r" not in switches)
    matches = _matcher(texts, plain, switches)
    found = False
    for name, content in await _inputs(call, names):
        for number, line in enumerate(content.replace("\r\n", "\n").removesuffix("\n").split("\n"), 1):
            if any(matches(line)) == ("v" in switches):
                continue
            found = True
            if "m" in switches:
                call.out(f"{name}\n")
                break
            prefix = f"{name}:" if len(names) > 1 else ""
            call.out(prefix + (f"{number}:" if "n" in switches else "") + line + "\n")
    return 0 if found else 1


def _matcher(texts: list[str], plain: bool, switches: set[str]) -> Callable[[str], list[bool]]:
    patterns = []
    for text in texts:
        pattern = re.escape(text) if plain else _regular(text)
        if switches & {"b", "x"}:
            pattern = "^" + pattern
        if switches & {"e", "x"}:
            pattern += "$"
        patterns.append(re.compile(pattern, re.IGNORECASE if "i" in switches else 0))
    return lambda line: [pattern.search(line) is not None for pattern in patterns]


def _regular(text: str) -> str:
    r"""The small regular expressions of findstr (. * ^ $ [] \x \< \>) as Python's."""
    translated = text.replace(r"\<", r"\b").replace(r"\>", r"\b")
    return re.sub(r"(?<!\\)[+?(){}|]", lambda match: "\\" + match[0], translated)


async def _inputs(call: Call, names: list[str]) -> list[tuple[str, str]]:
    if not names:
        return [("(standard input)", (await call.stdin.read()).decode("utf-8", "replace"))]
    inputs = []
    for name in names:
        try:
            content = call.host.files.read(absolute(name, call.cwd))
        except Win32Error:
            call.err(f"FINDSTR: Cannot open {name}\n")
            continue
        inputs.append((name, content.decode("utf-8", "replace")))
    return inputs
