# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A change window opens: it is written down before anything changes, and is ready when every system is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _service_times
from ansible_collections.quiesce.maintenance.plugins.module_utils._book import Book
from ansible_collections.quiesce.maintenance.plugins.module_utils._evidence import Entry
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import is_duration
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening, with_opened
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window import _kept, _outcome
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._child_playbook import ChildPlaybook
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._lease import keep_alive
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._step import WindowStep
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._work import Work, work_of
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import Report
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._task_file import task_file
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import CONTROLLER, ENABLED

TASK_FILES = ("before_open", "opened", "work_failed", "closed")


def opened(step: WindowStep) -> dict[str, Any]:
    """Write the window down, so that something else can close it, whatever happens from here on."""
    estate = step.estate()
    _outcome.only_its_own(step.params["window"].strip(), estate["hosts"], step.known)
    files = _task_files(step)
    work = _work(step, estate)
    run = step.same_run(estate["run"])
    opening = Opening(
        step.params["window"],
        step.params["owner"] or step.owner(),
        step.params["reason"] or "",
        step.params["ticket"] or "",
        step.params["expires"] or "",
    )
    allowed = _allowed(step, opening)
    with step.book(run) as book:
        _refuse_unasked(step, book, estate)
        window, again = book.open(opening, estate["hosts"], check_mode=step.check_mode)
        others = book.others(window.id, estate["hosts"])
        times = _kept.times(step)
        if not step.check_mode:
            try:
                _kept.note(
                    step,
                    run,
                    Entry(
                        "continued" if again else "opened",
                        {
                            "window": window.result(),
                            "run": run.id,
                            "by": run.owner,
                            "controller": run.controller,
                            "work": work.result(),
                            "change_allowed": allowed or None,
                        },
                    ),
                    *_outcome.readings("before", step.rows("quiesce_before", estate)),
                )
            except Failure:
                _take_back(book, window.id, again)
                raise
    if not step.check_mode:
        keep_alive(step, run, window.id)
    if others:
        step.tell(f"the window {window.id} is open for {', '.join(others)}, too, which this run leaves out")
    for line in _outcome.expected(estate, times, WAVES, ENABLED):
        step.tell(line)
    about = {**window.result(), "run": run.id, "continued": again, "override": allowed.get("override") or ""}
    hosts = list(estate["hosts"]) if work.on_hosts else [CONTROLLER]
    said = {"window": about, "work": work.result(), "hosts": hosts, "files": files}
    return {"changed": True, "run": run.id, "systems": list(estate["hosts"]), **said}


def ready(step: WindowStep) -> dict[str, Any]:
    """Say whether every system is in maintenance mode, so that the work can begin."""
    estate, window = step.estate(), step.window()
    results = step.results("quiesce_result", estate)
    messages = Report(estate, results, ENABLED, register(), step.check_mode).verdicts()
    event = "way in failed" if messages else "ready"
    messages |= _kept.try_to_note(
        step,
        step.same_run(window["run"]),
        *_outcome.switches(estate, results, WAVES, "maintenance"),
        Entry(event, {"messages": messages} if messages else {}),
    )
    took = _outcome.took(estate, results, WAVES)
    return {
        "changed": False,
        "complete": not messages,
        "messages": messages,
        "took": _seconds(took),
        "untouched": _outcome.untouched(estate, results, WAVES),
    }


def cancelled(step: WindowStep) -> dict[str, Any]:
    """Take a window out of the book for which nothing was switched. Always fails."""
    window = step.window()
    run = step.same_run(window["run"])
    said = str(plain(step.task_vars.get("ansible_failed_result", {})).get("msg", "it failed"))
    if not step.check_mode:
        with step.book(run) as book:
            _take_back(book, window["id"], window["continued"])
    _kept.note(step, run, Entry("cancelled", {"message": said}))
    if window["continued"]:
        remedy = "Systems that the run before put into maintenance mode still are. Run it again, or disable"
        raise Failure(f"continue the window {window['id']}", "", said, remedy)
    raise Failure(f"open the window {window['id']}", "", said, "Nothing was switched, and the window is closed")


def _refuse_unasked(step: WindowStep, book: Book, estate: Mapping[str, Any]) -> None:
    """Raise ``Failure`` if a system could not be asked, so that none is switched for nothing.

    A window that is open already is continued: what can be reached comes out at its end.
    """
    book.read()
    name = step.params["window"].strip()
    why = _outcome.unasked(estate, step.results("quiesce_before", estate), WAVES)
    if why and name not in book.open_ones():
        told = " ".join(_outcome.by_text([why]))
        remedy = "Nothing was switched. Fix the cause, or leave these hosts out of the limit"
        raise Failure(f"open the window {name}", "", told, remedy)


def _task_files(step: WindowStep) -> dict[str, str]:
    """Return the paths of the task files, before anything changes. Raises ``Invalid``."""
    return {name: task_file(step, name, step.variable(name)) for name in TASK_FILES}


def _work(step: WindowStep, estate: Mapping[str, Any]) -> Work:
    """Return the work, before anything changes. Raises ``Invalid`` or ``Failure``."""
    child = ChildPlaybook(step, list(estate["hosts"]), {})
    return work_of(step, step.variable("work"), step.variable("pause"), child)


def _allowed(step: WindowStep, opening: Opening) -> dict[str, Any]:
    """Ask the calendars, if there are any. Raises ``Failure`` if they do not allow the window."""
    asks = {
        option: step.params[name]
        for option, name in (
            ("window_calendars", "calendars"),
            ("freeze_calendars", "freeze_calendars"),
            ("timezone", "timezone"),
            ("override", "override"),
            ("ca_path", "ca_path"),
        )
        if step.params[name]
    }
    if not (asks.get("window_calendars") or asks.get("freeze_calendars")):
        return {}
    with_opened((), opening, datetime.now(timezone.utc))  # who asks the calendars calls the end by another name
    if step.params["expires"]:
        asks["duration" if is_duration(step.params["expires"]) else "until"] = step.params["expires"]
    allowed: dict[str, Any] = step.run_other("quiesce.maintenance.change_allowed_info", asks)
    if allowed.get("failed"):
        raise Failure(f"open the window {step.params['window']}", "", str(allowed["msg"]), "Nothing was done")
    if not allowed["allowed"]:
        later = allowed.get("next_opening")
        raise Failure(
            f"open the window {step.params['window']}",
            "",
            str(allowed["why"]),
            (f"It may begin at {later}. " if later else "")
            + "Nothing was done. O(override) with a reason opens it all the same",
        )
    return allowed


def _take_back(book: Book, window: str, continued: bool) -> None:
    """Close a window of which nothing was switched; one that is continued is as the run before left it."""
    if continued:
        book.let_go(window)
    else:
        book.close(window)


def _seconds(took: Mapping[str, _service_times.Took]) -> dict[str, Any]:
    return {system: each.result() for system, each in took.items()}
