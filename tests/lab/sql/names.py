"""Names of objects as text, as HAS_PERMS_BY_NAME and OBJECT_ID take them."""

from __future__ import annotations

import re

_PART = re.compile(r"\s*(?:\[((?:[^\]]|\]\])*)\]|\"((?:[^\"]|\"\")*)\"|([^\[\]\".]+))\s*")


def parts(text: str) -> tuple[str, ...]:
    """The parts of a name, database or schema first: ``a.b`` has two, ``[a.b]`` one. Empty where it is none."""
    found: list[str] = []
    at = 0
    while True:
        match = _PART.match(text, at)
        if match is None:
            # a part in the middle may be left out: db..name
            if not found or text[at : at + 1] != ".":
                return ()
            found.append("")
        else:
            bracket, quote, plain = match.groups()
            if bracket is not None:
                found.append(bracket.replace("]]", "]"))
            else:
                found.append(quote.replace('""', '"') if quote is not None else plain.strip())
            at = match.end()
        if at == len(text):
            return tuple(found) if len(found) <= 4 and found[-1] else ()
        if text[at] != ".":
            return ()
        at += 1


def quoted(text: str, quote: str = "[") -> str | None:
    """QUOTENAME: the name between two quotes; None where it is too long or the quote is none."""
    pairs = {"[": "[]", "]": "[]", "(": "()", ")": "()", "<": "<>", ">": "<>", "{": "{}", "}": "{}"}
    pairs |= {"'": "''", '"': '""', "`": "``"}
    pair = pairs.get(quote[:1] or "[")
    if pair is None or len(text) > 128:
        return None
    return pair[0] + text.replace(pair[1], pair[1] * 2) + pair[1]
