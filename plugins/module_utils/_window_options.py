# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options about windows and about where their record is, the same for every system (doc_fragments/window.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import DEFAULT, Opening, with_opened

STORE: dict[str, dict[str, Any]] = {"store_host": {"type": "str"}, "store_path": {"type": "str"}}
WINDOW: dict[str, dict[str, Any]] = {
    "window": {"type": "str", "default": DEFAULT},
    "all_windows": {"type": "bool", "default": False},
    "owner": {"type": "str"},
    "reason": {"type": "str"},
    "ticket": {"type": "str"},
    "expires": {"type": "str"},
    "busy_timeout": {"type": "str", "default": "4m"},
    "take_over": {"type": "bool", "default": False},
}


def opening(params: Mapping[str, Any], owner: str) -> Opening:
    """Return the window that a task opens or closes; ``owner`` opens it if the options do not say who."""
    return Opening(
        id=params["window"],
        owner=params["owner"] or owner,
        reason=params["reason"] or "",
        ticket=params["ticket"] or "",
        # As a variable of the host it is there on the way out, too, where it means nothing.
        expires=(params["expires"] or "") if params["state"] == "enabled" else "",
    )


def request(params: Mapping[str, Any], owner: str) -> Request:
    """Return what a task asks for, to open a window or to close it."""
    return Request(params["state"] == "enabled", opening(params, owner), params["all_windows"])


def ledger(params: Mapping[str, Any], store: FileStore, run: Run) -> Ledger:
    """Return the records of a store for this run. Raises ``Invalid`` for a time that is none."""
    return Ledger(store, run, busy_limit=seconds(params, "busy_timeout", zero=True), take_over=params["take_over"])


_NEVER = datetime.min.replace(tzinfo=timezone.utc)
"""No clock is asked: whether an end has passed is for the one by which the windows are kept."""


def judge(params: Mapping[str, Any]) -> None:
    """Raise ``Invalid`` for times and windows that no system could use, whichever it is; asks nobody anything."""
    for name, value in params.items():
        if value is not None and (name == "duration" or name.endswith(("_timeout", "_interval"))):
            seconds(params, name, zero=name.endswith("_timeout"))
    if "expires" in params:
        with_opened((), Opening(id=params["window"], expires=params["expires"] or ""), _NEVER)
