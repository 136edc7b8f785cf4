"""A playbook in a process of its own: what its Python finds, and where it would run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.quiesce.maintenance.plugins.plugin_utils._change_window._child_playbook import (
    START,
    playbook_file,
)


def test_files_of_the_working_directory_are_no_modules(tmp_path: Path) -> None:
    """A project may hold a getpass.py, an inventory.py or whatever else Ansible would import."""
    for name in ("getpass.py", "secrets.py", "yaml.py", "ctypes.py", "signal.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the working directory')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *START, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ansible-playbook ")


FORKS = """
import os, signal, sys, time
def main():
    signal.signal(signal.SIGTERM, lambda *_: 1 / 0)
    reading, writing = os.pipe()
    if os.fork():
        os.read(reading, 1)
        os._exit(0)
    print(os.getpid(), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
    os.write(writing, b"!")
    time.sleep(60)
    print("not ended")
"""


THREAD = """
import os, threading, time
def main():
    found, begun, ended = [], os.pipe(), os.pipe()
    def begin():
        if pid := os.fork():
            found.append(pid)
            os.read(begun[0], 1)
        else:
            os.write(begun[1], b"!")
            os.read(ended[0], 1)
            os._exit(7)
    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    while len(os.listdir("/proc/self/task")) > 1:  # to Linux it ends a little later
        time.sleep(0.01)
    os.write(ended[1], b"!")
    print(os.waitstatus_to_exitcode(os.waitpid(found[0], 0)[1]))
"""


def said(folder: Path, playbook: str) -> list[str]:
    """What is printed where this stands in for Ansible's own program. The pipe is closed once all have ended."""
    module = folder / "ansible/cli/playbook.py"
    module.parent.mkdir(parents=True)
    for package in (module.parent, module.parent.parent):
        (package / "__init__.py").touch()
    module.write_text(playbook, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *START], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_what_it_forks_ends_with_it(tmp_path: Path) -> None:
    """Whatever handler it has itself: that of Ansible fails in a worker that is just being forked."""
    assert said(tmp_path, FORKS)[1:] == ["True"]


def test_what_a_thread_forks_does_not_end_with_the_thread(tmp_path: Path) -> None:
    assert said(tmp_path, THREAD) == ["7"]


def test_a_playbook_is_found_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "update.yml").touch()
    assert playbook_file(str(tmp_path / "update.yml")) == tmp_path / "update.yml"
    assert playbook_file("update.yml", tmp_path) == tmp_path / "update.yml"
    for missing in ("update.yml", "no.such.playbook", "{{ name }}"):
        assert playbook_file(missing, tmp_path / "elsewhere") is None
