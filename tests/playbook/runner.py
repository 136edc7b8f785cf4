"""Runs a job as AWX does: by ansible-runner, in a private data directory, with the files of its credentials."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner
import yaml

from lab.awx.private_data import Injected
from playbook import ROOT

PROJECT = ROOT / "extensions/awx/project"
LIMIT = 180  # seconds for a job


@dataclass(frozen=True)
class Ran:
    """A job that is over: its status, what it printed, and the folder of everything that AWX keeps of it."""

    status: str
    code: int | None
    output: str
    artifacts: Path

    def kept(self) -> str:
        """All that is kept of it: output, events, facts, and the record of the command."""
        files = [file for file in self.artifacts.rglob("*") if file.is_file()]
        return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def lay_out(folder: Path, work: str, inventory: Mapping[str, Any], extra_vars: str) -> Path:
    """Make a private data directory with a copy of the project; ``work`` is its task file."""
    shutil.copytree(PROJECT, folder / "project")
    (folder / "project/tasks/work.yml").write_text(work, encoding="utf-8")
    for name in ("inventory", "env"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    (folder / "inventory/hosts.yml").write_text(yaml.safe_dump(dict(inventory)), encoding="utf-8")
    (folder / "env/extravars").write_text(extra_vars, encoding="utf-8")
    return folder


def run(
    folder: Path,
    playbook: str,
    injected: Injected,
    *,
    limit: str = "",
    verbosity: int = 0,
    cancel: Callable[[], bool] | None = None,
) -> Ran:
    """Run a playbook of a project that ``lay_out`` made. ``cancel`` is asked again and again whether to cancel it."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"),
        "ANSIBLE_CONFIG": "",  # a project without a file of its own
        "ANSIBLE_FORCE_COLOR": "True",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "tmp"),
        "JOB_ID": "1",
        **injected.environment,
    }
    done = ansible_runner.run(
        private_data_dir=str(folder),
        playbook=playbook,
        ident="1",
        envvars=environment,
        cmdline=" ".join(injected.arguments) or None,
        limit=limit or None,
        verbosity=verbosity or None,
        settings={"pexpect_timeout": 1},
        cancel_callback=cancel,
        timeout=LIMIT,
        quiet=True,
    )
    artifacts = folder / "artifacts/1"
    output = (artifacts / "stdout").read_text(encoding="utf-8")
    return Ran(str(done.status), done.rc, output, artifacts)
