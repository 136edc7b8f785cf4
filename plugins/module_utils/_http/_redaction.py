# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What must not be read: credentials, in all the forms in which they could appear in a text."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable

MASK = "********"

# Servers write these in place of the character, inside of JSON that may stand inside of JSON again.
_JSON_ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header for ``user`` and ``password`` (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Redactor:
    """Masks secrets in a text: as they are, URL-quoted, escaped as in JSON or HTML, or of several of these.

    ``credentials`` are values of headers ("Basic abc", "ApiKey abc"), of which the second word is secret by itself.
    Mask first, then cut: of a secret that is cut in two, a half would be left.
    """

    def __init__(self, secrets: Iterable[str], credentials: Iterable[str] = ()) -> None:
        forms = set(secrets)
        for value in credentials:
            word = value.partition(" ")[2]
            # The "=" at its end only fills it up; a server may leave them out.
            forms |= {value, word, word.rstrip("=")}
        self._forms: set[str] = set()
        self._patterns: list[re.Pattern[str]] = []
        self.add(forms)

    def add(self, forms: Iterable[str]) -> None:
        """Mask these too, from now on."""
        self._forms |= {form for form in forms if form.strip()}
        self._patterns = [_pattern(form) for form in sorted(self._forms, key=len, reverse=True)]

    def __call__(self, text: str) -> str:
        """Return ``text`` without any secret."""
        for pattern in self._patterns:
            text = pattern.sub(MASK, text)
        return text


def _pattern(secret: str) -> re.Pattern[str]:
    """Return a pattern for all ways to write a secret.

    Every repetition in it is short, and a run of blanks or backslashes is one part, not several that a search could
    divide among them in very many ways: a server must not be able to keep us busy.
    """
    parts = re.findall(r"\s+|\\+|.", secret, re.DOTALL)
    return re.compile("".join(map(_run, parts)))


def _run(part: str) -> str:
    ways = list(dict.fromkeys(way for character in part for way in _ways(character)))
    if not (part.isspace() or part.startswith("\\")):
        return f"(?i:{'|'.join(ways)})" if len(ways) > 1 else ways[0]
    many = f"(?i:{'|'.join(ways)}){{1,{8 * len(part)}}}"
    # In a form a plus sign stands for each blank.
    return rf"(?:{many}|\+{{{len(part)}}})" if part.isspace() else many


def _ways(character: str) -> list[str]:
    """Return patterns for the ways to write a character. Nobody escapes ASCII letters and digits."""
    if character.isascii() and character.isalnum():
        return [character]
    units = character.encode("utf-16-be", "surrogatepass").hex()
    ways = [
        "".join(rf"\\{{1,8}}u{units[at : at + 4]}" for at in range(0, len(units), 4)),
        "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in character.encode("utf-8", "surrogatepass")),
        f"&#(?:0{{0,4}}{ord(character)}|x0{{0,4}}{ord(character):x});",
    ]
    if (named := html.escape(character)) != character:
        ways.append(named)
    if character in _JSON_ESCAPES:
        ways.append(rf"\\{{1,8}}{_JSON_ESCAPES[character]}")
    if character.isspace():
        ways.append(r"\s")
    elif character == "\\":
        ways.append(r"\\")
    else:
        ways.append(r"\\{0,8}" + re.escape(character))
    return ways
