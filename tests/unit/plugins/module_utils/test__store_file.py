"""A file that is written as a whole or not at all, and only where it still holds what was read."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._store_file import digest, serve

NAME = "launch-a%3A8443.json"
Start = Callable[[str], "subprocess.Popen[str]"]

COUNT = """
done = 0
while done < 100:
    text = serve({"name": NAME, "folder": FOLDER})["text"]
    counted = json.loads(text or "0") + 1
    answer = serve({"name": NAME, "folder": FOLDER, "before": digest(text), "after": json.dumps(counted)})
    assert answer.get("error") in (None, "conflict"), answer
    done += "error" not in answer
"""
SWING = """
for number in range(10**9):
    text = serve({"name": NAME, "folder": FOLDER})["text"]
    after = json.dumps([number % 10] * 20000)
    serve({"name": NAME, "folder": FOLDER, "before": digest(text), "after": after})
    if number == 0:
        print("begun", flush=True)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts programs that work on one file; a program has the names of ``_store_file`` and nothing of the rest."""
    source = Path(_store_file.__file__).read_text(encoding="utf-8")
    programs: list[subprocess.Popen[str]] = []

    def starter(program: str) -> subprocess.Popen[str]:
        names = f"import json\nNAME, FOLDER = {NAME!r}, {str(tmp_path / 'store')!r}\n"
        command = [sys.executable, "-c", f"{source}\n{names}{program}"]
        programs.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return programs[-1]

    yield starter
    for program in programs:
        program.kill()
        program.communicate()


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    return lambda **more: serve({"name": NAME, "folder": str(tmp_path / "store"), **more})


Asked = Callable[..., dict[str, Any]]


def test_written_read_compared_and_removed(ask: Asked, tmp_path: Path) -> None:
    assert ask()["text"] is None
    assert not (tmp_path / "store").exists(), "looking makes nothing"
    assert ask(before=None, after="one")["text"] == "one"
    assert ask(before=None, after="two")["error"] == "conflict"
    assert ask(before=digest("other"), after=None)["error"] == "conflict"
    assert ask()["text"] == "one"
    assert ask(before=digest("one"), after="two")["text"] == "two"
    assert ask(before=digest("two"), after=None)["text"] is None
    assert ask(before=digest("two"), after="three")["error"] == "conflict"
    assert ask(before=None, after=None)["text"] is None


def test_what_root_writes_belongs_to_the_account_of_the_directory(ask: Asked, tmp_path: Path) -> None:
    """Otherwise one run with sudo keeps that account from its own record."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, 1001, 1002)
    assert ask(before=None, after="one")["text"] == "one"
    owner = folder.stat()
    files = [file.stat() for file in folder.iterdir()]
    assert [(file.st_uid, file.st_gid) for file in files] == [(owner.st_uid, owner.st_gid)] * 2


def test_a_link_in_place_of_the_lock_is_not_followed(ask: Asked, tmp_path: Path) -> None:
    """In a directory that others may write: its target would get the mode of the lock."""
    folder, target = tmp_path / "store", tmp_path / "target"
    folder.mkdir()
    target.write_text("whatever", encoding="utf-8")
    target.chmod(0o644)
    (folder / f"{NAME}.lock").symlink_to(target)
    assert "symbolic links" in ask(before=None, after="one")["error"]
    assert target.stat().st_mode & 0o777 == 0o644


def test_no_update_of_four_programs_is_lost(start: Start, ask: Asked) -> None:
    programs = [start(COUNT) for _unused in range(4)]
    assert [program.wait(60) for program in programs] == [0] * 4
    assert ask()["text"] == "400"


def test_a_killed_program_leaves_the_old_file_or_the_new_one(start: Start, ask: Asked) -> None:
    for _round in range(10):
        program = start(SWING)
        assert program.stdout
        assert program.stdout.readline() == "begun\n"
        program.send_signal(signal.SIGKILL)
        program.wait(10)
        text = ask()["text"]
        numbers = json.loads(text)
        assert (len(numbers), len(set(numbers))) == (20000, 1)
        # What it left behind, its lock and half a file, is in nobody's way.
        assert ask(before=digest(text), after="1")["text"] == "1"


def test_a_lock_that_is_held_is_waited_for_and_reported(
    ask: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "error" not in ask(before=None, after="one")
    with (tmp_path / "store" / f"{NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setattr(_store_file, "LOCK_LIMIT", 0.1)
        assert ask(before=digest("one"), after="two")["error"] == "locked"
        assert ask()["text"] == "one", "who only looks needs no lock"
    assert ask(before=digest("one"), after="two")["text"] == "two"


@pytest.mark.parametrize(
    ("made", "folder", "file"), [(None, 0o700, 0o600), (0o755, 0o755, 0o600), (0o770, 0o770, 0o660)]
)
def test_permissions(ask: Asked, tmp_path: Path, made: int | None, folder: int, file: int) -> None:
    store = tmp_path / "store"
    if made:
        store.mkdir()
        store.chmod(made)
    before = os.umask(0o022)
    try:
        ask(before=None, after="one")
    finally:
        os.umask(before)
    assert store.stat().st_mode & 0o777 == folder
    assert {path.name: path.stat().st_mode & 0o777 for path in store.iterdir()} == {NAME: file, f"{NAME}.lock": file}


def test_what_is_no_text_and_what_cannot_be_written(ask: Asked, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / NAME).write_bytes(b"\xff")
    assert ask()["error"] == "text"
    (tmp_path / "file").touch()
    answer = serve({"name": NAME, "folder": str(tmp_path / "file" / "below"), "before": None, "after": "one"})
    assert answer["error"] == "Not a directory"
    assert answer["path"].startswith(str(tmp_path / "file"))


def test_where_the_files_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert _store_file.directory("/srv/records") == Path("/srv/records")
    assert _store_file.directory("~/records") == tmp_path / "records"
    assert _store_file.directory("") == Path("/state/quiesce.maintenance")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert _store_file.directory("") == tmp_path / ".local/state/quiesce.maintenance"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert _store_file.directory("") == Path("/var/lib/quiesce.maintenance")
