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
        found = sorted((form for form in forms if form.strip()), key=len, reverse=True)
        self._patterns = [re.compile("".join(map(_anyhow, form))) for form in found]

    def __call__(self, text: str) -> str:
        """Return ``text`` without any secret."""
        for pattern in self._patterns:
            text = pattern.sub(MASK, text)
        return text


def _anyhow(character: str) -> str:
    """Return a pattern for all ways to write a character. Nobody escapes ASCII letters and digits."""
    if character.isascii() and character.isalnum():
        return character
    coded = character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass").hex()
    ways = [
        r"\\+" + "".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4)).removeprefix(r"\\+"),
        "".join(f"%(?:25)*{byte:02x}" for byte in coded),
        f"&#(?:{ord(character)}|x0*{ord(character):x});",
        r"\\*" + re.escape(character),
    ]
    if character == "\\":
        ways[-1] = r"\\+"
    if character in _JSON_ESCAPES:
        ways.append(rf"\\+{_JSON_ESCAPES[character]}")
    if (named := html.escape(character)) != character:
        ways.insert(0, named)
    if character.isspace():
        ways += [r"\s+", r"\+"]
    return f"(?i:{'|'.join(ways)})"
