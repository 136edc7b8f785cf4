# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a status comes to: for a pipeline, whether it fails; for the next job of a workflow, the summary. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import sentence
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._attention import OVERDUE, fits
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import Picture, System, headline

_MOST = 20
"""Systems that are named; of more only the number is said."""


def verdicts(picture: Picture, fail_on: Sequence[str]) -> dict[str, str]:
    """Return why the run fails, by the host that asked: of each of its systems for which a word is true, the words."""
    said: dict[str, list[str]] = {}
    for system in picture.systems:
        if words := [word for word in fail_on if fits(system.row, word)]:
            said.setdefault(system.host, []).append(_said(system, words))
    return {host: " ".join([*each[:_MOST], _rest(len(each))]).strip() for host, each in said.items()}


def summary(picture: Picture) -> dict[str, Any]:
    """Return a few facts for the next job, whatever the size of the estate."""
    return {
        "at": iso(picture.at),
        "headline": headline(picture),
        "counts": picture.counts(),
        "attention": [system.full_name for system in picture.systems if system.attention][:_MOST],
    }


def _said(system: System, words: Sequence[str]) -> str:
    holds = ", ".join(map(str, system.windows))
    parts = [", ".join(words), f"window {holds}" if holds else ""]
    if OVERDUE in words and system.first_end:
        parts.append(f"was to end at {iso(system.first_end)}")
    parts += system.notes
    return sentence(f"{system.full_name}, {system.kind}: {'; '.join(filter(None, parts))}")


def _rest(number: int) -> str:
    return f"And {number - _MOST} more systems." if number > _MOST else ""
