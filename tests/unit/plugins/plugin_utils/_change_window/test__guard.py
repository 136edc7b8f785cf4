"""The process that outlives a task: what it does while another process lives, and when that has ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window import _guard

LIMIT = 30.0


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + LIMIT
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def add(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.write(text)


@pytest.mark.parametrize("reaped", [True, False])
def test_it_keeps_until_the_process_has_ended(tmp_path: Path, reaped: bool) -> None:
    """Also one that was killed and whose parent does not care."""
    said = tmp_path / "said"
    said.touch()
    process = sleeper()

    def keep() -> bool:
        add(said, "k")
        return True

    _guard.start(process.pid, 0.05, keep, lambda: add(said, "!"))
    assert until(lambda: "kkk" in said.read_text())
    process.kill()
    if reaped:
        process.wait()
    assert until(lambda: said.read_text().endswith("!"))
    process.wait()


def test_it_ends_when_there_is_nothing_left_to_keep(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    process = sleeper()

    def keep() -> bool:
        file.write_text(str(os.getpid()))
        return False

    _guard.start(process.pid, 0.05, keep, lambda: add(file, "!"))
    assert until(lambda: file.exists() and bool(file.read_text()))
    assert until(lambda: _guard.ended(int(file.read_text()), 0.05))
    assert "!" not in file.read_text()
    process.kill()
    process.wait()


def test_nobody_waits_for_it() -> None:
    """What reads the output of ansible-playbook to its end does not wait for the guard."""
    program = (
        "import os, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import _guard\n"
        "_guard.start(os.getppid(), 600, lambda: True, lambda: None)\n"
    )
    folder = str(Path(_guard.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", program, folder],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_process_that_is_not_there_has_ended() -> None:
    process = sleeper()
    assert not _guard.ended(process.pid, 0.01)
    assert not _guard._gone(process.pid, 0.01)
    process.kill()
    process.wait()
    assert _guard.ended(process.pid, LIMIT)
    assert _guard._gone(process.pid, LIMIT)
