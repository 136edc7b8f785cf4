"""What may be seen of one system: services, a record, a reading of its database, findings of a look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _record, _services
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record, ServiceBefore
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import FO_SERVICES, Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import Template
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Window

from fakes.moments import NOW

COMPUTER = "DEV01"
IDENTITY = "0A1B2C3D-fork 2026-01-02T03:04:05.667"
BACKGROUND, W3SVC = _services.BACKGROUND, _services.W3SVC
BATCH, MR, DMF = BACKGROUND
AOS = "the AOS at https://dev01.example.com/"
HOST_NAME = "dev01-devaos.cloudax.dynamics.com"
TEMPLATE = Template("AXDB", "sql-ls", (("AOS1", "AOSNodeType"), ("AOS2", "BatchOnlyAOSNodeType")))
MISSING = "missing"

RAN = (
    ServiceBefore(W3SVC, "auto"),
    ServiceBefore(DMF, "auto", stopped=True),
    ServiceBefore(MR, "auto", stopped=True),
    ServiceBefore(BATCH, "auto", stopped=True),
)
"""What a record says that ran, in the order in which it starts again."""


def service(name: str, state: str = "running", start_type: str = "auto", *dependents: tuple[str, str]) -> Service:
    """A service."""
    return Service(name, state, start_type, 0 if state == "stopped" else 4, 0, False, dependents)


def services(background: str = "running", web: str = "running", **changes: Service) -> dict[str, Service]:
    """The services of a machine; ``changes`` by BATCH, MR, DMF or W3SVC."""
    found = {name: service(name, web if name == W3SVC else background) for name in FO_SERVICES}
    names = {"BATCH": BATCH, "MR": MR, "DMF": DMF, "W3SVC": W3SVC}
    return found | {names[name]: changed for name, changed in changes.items()}


def window(name: str = "default", **changes: Any) -> Window:
    """A window that was opened an hour ago."""
    parts: dict[str, Any] = {"opened": NOW - timedelta(hours=1), "owner": "ann", "reason": "keys", **changes}
    return Window(name, **parts)


def lease(run: str = "r2", *, alive: bool = True) -> Lease:
    """The lease of another run."""
    until = NOW + timedelta(minutes=2) if alive else NOW - timedelta(minutes=2)
    return Lease(run, "bob", "ctl02", NOW - timedelta(minutes=5), until)


def record(
    phase: str = _record.SETTLED, windows: Iterable[str] = ("default",), ran: Iterable[ServiceBefore] = RAN, **more: Any
) -> Record:
    """A record of this machine and its database."""
    parts: dict[str, Any] = {"host": COMPUTER, "database": IDENTITY, "verified": True, **more}
    return Record(tuple(window(name) for name in windows), phase, tuple(ran), **parts)


def reading(mode: str | None = "disabled", stored: Record | None = None, **more: Any) -> Reading:
    """What the database says; MISSING for a row that is not there."""
    parts: dict[str, Any] = {
        "stored": stored.text() if stored else None,
        "record": stored,
        "database": "AXDB",
        "login": "axdbadmin",
        "identity": IDENTITY,
        **more,
    }
    return Reading(None if mode == MISSING else mode, NOW, **parts)


def findings(of: Reading | None = None, running: dict[str, Service] | None = None, **more: Any) -> Findings:
    """What a look at a development machine finds."""
    parts: dict[str, Any] = {
        "computer": COMPUTER,
        "web_root": r"K:\AosService\WebRoot",
        "packages_directory": r"K:\AosService\Packages",
        "settings": {
            "DataAccess.DbServer": ".",
            "DataAccess.Database": "AXDB",
            "Infrastructure.HostName": HOST_NAME,
            "Infrastructure.HostUrl": "https://dev01.example.com/",
        },
        "setup_tool": r"K:\AosService\Packages\bin\Setup.exe",
        "services": services() if running is None else running,
        "elevated": True,
        "sql": SqlcmdOptions(),
        "reading": of or reading(),
        **more,
    }
    return Findings(**parts)


def on_premises(of: Reading | None = None, **more: Any) -> Findings:
    """What a look at a node of a cluster finds: no services, and no machine of its own."""
    changes: dict[str, Any] = {"computer": "", "running": {}, "settings": {}, "template": TEMPLATE, **more}
    return findings(of, **changes)


def seen(of: Findings, method: str = "sql", **more: Any) -> Seen:
    """The whole look."""
    return Seen(of, method, **more)


def foreign(stored: Record) -> Record:
    """The same record as another machine's."""
    return replace(stored, host="TEST09", database="another copy")
