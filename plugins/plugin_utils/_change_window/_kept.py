# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What is kept of a change window: its evidence, how long the switches took, the windows that were closed last."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from ansible_collections.quiesce.maintenance.plugins.module_utils import _recent, _service_times
from ansible_collections.quiesce.maintenance.plugins.module_utils._evidence import Entry, Evidence
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._service_times import Times
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._step import WindowStep
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._store import open_store
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import CONTROLLER, DISABLED, ENABLED


def note(step: WindowStep, run: Run, *entries: Entry) -> Evidence | None:
    """Add to the evidence, if there is to be one."""
    if not step.params["evidence"] or step.check_mode:
        return None
    params = {**step.params, "store_path": step.params["evidence"]}
    name = f"{quote(step.params['window'].strip(), safe='')}.jsonl"
    with open_store(step, params, name) as store:
        evidence = Evidence(store, run.sleep)
        evidence.add(*(Entry(each.event, step.masked(dict(each.facts))) for each in entries))
    return evidence


def try_to_note(step: WindowStep, run: Run, *entries: Entry, last: bool = False) -> dict[str, str]:
    """Add to the evidence; return what failed, by host: the systems come out whether or not it can be written."""
    try:
        evidence = note(step, run, *entries)
    except Failure as failure:
        return {CONTROLLER: str(failure)}
    if evidence and last:
        step.tell(f"evidence: {evidence.store.where}, its last line's SHA-256 is {evidence.last_digest}")
    return {}


def times(step: WindowStep) -> Times:
    """Return how long the switches of each system took until now."""
    with open_store(step, step.params, _service_times.FILE) as store:
        return _read_times(store)[1]


def _read_times(store: FileStore) -> tuple[str | None, Times]:
    text = store.stored().text
    try:
        return text, _service_times.parse_times(text)
    except ValueError:
        return text, {}  # they are for people: a file that is no more than damaged begins anew


def remember(step: WindowStep, out: Mapping[str, _service_times.Took]) -> None:
    """Add how long the switches of this run took; of two runs at once one may be lost."""
    if step.check_mode:
        return
    ready = plain(step.task_vars.get("window_ready") or {}).get("took") or {}
    took_in = {system: _service_times.Took(each["seconds"], each["steps"]) for system, each in ready.items()}
    if not (took_in or out):
        return
    try:
        with open_store(step, step.params, _service_times.FILE) as store:
            text, times = _read_times(store)
            times = _service_times.with_switches(times, took_in, ENABLED)
            times = _service_times.with_switches(times, out, DISABLED)
            store.replace(text, _service_times.text_of(times))
    except Failure as failure:
        step.tell(f"how long it took was not recorded: {failure}")


def keep_closed(step: WindowStep, window: Window, moment: datetime, result: str) -> None:
    """Add a window to those that were closed last; of two runs at once one may be lost."""
    try:
        with open_store(step, step.params, _recent.FILE) as store:
            text = store.stored().text
            recent = _recent.with_closed(_recently(text), _recent.Closed(window, moment, result))
            store.replace(text, _recent.text_of(recent))
    except Failure as failure:
        step.tell(f"that the window was closed was not recorded for the status: {failure}")


def _recently(text: str | None) -> list[_recent.Closed]:
    try:
        return _recent.parse_recent(text)
    except ValueError:
        return []  # it is for people: a file that is no more than damaged begins anew
