# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar

from ansible_collections.quiesce.maintenance.plugins.module_utils import _book, _recent, _service_times
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import parse_records
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import STORE
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain, show
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._print import print_table
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._registered import estate_of, of_run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._report import Report
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status import _files, _json
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._attention import listed, words
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import Picture, Selection, picture
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._verdict import summary, verdicts
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._words import listing
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._store import open_stores

READY = "ready"
REPORTED = "reported"
_MOST = 20
"""Windows that are named."""

LISTS = ("report", "fail_on", "only", "windows", "owners")

T = TypeVar("T")


class ActionModule(MaintenanceAction):
    """The face of ``_status``."""

    variables = "status_"
    task_only = frozenset({"state"})
    # What the modules said is masked by themselves.
    free_text = frozenset({"msg", "problems"})

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return {
            "state": {"type": "str", "choices": [READY, REPORTED], "default": REPORTED},
            **{name: {"type": "list", "elements": "str"} for name in LISTS},
            **STORE,
        }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Judge the options; then say what was seen, in the table and in the files."""
        only, fail_on = words("only", params["only"]), words("fail_on", params["fail_on"])
        if params["state"] == READY:
            _files.targets(params["report"])
            return {"changed": False}
        limit = plain(self.task_vars.get("ansible_limit") or "").strip()
        selection = Selection(
            "" if limit in ("all", "*") else limit,  # as a program says it that always gives one
            tuple(only),
            tuple(listed(params["windows"])),
            tuple(listed(params["owners"])),
        )
        estate = plain(estate_of(self.task_vars))
        seen = self._picture(params, estate, selection)
        open_ones = listing(seen.open_ids, _MOST) or "none"
        left = f"No system is left: {selection}. Open windows: {open_ones}."  # a name may be misspelled
        nobody = [] if seen.systems or selection.whole else [left]
        table = print_table([system.row for system in seen.systems], [*nobody, *seen.problems])
        targets = _files.targets(params["report"])  # what was seen is said by now, should a folder be gone meanwhile
        for target in targets:
            if self.check_mode:
                show(f"{target.path} would be written")
            else:
                _files.write(target, seen)
                show(f"written: {target.path}")
        document = _json.document(seen)
        return {
            "changed": False,
            "run": estate["run"],
            "table": table,
            "rows": document["systems"],
            **{name: document[name] for name in ("headline", "counts", "windows", "problems")},
            "files": [str(target.path) for target in targets],
            "verdicts": verdicts(seen, fail_on),
            "ansible_stats": {"data": {"quiesce_status": summary(seen)}, "per_host": False, "aggregate": False},
        }

    def _picture(self, params: Mapping[str, Any], estate: dict[str, Any], selection: Selection) -> Picture:
        """Return what was seen, with what the store says of windows and of times."""
        results = of_run(self.task_vars["hostvars"], self.task_vars["groups"]["all"], "quiesce_result", estate["run"])
        report = Report(estate, {host: plain(result) for host, result in results.items()}, "status", register())
        problems: list[str] = []
        try:
            with open_stores(self, params, _book.FILE, _service_times.FILE, _recent.FILE) as stores:
                book, times, recent = ((store.stored().text, store.where) for store in stores)
        except Failure as failure:
            problems.append(self.said(str(failure)))
            book = times = recent = (None, "")
        return picture(
            report.placed_rows(),
            self._parsed(lambda text: parse_records(text, book[1]), book, problems),
            datetime.now(timezone.utc),
            times=self._parsed(_service_times.parse_times, times, problems),
            recent=self._parsed(_recent.parse_recent, recent, problems),
            problems=problems,
            selection=selection,
        )

    def _parsed(self, parse: Callable[[str | None], T], file: tuple[str | None, str], problems: list[str]) -> T:
        """Return what a file says; one that cannot be read says nothing, which is a problem to tell of."""
        text, where = file
        try:
            return parse(text)
        except Failure as failure:
            problems.append(self.said(str(failure)))
        except ValueError as error:
            problems.append(f"{where}: {error}")
        return parse(None)
