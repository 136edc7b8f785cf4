"""Windows of systems that cannot carry a record: it is in a file, on the controller or on another host."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.clock import Clock
from lab.pki import Authority
from lab.posix import PosixHost
from lab.rest.launch import LaunchServer
from lab.rest.trend import Computer, TrendManager
from lab.thread import LoopThread
from playbook import Done, run_play, run_playbook

TOKEN = "c4n4ry-t0ken-5f1d"
KEY = "s3cret-trend-k3y"
STORE = "run/state/quiesce.maintenance"

Task = dict[str, Any]
Play = Callable[..., Done]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> tuple[Path, Path]:
    return authority.server("127.0.0.1")


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


@pytest.fixture
def server(loop: LoopThread, tls: tuple[Path, Path]) -> Iterator[LaunchServer]:
    server = LaunchServer("127.0.0.1", tls=tls, clock=Clock(1.0), version="8.1.1.0")
    server.add_user("admin", "pw", token=TOKEN)
    loop.run(server.start())
    yield server
    loop.run(server.stop())


@pytest.fixture
def play(server: LaunchServer, authority: Authority, tmp_path: Path) -> Play:
    """Runs tasks for the Launch server: each is its name and its options; one called "look..." looks."""

    def run(*tasks: tuple[str, dict[str, Any]], fails: bool = False, **more: Any) -> Done:
        defaults = {"url": f"https://127.0.0.1:{server.port}", "token": TOKEN, "ca_path": str(authority.ca_file)}
        listed = [
            {
                "name": name,
                f"quiesce.maintenance.launch_maintenance_mode{'_info' * name.startswith('look')}": (
                    options if name.startswith("look") else {"drain": False, **options}
                ),
                "ignore_errors": fails,
            }
            for name, options in tasks
        ]
        done = run_play(
            tmp_path / "run",
            listed,
            module_defaults={"group/quiesce.maintenance.launch": defaults},
            environment={"USER": "tester", **more.pop("environment", {})},
            **more,
        )
        assert done.code == 0, done.output
        return done

    return run


def on(**options: Any) -> dict[str, Any]:
    return {"state": "enabled", **options}


def off(**options: Any) -> dict[str, Any]:
    return {"state": "disabled", **options}


def ids(result: dict[str, Any]) -> list[str]:
    return [window["id"] for window in result["status"]["windows"]]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*") if path.suffix != ".lock")


# --- Launch -----------------------------------------------------------------------------------------------------------


@pytest.mark.smoke
def test_two_windows_of_a_launch_server(play: Play, server: LaunchServer, tmp_path: Path) -> None:
    done = play(
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
    assert "closed the window A; maintenance mode stays on for B (tester, second)" in done.output
    assert "closed nothing; maintenance mode stays on for B (tester, second)" in done.output
    assert (ids(done.of("look at one")), done.of("close B")["maintenance_mode"]) == (["B"], False)
    assert (done.of("look")["status"]["mode"], done.of("look")["status"]["managed"]) == ("normal", None)
    # On and off once each; every other task asked once.
    asked = [method for method, path, _unused in server.log if path == "/cli/systemConfiguration"]
    assert "".join(method[0] for method in asked) == "GPGGGGGGGGPGGG"
    assert files(tmp_path / STORE) == []
    assert (tmp_path / STORE).stat().st_mode & 0o777 == 0o700


def test_check_mode_an_overdue_window_and_closing_all(play: Play, server: LaunchServer, tmp_path: Path) -> None:
    done = play(("check", on(window="A")), arguments=["--check", "--diff", "-e", "awx_job_id=7"])
    assert done.of("check")["changed"]
    assert [window["id"] for window in done.of("check")["diff"]["after"]["windows"]] == ["A"]
    assert "Windows are recorded in the execution environment, which is gone when the job ends" in " ".join(
        done.output.split()
    )
    assert (server.writes, (tmp_path / STORE).exists()) == (0, False)
    play(("A", on(window="A", expires="2h")), ("B", on(window="B", expires="1h")))
    (file,) = (tmp_path / STORE).glob("*.json")
    assert file.stat().st_mode & 0o777 == 0o600
    record = json.loads(file.read_text())
    record["records"]["server"]["windows"][1]["expires"] = "2026-01-01T00:00:00Z"
    file.write_text(json.dumps(record))
    done = play(
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
    assert files(tmp_path / STORE) == []


def test_somebody_elses_mode_stays_theirs(play: Play, server: LaunchServer, tmp_path: Path) -> None:
    server.settings["maintenanceModeEnabled"] = True
    done = play(
        ("look", {}),
        ("join", on(window="A")),
        ("unknown", off(window="A")),
        ("plain", off()),
    )
    foreign = "turned on by somebody else: there is no record of who, why or when"
    assert (done.of("look")["status"]["managed"], done.of("look")["status"]["notes"]) == (False, [foreign])
    assert (done.of("join")["changed"], done.of("join")["status"]["notes"]) == (False, [foreign])
    assert (done.of("unknown")["changed"], done.of("unknown")["maintenance_mode"]) == (False, True)
    assert "closed nothing; maintenance mode stays on for somebody else" in done.output
    assert (done.of("plain")["changed"], server.maintenance) == (True, False)
    assert files(tmp_path / STORE) == []


def test_a_broken_record_is_refused_before_anything_is_touched(
    play: Play, server: LaunchServer, tmp_path: Path
) -> None:
    (tmp_path / STORE).mkdir(parents=True)
    file = tmp_path / STORE / f"launch-127.0.0.1%3A{server.port}.json"
    file.write_text('{"version": 99}')
    done = play(
        ("on", on()),
        ("look", {}),
        ("elsewhere", on(store_path=str(tmp_path / "other"))),
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


def test_a_record_on_another_host(play: Play, server: LaunchServer, loop: LoopThread, tmp_path: Path) -> None:
    """One command to read, one for each write; of a record that is longer than a command line, too."""
    home = tmp_path / "home"
    home.mkdir()
    host = PosixHost(home, path=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    loop.run(host.start())
    (tmp_path / "key").write_bytes(host.key.export_private_key())
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "known").write_text(host.known_hosts)
    inventory = tmp_path / "stores.yml"
    store01 = {
        "ansible_host": "127.0.0.1",
        "ansible_port": host.port,
        "ansible_user": "store",
        "ansible_ssh_private_key_file": str(tmp_path / "key"),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={tmp_path / 'known'} -F none",
        "ansible_ssh_args": "",
    }
    hosts = {
        "store01": store01,
        "win01": {"ansible_connection": "winrm"},
        "down": {**store01, "ansible_port": 9},
        "bare": {**store01, "ansible_python_interpreter": "/no/python"},
    }
    inventory.write_text(yaml.safe_dump({"stores": {"hosts": hosts}}))
    more = {
        "arguments": [
            "-i",
            str(inventory),
            "-l",
            "target",
            "-e",
            "quiesce_store_host=store01 quiesce_store_path=~/records",
        ]
    }
    try:
        done = play(("on", on(window="A", reason="x" * 200_000)), ("again", on(window="A")), **more)
        assert (done.of("on")["changed"], done.of("again")["changed"]) == (True, False)
        assert len(host.commands) == 4
        folder = home / "records"
        assert files(folder) == [f"launch-127.0.0.1%3A{server.port}.json"]
        done = play(("look", {}), ("off", off(window="A")), **more)
        assert (len(done.of("look")["status"]["reason"]), server.maintenance) == (200_000, False)
        assert (files(folder), (tmp_path / STORE).exists()) == ([], False)
        done = play(
            ("windows", on(store_host="win01")),
            ("stranger", on(store_host="nobody")),
            ("down", on(store_host="down")),
            ("bare", on(store_host="bare")),
            fails=True,
            **more,
        )
        assert 'Invalid store_host: "win01" cannot keep records' in done.of("windows")["msg"]
        assert 'Invalid store_host: "nobody" is no host of the inventory' in done.of("stranger")["msg"]
        assert "Could not reach the records on the host down: " in done.of("down")["msg"]
        assert "/no/python ended with 127: " in done.of("bare")["msg"]
        assert server.writes == 2
    finally:
        loop.run(host.stop())


# --- Trend ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def manager(loop: LoopThread, tls: tuple[Path, Path]) -> Iterator[TrendManager]:
    """A manager with three computers whose agents do at once what they are asked to."""
    manager = TrendManager(tls=tls, clock=Clock(1.0), key=KEY)
    for number in (1, 2, 3):
        manager.add(Computer(number, f"web0{number}.example.com", heartbeat=0))
    loop.run(manager.start())
    yield manager
    loop.run(manager.stop())


@pytest.fixture
def trend(manager: TrendManager, authority: Authority, tmp_path: Path) -> Play:
    """Runs tasks for the computers: each is its name and its options; one called "look..." looks."""

    def run(*tasks: tuple[str, dict[str, Any]], fails: bool = False, **more: Any) -> Done:
        defaults = {
            "url": manager.url,
            "api_key": KEY,
            "ca_path": str(authority.ca_file),
            "computers": ["web01.example.com"],
        }
        module = "quiesce.maintenance.trend_maintenance_mode"
        listed = [
            {
                "name": name,
                **(
                    {f"{module}_info": options}
                    if name.startswith("look")
                    else {module: {"poll_interval": "1s", **options}}
                ),
                "ignore_errors": fails,
            }
            for name, options in tasks
        ]
        done = run_play(
            tmp_path / "run",
            listed,
            module_defaults={"group/quiesce.maintenance.trend": defaults},
            environment={"USER": "tester"},
            **more,
        )
        assert done.code == 0, done.output
        return done

    return run


def row_of(done: Done, task: str) -> dict[str, Any]:
    row: dict[str, Any] = done.of(task)["status"][0]
    return row


def windows_of(done: Done, task: str) -> list[str]:
    return [window["id"] for window in row_of(done, task)["windows"]]


@pytest.mark.smoke
def test_two_windows_of_a_computer(trend: Play, manager: TrendManager, tmp_path: Path) -> None:
    """The mode lasts as long as the longest window, and goes off with the last one."""
    short, long = {"window": "A", "owner": "ann", "expires": "1h"}, {"window": "B", "reason": "longer", "expires": "3h"}
    done = trend(
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
    assert files(tmp_path / STORE) == []


def test_windows_of_several_computers_are_their_own(trend: Play, manager: TrendManager, tmp_path: Path) -> None:
    """In the other order; somebody else's mode; a computer whose mode ended by itself; text that is blank."""
    every = {"computers": ["1", "2", "3"]}
    manager.computers[3].status, manager.computers[3].start = "on", int(manager.clock.time() * 1000)
    done = trend(
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
    assert files(tmp_path / STORE) == []


def test_a_mode_that_ended_by_itself_holds_nothing_any_more(trend: Play, manager: TrendManager, tmp_path: Path) -> None:
    trend(("A", on(window="A", expires="1h")))
    (file,) = (tmp_path / STORE).glob("*.json")
    record = json.loads(file.read_text())
    (entry,) = record["records"].values()
    assert entry["name"] == "web01.example.com"
    entry["windows"][0]["expires"] = "2026-01-01T00:00:00Z"
    file.write_text(json.dumps(record))
    done = trend(("look", {}))
    assert (row_of(done, "look")["overdue"], row_of(done, "look")["mode"]) == (True, "maintenance")
    manager.computers[1].status = "off"
    done = trend(("look", {}), ("B", on(window="B", expires="1h")), ("close B", off(window="B")), ("again", off()))
    assert any("while a window was open" in note for note in row_of(done, "look")["notes"])
    assert windows_of(done, "B") == ["B"]
    assert (manager.state(manager.computers[1]), done.of("again")["changed"]) == ("off", False)
    assert files(tmp_path / STORE) == []


def test_by_variables_for_all_systems(
    server: LaunchServer, manager: TrendManager, authority: Authority, tmp_path: Path
) -> None:
    """One change, one -e for every system; a system's own variable counts before it."""
    inventory = {
        "all": {
            "vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable},
            "hosts": {
                "launch01": {
                    "quiesce_systems": ["launch"],
                    "launch_url": f"https://127.0.0.1:{server.port}",
                    "launch_token": TOKEN,
                    "launch_ca_path": str(authority.ca_file),
                    "launch_drain": False,
                    "launch_owner": "release",
                },
                "dsm01": {"trend_url": manager.url, "trend_api_key": KEY, "trend_ca_path": str(authority.ca_file)},
                "web01.example.com": {"quiesce_systems": ["trend"], "trend_manager": "dsm01"},
            },
        }
    }
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    arguments = ["-i", str(tmp_path / "inventory.yml"), "-e", "quiesce_window=CHG7 quiesce_reason=upgrade"]
    user = {"USER": "tester"}
    enable = [*arguments, "-e", "quiesce_expires=2h quiesce_ticket="]
    done = run_playbook(tmp_path, "quiesce.maintenance.enable", *enable, environment=user)
    assert done.code == 0, done.output
    table = done.of("Report the status of all systems")
    rows = {row["system"]: row for row in table["rows"]}
    assert {name: (row["owner"], row["reason"], row["managed"]) for name, row in rows.items()} == {
        "launch01": ("release", "upgrade", True),
        "web01.example.com": ("tester", "upgrade", True),
    }
    assert rows["web01.example.com"]["expires"] == rows["web01.example.com"]["windows"][0]["expires"]
    assert manager.computers[1].duration == 120
    done = run_playbook(tmp_path, "quiesce.maintenance.disable", *arguments, environment=user)
    assert (done.code, server.maintenance, manager.state(manager.computers[1])) == (0, False, "off"), done.output
