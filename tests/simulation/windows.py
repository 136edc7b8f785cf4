"""Change windows over two servers in one process: the cores as the playbooks call them, one step after the other.

Each look at a server or a file, and each write, passes a gate, where a run can be killed. One clock for all; the files
are in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._book import FILE, Book
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held, Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._mode import KEY, MaintenanceMode
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import Server
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._status import status_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record, parse_records
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LEASE
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening, Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._due import (
    CLOSE,
    Look,
    gone,
    results_of,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._outcome import later
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import Estate, Member
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from fakes.clock import Time
from fakes.moments import NOW

from .gate import Gate, Killed, Operation

HOSTS = ("launch01", "launch02")
SYSTEM = "launch"
FIELD = "maintenanceModeEnabled"
ESTATE = Estate(tuple(Member(host, (SYSTEM,)) for host in HOSTS), register()).result()
BUSY = "another run is at work there"


@dataclass
class FakeServer:
    """A server with one setting. ``by_hand``: somebody else turned it, and what is on does not follow the windows."""

    world: World
    target: str
    on: bool = False
    by_hand: bool = False

    def settings(self, path: str) -> Mapping[str, Any]:
        """Return the settings."""
        self.world.gate.enter("http", f"GET {self.target}")
        return {FIELD: self.on}

    def write_setting(self, name: str, value: bool, path: str) -> None:
        """Write one."""
        self.world.gate.enter("http", f"PUT {self.target}")
        self.on = value


@dataclass
class World:
    """Two servers, the files beside them, and who is at work: the books of the runs that live, by their windows."""

    time: Time = field(default_factory=Time)
    gate: Gate = field(default_factory=Gate)
    files: dict[str, str] = field(default_factory=dict)
    alive: dict[str, Book] = field(default_factory=dict)
    runs: int = 0

    def __post_init__(self) -> None:
        self.servers = {host: FakeServer(self, host) for host in HOSTS}

    # --- what there is ------------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The time by the one clock."""
        return NOW + timedelta(seconds=self.time.now)

    def record(self, host: str) -> Record | None:
        """What is recorded of a server."""
        return parse_records(self.files.get(f"{host}.json"), "").get(KEY)

    def windows(self, host: str) -> dict[str, Window]:
        """The windows that are open on a server, by their names."""
        record = self.record(host)
        return {window.id: window for window in record.windows} if record else {}

    def book(self) -> Mapping[str, Record]:
        """The book of windows."""
        return parse_records(self.files.get(FILE), "")

    # --- what the playbooks do ----------------------------------------------------------------------------------------

    def open(self, name: str, expires: str) -> None:
        """The window up to its work, during which its run lives."""
        book = Book(self._ledger(FILE))
        opening = Opening(name, "ann", expires=expires)
        book.open(opening, ["host"])
        self.alive[name] = book
        for host in HOSTS:
            self._switch(host, Request(True, opening))

    def close(self, name: str) -> None:
        """The rest of a window after its work."""
        for host in HOSTS:
            self._switch(host, Request(False, Opening(name)))
        self.alive[name].close(name)
        del self.alive[name]

    def extend(self, name: str, seconds: int) -> datetime:
        """Give a window a later end; the one that it has now."""
        found = [window for host in HOSTS if (window := self.windows(host).get(name))]
        book = Book(self._ledger(FILE))
        until = later(
            [iso(window.expires) for window in found if window.expires], timedelta(seconds=seconds), book.read()
        )
        if name in book.open_ones():
            book.extend(name, until)
        for host in HOSTS:
            if name in self.windows(host):
                self._switch(host, Request(True, Opening(name, expires=iso(until))))
        return until

    def sweep(self) -> None:
        """Close what is over."""
        looked = {host: self._look(host) for host in HOSTS}
        ledger = self._ledger(FILE)
        ledger.read()
        policies = {(host, SYSTEM): CLOSE for host in HOSTS}
        look = Look(ESTATE, _results(looked), ledger.records, ledger.now, self.now, policies, whole=True)
        sweep = look.sweep(register())
        closed: dict[str, dict[str, Any]] = {}
        for host in HOSTS:
            failed = False
            for name in sweep.due.get(host, {}).get(SYSTEM, ()):
                try:
                    self._switch(host, Request(False, Opening(name)))
                except Failure as failure:
                    if BUSY not in str(failure):
                        raise
                    failed = True
            closed[host] = {**self._look(host), "failed": failed}
        for name, left in gone(results_of(sweep), _results(closed)).items():
            if not left:
                Book(self._ledger(FILE)).close(name)

    def dies(self, name: str, *, guard: bool) -> None:
        """A run is killed in its work; with its ``guard``, if the whole machine goes."""
        book = self.alive.pop(name)
        if guard:
            book.let_go(name)

    def passes(self, seconds: float) -> None:
        """Let time pass. Every run that lives has renewed its lease meanwhile."""
        left = seconds
        while left > 0:
            step = min(left, LEASE / 4) if self.alive else left
            self.time.now += step
            left -= step
            for name, book in self.alive.items():
                assert book.keep(name), f"somebody took {name} from a run that lives"

    # --- parts --------------------------------------------------------------------------------------------------------

    def _ledger(self, file: str) -> Ledger:
        self.runs += 1
        return Ledger(FileStore(file, "", self._ask), self.time.run(f"run{self.runs}"))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["name"]
        self.gate.enter("file", f"{'write' if 'after' in request else 'read'} {name}")
        answer = {"now": self.now.timestamp()}
        if "after" in request:
            if _store_file.digest(self.files.get(name)) != request["before"]:
                return {**answer, "error": "conflict"}
            if request["after"] is None:
                self.files.pop(name, None)
            else:
                self.files[name] = request["after"]
        return {**answer, "text": self.files.get(name)}

    def _switch(self, host: str, request: Request) -> None:
        system = MaintenanceMode(cast(Server, self.servers[host]), request, self._ledger(f"{host}.json"))
        carry_out(system, check_mode=False)
        system.settle()

    def _look(self, host: str) -> dict[str, Any]:
        ledger = self._ledger(f"{host}.json")
        ledger.read()
        on = self.servers[host].settings("")[FIELD]
        return {"rows": [status_row(host, on, held=Held(ledger.record(KEY), ledger.now))]}


def _results(systems: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {host: {"systems": {SYSTEM: result}} for host, result in systems.items()}


def at_each(check: Callable[[], None], killed_at: tuple[str, int] = ("", 0)) -> Gate:
    """A gate that checks before each operation, and where the run is killed: before the nth of a kind."""
    kind, left = killed_at

    def before(operation: Operation) -> None:
        nonlocal left
        check()
        if kind and operation.doing.startswith(kind):
            if left == 0:
                raise Killed
            left -= 1

    return Gate(before=before)
