"""Estates for the tests of the status and its files, seen at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._recent import FAILED, OK, SWEPT, Closed
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import CHANGING, FOREIGN, MAINTENANCE, Row
from ansible_collections.quiesce.maintenance.plugins.module_utils._service_times import Took
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Window, named
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import Picture, Selection, picture

NOW = datetime(2026, 11, 30, 21, 45, tzinfo=timezone.utc)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

Placed = tuple[str, str, dict[str, Any]]

UPDATE = Window(
    "CHG0042517",
    NOW - 100 * MINUTE,
    "Anna Keller",
    "Quarterly update of Finance + Operations, 10.0.46",
    "CHG0042517",
    NOW + 80 * MINUTE,
)
PATCHES = Window(
    "CHG0042391", NOW - 5 * HOUR, "ops-pipeline", "Windows patches, ring 2", "CHG0042391", NOW - 72 * MINUTE
)
PLAIN = Window("default", NOW - 40 * MINUTE, "miguel", "Licence configuration keys", "", None)
HOSTILE = "<script>alert(1)</script>\"'&=cmd|' /C calc'!A0 | [x](javascript:alert(1)) `` @everyone https://evil.example"


def placed(name: str, system: str, kind: str, host: str = "", **more: Any) -> Placed:
    """A row, with the host that asked and the name of its system. Its notes name its windows, as modules do."""
    row = Row(name, kind, host=host, **{"mode": "normal", "verified": True, **more})
    notes = (*named(row.windows), *row.notes)
    return name, system, {**row.result(), "notes": list(notes)}


def on(name: str, system: str, kind: str, *windows: Window, **more: Any) -> Placed:
    """A row of a system that these windows hold."""
    return placed(name, system, kind, mode=MAINTENANCE, managed=True, windows=windows, **more)


def rows() -> Iterator[Placed]:
    """Thirty systems on an evening of changes: something of everything."""
    f_o, ac = ("d365fo", "D365 F&O"), ("trend", "Trend AC")
    yield on("launch-prod", "launch", "Launch", UPDATE)
    yield placed("launch-test", "launch", "Launch")
    for number in range(1, 4):
        verified = number != 3
        yield on(f"fo-prod-aos{number}", *f_o, UPDATE, verified=verified)
    yield on("fo-dev07", *f_o, PLAIN)
    yield placed("fo-dev08", *f_o, mode=CHANGING, verified=False, windows=(UPDATE,), managed=True, notes=(RUN,))
    yield placed("fo-dev09", *f_o, mode="unknown", verified=None, notes=(REFUSED,))
    yield placed("fo-dev10", *f_o, notes=("DynamicsAxBatch is stopped",), faults=("DynamicsAxBatch is stopped",))
    for number in range(1, 7):
        yield placed(f"fo-dev0{number}", *f_o)
    yield placed("Contoso UAT", "powerplatform", "F&O unified", mode=MAINTENANCE, managed=False, notes=(FOREIGN, BY))
    yield placed("fo-test", *f_o)
    yield placed("Contoso Sandbox", "powerplatform", "F&O unified", verified=None)
    for number in range(1, 4):
        yield on(f"web0{number}", *ac, PATCHES, host="dsm01", overdue=True)
    for number in range(4, 11):
        yield placed(f"web{number:02}", *ac, host="dsm01")
    yield on("alerts-prod", "alertmanager", "Alertmanager", UPDATE)
    yield placed("contoso-stage", "lcs", "D365 LCS", notes=("last action in LCS: Update, 2026-11-12T02:10:00Z",))


RUN = "run 5f2c91d3 of miguel on ctrl01, at work since 2026-11-30T21:41:00Z"
BY = "the platform says that it was switched by admin@contoso.example"
REFUSED = (
    "Could not connect on fo-dev09: HTTPSConnectionPool(host='fo-dev09.corp.example', port=5986): connection refused. "
    "Start the host, or the WinRM service on it, and run again."
)


def book() -> dict[str, Record]:
    """Two windows of the book: the run of one is at work, that of the other has ended."""
    alive = Lease("a1b2c3d4", "anna", "ctrl01", NOW - 100 * MINUTE, NOW + 2 * MINUTE)
    ended = Lease("0badcafe", "ops-pipeline", "ctrl01", NOW - 5 * HOUR, NOW - 3 * HOUR)
    return {UPDATE.id: Record((UPDATE,), alive), PATCHES.id: Record((PATCHES,), ended)}


def recent() -> list[Closed]:
    """Windows that were closed in the last days."""

    def closed(name: str, owner: str, reason: str, days: int, lasted: timedelta, end: timedelta, result: str) -> Closed:
        opened = NOW - days * DAY
        return Closed(Window(name, opened, owner, reason, name, opened + end), opened + lasted, result)

    return [
        closed("CHG0041788", "Anna Keller", "Hotfix KB5031", 9, 50 * MINUTE, 2 * HOUR, OK),
        closed("CHG0041902", "ops-pipeline", "Windows patches, ring 1", 7, 3 * HOUR, 4 * HOUR, OK),
        closed("CHG0042110", "miguel", "Database copy to the test environment", 3, 5 * HOUR, 4 * HOUR, FAILED),
        closed("CHG0042260", "ops-pipeline", "Agents 20.0.2", 1, 2 * HOUR, 2 * HOUR, SWEPT),
    ]


TIMES: Mapping[str, Mapping[str, list[Took]]] = {
    **{f"d365fo fo-prod-aos{number}": {"enabled": [Took(372.0)], "disabled": [Took(418.0)]} for number in (1, 2, 3)},
    **{f"d365fo fo-dev0{number}": {"enabled": [Took(185.0)], "disabled": [Took(201.0)]} for number in range(1, 5)},
}


def evening(**more: Any) -> Picture:
    """The evening of changes as a picture."""
    return picture(rows(), book(), NOW, **{"times": TIMES, "recent": recent(), **more})


def calm() -> Picture:
    """An estate in which nothing happens."""
    return picture([placed(f"fo-dev{number}", "d365fo", "D365 F&O") for number in range(1, 13)], {}, NOW)


def large(total: int = 160) -> Picture:
    """A large estate: a window over a part of it, an overdue one, some that fail, and the rest in normal operation."""

    def each() -> Iterator[Placed]:
        for number in range(total):
            name, part = f"srv{number:04}", number / total
            if part < 0.3:
                yield on(name, "trend", "Trend AC", UPDATE, host="dsm01")
            elif part < 0.4:
                yield on(name, "trend", "Trend AC", PATCHES, host="dsm01", overdue=True)
            elif part < 0.5:
                why = (f"{name}: {REFUSED}",)
                yield placed(name, "trend", "Trend AC", "dsm01", mode="unknown", verified=None, notes=why)
            else:
                yield placed(name, *(("d365fo", "D365 F&O") if number % 3 else ("launch", "Launch")))

    return picture(each(), book(), NOW, recent=recent() * 10)


def thousand() -> Picture:
    """A thousand systems."""
    return large(1000)


def hostile() -> Picture:
    """Everything that comes from outside tries to be more than text."""
    text = HOSTILE
    window = Window(text[:60], NOW - HOUR, text, text, text, NOW - MINUTE)
    book = {window.id: Record((window,), Lease(text, text, text, NOW, NOW + HOUR))}
    return picture(
        [
            on(text, "launch", text, window, host=text, overdue=True, verified=False, notes=(text,), faults=(text,)),
            placed(
                text, "launch", text, host=text, mode="unknown", notes=(text, "a\x00\x1b[31m\u202eb\ud800\n</style>")
            ),
            placed(f"{text}2", "launch", text, notes=(text,)),
        ],
        book,
        NOW,
        recent=[Closed(window, NOW, text)],
        problems=[text],
        selection=Selection(limit=text),
    )
