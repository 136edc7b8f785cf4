"""Runs ``ansible-playbook`` as a user does and hands back what each task returned."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

# What a developer's own settings could change about a run.
_PRIVATE = ("ANSIBLE_", "DS_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@dataclass(frozen=True)
class Done:
    """A finished run: exit code, everything printed, and the results in the order in which they came."""

    code: int
    output: str
    results: tuple[dict[str, Any], ...]

    def of(self, task: str, host: str = "") -> dict[str, Any]:
        """Return the result of the task of that name, a role's by " : name", on ``host`` if given (the last one)."""
        found = [
            entry["result"]
            for entry in self.results
            if entry["task"].rpartition(" : ")[2] == task and host in ("", entry["host"])
        ]
        assert found, f"no task {task!r} of {host!r} among {[entry['task'] for entry in self.results]}"
        result: dict[str, Any] = found[-1]
        return result

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """What the recap counts for each host: ok, changed, unreachable, failed, ..."""
        lines = re.findall(r"^(\S+) +: (ok=.*)$", self.output, re.MULTILINE)
        return {
            host: {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", counts)} for host, counts in lines
        }

    @property
    def last(self) -> dict[str, Any]:
        """The result of the last task."""
        assert self.results, self.output
        result: dict[str, Any] = self.results[-1]["result"]
        return result


def run_play(
    folder: Path,
    tasks: Sequence[Mapping[str, Any]],
    *,
    variables: Mapping[str, Any] | None = None,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    timeout: float = 120.0,
    **play: Any,
) -> Done:
    """Run a play of ``tasks`` on the logical host ``target`` with a local connection. ``folder`` takes its files."""
    folder.mkdir(parents=True, exist_ok=True)
    content = [{"hosts": "all", "gather_facts": False, "tasks": list(tasks), **play}]
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps(content))
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **(variables or {})}
    inventory = folder / "inventory.yml"
    inventory.write_text(json.dumps({"all": {"hosts": {"target": host}}}))
    return run_playbook(folder, playbook, "-i", str(inventory), *arguments, environment=environment, timeout=timeout)


def run_playbook(
    folder: Path,
    playbook: Path | str,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    timeout: float = 120.0,
) -> Done:
    """Run ``ansible-playbook``; its result lines are recorded below ``folder`` by the callback beside this file."""
    record = folder / "results.jsonl"
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), *arguments],
        cwd=ROOT,
        env=environment_of(folder, record, environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stdout, results_of(record))


def run_apart(
    folder: Path, playbook: Path | str, *arguments: str, environment: Mapping[str, str], timeout: float = 120.0
) -> tuple[str, str]:
    """Run ``ansible-playbook``, which has to succeed, and return its standard output and what stands beside it."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), *arguments],
        cwd=ROOT,
        env=environment_of(folder, folder / "apart.jsonl", environment),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=True,
    )
    return done.stdout, done.stderr


@dataclass(frozen=True)
class Running:
    """A run that goes on by itself, the leader of its own process group."""

    process: subprocess.Popen[str]
    output: Path
    record: Path

    def kill(self) -> None:
        """SIGKILL for ansible-playbook and everything in its process group."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def interrupt(self) -> None:
        """Ctrl+C in the terminal: SIGINT for the process group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self, timeout: float = 120.0) -> Done:
        """Wait for its end."""
        code = self.process.wait(timeout)
        return Done(code, self.output.read_text(encoding="utf-8"), results_of(self.record))


def start_playbook(
    folder: Path, playbook: Path | str, *arguments: str, environment: Mapping[str, str] | None = None
) -> Running:
    """Start ``ansible-playbook`` and don't wait for it. ``folder`` may be shared with other runs."""
    name = uuid.uuid4().hex
    record, output = folder / f"{name}.jsonl", folder / f"{name}.log"
    with output.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), *arguments],
            cwd=ROOT,
            env=environment_of(folder, record, environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    return Running(process, output, record)


def environment_of(folder: Path, record: Path, more: Mapping[str, str] | None) -> dict[str, str]:
    record.write_text("")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    return {
        **clean,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "record",
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "tmp"),  # the user of a test has no home
        "ANSIBLE_ASYNC_DIR": str(folder / "async"),
        "XDG_STATE_HOME": str(folder / "state"),  # where the records are that a system cannot carry
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
        "PYTHONUNBUFFERED": "1",  # into a file Ansible writes a block at a time, and a test may read it meanwhile
        "QUIESCE_RECORD": str(record),
        **(more or {}),
    }


def results_of(record: Path) -> tuple[dict[str, Any], ...]:
    results = tuple(json.loads(line) for line in record.read_text().splitlines())
    for entry in results:
        entry["result"]["failed"] = entry["outcome"] != "ok"
    return results
