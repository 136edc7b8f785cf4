# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils import _recent, _service_times
from ansible_collections.quiesce.maintenance.plugins.module_utils._book import FILE, Book
from ansible_collections.quiesce.maintenance.plugins.module_utils._evidence import Entry, Evidence
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid, sentence
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LEASE, Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._service_times import Times
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import is_duration, iso, seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening, Window, with_opened
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import STORE, WINDOW, ledger
from ansible_collections.quiesce.maintenance.plugins.plugin_utils import _change, _guard
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._child_playbook import ChildPlaybook
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._registered import estate_of, of_run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import Report
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._store import open_store
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._sweep import gone
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._task_file import task_file
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import CONTROLLER, DISABLED, ENABLED
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._work import Work, work_of

OPENED = "opened"
CANCELLED = "cancelled"
READY = "ready"
WORKED = "worked"
CLOSED = "closed"
SWEPT = "swept"
EXTENDED = "extended"
STATES = [OPENED, CANCELLED, READY, WORKED, CLOSED, SWEPT, EXTENDED]
TASK_FILES = ("before_open", "opened", "work_failed", "closed")


class _Nobody:
    """Hears what a process says that has no ansible-playbook any more: connections do, at -vvv."""

    def send_display(self, *_args: object, **_more: object) -> None:
        """Hear it."""


_NOBODY: Any = _Nobody()


class ActionModule(MaintenanceAction):
    """Writes down what happens to a change window, before and after the plays that do it."""

    variables = "window_"
    task_only = frozenset({"state"})
    own = frozenset(
        {
            "run",
            "ready",
            "outcome",
            "worked",
            "due",
            "work",
            "pause",
            "before_open",
            "opened",
            "work_failed",
            "closed",
            "overdue",
        }
    )
    free_text = MaintenanceAction.free_text | {"message", "messages", "why"}

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return {
            "state": {
                "type": "str",
                "choices": [OPENED, CANCELLED, READY, WORKED, CLOSED, SWEPT, EXTENDED],
                "required": True,
            },
            **{name: option for name, option in WINDOW.items() if name != "all_windows"},
            **STORE,
            "evidence": {"type": "str"},
            "calendars": {"type": "raw"},
            "freeze_calendars": {"type": "raw"},
            "timezone": {"type": "str"},
            "override": {"type": "str"},
            "extend": {"type": "str"},
            "ca_path": {"type": "path"},
        }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Do what the step of the window asks for."""
        self.params = params
        self.known = self.task_vars["hostvars"]
        self.inventory = list(dict.fromkeys([*self.task_vars["groups"]["all"], CONTROLLER]))
        step = {
            OPENED: self._opened,
            CANCELLED: self._cancelled,
            READY: self._ready,
            WORKED: self._worked,
            CLOSED: self._closed,
            SWEPT: self._swept,
            EXTENDED: self._extended,
        }
        return step[params["state"]]()

    # --- the steps ----------------------------------------------------------------------------------------------------

    def _opened(self) -> dict[str, Any]:
        """Write the window down, so that something else can close it, whatever happens from here on."""
        estate = self._estate()
        _change.only_its_own(self.params["window"].strip(), estate["hosts"], self.known)
        files = self._task_files()
        work = self._work(estate)
        run = self._run(estate["run"])
        opening = Opening(
            self.params["window"],
            self.params["owner"] or self.owner(),
            self.params["reason"] or "",
            self.params["ticket"] or "",
            self.params["expires"] or "",
        )
        allowed = self._allowed(opening)
        with self._book(run) as book:
            window, again = book.open(opening, estate["hosts"], check_mode=self.check_mode)
            others = book.others(window.id, estate["hosts"])
            times = self._times()
            if not self.check_mode:
                try:
                    self._note(
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
                        *_change.readings("before", self._rows("quiesce_before", estate)),
                    )
                except Failure:
                    _take_back(book, window.id, again)
                    raise
        if not self.check_mode:
            self._guard(run, window.id)
        if others:
            self.tell(f"the window {window.id} is open for {', '.join(others)}, too, which this run leaves out")
        for line in _change.expected(estate, times, WAVES, ENABLED):
            self.tell(line)
        about = {**window.result(), "run": run.id, "continued": again, "override": allowed.get("override") or ""}
        hosts = list(estate["hosts"]) if work.on_hosts else [CONTROLLER]
        said = {"window": about, "work": work.result(), "hosts": hosts, "files": files}
        return {"changed": True, "run": run.id, "systems": list(estate["hosts"]), **said}

    def _ready(self) -> dict[str, Any]:
        """Say whether every system is in maintenance mode, so that the work can begin."""
        estate, window = self._estate(), self._window()
        results = self._results("quiesce_result", estate)
        messages = Report(estate, results, ENABLED, register(), self.check_mode).verdicts()
        event = "way in failed" if messages else "ready"
        messages |= self._try_to_note(
            self._run(window["run"]),
            *_change.switches(estate, results, WAVES, "maintenance"),
            Entry(event, {"messages": messages} if messages else {}),
        )
        took = _change.took(estate, results, WAVES)
        return {
            "changed": False,
            "complete": not messages,
            "messages": messages,
            "took": _seconds(took),
            "untouched": _change.untouched(estate, results, WAVES),
        }

    def _cancelled(self) -> dict[str, Any]:
        """Take a window out of the book for which nothing was switched. Always fails."""
        window = self._window()
        run = self._run(window["run"])
        said = str(plain(self.task_vars.get("ansible_failed_result", {})).get("msg", "it failed"))
        if not self.check_mode:
            with self._book(run) as book:
                _take_back(book, window["id"], window["continued"])
        self._note(run, Entry("cancelled", {"message": said}))
        if window["continued"]:
            remedy = "Systems that the run before put into maintenance mode still are. Run it again, or disable"
            raise Failure(f"continue the window {window['id']}", "", said, remedy)
        raise Failure(f"open the window {window['id']}", "", said, "Nothing was switched, and the window is closed")

    def _worked(self) -> dict[str, Any]:
        """Say what the work came to on each host."""
        window = self._window()
        run = self._run(window["run"])
        if not self.task_vars["window_ready"]["complete"]:
            said = self._so_far()["window_ready"]
            return {"changed": False, "messages": self._try_to_note(run, Entry("not worked", {"messages": said}))}
        results = of_run(self.known, self.inventory, "window_worked", window["run"])
        hosts = self.task_vars["window_run"]["hosts"]
        messages = _change.works(hosts, {host: plain(each) for host, each in results.items()})
        facts = {"hosts": list(hosts), **({"messages": messages} if messages else {})}
        messages |= self._try_to_note(run, Entry("work failed" if messages else WORKED, facts))
        return {"changed": False, "messages": messages}

    def _closed(self) -> dict[str, Any]:
        """Take the window out of the book if it is closed everywhere, and say how all of it ended."""
        estate, window = self._estate(), self._window()
        run = self._run(window["run"])
        results = self._results("quiesce_result", estate)
        report = Report(estate, results, DISABLED, register(), self.check_mode)
        rows, messages = report.rows(), report.verdicts()
        left = _change.still_open(estate, results, WAVES, window["id"])
        said = self._so_far()
        in_book, now, held = self._leave(run, window["id"], [] if left else list(estate["hosts"]))
        if held:
            window |= held.result()  # it may have another end by now
        told = _change.by_text([*said.values(), messages, in_book])
        facts: dict[str, Any] = {"result": "failed" if told else "ok", "overrun": _change.overrun(window, now)}
        if left:
            facts["still_open"] = left
        noted = self._try_to_note(
            run,
            *_change.switches(estate, results, WAVES, "normal"),
            *_change.readings("after", rows),
            Entry("left open" if left or in_book else CLOSED, facts),
            last=True,
        )
        told = _change.by_text([*said.values(), messages, in_book, noted])
        self._remember(_change.took(estate, results, WAVES))
        if held:
            self._keep_closed(held, now, _recent.FAILED if told else _recent.OK)
        return {"changed": False, "failed": bool(told), "msg": " ".join(told) or "The window is closed."}

    def _swept(self) -> dict[str, Any]:
        """Take the windows out of the book that a sweep closed everywhere; fail while something is overdue."""
        estate, sweep = self._estate(), dict(plain(self.task_vars["window_due"]))
        results = self._results("quiesce_result", estate)
        messages = Report(estate, results, DISABLED, register(), self.check_mode).verdicts()
        run = self._run(estate["run"])
        failed: list[dict[str, str]] = []
        for window, left in gone(sweep, results).items():
            if self.check_mode:
                continue
            self.params["window"] = window
            in_book: dict[str, str] = {}
            if not left:
                in_book, now, held = self._leave(run, window)
                if held:
                    self._keep_closed(held, now, _recent.SWEPT)
            facts = {"still_open": left, **({"messages": in_book} if in_book else {})}
            noted = self._try_to_note(run, Entry("left open" if left or in_book else "closed by the sweep", facts))
            failed += [{f"the window {window}": text} for each in (in_book, noted) for text in each.values()]
            self.tell(
                f"the window {window} is " + (f"not known to be closed on {', '.join(left)}" if left else "closed")
            )
        why = [*sweep["overdue"], *_change.by_text([messages, *failed])]
        return {"changed": False, "failed": bool(why), "msg": " ".join(map(sentence, why)) or "Nothing is overdue."}

    def _extended(self) -> dict[str, Any]:
        """Give a window a later end, in the book if it is there; say where else."""
        estate, sweep = self._estate(), dict(plain(self.task_vars["window_due"]))
        name, run = self.params["window"].strip(), self._run(self._estate()["run"])
        if not self.params["extend"]:
            raise Invalid("extend", "it is not given", "Give the time by which the window is extended, like 1h")
        length = timedelta(seconds=seconds(self.params, "extend"))
        rows = [row for row in self._rows("quiesce_result", estate) for each in row["windows"] if each["id"] == name]
        if not rows:
            known = ", ".join(sorted(sweep["where"])) or "none"
            raise Failure("extend", f"the window {name}", "it is open on no system of this run", f"Open: {known}")
        ends = [each["expires"] for row in rows for each in row["windows"] if each["id"] == name and each["expires"]]
        if not ends:
            raise Failure("extend", f"the window {name}", "it has no end", "Nothing was done")
        with self._book(run) as book:
            until = _change.later(ends, length, book.read())
            if not self.check_mode and name in book.open_ones():
                book.extend(name, until)
        places: dict[str, dict[str, list[str]]] = {}
        for host, system in sweep["where"][name]:
            places.setdefault(host, {})[system] = [name]
        self._note(run, Entry("extended", {"expires": iso(until), "by": run.owner}))
        return {"changed": True, "only": places, "expires": iso(until)}

    def _task_files(self) -> dict[str, str]:
        """Return the paths of the task files, before anything changes. Raises ``Invalid``."""
        return {name: task_file(self, name, self._variable(name)) for name in TASK_FILES}

    def _work(self, estate: Mapping[str, Any]) -> Work:
        """Return the work, before anything changes. Raises ``Invalid`` or ``Failure``."""
        child = ChildPlaybook(self, list(estate["hosts"]), {})
        return work_of(self, self._variable("work"), self._variable("pause"), child)

    def _variable(self, name: str) -> str:
        """Return a variable of the playbook that is no option; a blank answer to a survey is none."""
        given = plain(self._templar.template(self.task_vars.get(f"window_{name}", "")))
        return "" if given is None else str(given).strip()

    def _allowed(self, opening: Opening) -> dict[str, Any]:
        """Ask the calendars, if there are any. Raises ``Failure`` if they do not allow the window."""
        asks = {
            option: self.params[name]
            for option, name in (
                ("window_calendars", "calendars"),
                ("freeze_calendars", "freeze_calendars"),
                ("timezone", "timezone"),
                ("override", "override"),
                ("ca_path", "ca_path"),
            )
            if self.params[name]
        }
        if not (asks.get("window_calendars") or asks.get("freeze_calendars")):
            return {}
        with_opened((), opening, datetime.now(timezone.utc))  # who asks the calendars calls the end by another name
        if self.params["expires"]:
            asks["duration" if is_duration(self.params["expires"]) else "until"] = self.params["expires"]
        allowed: dict[str, Any] = self.run_other("quiesce.maintenance.change_allowed_info", asks)
        if allowed.get("failed"):
            raise Failure(f"open the window {self.params['window']}", "", str(allowed["msg"]), "Nothing was done")
        if not allowed["allowed"]:
            later = allowed.get("next_opening")
            raise Failure(
                f"open the window {self.params['window']}",
                "",
                str(allowed["why"]),
                (f"It may begin at {later}. " if later else "")
                + "Nothing was done. O(override) with a reason opens it all the same",
            )
        return allowed

    # --- what the plays said ------------------------------------------------------------------------------------------

    def _estate(self) -> dict[str, Any]:
        return dict(plain(estate_of(self.task_vars)))

    def _window(self) -> dict[str, Any]:
        return dict(plain(self.task_vars["window_run"]["window"]))

    def _results(self, name: str, estate: Mapping[str, Any]) -> dict[str, Any]:
        return {host: plain(each) for host, each in of_run(self.known, self.inventory, name, estate["run"]).items()}

    def _rows(self, name: str, estate: Mapping[str, Any]) -> list[dict[str, Any]]:
        return Report(estate, self._results(name, estate), "status", register(), self.check_mode).rows()

    def _so_far(self) -> dict[str, dict[str, str]]:
        steps = {name: plain(self.task_vars.get(name) or {}) for name in ("window_ready", "window_outcome")}
        return {name: step.get("messages") or {} for name, step in steps.items()}

    # --- what is written ----------------------------------------------------------------------------------------------

    def _run(self, run: str) -> Run:
        """Return the run of this window: all of its steps are one run."""
        return replace(self.new_run(self.owner()), id=run)

    @contextmanager
    def _book(self, run: Run) -> Iterator[Book]:
        with open_store(self, self.params, FILE) as store:
            yield Book(ledger(self.params, store, run))

    def _leave(
        self, run: Run, window: str, closed: Sequence[str] | None = None
    ) -> tuple[dict[str, str], datetime, Window | None]:
        """Take a window out of the book, or leave it there for the hosts on which it was not ``closed``; return what
        failed, by host, the time, and the window if it was taken out. None: it is closed on all of them."""
        if self.check_mode:
            return {}, datetime.now(timezone.utc), None
        held: Window | None = None
        try:
            with self._book(run) as book:
                others = [] if closed is None else book.others(window, closed)
                if others or closed == []:
                    book.let_go(window, others)
                else:
                    held = book.close(window)
                return _change.left_out(window, others) if closed else {}, book.now, held
        except Failure as failure:
            return {CONTROLLER: str(failure)}, datetime.now(timezone.utc), None

    def _note(self, run: Run, *entries: Entry) -> Evidence | None:
        """Add to the evidence, if there is to be one."""
        if not self.params["evidence"] or self.check_mode:
            return None
        params = {**self.params, "store_path": self.params["evidence"]}
        name = f"{quote(self.params['window'].strip(), safe='')}.jsonl"
        with open_store(self, params, name) as store:
            evidence = Evidence(store, run.sleep)
            evidence.add(*(Entry(each.event, self._masked(dict(each.facts))) for each in entries))
        return evidence

    def _try_to_note(self, run: Run, *entries: Entry, last: bool = False) -> dict[str, str]:
        """Add to the evidence; return what failed, by host: the systems come out whether or not it can be written."""
        try:
            evidence = self._note(run, *entries)
        except Failure as failure:
            return {CONTROLLER: str(failure)}
        if evidence and last:
            self.tell(f"evidence: {evidence.store.where}, its last line's SHA-256 is {evidence.last_digest}")
        return {}

    def _times(self) -> Times:
        with open_store(self, self.params, _service_times.FILE) as store:
            return self._read_times(store)[1]

    def _read_times(self, store: FileStore) -> tuple[str | None, Times]:
        text = store.stored().text
        try:
            return text, _service_times.parse_times(text)
        except ValueError:
            return text, {}  # they are for people: a file that is no more than damaged begins anew

    def _remember(self, out: Mapping[str, _service_times.Took]) -> None:
        """Add how long the switches of this run took; of two runs at once one may be lost."""
        if self.check_mode:
            return
        ready = plain(self.task_vars.get("window_ready") or {}).get("took") or {}
        took_in = {system: _service_times.Took(each["seconds"], each["steps"]) for system, each in ready.items()}
        if not (took_in or out):
            return
        try:
            with open_store(self, self.params, _service_times.FILE) as store:
                text, times = self._read_times(store)
                times = _service_times.with_switches(times, took_in, ENABLED)
                times = _service_times.with_switches(times, out, DISABLED)
                store.replace(text, _service_times.text_of(times))
        except Failure as failure:
            self.tell(f"how long it took was not recorded: {failure}")

    def _keep_closed(self, window: Window, moment: datetime, result: str) -> None:
        """Add a window to those that were closed last; of two runs at once one may be lost."""
        try:
            with open_store(self, self.params, _recent.FILE) as store:
                text = store.stored().text
                recent = _recent.with_closed(self._recent(text), _recent.Closed(window, moment, result))
                store.replace(text, _recent.text_of(recent))
        except Failure as failure:
            self.tell(f"that the window was closed was not recorded for the status: {failure}")

    def _recent(self, text: str | None) -> list[_recent.Closed]:
        try:
            return _recent.parse_recent(text)
        except ValueError:
            return []  # it is for people: a file that is no more than damaged begins anew

    def _guard(self, run: Run, window: str) -> None:
        """Have the lease renewed as long as ansible-playbook lives, and ended when it has."""

        def keep() -> bool:
            self._parent = os.getppid()  # here it is another process
            Display().set_queue(_NOBODY)
            try:
                with self._book(run) as book:
                    return book.keep(window)
            except Failure:
                return True  # nobody hears it; the lease ends by itself if this goes on

        def last() -> None:
            self._parent = os.getppid()
            Display().set_queue(_NOBODY)
            with self._book(run) as book:
                book.let_go(window)

        _guard.start(self._parent, LEASE / 4, keep, last)


def _take_back(book: Book, window: str, continued: bool) -> None:
    """Close a window of which nothing was switched; one that is continued is as the run before left it."""
    if continued:
        book.let_go(window)
    else:
        book.close(window)


def _seconds(took: Mapping[str, _service_times.Took]) -> dict[str, Any]:
    return {system: each.result() for system, each in took.items()}
