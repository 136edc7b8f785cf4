"""The book of change windows: opened, kept by a run that lives, found by another one when that died, closed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._book import FILE, Book
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LEASE
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore, Stored
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

from fakes.clock import Time

CHANGE = Opening("CHG1", "ann", "Patch day", "T-1", "2h")
HOSTS = ["dev01"]


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(FILE, str(tmp_path))


def book(store: FileStore, run: str = "run1", time: Time | None = None, **more: Any) -> Book:
    return Book(Ledger(store, (time or Time()).run(run), **more))


def names(store: FileStore) -> list[str]:
    look = book(store, "look")
    look._ledger.read()
    return list(look.open_ones())


def test_opened_and_closed(store: FileStore) -> None:
    ours = book(store)
    window, again = ours.open(CHANGE, HOSTS)
    assert (window.id, window.owner, window.reason, window.ticket, again) == ("CHG1", "ann", "Patch day", "T-1", False)
    assert window.expires == window.opened + timedelta(hours=2)
    assert names(store) == ["CHG1"]
    assert ours.close("CHG1") == window
    assert names(store) == []
    assert ours.close("CHG1") is None


def test_a_window_is_closed_as_others_left_it(store: FileStore) -> None:
    ours = book(store)
    window, _again = ours.open(CHANGE, HOSTS)
    longer = window.opened + timedelta(hours=5)
    book(store, "run2").extend("CHG1", longer)
    closed = ours.close("CHG1")
    assert closed is not None
    assert closed.expires == longer


def test_a_check_writes_nothing(store: FileStore) -> None:
    window, again = book(store).open(CHANGE, HOSTS, check_mode=True)
    assert (window.id, again, names(store)) == ("CHG1", False, [])


@pytest.mark.parametrize(
    ("opening", "says"),
    [
        (Opening("default", expires="2h"), "plain enable and disable"),
        (Opening("CHG1"), "needs an end"),
        (Opening("CHG1", expires="soon"), "soon"),
        (Opening("CHG1", expires="0"), "0"),
        (Opening("CHG1", expires="2026-01-01T00:00:00Z"), "in the past"),
        (Opening(" ", expires="2h"), "is not a valid id"),
    ],
)
def test_a_window_that_cannot_be(store: FileStore, opening: Opening, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        book(store).open(opening, HOSTS)
    assert names(store) == []


def test_a_run_that_lives_keeps_others_out(store: FileStore) -> None:
    book(store).open(CHANGE, HOSTS)
    with pytest.raises(Failure, match=r"the window CHG1: another run is at work there: run run1"):
        book(store, "run2").open(CHANGE, HOSTS)
    with pytest.raises(Failure, match="another run is at work"):
        book(store, "run2").close("CHG1")
    other, again = book(store, "run2").open(Opening("CHG2", "ben", expires="1h"), HOSTS)
    assert (other.id, again, names(store)) == ("CHG2", False, ["CHG1", "CHG2"])


def test_a_run_that_died_is_continued(store: FileStore) -> None:
    """The window keeps its owner and its beginning, and a duration counts from there."""
    first, _new = book(store).open(CHANGE, HOSTS)
    book(store).let_go("CHG1")
    second, again = book(store, "run2").open(Opening("CHG1", "ben", expires="2h"), HOSTS)
    assert (second, again) == (first, True)


def test_who_keeps_it_and_who_does_not(store: FileStore) -> None:
    ours = book(store)
    ours.open(CHANGE, HOSTS)
    assert ours.keep("CHG1")
    assert not book(store, "run2").keep("CHG1")
    book(store, "run2").let_go("CHG1")
    assert ours.keep("CHG1"), "another run can't end the lease of this one"
    ours.let_go("CHG1")
    assert not book(store, "run2").keep("CHG1")
    assert names(store) == ["CHG1"]
    ours.close("CHG1")
    assert not ours.keep("CHG1")


def test_the_lease_lasts_longer_when_it_is_kept(store: FileStore) -> None:
    time = Time()
    ours = book(store, time=time)
    ours.open(CHANGE, HOSTS)
    lease = ours.open_ones()["CHG1"].lease
    assert lease is not None
    assert (lease.until - ours.now).total_seconds() == pytest.approx(LEASE, abs=2)


def test_another_end(store: FileStore) -> None:
    """Also of a window that a run holds, and holds on."""
    ours = book(store)
    window, _new = ours.open(CHANGE, HOSTS)
    later = window.opened + timedelta(hours=9)
    assert book(store, "run2").extend("CHG1", later).expires == later
    assert ours.keep("CHG1")
    assert ours.open_ones()["CHG1"].windows[0].expires == later
    with pytest.raises(Failure, match=r"the window CHG2: it is not open. Open: CHG1"):
        book(store).extend("CHG2", later)


def test_two_runs_that_open_it_in_the_same_moment(store: FileStore, tmp_path: Path) -> None:
    """The one that comes too late waits for its turn, as if it had come later."""

    class Race(FileStore):
        def replace(self, before: str | None, after: str | None) -> Stored:
            if before is None:
                book(store).open(CHANGE, HOSTS)
            return super().replace(before, after)

    late = Book(Ledger(Race(FILE, str(tmp_path)), Time().run("run2")))
    with pytest.raises(Failure, match=r"the window CHG1: another run is at work there: run run1"):
        late.open(CHANGE, HOSTS)
    assert names(store) == ["CHG1"]


def test_hosts_that_a_run_before_had_are_not_forgotten(store: FileStore) -> None:
    book(store).open(CHANGE, ["dev01", "launch01"])
    book(store).let_go("CHG1")
    ours = book(store, "run2")
    ours.open(CHANGE, ["launch01", "dev02"])
    assert ours.others("CHG1", ["launch01", "dev02"]) == ["dev01"]
    ours.let_go("CHG1", ["dev01"])
    assert book(store, "run3").others("CHG1", []) == ["dev01"]
    assert book(store, "run3").others("CHG2", []) == []
