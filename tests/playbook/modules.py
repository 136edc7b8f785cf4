"""Runs modules without a playbook: most of such a task's time is for what Ansible starts on the host.

A module reads its options from standard input, as if its developer ran it by hand. Each runs in a process of its own,
forked from one that has everything imported already; this file is that program, too.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playbook import ROOT, Done

Task = Mapping[str, Any]


def run_modules(*tasks: Task, path: Path | None = None, **environment: str) -> Done:
    """Run the module of each task, as a playbook would write it, one after the other; a failure stops nothing.

    Python looks for packages in ``path`` first.
    """
    places = [*([path] if path else []), ROOT / ".cache/collections", ROOT / "tests"]
    # What a developer's own settings could change about a module.
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "DS_"))}
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        env={**clean, "PYTHONPATH": ":".join(map(str, places)), **environment},
        input=json.dumps(tasks),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(results) == len(tasks), done.stderr
    entries = [
        {"task": task["name"], "host": "", "result": {"failed": False, "changed": False, **result}}
        for task, result in zip(tasks, results, strict=True)
    ]
    return Done(0, done.stdout, tuple(entries))


def _main() -> None:
    """Run the modules of the tasks on standard input; print one result a line."""
    for task in json.load(sys.stdin):
        ((name, options),) = [(key, value) for key, value in task.items() if "." in key]
        collection, _dot, module = name.rpartition(".")
        program = importlib.import_module(f"ansible_collections.{collection}.plugins.modules.{module}")
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**options, "_ansible_diff": True}})
        child = os.fork()
        if child == 0:
            sys.stdin = io.TextIOWrapper(io.BytesIO(arguments.encode()))
            program.main()  # which ends the process
        os.waitpid(child, 0)


if __name__ == "__main__":
    _main()
