# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The status for programs: a document as docs/status.schema.json describes it. Pure."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import OpenWindow, Picture, headline

VERSION = 1


def document(picture: Picture) -> dict[str, Any]:
    """Return the document, its rows with the texts as they came."""
    selection = picture.selection
    return {
        "version": VERSION,
        "at": iso(picture.at),
        "headline": headline(picture),
        "selection": {
            "limit": selection.limit,
            "only": list(selection.only),
            "windows": list(selection.windows),
            "owners": list(selection.owners),
        },
        "counts": picture.counts(),
        "systems": [dict(system.row) for system in picture.systems],
        "windows": [_window(window) for window in picture.windows],
        "recent": [each.data() for each in picture.recent],
        "problems": list(picture.problems),
    }


def write(picture: Picture) -> str:
    """Return the text of the file. Whatever is no ASCII is escaped, so that every reader takes it."""
    return json.dumps(document(picture), indent=1) + "\n"


def _window(window: OpenWindow) -> dict[str, Any]:
    return {
        **window.window.result(),
        "last_expires": iso(window.last) if window.last else "",
        "overdue": window.overdue,
        "held": window.held,
        "work": window.work,
        "systems": [{"system": each.name, "kind": each.kind, "host": each.place} for each in window.systems],
    }
