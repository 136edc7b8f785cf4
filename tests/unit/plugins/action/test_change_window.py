"""The last steps of a change window where a file cannot be used: they go on, and say so in the end."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.action.change_window import ActionModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._book import FILE
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record, text_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import Estate, Member
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from fakes.actions import HostVars, run
from fakes.moments import NOW

HOUR = timedelta(hours=1)
ESTATE = {**Estate((Member("launch01", ("launch",)),), register()).result(), "run": "r1"}
NORMAL = {"system": "launch01", "host": "", "mode": "normal", "windows": [], "notes": []}


def window(name: str) -> Window:
    return Window(name, NOW - 2 * HOUR, "ann", expires=NOW - HOUR)


def step(tmp_path: Path, state: str, **variables: Any) -> dict[str, Any]:
    """The result of a step after a run that took its one system out; the folders are ``store`` and ``evidence``."""
    result = {"run": "r1", "systems": {"launch": {"changed": True, "rows": [NORMAL]}}}
    known = HostVars(launch01={"quiesce_result": result}, localhost={})
    folders = {"store_path": str(tmp_path / "store"), "evidence": str(tmp_path / "evidence")}
    found: dict[str, Any] = run(
        ActionModule,
        {"state": state, **folders},
        {"hostvars": known, "groups": {"all": ["launch01"]}, "quiesce_estate": ESTATE, **variables},
    )
    return found


def book(tmp_path: Path, *names: str) -> Path:
    """A book with these windows, all of them over."""
    file = tmp_path / "store" / FILE
    file.parent.mkdir()
    file.write_text(text_of({name: Record((window(name),)) for name in names}) or "")
    return file


def events(tmp_path: Path, name: str) -> list[str]:
    lines = (tmp_path / f"evidence/{name}.jsonl").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines]


@pytest.fixture
def closing() -> dict[str, Any]:
    """What the plays before the end left behind: the work failed."""
    about = {**window("CHG1").result(), "run": "r1", "continued": False, "override": ""}
    return {
        "quiesce_window": "CHG1",
        "window_run": {"window": about},
        "window_outcome": {"messages": {"launch01": "the update failed"}},
    }


def test_closed(tmp_path: Path, closing: dict[str, Any]) -> None:
    file = book(tmp_path, "CHG1")
    found = step(tmp_path, "closed", **closing)
    assert (found["failed"], found["msg"]) == (True, "launch01: the update failed.")
    assert not file.exists()
    assert events(tmp_path, "CHG1")[-1] == "closed"


def test_a_book_that_cannot_be_read_hides_nothing_of_what_failed_before(
    tmp_path: Path, closing: dict[str, Any]
) -> None:
    """The window stays in it, so the evidence doesn't say that it was closed."""
    book(tmp_path).write_text("{")
    found = step(tmp_path, "closed", **closing)
    assert found["failed"]
    assert "launch01: the update failed." in found["msg"]
    assert f"localhost: Could not read the record on the file {tmp_path}/store/windows.json" in found["msg"]
    assert events(tmp_path, "CHG1")[-1] == "left open"
    assert (tmp_path / "store/service-times.json").exists() is False  # no switch told how long it took


def swept(tmp_path: Path, *names: str) -> dict[str, Any]:
    """The end of a sweep that closed these windows on the one system that they were on."""
    due = {"launch01": {"launch": list(names)}}
    where = {name: [["launch01", "launch"]] for name in names}
    nothing: dict[str, Any] = {"overdue": [], "orphans": [], "forgotten": [], "unseen": [], "of_book": {}}
    return step(tmp_path, "swept", window_due={"due": due, "where": where, **nothing})


def test_swept(tmp_path: Path) -> None:
    file = book(tmp_path, "CHG1", "CHG2")
    assert swept(tmp_path, "CHG1", "CHG2")["msg"] == "Nothing is overdue."
    assert not file.exists()
    assert [events(tmp_path, name) for name in ("CHG1", "CHG2")] == [["closed by the sweep"]] * 2


def test_evidence_that_cannot_be_written_stops_no_sweep(tmp_path: Path) -> None:
    """A window of which it cannot be told is closed like the others."""
    file = book(tmp_path, "CHG1", "CHG2")
    (tmp_path / "evidence/CHG1.jsonl").mkdir(parents=True)
    found = swept(tmp_path, "CHG1", "CHG2")
    assert found["failed"]
    assert f"the window CHG1: Could not read the record on the file {tmp_path}/evidence/CHG1.jsonl" in found["msg"]
    assert "CHG2" not in found["msg"]
    assert not file.exists()
    assert events(tmp_path, "CHG2") == ["closed by the sweep"]


def test_a_book_that_cannot_be_read_stops_no_sweep(tmp_path: Path) -> None:
    book(tmp_path).write_text("{")
    found = swept(tmp_path, "CHG1", "CHG2")
    assert found["failed"]
    assert "the window CHG1, the window CHG2: Could not read the record on the file" in found["msg"]
    assert [events(tmp_path, name) for name in ("CHG1", "CHG2")] == [["left open"]] * 2


def test_a_later_end_that_cannot_be_recorded_is_given_to_nothing(tmp_path: Path) -> None:
    file = book(tmp_path, "CHG1")
    before = file.read_text()
    (tmp_path / "evidence/CHG1.jsonl").mkdir(parents=True)
    row = {**NORMAL, "mode": "maintenance", "windows": [window("CHG1").result()]}
    looked = {"run": "r1", "systems": {"launch": {"changed": False, "rows": [row]}}}
    known = HostVars(launch01={"quiesce_result": looked}, localhost={})
    due = {"where": {"CHG1": [["launch01", "launch"]]}}
    found = step(tmp_path, "extended", hostvars=known, window_due=due, quiesce_window="CHG1", window_extend="1h")
    assert found["failed"]
    assert "Could not read the record on the file" in found["msg"]
    assert file.read_text() == before
