"""Two runs and one file: records that others have, the lease, and what stands there after each step."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change, Held, Request, change
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record, parse_records, text_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import EARLY
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict, FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Opening, Window

from fakes.clock import Time
from fakes.moments import NOW

A, B = (Window(name, NOW, "ann") for name in "AB")
OVER = Window("C", NOW - timedelta(hours=2), "ann", expires=NOW - timedelta(hours=1))
DEAD = Lease("r1", "ann", "ctl01", NOW - timedelta(hours=1), NOW - timedelta(minutes=1))
ALIVE = Lease("r1", "ann", "ctl01", NOW - timedelta(hours=1), NOW + timedelta(minutes=1))


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore("f.json", str(tmp_path))


def ledger(store: FileStore, run: str = "run1", time: Time | None = None, **more: Any) -> Ledger:
    found = Ledger(store, (time or Time()).run(run), **more)
    found.read()
    return found


def opened(window: Window) -> Change:
    return Change(True, Record((window,), None, "web01"), opens=True)


@pytest.mark.parametrize(
    ("windows", "lease", "on", "overdue"),
    [
        pytest.param((OVER,), None, True, True, id="over"),
        pytest.param((OVER,), None, False, False, id="over, and off by itself"),
        pytest.param((A,), None, True, False, id="no end"),
        pytest.param((), DEAD, True, True, id="cut off on its way out"),
        pytest.param((), DEAD, False, True, id="cut off at the end of its way out"),
        pytest.param((), ALIVE, True, False, id="on its way out"),
        pytest.param((A,), DEAD, True, False, id="cut off on its way in"),
    ],
)
def test_when_the_mode_should_be_off(windows: tuple[Window, ...], lease: Lease | None, on: bool, overdue: bool) -> None:
    assert Held(Record(windows, lease), NOW).overdue(on=on) is overdue


def test_without_a_record_nothing_is_overdue() -> None:
    assert Held(None, NOW).overdue(on=True) is False


def test_a_switch_from_begin_to_end(store: FileStore) -> None:
    one = ledger(store)
    one.begin({"1": opened(A), "2": opened(B)}, ["1"], 60)
    first, second = ledger(store, "run2").records.values()
    assert first.lease is not None
    assert (first.lease.run, first.windows, second) == ("run1", (A,), Record((B,), None, "web01"))
    assert one.record("1") == Record((A,), None, "web01"), "its own lease means nothing to a run"
    one.end(done=["1"])
    assert ledger(store).records["1"] == Record((A,), None, "web01")


@pytest.mark.parametrize(("how", "left"), [("done", {"2"}), ("undone", {"1", "2"}), ("unknown", {"1", "2"})])
def test_how_it_ends(store: FileStore, how: str, left: set[str]) -> None:
    ledger(store).begin({"1": opened(A), "2": opened(B)}, [], 60)
    closing = ledger(store, "run2")
    closing.begin({"1": Change(False, None)}, ["1"], 60)
    assert ledger(store).records["1"].windows == (), "the mode is on its way off"
    closing.end(**{how: ["1"]})
    after = ledger(store)
    assert set(after.records) == left
    if how == "undone":
        assert after.records["1"] == Record((A,), None, "web01")
    if how == "unknown":
        assert after.records["1"].unfinished(after.now), "the next run need not wait for it, and knows"


def test_other_records_of_a_file_are_left_to_their_runs(store: FileStore) -> None:
    one, two = ledger(store), ledger(store, "run2")
    one.begin({"1": opened(A)}, ["1"], 60)
    two.begin({"2": opened(B)}, ["2"], 60)
    one.end(done=["1"])
    two.end(done=["2"])
    assert {key: record.windows for key, record in ledger(store).records.items()} == {"1": (A,), "2": (B,)}


def test_of_two_that_change_one_record_the_second_is_refused(store: FileStore) -> None:
    one, two = ledger(store), ledger(store, "run2")
    one.begin({"1": opened(A)}, ["1"], 60)
    with pytest.raises(Conflict, match="it was changed at the same time"):
        two.begin({"1": opened(B)}, ["1"], 60)
    assert ledger(store).records["1"].windows == (A,)


def test_who_was_taken_over_writes_nothing_any_more(store: FileStore) -> None:
    one = ledger(store)
    one.begin({"1": opened(A)}, ["1"], 60)
    two = ledger(store, "run2", take_over=True)
    two.wait_for_turn(["1"], "web01")
    two.begin({"1": Change(False, None)}, ["1"], 60)
    assert "it was changed at the same time" in one.try_to_end(done=["1"])
    assert ledger(store).records["1"].windows == ()


def lasts(store: FileStore) -> float:
    """For how many seconds the one record of a file is leased, by the clock of the file."""
    found = ledger(store)
    (record,) = found.records.values()
    assert record.lease is not None
    return (record.lease.until - found.now).total_seconds()


def test_a_lease_is_renewed_when_it_would_end_before_the_work(store: FileStore) -> None:
    """The clock of the run moves on by 150 s, that of the file does not: it is 150 s more than that clock sees."""
    time = Time()
    one = ledger(store, time=time)
    one.begin({"1": opened(A)}, ["1"], 60)
    (begun,) = ledger(store).records.values()
    one.keep(75)
    assert list(ledger(store).records.values()) == [begun], "nothing to renew yet"
    time.now += 150
    one.keep(75)
    (renewed,) = ledger(store).records.values()
    assert begun.lease
    assert renewed.lease
    assert (renewed.lease.since, renewed.windows) == (begun.lease.since, (A,))
    assert 325 <= lasts(store) <= 330
    one.end(done=["1"])
    one.keep(75)
    assert ledger(store).records["1"].lease is None, "nothing is held any more"


def test_a_renewal_that_fails_does_not_end_the_work(store: FileStore, tmp_path: Path) -> None:
    time, serve, wrong = Time(), _store_file.serve, ["the disk is full", "the answer was lost"]

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        if "after" not in request or time.now == 0 or not wrong:
            return serve(request)
        said = wrong.pop(0)
        return {**(serve(request) if "answer" in said else {"now": NOW.timestamp()}), "error": said}

    one = ledger(FileStore("f.json", str(tmp_path), ask), time=time)
    one.begin({"1": opened(A)}, ["1"], 60)
    for _time in range(3):
        time.now += 150
        one.keep(75)
    assert ["the lease was not renewed" in line for line in time.told] == [True, True]
    assert lasts(store) > 600
    one.end(done=["1"])
    assert ledger(store).records["1"] == Record((A,), None, "web01")


def test_who_was_taken_over_renews_nothing_and_leaves_the_record_to_the_other(store: FileStore) -> None:
    time = Time()
    one = ledger(store, time=time)
    one.begin({"1": opened(A)}, ["1"], 60)
    two = ledger(store, "run2", take_over=True)
    two.begin({"1": Change(False, None)}, ["1"], 60)
    time.now += 150
    for _again in range(2):
        with pytest.raises(Conflict, match=r"Could not continue on the file .*: another run has taken over"):
            one.keep(75)
    assert "another run has taken over" in one.try_to_end(done=["1"])
    assert ledger(store).records["1"].windows == ()


def test_another_run_is_waited_for_and_named(store: FileStore) -> None:
    ledger(store).begin({"1": opened(A)}, ["1"], 60)
    time = Time()
    two = ledger(store, "run2", time, busy_limit=40)
    two.wait_for_turn(["2"], "web02")
    with pytest.raises(Failure, match="another run is at work there: run run1 of me on ctl01"):
        two.wait_for_turn(["1"], "web01")
    assert time.now == 40
    with pytest.raises(Failure, match="another run is at work there"):
        two.wait_for_turn(["1"], "web01", check_mode=True)
    assert time.now == 40


def test_nothing_to_write_is_not_written(store: FileStore, tmp_path: Path) -> None:
    one = ledger(store)
    one.begin({"1": Change(True, None)}, [], 60)
    one.end(done=["1"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[]", "version is None"),
        ('{"version": 2, "records": {}}', "no record of this version of the collection (its version is 2)"),
        ('{"version": 1, "records": []}', "its records are no object"),
        ('{"version": 1, "records": {"1": []}}', "not described as it should be"),
        ('{"version": 1, "records": {"1": {"windows": [], "hosts": "dev01"}}}', "the hosts of a record are no names"),
        ('{"version": 1, "records": {"1": {"name": "", "windows": [{"id": "A"}]}}}', "Invalid isoformat"),
        ("[" * 100000, "recursion"),
    ],
)
def test_a_broken_or_newer_file_is_named_with_the_way_out(
    store: FileStore, tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(Failure) as failure:
        ledger(store)
    assert str(failure.value).startswith(
        f"Could not read the record on the file {tmp_path}/f.json: it cannot be read: "
    )
    assert why in str(failure.value)
    assert "move the file away" in str(failure.value)


def test_a_file_comes_back_as_it_was_written() -> None:
    records = {"1": Record((A, Window("B", NOW, 'o"\\', "Größe \ud83d", "T", NOW)), None, "web01"), "2": Record()}
    text = text_of(records)
    assert text is not None
    assert text.isascii()
    assert parse_records(text, "f") == records
    assert json.loads(text)["version"] == 1
    assert text_of({}) is None


# --- what a task asks for ---------------------------------------------------------------------------------------------

HELD = Record((A, B), None, "")


@pytest.mark.parametrize("moving", [[], ["1"]])
def test_a_mode_that_was_off_before_its_window_was_closed_is_told_of(store: FileStore, moving: list[str]) -> None:
    """Unless it was switched all the same, as one that was off only as far as anybody knew."""
    first = ledger(store)
    first.begin({"1": opened(A)}, ["1"], 60)
    first.end(done=["1"])
    second = ledger(store, "run2")
    closing = change(Request(False, Opening("A", "ann")), second.record("1"), NOW, on=False)
    second.begin({"1": closing}, moving, 60)
    second.end(done=["1"])
    assert second.held("1").notes(on=False) == ([] if moving else [EARLY])
    assert ledger(store, "run3").held("1").notes(on=False) == []


@pytest.mark.parametrize(
    ("on", "name", "every", "record", "is_on", "mode", "left"),
    [
        (True, "A", False, None, False, True, "A"),
        (True, "A", False, None, True, True, None),  # somebody else's stays theirs
        (True, "C", False, HELD, True, True, "ABC"),
        (True, "A", False, HELD, False, True, "AB"),  # somebody turned it off while windows were open
        (False, "A", False, HELD, True, True, "B"),
        (False, "A", False, HELD, False, False, "B"),
        (False, "C", False, HELD, True, True, "AB"),
        (False, "C", True, HELD, True, False, None),
        (False, "A", False, Record((A,)), True, False, None),
        (False, "A", False, Record((A,)), False, False, None),  # somebody turned it off before
        (False, "A", False, Record(()), True, False, None),  # a run was cut off on its way out
        (False, "default", False, None, True, False, None),
        (False, "A", False, None, True, True, None),  # this window is not what holds it
        (False, "A", True, None, True, False, None),
        (False, "A", False, None, False, False, None),
    ],
)
def test_change(
    on: bool, name: str, every: bool, record: Record | None, is_on: bool, mode: bool, left: str | None
) -> None:
    found = change(Request(on, Opening(name, "ann"), every), record, NOW, on=is_on)
    assert found.on is mode
    assert (None if found.record is None else "".join(window.id for window in found.windows)) == left
    assert found.early is (not on and not is_on and record is not None and left is None)
    assert found.opens is (on and name not in "".join(window.id for window in Held(record, NOW).windows) and bool(left))
