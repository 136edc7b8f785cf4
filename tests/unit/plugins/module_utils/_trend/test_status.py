"""The rows for the table of all systems."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._status import rows
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Window

NOW = 1_700_000_000.0
LATER = NOW + 3600
MOMENT = datetime.fromtimestamp(NOW, timezone.utc)


@pytest.mark.parametrize(
    ("computer", "expected"),
    [
        (Computer(1, "a"), {"mode": "normal", "verified": True, "notes": []}),
        (
            Computer(1, "a", status="on", started=NOW - 60, ends=NOW + 60),
            {
                "mode": "maintenance",
                "verified": True,
                "since": "2023-11-14T22:12:20Z",
                "expires": "2023-11-14T22:14:20Z",
                "notes": [],
            },
        ),
        (
            Computer(1, "a", status="on"),
            {"notes": ["in maintenance mode without an end, until it is taken out"], "expires": None},
        ),
        (
            Computer(1, "a", status="start-requested"),
            {"mode": "changing", "verified": False, "notes": ["status start-requested"]},
        ),
        (Computer(1, "a", status="on", ends=NOW - 60), {"overdue": True}),
        (Computer(1, "a", status=None), {"mode": "unknown", "verified": None}),
        (Computer(1, "a", control="off"), {"mode": "normal", "notes": ["Application Control is off"]}),
    ],
)
def test_row(computer: Computer, expected: dict[str, Any]) -> None:
    (row,) = rows(Reading((computer,), NOW), (), "dsm.example.com")
    assert {name: row[name] for name in expected} == expected
    assert (row["host"], row["kind"]) == ("dsm.example.com", "Trend AC")


def test_many_share_a_row_and_what_is_missing_has_one() -> None:
    many = [Computer(n, f"s{n}", status="on", ends=NOW + n) for n in range(1, 31)]
    few = [Computer(n, f"s{n}", control="off") for n in (31, 32)]
    found = rows(Reading((*many, *few), NOW), (Problem("x", "no computer"), Problem("s31", "off", 31)), "dsm")
    assert {row["host"] for row in found} == {"dsm"}
    assert [(row["system"], row["mode"], row["expires"]) for row in found] == [
        ("30 computers", "maintenance", "2023-11-14T22:13:21Z"),
        ("s31", "normal", None),
        ("s32", "normal", None),
        ("x", "unknown", None),
    ]


def test_computers_of_the_same_windows_share_a_row() -> None:
    computers = tuple(Computer(n, f"s{n}", status="on", ends=LATER) for n in range(1, 76))
    one, two = (Window(name, MOMENT, "ann", f"reason {name}", expires=MOMENT) for name in "AB")
    held = {computer.id: Held(None if computer.id > 50 else Record((one,)), MOMENT) for computer in computers}
    held[1] = Held(Record((one, two), Lease("r", "bob", "ctl", MOMENT, MOMENT)), MOMENT)
    found = rows(Reading(computers, NOW), (), "dsm", held, notes=["from here"])
    shown = [(row["system"], row["mode"], row["managed"], row["owner"], row["reason"]) for row in found]
    assert shown == [
        ("s1", "changing", True, "ann", "reason A; reason B"),
        ("49 computers", "maintenance", True, "ann", "reason A"),
        ("25 computers", "maintenance", False, None, None),
    ]
    assert found[0]["notes"][0] == "from here"
    assert found[0]["notes"][1].startswith("run r of bob on ctl, at work since 2023-11-14T22:13:20Z, did not finish")
    assert found[1]["notes"] == ["from here", "open window: A (ann, reason A)"]
    assert found[2]["notes"][1].startswith("turned on by somebody else")
    assert [row["overdue"] for row in found] == [False, False, False]
