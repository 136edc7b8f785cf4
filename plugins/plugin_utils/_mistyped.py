# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Variables that somebody gave a run under a name that nobody reads.

One that is only ignored makes the run do something else: without the name of its window, ``disable`` ends what somebody
else turned on, and without its words a status never fails.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid

CUTOFF = 0.75
"""How alike two names are (difflib) that are taken for one; two letters that changed places in a word of four are."""

Known = Mapping[str, Callable[[], Collection[str]]]
"""By the first word of variables ("quiesce"), what may follow it."""


def meant(name: str, names: Collection[str]) -> str:
    """Return the one of ``names`` that somebody may have meant with ``name``; "" if it is one, or resembles none."""
    close = [] if name in names else difflib.get_close_matches(name, names, 1, CUTOFF)
    return close[0] if close else ""


def refuse_mistyped(given: Iterable[object], known: Known) -> None:
    """Raise ``Invalid`` for a variable that resembles a known one and is none."""
    for variable in map(str, given):  # a number is a name to Ansible, too
        if like := _meant(variable, known):
            raise Invalid(
                variable,
                "no such variable exists",
                f"Did you mean {like}? Nothing was done; a variable of your own needs a name that resembles no other",
            )


def _meant(variable: str, known: Known) -> str:
    """Return the variable that was meant, "" if this one is right or is another matter."""
    usual = variable.lower().replace("-", "_")
    first, _line, rest = usual.partition("_")
    if first in known:
        names = known[first]()
        if rest in names:
            return "" if usual == variable else usual
        return f"{first}_{like}" if (like := meant(rest, names)) else ""
    for like in difflib.get_close_matches(first, known, 1, CUTOFF):
        # "windows" is a word of its own.
        if first != f"{like}s" and rest in known[like]():
            return f"{like}_{rest}"
    return ""
