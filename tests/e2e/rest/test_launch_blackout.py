"""HCL Launch: blackouts of the simulated server, in the usual order by playbook; all else by the modules directly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from lab.pki import Authority
from lab.rest.launch import LaunchServer
from lab.rest.launch_blackout import Blackout
from lab.rest.launch_process import COULD_NOT_START
from lab.thread import LoopThread
from playbook.courses import ADDRESS, Course, Stage, course
from playbook.launch import SERVER_WORDS, Play


def at(hours: float) -> str:
    """A moment that many hours from now, in a time zone that is neither the server's nor UTC."""
    zone = timezone(timedelta(hours=5, minutes=30))
    return (datetime.now(zone) + timedelta(hours=hours)).isoformat(timespec="seconds")


def series_of(server: LaunchServer, first: float, length: float = 2.0, recurrence: str = "D") -> Blackout:
    """A recurring blackout on the server; its first event is that many hours from now."""
    now = server.clock.time()
    series = Blackout(now + first * 3600, now + (first + length) * 3600, "Backup", recurrence)
    server.calendar.entries[series.id] = series
    return series


@course(Play)
def test_blackout_in_the_usual_order(play: Play) -> Course:
    server = play.server("7.2.1.0")
    begin, end = at(10), at(12)
    task = play.task(server, "blackout", start=begin, end=end, task="create")

    done = yield from play.check(task)
    assert (done.last["changed"], server.writes, server.calendar.entries) == (True, 0, {})
    assert done.last["diff"]["before"] == {"blackout": None}

    done = yield from play.run(
        task,
        play.task(server, "blackout", start=begin, end="2h", task="again"),
        play.task(server, "blackout_info", task="info"),
    )
    created = done.of("create")["blackout"]
    assert (done.of("create")["changed"], done.of("again")["changed"]) == (True, False)
    assert done.of("again")["blackout"] == created
    (there,) = server.calendar.entries.values()
    assert there.start == datetime.fromisoformat(begin).timestamp()
    assert there.end - there.start == 7200
    assert (created["id"], created["in_effect"], created["synthetic"]) == (there.id, False, False)
    assert done.of("info")["blackouts"] == [created]
    assert done.of("info")["in_effect"] is False
    assert server.writes == 1

    done = play.directly(
        play.task(server, "blackout", id=there.id, end="3h", task="longer"),
        play.task(server, "blackout", id=there.id, end="3h", task="longer again"),
        play.task(server, "blackout", state="absent", start=begin, task="cancel"),
        play.task(server, "blackout", state="absent", start=begin, task="cancel again"),
    )
    assert [done.of(name)["changed"] for name in ("longer", "longer again", "cancel", "cancel again")] == [
        True,
        False,
        True,
        False,
    ]
    assert done.of("longer")["diff"]["after"]["blackout"]["end"] != created["end"]
    assert done.of("cancel")["blackout"] is None
    assert server.calendar.entries == {}


@course(Play)
def test_blackout_that_takes_the_database_offline(play: Play) -> Course:
    """The vendor says that a blackout does so. What the server then answers is not documented; here, HTTP 503."""
    server = play.server("8.1.1.0")
    server.maintenance = True
    server.calendar.offline = True
    series_of(server, -1)
    done = yield from play.run(
        play.task(server, state="disabled", retry_timeout="1s", task="off"),
        play.task(server, "maintenance_mode_info", retry_timeout="1s", task="status"),
        play.task(server, "blackout", state="absent", start="now", occurrence="one", retry_timeout="1s", task="cancel"),
        fails=True,
    )
    for task in ("off", "status", "cancel"):
        assert 'HTTP 503: "The database is offline for maintenance."' in done.of(task)["msg"]
        assert not done.of(task)["changed"]
    assert server.maintenance


@pytest.mark.parametrize("moves_on", [True, False])
@course(Play)
def test_series_whose_first_events_are_over(play: Play, moves_on: bool) -> Course:
    """The task that created it finds it again, and it is in effect during its event of now."""
    server = play.server("8.1.1.0")
    server.calendar.moves_on = moves_on
    series = series_of(server, -49)
    first = at(-49)
    done = play.directly(
        play.task(server, "blackout", name="Backup", start=first, end="2h", recurrence="daily", task="by name"),
        play.task(server, "blackout", start=first, end="2h", recurrence="daily", task="by period"),
        play.task(server, "blackout_info", task="info"),
    )
    for task in ("by name", "by period"):
        assert (done.of(task)["changed"], done.of(task)["blackout"]["in_effect"]) == (False, True)
    assert done.of("info")["in_effect"] is True
    assert [one["in_effect"] for one in done.of("info")["blackouts"]] == [True]
    done = yield from play.run(play.task(server, "maintenance_mode_info"))
    (note,) = done.last["status"]["notes"]
    assert note.startswith('maintenance blackout "Backup" is on, nothing starts; Estimated End Date 20')
    done = play.directly(
        play.task(server, "blackout", state="absent", start="now", occurrence="one", task="cancel"),
        play.task(server, "blackout_info", task="info after"),
    )
    assert done.of("cancel")["changed"] is True
    assert done.of("info after")["in_effect"] is False
    assert list(server.calendar.entries) == [series.id]
    assert len(series.cancelled) == 1


@course(Play)
def test_event_that_spans_the_range_is_listed(play: Play) -> Course:
    """The server lists what starts or ends in a range; what spans it is missing there."""
    server = play.server("8.1.1.0")
    long = Blackout(time.time() - 90 * 86400, time.time() + 90 * 86400, "Move to the new hall")
    server.calendar.entries[long.id] = long
    done = play.directly(
        play.task(server, "blackout_info", range_start="2h", range_end="1h", task="range"),
        play.task(server, "blackout_info", range_start="120d", range_end="1h", task="later"),
    )
    assert [one["id"] for one in done.of("range")["blackouts"]] == [long.id]
    assert done.of("later")["blackouts"] == []
    done = yield from play.run(play.task(server, "maintenance_mode_info"))
    assert '"Move to the new hall" is on' in done.last["status"]["notes"][0]

    weekly = play.server("8.1.1.0")
    series_of(weekly, 24, length=100, recurrence="W")
    done = play.directly(play.task(weekly, "blackout_info", range_start="220h", range_end="1h"))
    assert [one["synthetic"] for one in done.last["blackouts"]] == [True]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def play(tmp_path: Path, authority: Authority, lab_loop: LoopThread) -> Iterator[Play]:
    """Servers of a test that runs modules directly."""
    with ExitStack() as end:
        yield Play(Stage("direct", tmp_path, tmp_path, lab_loop, authority, authority.server(ADDRESS), end))


def test_blackout_with_name_and_recurrence(play: Play) -> None:
    new, old = play.server("8.1.1.0"), play.server("8.0.1.3")
    first = at(24)
    named = {"name": "Backup", "start": first, "end": "2h", "recurrence": "weekly"}
    done = play.directly(
        play.task(new, "blackout", **named, task="create"),
        play.task(new, "blackout", **named, task="again"),
        play.task(new, "blackout", **{**named, "end": "3h"}, task="longer"),
        play.task(new, "blackout", id="BACKUP", name="Backup and check", task="unknown id"),
        play.task(new, "blackout_info", range_start="now", range_end="20d", task="range"),
        play.task(new, "blackout", **{**named, "recurrence": "daily"}, task="other recurrence"),
        play.task(old, "blackout", **named, task="old"),
        fails=True,
    )
    assert [done.of(name)["changed"] for name in ("create", "again", "longer")] == [True, False, True]
    assert done.of("create")["blackout"]["recurrence"] == "weekly"
    (there,) = new.calendar.entries.values()
    assert (there.name, there.recurrence, there.end - there.start) == ("Backup", "W", 3 * 3600)
    occurrences = done.of("range")["blackouts"]
    assert [one["synthetic"] for one in occurrences] == [False, True, True]
    assert len({one["id"] for one in occurrences}) == 3
    assert "no blackout with the id BACKUP" in done.of("unknown id")["msg"]
    assert "recurrence cannot be changed" in done.of("other recurrence")["msg"]
    assert "version 8.0.1.3 knows neither" in done.of("old")["msg"]
    assert (old.writes, old.calendar.entries) == (0, {})


def test_recurring_blackout_is_cancelled_by_event_or_as_a_series(play: Play) -> None:
    """DELETE cancels one event only, so the task has to say which is meant."""
    server = play.server("8.1.1.0")
    first = at(24)
    absent = {"state": "absent", "name": "Backup"}
    done = play.directly(
        play.task(server, "blackout", name="Backup", start=first, end="2h", recurrence="daily", task="create"),
        play.task(server, "blackout", **absent, task="undecided"),
        play.task(server, "blackout", **absent, occurrence="one", task="any event"),
        play.task(server, "blackout", **absent, start=first, occurrence="one", task="next event"),
        play.task(server, "blackout", **absent, start=first, occurrence="one", task="next event again"),
        play.task(server, "blackout", **absent, start=at(72), occurrence="one", task="later event"),
        play.task(server, "blackout", **absent, start=at(72), occurrence="one", task="later event again"),
        play.task(server, "blackout", name="Backup", start=first, end="2h", recurrence="daily", task="still there"),
        play.task(server, "blackout_info", range_start="now", range_end="4d", task="left"),
        fails=True,
    )
    for task in ("undecided", "any event"):
        assert done.of(task)["failed"]
        assert not done.of(task)["changed"]
    assert "occurrence: series to cancel the whole series" in done.of("undecided")["msg"]
    assert "which event of the series" in done.of("any event")["msg"]
    changed = ("create", "next event", "next event again", "later event", "later event again", "still there")
    assert [done.of(task)["changed"] for task in changed] == [True, True, False, True, False, False]
    created, after = done.of("create")["blackout"], done.of("still there")["blackout"]
    assert after["series"] == created["series"]
    assert after["start"] != created["start"]
    # Of the four events, the first and the third are cancelled.
    days = [datetime.fromisoformat(first) + timedelta(days=number) for number in (1, 3)]
    starts = [day.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for day in days]
    assert [one["start"] for one in done.of("left")["blackouts"]] == starts
    assert len(server.calendar.entries) == 1

    done = play.directly(
        play.task(server, "blackout", state="absent", id=created["series"], occurrence="series", task="series"),
        play.task(server, "blackout", **absent, occurrence="series", task="series again"),
    )
    assert [done.of(task)["changed"] for task in ("series", "series again")] == [True, False]
    assert server.calendar.entries == {}
    assert ("POST", "/cli/calendar/cancelMaintenanceBlackoutSeries", "admin") in server.log


def test_series_that_the_list_does_not_name(play: Play) -> None:
    """Which field holds it is not documented: the task fails before it does anything else, and can be told."""
    server = play.server("8.1.1.0")
    server.calendar.series_key = "group"
    series_of(server, 24)
    cancel = {"state": "absent", "name": "Backup", "occurrence": "series"}
    done = play.directly(
        play.task(server, "blackout", **cancel, task="not told"),
        play.task(server, "blackout", **cancel, series_key="group", task="told"),
        fails=True,
    )
    assert "Name the field that holds the id of the series with series_key" in done.of("not told")["msg"]
    assert "endDate, group, id" in done.of("not told")["msg"]
    assert done.of("told")["changed"] is True
    assert server.calendar.entries == {}


def test_blackout_dates_with_the_name_of_a_zone(play: Play) -> None:
    """And on a machine without a time zone database, what to do about it."""
    server = play.server("8.1.1.0")
    named = play.task(
        server, "blackout", start="2036-11-24T22:00 Europe/Berlin", end="2036-11-25T02:00 Europe/Berlin", task="named"
    )
    done = play.directly(
        named,
        play.task(server, "blackout", start="2036-11-24T22:00:00+01:00", end="4h", task="offset"),
        fails=True,
    )
    assert [done.of(task)["changed"] for task in ("named", "offset")] == [True, False]
    assert done.of("named")["blackout"]["start"] == "2036-11-24T21:00:00Z"
    message = play.directly(named, fails=True, path=play.without_tzdata(), PYTHONTZPATH="").last["msg"]
    assert message.startswith("Invalid start: Europe/Berlin cannot be looked up")
    assert "has no time zone database" in message


def test_lost_answer_to_a_blackout(play: Play) -> None:
    """The message says that it is not known, and running the task again is safe."""
    server = play.server("8.1.1.0")
    server.lost_answers = 1
    create = {"start": at(3), "end": "2h"}
    done = play.directly(
        play.task(server, "blackout", **create, retry_timeout="1s", task="lost"),
        play.task(server, "blackout", **create, task="again"),
        fails=True,
    )
    assert "It is not known whether the maintenance blackout was created" in done.of("lost")["msg"]
    assert (done.of("lost")["changed"], done.of("again")["changed"]) == (True, False)
    assert len(server.calendar.entries) == 1


def test_blackout_refusals(play: Play) -> None:
    """Ours before anything is sent; the server's own, where only it can know, in its words."""
    server, old, odd, recurring = (
        play.server("7.2.1.0"),
        play.server("7.2.0.2"),
        play.server("7.2.1.0"),
        play.server("8.1.1.0"),
    )
    series = Blackout(time.time() + 36000, time.time() + 43200, "Backup", "W")
    recurring.calendar.entries[series.id] = series
    odd.calendar.keys = ("from", "until")
    person = play.person(server)
    clock = server.clock.time()
    start_date, end_date = (round((clock + hours * 3600) * 1000) for hours in (10, 12))
    created = person.ask("POST", f"/cli/calendar/maintenanceBlackout?startDate={start_date}&endDate={end_date}").json()
    writes = server.writes
    done = play.directly(
        play.task(server, "blackout", start=at(11), end="2h", task="overlap"),
        play.task(server, "blackout", start=at(-3), end="6h", task="past"),
        play.task(server, "blackout", start=at(3), end=at(2), task="backwards"),
        play.task(server, "blackout", start="2036-11-24T22:00:00", end="2h", task="no zone"),
        play.task(server, "blackout", id="nonsense", end="2h", task="unknown"),
        play.task(server, "blackout", end="2h", task="no start"),
        play.task(server, "blackout", start=at(3), task="no end"),
        *(
            play.task(server, "blackout", **{"start": at(3), "end": "2h", option: ""}, task=f"empty {option}")
            for option in ("id", "name", "start", "end")
        ),
        play.task(server, "blackout", id="", state="absent", task="empty id, absent"),
        play.task(server, "blackout_info", range_start="", range_end="", task="empty range"),
        play.task(server, "blackout_info", range_start="2036-01-01T00:00Z", range_end=at(1), task="backwards range"),
        play.task(old, "blackout", start=at(3), end="2h", task="old"),
        play.task(recurring, "blackout", start=at(34), end="2h", recurrence="daily", task="series"),
        play.task(recurring, "blackout", start=at(42 * 24 + 11), end="2h", task="event"),
        play.task(server, "blackout_info", range_start="now", task="half a range"),
        play.task(server, "blackout", username="none", password="none-pw", start=at(3), end="2h", task="no rights"),
        play.task(odd, "blackout", start=at(3), end="2h", task="odd"),
        play.task(odd, "blackout", start=at(5), end="2h", start_key="from", end_key="until", task="odd, told"),
        fails=True,
    )

    def says(task: str) -> str:
        assert done.of(task)["failed"], task
        return str(done.of(task)["msg"])

    assert f"would overlap the blackout {created['id']}" in says("overlap")
    assert "is in the past" in says("past")
    assert "is not after its start" in says("backwards")
    for option in ("id", "name", "start", "end"):
        assert f"Invalid {option}: it is empty." in says(f"empty {option}")
    assert "Invalid range_start: it is empty" in says("empty range")
    assert "is before range_start" in says("backwards range")
    assert "has no time zone" in says("no zone")
    assert "no blackout with the id nonsense" in says("unknown")
    assert "one of the following is required: id, name, start" in says("no start")
    assert "Invalid id: it is empty" in says("empty id, absent")
    assert "no period to create one" in says("no end")
    assert "version 7.2.0.2 does not know" in says("old")
    assert "came with version 7.2.1" in says("old")
    # Only a later event of the one meets a later event of the other: that the server finds.
    assert 'HTTP 400: "The maintenance blackout overlaps with another one."' in says("series")
    assert 'would overlap the blackout "Backup"' in says("event")
    assert "range_start, range_end" in says("half a range")
    assert f"none {SERVER_WORDS} Manage Maintenance Mode" in says("no rights")
    assert server.writes == writes
    # The created one is not understood when it is read back; told the names of the fields, it is.
    assert "among its fields from, id, synthetic, until" in says("odd")
    assert "The server answered that the maintenance blackout was created" in says("odd")
    assert done.of("odd")["changed"] is True
    assert done.of("odd, told")["changed"] is True
    assert len(odd.calendar.entries) == 2


def test_blackout_in_effect_blocks_and_is_cancelled_by_now(play: Play) -> None:
    server = play.server("8.1.1.0")
    person = play.person(server)
    done = play.directly(
        play.task(server, "blackout", start="now", end="2h", task="now"),
        play.task(server, "blackout", start="now", end="2h", task="again"),
        play.task(server, "blackout_info", task="info"),
    )
    assert (done.of("now")["changed"], done.of("again")["changed"]) == (True, False)
    assert done.of("info")["in_effect"] is True
    assert person.request_process() == COULD_NOT_START
    done = play.directly(play.task(server, "blackout", state="absent", start="now"))
    assert done.last["changed"] is True
    assert person.request_process() == "Running"
