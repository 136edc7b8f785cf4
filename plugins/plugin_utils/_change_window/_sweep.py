# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A sweep closes change windows that are over, or gives one a later end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _recent
from ansible_collections.quiesce.maintenance.plugins.module_utils._evidence import Entry
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid, sentence
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso, seconds
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window import _kept, _outcome
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._due import gone
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._step import WindowStep
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._way_out import leave
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import Report
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import DISABLED


def swept(step: WindowStep) -> dict[str, Any]:
    """Take the windows out of the book that a sweep closed everywhere; fail while something is overdue."""
    estate, sweep = step.estate(), dict(plain(step.task_vars["window_due"]))
    results = step.results("quiesce_result", estate)
    messages = Report(estate, results, DISABLED, register(), step.check_mode).verdicts()
    run = step.same_run(estate["run"])
    failed: list[dict[str, str]] = []
    for window, left in gone(sweep, results).items():
        if step.check_mode:
            continue
        step.params["window"] = window
        in_book: dict[str, str] = {}
        if not left:
            in_book, now, held = leave(step, run, window)
            if held:
                _kept.keep_closed(step, held, now, _recent.SWEPT)
        facts = {"still_open": left, **({"messages": in_book} if in_book else {})}
        noted = _kept.try_to_note(step, run, Entry("left open" if left or in_book else "closed by the sweep", facts))
        failed += [{f"the window {window}": text} for each in (in_book, noted) for text in each.values()]
        step.tell(f"the window {window} is " + (f"not known to be closed on {', '.join(left)}" if left else "closed"))
    why = [*sweep["overdue"], *_outcome.by_text([messages, *failed])]
    return {"changed": False, "failed": bool(why), "msg": " ".join(map(sentence, why)) or "Nothing is overdue."}


def extended(step: WindowStep) -> dict[str, Any]:
    """Give a window a later end, in the book if it is there; say where else."""
    estate, sweep = step.estate(), dict(plain(step.task_vars["window_due"]))
    name, run = step.params["window"].strip(), step.same_run(step.estate()["run"])
    if not step.params["extend"]:
        raise Invalid("extend", "it is not given", "Give the time by which the window is extended, like 1h")
    length = timedelta(seconds=seconds(step.params, "extend"))
    rows = [row for row in step.rows("quiesce_result", estate) for each in row["windows"] if each["id"] == name]
    if not rows:
        known = ", ".join(sorted(sweep["where"])) or "none"
        raise Failure(f"extend the window {name}", "", "it is open on no system of this run", f"Open: {known}")
    ends = [each["expires"] for row in rows for each in row["windows"] if each["id"] == name and each["expires"]]
    if not ends:
        raise Failure(f"extend the window {name}", "", "it has no end", "Nothing was done")
    with step.book(run) as book:
        until = _outcome.later(ends, length, book.read())
        _kept.note(step, run, Entry("extended", {"expires": iso(until), "by": run.owner}))
        if not step.check_mode and name in book.open_ones():
            book.extend(name, until)
    places: dict[str, dict[str, list[str]]] = {}
    for host, system in sweep["where"][name]:
        places.setdefault(host, {})[system] = [name]
    return {"changed": True, "only": places, "expires": iso(until)}
