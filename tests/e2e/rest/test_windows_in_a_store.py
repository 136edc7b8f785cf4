"""Windows of systems that cannot carry a record: it is in a file, on the controller or on another host."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.clock import Clock
from lab.posix import PosixHost
from lab.rest.launch import LaunchServer
from playbook import Done, trend
from playbook.courses import ADDRESS, Course, Played, Stage, course
from playbook.launch import TOKEN


def on(**options: Any) -> dict[str, Any]:
    return {"state": "enabled", **options}


def off(**options: Any) -> dict[str, Any]:
    return {"state": "disabled", **options}


def ids(result: dict[str, Any]) -> list[str]:
    return [window["id"] for window in result["status"]["windows"]]


def files(folder: Path, port: int) -> list[Path]:
    """The records of the server on that port."""
    return [path for path in folder.glob(f"*%3A{port}*") if path.suffix != ".lock"]


class Launch:
    """A Launch server, and tasks for it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.server = LaunchServer(ADDRESS, tls=stage.tls, clock=Clock(1.0), version="8.1.1.0")
        self.server.add_user("admin", "pw", token=TOKEN)
        stage.start(self.server)

    @property
    def records(self) -> list[Path]:
        """The records of the server."""
        return files(self.stage.store, self.server.port)

    def run(self, *tasks: tuple[str, dict[str, Any]], fails: bool = False, check: bool = False) -> Played:
        """Run tasks: each is its name and its options; one called "look..." looks."""
        module = "quiesce.maintenance.launch_maintenance_mode"
        common = {"url": f"https://{ADDRESS}:{self.server.port}", "token": TOKEN, "ca_path": self.stage.ca_file}
        listed = [
            {
                "name": name,
                **(
                    {f"{module}_info": {**common, **options}}
                    if name.startswith("look")
                    else {module: {**common, "drain": False, **options}}
                ),
                "check_mode": check,
            }
            for name, options in tasks
        ]
        return self.stage.play(*listed, fails=fails)


class Trend(trend.Play):
    """A Trend manager, and tasks for its computers, by default for the first one."""

    scale = 1.0

    @property
    def records(self) -> list[Path]:
        """The records of the manager."""
        return files(self.stage.store, self.manager.port)

    def run_for(self, *tasks: tuple[str, dict[str, Any]]) -> Played:
        """Run tasks: each is its name and its options; one called "look..." looks."""
        return self.run(*((name, {"computers": ["web01.example.com"], **options}) for name, options in tasks))


# --- Launch -----------------------------------------------------------------------------------------------------------


@pytest.mark.smoke
@course(Launch)
def test_two_windows_of_a_launch_server(play: Launch) -> Course:
    server = play.server
    done = yield from play.run(
        ("A", on(window="A", owner="ann", reason="Größe", ticket="T1", expires="2h")),
        ("A again", on(window="A", owner="zed", reason="Größe", expires="2h")),
        ("B", on(window="B", reason="second")),
        ("look at two", {}),
        ("close A", off(window="A")),
        ("A is closed", off(window="A")),
        ("look at one", {}),
        ("close B", off(window="B")),
        ("B is closed", off(window="B")),
        ("look", {}),
    )
    row = done.of("look at two")["status"]
    assert (row["mode"], row["managed"], row["owner"], row["reason"]) == (
        "maintenance",
        True,
        "ann; tester",
        "Größe; second",
    )
    assert (row["since"], row["expires"], row["overdue"]) == (row["windows"][0]["opened"], None, False)
    assert row["windows"][0]["expires"] > row["since"]
    changed = {
        name: done.of(name)["changed"] for name in ("A", "A again", "B", "close A", "A is closed", "B is closed")
    }
    assert changed == {
        "A": True, "A again": False, "B": True, "close A": True, "A is closed": False, "B is closed": False
    }  # fmt: skip
    close = done.of("close A")
    assert (close["maintenance_mode"], ids(close), close["status"]["notes"]) == (
        True,
        ["B"],
        ["open window: B (tester, second)"],
    )
    assert f"{play.stage.name}: closed the window A; maintenance mode stays on for B (tester, second)" in done.output
    assert f"{play.stage.name}: closed nothing; maintenance mode stays on for B (tester, second)" in done.output
    assert (ids(done.of("look at one")), done.of("close B")["maintenance_mode"]) == (["B"], False)
    assert (done.of("look")["status"]["mode"], done.of("look")["status"]["managed"]) == ("normal", None)
    # On and off once each; every other task asked once.
    asked = [method for method, path, _unused in server.log if path == "/cli/systemConfiguration"]
    assert "".join(method[0] for method in asked) == "GPGGGGGGGGPGGG"
    assert play.records == []
    assert play.stage.store.stat().st_mode & 0o777 == 0o700


@course(Launch)
def test_check_mode_an_overdue_window_and_closing_all(play: Launch) -> Course:
    server = play.server
    play.stage.variables["awx_job_id"] = 7
    elsewhere = play.stage.folder / "store"
    done = yield from play.run(
        ("check", on(window="A")), ("elsewhere", on(window="A", store_path=str(elsewhere))), check=True
    )
    assert done.of("check")["changed"]
    assert [window["id"] for window in done.of("check")["diff"]["after"]["windows"]] == ["A"]
    assert "Windows are recorded in the execution environment, which is gone when the job ends" in " ".join(
        done.output.split()
    )
    assert (server.writes, play.records, elsewhere.exists()) == (0, [], False)
    yield from play.run(("A", on(window="A", expires="2h")), ("B", on(window="B", expires="1h")))
    (file,) = play.records
    assert file.stat().st_mode & 0o777 == 0o600
    record = json.loads(file.read_text())
    record["records"]["server"]["windows"][1]["expires"] = "2026-01-01T00:00:00Z"
    file.write_text(json.dumps(record))
    done = yield from play.run(
        ("look", {}),
        ("late", on(window="C", expires="2026-01-01T00:00:00Z")),
        ("bad", on(window="C", expires="soon")),
        ("all", off(all_windows=True)),
        fails=True,
    )
    assert done.of("look")["status"]["overdue"]
    assert "which is in the past" in done.of("late")["msg"]
    assert "Invalid expires" in done.of("bad")["msg"]
    assert not server.maintenance
    assert play.records == []


@course(Launch)
def test_somebody_elses_mode_stays_theirs(play: Launch) -> Course:
    server = play.server
    server.settings["maintenanceModeEnabled"] = True
    done = yield from play.run(
        ("look", {}),
        ("join", on(window="A")),
        ("unknown", off(window="A")),
        ("plain", off()),
    )
    foreign = "turned on by somebody else: there is no record of who, why or when"
    assert (done.of("look")["status"]["managed"], done.of("look")["status"]["notes"]) == (False, [foreign])
    assert (done.of("join")["changed"], done.of("join")["status"]["notes"]) == (False, [foreign])
    assert (done.of("unknown")["changed"], done.of("unknown")["maintenance_mode"]) == (False, True)
    assert f"{play.stage.name}: closed nothing; maintenance mode stays on for somebody else" in done.output
    assert (done.of("plain")["changed"], server.maintenance) == (True, False)
    assert play.records == []


@course(Launch)
def test_a_broken_record_is_refused_before_anything_is_touched(play: Launch) -> Course:
    server = play.server
    play.stage.store.mkdir(parents=True, mode=0o700, exist_ok=True)
    file = play.stage.store / f"launch-127.0.0.1%3A{server.port}.json"
    file.write_text('{"version": 99}')
    done = yield from play.run(
        ("on", on()),
        ("look", {}),
        ("elsewhere", on(store_path=str(play.stage.folder / "other"))),
        ("relative", off(store_path="other")),
        fails=True,
    )
    assert f"Could not read the record on the file {file}: it cannot be read: " in done.of("on")["msg"]
    assert "its version is 99" in done.of("on")["msg"]
    assert [note for note in done.of("look")["status"]["notes"] if str(file) in note]
    assert (done.of("look")["status"]["mode"], done.of("look")["status"]["managed"]) == ("normal", None)
    assert done.of("elsewhere")["changed"]
    assert done.of("relative")["msg"].startswith('Invalid store_path: "other" is no absolute path.')
    assert server.writes == 1


@course(Launch)
def test_a_record_on_another_host(play: Launch) -> Course:
    """One command to read, one for each write; of a record that is longer than a command line, too."""
    server = play.server
    folder, server = play.stage.folder, play.server
    home = folder / "home"
    home.mkdir()
    host = PosixHost(home, path=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    play.stage.start(host)
    (folder / "key").write_bytes(host.key.export_private_key())
    (folder / "key").chmod(0o600)
    (folder / "known").write_text(host.known_hosts)
    store01 = {
        "ansible_host": "127.0.0.1",
        "ansible_port": host.port,
        "ansible_user": "store",
        "ansible_ssh_private_key_file": str(folder / "key"),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={folder / 'known'} -F none",
        "ansible_ssh_args": "",
    }
    hosts = {
        "store01": store01,
        "win01": {"ansible_connection": "winrm"},
        "down": {**store01, "ansible_port": 9},
        "bare": {**store01, "ansible_python_interpreter": "/no/python"},
    }
    play.stage.groups["stores"] = {"hosts": hosts}
    play.stage.variables.update(quiesce_store_host="store01", quiesce_store_path="~/records")
    done = yield from play.run(("on", on(window="A", reason="x" * 200_000)), ("again", on(window="A")))
    assert (done.of("on")["changed"], done.of("again")["changed"]) == (True, False)
    assert len(host.commands) == 4
    records = home / "records"
    assert [file.name for file in files(records, server.port)] == [f"launch-127.0.0.1%3A{server.port}.json"]
    done = yield from play.run(("look", {}), ("off", off(window="A")))
    assert (len(done.of("look")["status"]["reason"]), server.maintenance) == (200_000, False)
    assert (files(records, server.port), play.records) == ([], [])
    done = yield from play.run(
        ("windows", on(store_host="win01")),
        ("stranger", on(store_host="nobody")),
        ("down", on(store_host="down")),
        ("bare", on(store_host="bare")),
        fails=True,
    )
    assert 'Invalid store_host: "win01" cannot keep records' in done.of("windows")["msg"]
    assert 'Invalid store_host: "nobody" is no host of the inventory' in done.of("stranger")["msg"]
    assert "Could not reach the records on the host down: " in done.of("down")["msg"]
    assert "/no/python ended with 127: " in done.of("bare")["msg"]
    assert server.writes == 2


# --- Trend ------------------------------------------------------------------------------------------------------------


def row_of(done: Done, task: str) -> dict[str, Any]:
    row: dict[str, Any] = done.of(task)["status"][0]
    return row


def windows_of(done: Done, task: str) -> list[str]:
    return [window["id"] for window in row_of(done, task)["windows"]]


@pytest.mark.smoke
@course(Trend)
def test_two_windows_of_a_computer(play: Trend) -> Course:
    """The mode lasts as long as the longest window, and goes off with the last one."""
    manager = play.manager
    short, long = {"window": "A", "owner": "ann", "expires": "1h"}, {"window": "B", "reason": "longer", "expires": "3h"}
    done = yield from play.run_for(
        ("A", on(**short)),
        ("A again", on(**short)),
        ("B", on(**long)),
        ("A after B", on(**short)),
        ("look", {}),
        ("close B", off(window="B")),
        ("B is closed", off(window="B")),
        ("close A", off(window="A")),
        ("A is closed", off(window="A")),
    )
    assert done.of("A")["computers"][0]["duration"] == 60
    assert (done.of("A again")["changed"], done.of("A again")["requests"]) == (False, 1)
    assert [done.of("B")["computers"][0][name] for name in ("action", "duration")] == ["extended", 180]
    assert done.of("A after B")["changed"] is False
    row = row_of(done, "look")
    assert (row["mode"], row["managed"], row["owner"], row["reason"]) == ("maintenance", True, "ann; tester", "longer")
    assert row["expires"] == row["windows"][1]["expires"]
    close = done.of("close B")
    # It is not shortened, and nothing is asked of the manager but how it is.
    assert (close["changed"], close["requests"], close["computers"][0]["action"]) == (True, 1, "recorded")
    assert close["computers"][0]["duration"] == 180
    assert close["msg"].endswith("Maintenance mode stays on for web01.example.com, held by A (ann)")
    assert windows_of(done, "close B") == ["A"]
    assert (done.of("B is closed")["changed"], windows_of(done, "B is closed")) == (False, ["A"])
    assert [done.of(name)["changed"] for name in ("close A", "A is closed")] == [True, False]
    assert (manager.writes, [manager.state(each) for each in manager.computers.values()]) == (3, ["off"] * 3)
    assert play.records == []


@course(Trend)
def test_windows_of_several_computers_are_their_own(play: Trend) -> Course:
    """In the other order; somebody else's mode; a computer whose mode ended by itself; text that is blank."""
    manager = play.manager
    every = {"computers": ["1", "2", "3"]}
    manager.computers[3].status, manager.computers[3].start = "on", int(manager.clock.time() * 1000)
    done = yield from play.run_for(
        ("A", on(**every, window="A", ticket=" ", expires="")),
        ("B", on(computers=["2"], window="B", duration="2h")),
        ("close A", off(**every, window="A")),
        ("look", every),
        ("unknown", off(**every, window="C")),
        ("close B", off(computers=["2"], window="B")),
        ("plain", off(**every)),
    )
    assert [computer["action"] for computer in done.of("A")["computers"]] == ["enabled", "enabled", "unchanged"]
    assert [row["managed"] for row in done.of("A")["status"]] == [True, True, False]
    assert done.of("B")["computers"][0]["action"] == "recorded"
    assert [computer["action"] for computer in done.of("close A")["computers"]] == ["disabled", "recorded", "unchanged"]
    assert "held by B (tester)" in done.of("close A")["msg"]
    assert "web03.example.com, held by somebody else" in done.of("close A")["msg"]
    rows = done.of("look")["status"]
    assert [(row["mode"], row["managed"]) for row in rows] == [
        ("normal", None),
        ("maintenance", True),
        ("maintenance", False),
    ]
    assert rows[2]["notes"][0].startswith("turned on by somebody else")
    assert (done.of("unknown")["changed"], done.of("plain")["changed"]) == (False, True)
    assert [manager.state(each) for each in manager.computers.values()] == ["off"] * 3
    assert play.records == []


@course(Trend)
def test_a_mode_that_ended_by_itself_holds_nothing_any_more(play: Trend) -> Course:
    manager = play.manager
    yield from play.run_for(("A", on(window="A", expires="1h")))
    (file,) = play.records
    record = json.loads(file.read_text())
    (entry,) = record["records"].values()
    assert entry["name"] == "web01.example.com"
    entry["windows"][0]["expires"] = "2026-01-01T00:00:00Z"
    file.write_text(json.dumps(record))
    done = yield from play.run_for(("look", {}))
    assert (row_of(done, "look")["overdue"], row_of(done, "look")["mode"]) == (True, "maintenance")
    manager.computers[1].status = "off"
    done = yield from play.run_for(
        ("look", {}), ("B", on(window="B", expires="1h")), ("close B", off(window="B")), ("again", off())
    )
    assert any("while a window was open" in note for note in row_of(done, "look")["notes"])
    assert windows_of(done, "B") == ["B"]
    assert (manager.state(manager.computers[1]), done.of("again")["changed"]) == ("off", False)
    assert play.records == []
