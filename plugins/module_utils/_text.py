# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Texts that servers, programs and people wrote, as they may be shown: a terminal obeys what it is sent."""

from __future__ import annotations

_LONGEST = 300
# Of a long text, so much is drawn together to find the characters that are shown.
_LOOKED_AT = 8192


def one_line(text: str) -> str:
    r"""Return ``text`` on one line, with each character that is not shown as itself in its escaped form.

    That is, control characters (``\x1b``), those that turn the direction of writing, and halves of surrogate pairs,
    which can neither be printed nor stored.
    """
    return "".join(map(_shown, " ".join(text.split())))


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Return ``text`` on one line, cut where it is long. Secrets must be out of it before: a cut would split them."""
    line = one_line(text[:_LOOKED_AT])
    return line if len(line) <= longest and len(text) <= _LOOKED_AT else line[:longest] + "..."


def _shown(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()
