# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A change window closes, whatever the work came to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _recent
from ansible_collections.quiesce.maintenance.plugins.module_utils._evidence import Entry
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window import _kept, _outcome
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._step import WindowStep
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._registered import of_run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import Report
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import CONTROLLER, DISABLED


def worked(step: WindowStep) -> dict[str, Any]:
    """Say what the work came to on each host."""
    window = step.window()
    run = step.same_run(window["run"])
    if not step.task_vars["window_ready"]["complete"]:
        said = step.so_far()["window_ready"]
        return {"changed": False, "messages": _kept.try_to_note(step, run, Entry("not worked", {"messages": said}))}
    results = of_run(step.known, step.inventory, "window_worked", window["run"])
    hosts = step.task_vars["window_run"]["hosts"]
    messages = _outcome.works(hosts, {host: plain(each) for host, each in results.items()})
    facts = {"hosts": list(hosts), **({"messages": messages} if messages else {})}
    messages |= _kept.try_to_note(step, run, Entry("work failed" if messages else "worked", facts))
    return {"changed": False, "messages": messages}


def closed(step: WindowStep) -> dict[str, Any]:
    """Take the window out of the book if it is closed everywhere, and say how all of it ended."""
    estate, window = step.estate(), step.window()
    run = step.same_run(window["run"])
    results = step.results("quiesce_result", estate)
    report = Report(estate, results, DISABLED, register(), step.check_mode)
    rows, messages = report.rows(), report.verdicts()
    left = _outcome.still_open(estate, results, WAVES, window["id"])
    said = step.so_far()
    in_book, now, held = leave(step, run, window["id"], [] if left else list(estate["hosts"]))
    if held:
        window |= held.result()  # it may have another end by now
    told = _outcome.by_text([*said.values(), messages, in_book])
    facts: dict[str, Any] = {"result": "failed" if told else "ok", "overrun": _outcome.overrun(window, now)}
    if left:
        facts["still_open"] = left
    noted = _kept.try_to_note(
        step,
        run,
        *_outcome.switches(estate, results, WAVES, "normal"),
        *_outcome.readings("after", rows),
        Entry("left open" if left or in_book else "closed", facts),
        last=True,
    )
    told = _outcome.by_text([*said.values(), messages, in_book, noted])
    _kept.remember(step, _outcome.took(estate, results, WAVES))
    if held:
        _kept.keep_closed(step, held, now, _recent.FAILED if told else _recent.OK)
    return {"changed": False, "failed": bool(told), "msg": " ".join(told) or "The window is closed."}


def leave(
    step: WindowStep, run: Run, window: str, closed: Sequence[str] | None = None
) -> tuple[dict[str, str], datetime, Window | None]:
    """Take a window out of the book, or leave it there for the hosts on which it was not ``closed``; return what
    failed, by host, the time, and the window if it was taken out. None: it is closed on all of them."""
    if step.check_mode:
        return {}, datetime.now(timezone.utc), None
    held: Window | None = None
    try:
        with step.book(run) as book:
            others = [] if closed is None else book.others(window, closed)
            if others or closed == []:
                book.let_go(window, others)
            else:
                held = book.close(window)
            return _outcome.left_out(window, others) if closed else {}, book.now, held
    except Failure as failure:
        return {CONTROLLER: str(failure)}, datetime.now(timezone.utc), None
