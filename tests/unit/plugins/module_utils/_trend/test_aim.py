"""What a task asks of one computer, by the windows that are to hold its maintenance mode."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._aim import aim, key_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import Wish, decide
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Opening, Window

from fakes.moments import NOW

MANAGER_NOW = 1_700_000_000.0  # the clocks of the store and of the manager need not agree


def window(name: str, minutes: float | None = None) -> Window:
    """A window that was opened an hour ago and ends in so many minutes."""
    end = None if minutes is None else NOW + timedelta(minutes=minutes)
    return Window(name, NOW - timedelta(hours=1), "ann", expires=end)


def opens(name: str, expires: str = "", duration: int | None = None) -> Wish:
    return Wish(True, duration, "auto", Request(True, Opening(name, "ann", expires=expires)))


def closes(name: str) -> Wish:
    return Wish(False, request=Request(False, Opening(name)))


def running(minutes: int | None) -> Computer:
    """A computer in maintenance mode with so many minutes left."""
    ends = None if minutes is None else MANAGER_NOW + 60 * minutes + 30
    return Computer(1, "web01", status="on", duration=minutes, started=MANAGER_NOW, ends=ends)


OUT = Computer(1, "web01")
A, B = window("A", 60), window("B")


@pytest.mark.parametrize(
    ("computer", "held", "wish", "minutes", "action"),
    [
        # by the window that is opened
        (OUT, None, opens("A", "2h"), 120, "enabled"),
        (OUT, None, opens("A"), None, "enabled"),
        (OUT, None, opens("A", duration=90), 90, "enabled"),
        (OUT, None, opens("A", "2h", duration=90), 120, "enabled"),
        # the longest of several counts; one without an end as the duration says
        (running(60), [A], opens("B", "3h"), 180, "extended"),
        (running(100), [A], opens("B", "2h"), 120, "extended"),  # more than half is left, and a window needs more
        (running(119), [A], opens("B", "2h"), 120, "unchanged"),  # whole minutes, the one rounded down, the other up
        (running(180), [A], opens("B", "2h"), 120, "unchanged"),
        (running(60), [A], opens("B"), None, "unchanged"),
        (running(60), [A], opens("B", duration=600), 600, "extended"),
        (running(None), [A], opens("B", "3h"), 180, "unchanged"),
        # all are overdue
        (running(5), [window("A", -10)], opens("A"), None, "unchanged"),
        # without any end all is as without windows
        (running(50), [B], opens("B", duration=60), 60, "unchanged"),
        (running(20), [B], opens("B", duration=60), 60, "extended"),
        # somebody else's mode is extended as always
        (running(20), None, opens("A", "2h"), 120, "extended"),
        # the way out
        (running(60), [A], closes("A"), None, "disabled"),
        (running(60), [A, B], closes("A"), None, "unchanged"),
        (running(60), None, closes("A"), None, "unchanged"),
        (running(60), None, closes("default"), None, "disabled"),
    ],
)
def test_how_long_and_what_to_do(
    computer: Computer, held: list[Window] | None, wish: Wish, minutes: int | None, action: str
) -> None:
    record = None if held is None else Record(tuple(held), None, "web01")
    found = aim(computer, wish, record, NOW, MANAGER_NOW)
    assert (found.wish.duration, decide(computer, found.wish, MANAGER_NOW)) == (minutes, action)
    assert found.writes is (found.change.record != record)


@pytest.mark.parametrize(
    ("record", "computer", "left"),
    [
        (Record((window("A", -1),)), OUT, ["B"]),
        (Record((window("A"),)), replace(OUT, duration=60, started=MANAGER_NOW - 3600), ["B"]),
        (Record((window("A"),)), replace(OUT, duration=60, started=MANAGER_NOW - 3500), ["A", "B"]),
        (Record((window("A", 60),)), OUT, ["A", "B"]),  # somebody ended it
        (Record((window("A", -1),), Lease("r", "", "", NOW, NOW)), OUT, ["A", "B"]),  # it may never have begun
    ],
)
def test_a_mode_that_ended_by_itself_is_held_by_nothing(record: Record, computer: Computer, left: list[str]) -> None:
    found = aim(computer, opens("B"), record, NOW, MANAGER_NOW)
    assert [each.id for each in found.change.windows] == left
    assert aim(computer, closes("B"), record, NOW, MANAGER_NOW).change.windows == record.windows[: len(left) - 1]


def test_a_record_is_called_after_what_no_other_computer_has() -> None:
    """Tenants of one manager, under one URL, count their computers from 1 on."""
    assert key_of(Computer(1, "web01", guid="AB-1")) == "AB-1"
    assert key_of(Computer(1, "web01")) == "1"
