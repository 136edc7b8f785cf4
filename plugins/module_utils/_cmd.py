# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Command lines for programs whose arguments may hold anything, through cmd.exe."""

from __future__ import annotations

import re

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

_META = re.compile(r'([()%!^"<>&|])')


def argument(text: str) -> str:
    """Quote one argument the way Windows programs take it apart.

    Backslashes before a quote are doubled (Microsoft Learn, "Parsing C++ command-line arguments").
    """
    if text and not re.search(r'[\s"]', text):
        return text
    text = re.sub(r'(\\*)"', r'\1\1\\"', text)
    text = re.sub(r"(\\+)$", r"\1\1", text)
    return f'"{text}"'


def escape(text: str) -> str:
    """Escape a quoted argument for cmd.exe, so that not one character of it means anything there.

    With its quotes escaped as well, cmd.exe never sees a quoted part, in which a caret would stand for itself.
    """
    return _META.sub(r"^\1", text)


def spellings(secret: str) -> list[str]:
    """Return how a secret may look in what a program prints of its command line, longest first; of none nothing."""
    if not secret:
        return []
    quoted = argument(secret)
    return sorted({secret, quoted, quoted[1:-1] if quoted[0] == '"' else quoted, escape(quoted)}, key=len, reverse=True)


def check_plain(name: str, text: str) -> None:
    """Refuse a text that can't stand between quotes on a command line of cmd.exe. Raises ``Failure``."""
    if set(text) & set('"%^&|<>!\r\n'):
        raise Failure(
            f"use {name}",
            repr(text),
            'it holds a line break or one of " % ^ & | < > !',
            "Give it without such characters; cmd.exe would read them as something else",
        )
