# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Command lines for cmd.exe: arguments that arrive as they are, output in one piece, waiting. Knows no product."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid

_META = re.compile(r'([()!^"<>&|])')
_BLANK_OR_QUOTE = re.compile(r'[\s"]')
_BEFORE_QUOTE = re.compile(r'(\\*)"')
_AT_END = re.compile(r"(\\+)$")
_PERCENT = re.compile("%(?=[^^])")
_SPECIAL = frozenset("()&|<>^=,;")
# A quote that is escaped, one that is not, one special character, or all up to the next of these.
_PIECES = re.compile(r'\^"|[()&|<>^=,;"]|[^()&|<>^=,;"]+')

MASK = "********"


def argument(text: str) -> str:
    """Quote one argument the way Windows programs take it apart.

    Backslashes before a quote are doubled (Microsoft Learn, "Parsing C++ command-line arguments").
    """
    if text and not _BLANK_OR_QUOTE.search(text):
        return text
    text = _BEFORE_QUOTE.sub(r'\1\1\\"', text)
    text = _AT_END.sub(r"\1\1", text)
    return f'"{text}"'


def escape(text: str) -> str:
    """Escape a quoted argument for cmd.exe, so that not one character of it means anything there.

    With its quotes escaped as well, cmd.exe never sees a quoted part, in which a caret would stand for itself. It
    expands %NAME% and %NAME:a=b% before it looks at carets, so the caret behind a percent sign makes the name one
    that no variable has.
    """
    text = _META.sub(r"^\1", text)
    return _PERCENT.sub("%^", text)


def spellings(secret: str) -> list[str]:
    """Return how a secret may look in what a program prints of its command line, longest first; of none nothing."""
    if not secret:
        return []
    quoted = argument(secret)
    return sorted({secret, quoted, quoted[1:-1] if quoted[0] == '"' else quoted, escape(quoted)}, key=len, reverse=True)


def masked(text: str, secrets: Sequence[str]) -> str:
    """Return free text without any of the secrets. A short one is masked only where it stands as a word of its own."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:
            text = text.replace(secret, MASK)
        elif secret:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)
    return text


def check_plain(option: str, text: str) -> None:
    """Refuse a text that can't stand between quotes on a command line of cmd.exe. Raises ``Invalid``."""
    if set(text) & set('"%^&|<>!\r\n'):
        raise Invalid(
            option,
            f'"{text}" contains a line break or one of " % ^ & | < > !',
            "Remove these characters; they have a special meaning to cmd.exe",
        )


def in_one_piece(line: str) -> str:
    """Return a line that runs ``line`` and prints all its output at its end, without empty lines and exit code.

    Over WinRM each piece of output costs a round trip. ``for /f`` collects the output of a command line before it
    looks at it, and what a variable of ``for`` holds is not parsed again when it is printed. Inside its parentheses
    and outside quotes every special character needs a caret, the blanks' like = , ; too.
    """
    quoted = False
    parts = []
    for part in _PIECES.findall(line):
        if part == '"':
            quoted = not quoted
        elif not quoted and part == '^"':
            parts.append("^^")  # a quote that opens nothing
        elif not quoted and part in _SPECIAL:
            parts.append("^")
        elif part == '^"':
            quoted = False
        parts.append(part)
    return f"""for /f "delims=" %z in ('{"".join(parts)}') do @echo(%z"""
