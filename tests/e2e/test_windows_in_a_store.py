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
from lab.thread import LoopThread
from playbook import Done, run_play

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
    done = play(("check", on(window="A")), arguments=["--check", "--diff"])
    assert done.of("check")["changed"]
    assert [window["id"] for window in done.of("check")["diff"]["after"]["windows"]] == ["A"]
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
    assert "which has passed" in done.of("late")["msg"]
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
    foreign = "turned on by somebody else: there is no record of who, why and since when"
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
