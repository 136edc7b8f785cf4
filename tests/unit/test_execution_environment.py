"""The image that ansible-builder would build: its base, and what the collection has installed, by kind of system."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from bindep.depends import Depends

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/execution-environment.md"
DEFINITIONS = {
    "execution-environment.yml": (ROOT / "execution-environment.yml").read_text(encoding="utf-8"),
    "with Microsoft's driver": re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0],
}


def builder(*arguments: str) -> None:
    program = Path(sys.executable).parent / "ansible-builder"
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(params=DEFINITIONS)
def context(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The build context of a definition."""
    file = tmp_path / "execution-environment.yml"
    file.write_text(DEFINITIONS[request.param], encoding="utf-8")
    builder("create", "--file", str(file), "--context", str(tmp_path / "context"), "--output-filename", "Containerfile")
    return tmp_path / "context"


def test_the_build_context(context: Path) -> None:
    """Python, Ansible and the collection go onto UBI."""
    lines = (context / "Containerfile").read_text(encoding="utf-8").splitlines()
    arguments = dict(re.findall(r'^ARG (\w+)="(.*)"$', "\n".join(lines), re.MULTILINE))
    assert arguments["EE_BASE_IMAGE"].startswith("registry.access.redhat.com/ubi9/")
    assert (arguments["PYPKG"], arguments["PYCMD"]) == ("python3.12", "/usr/bin/python3.12")
    assert arguments["PKGMGR"] == "/usr/bin/dnf"
    assert re.findall(r"[\w-]+(?=>)", arguments["ANSIBLE_INSTALL_REFS"]) == ["ansible-core", "ansible-runner"]
    galaxy = yaml.safe_load((context / "_build/requirements.yml").read_text(encoding="utf-8"))
    assert galaxy == {"collections": [{"name": "quiesce.maintenance"}]}
    assert "FROM base AS final" in lines


def test_what_the_collection_needs_is_found(tmp_path: Path) -> None:
    """As the build finds it in the collection that it has installed: every Python package and every system package."""
    pip, system = tmp_path / "requirements.txt", tmp_path / "bindep.txt"
    alone = tmp_path / "ansible_collections/quiesce/maintenance"
    alone.parent.mkdir(parents=True)
    alone.symlink_to(ROOT)
    builder("introspect", str(tmp_path), "--write-pip", str(pip), "--write-bindep", str(system))
    packages = re.findall(r"^([\w-]+)", pip.read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"^([\w-]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(packages) == sorted(named)
    assert {"pyodbc", "pywinrm", "cryptography", "icalendar"} <= set(packages)
    found = system.read_text(encoding="utf-8")
    assert for_platform(found, "redhat", "rpm") == {"openssh-clients", "unixODBC"}


@pytest.mark.parametrize(
    ("platform", "packages"),
    [
        (("rhel", "rhel-9", "redhat", "rpm"), {"openssh-clients", "unixODBC"}),  # UBI calls itself so
        (("centos", "centos-9", "redhat", "rpm"), {"openssh-clients", "unixODBC"}),
        (("fedora", "fedora-42", "redhat", "rpm"), {"openssh-clients", "unixODBC", "freetds"}),
        (("debian", "debian-12", "debian-bookworm", "dpkg"), {"openssh-client", "unixodbc", "tdsodbc"}),
        (("ubuntu", "ubuntu-24.04", "ubuntu-noble", "dpkg"), {"openssh-client", "unixodbc", "tdsodbc"}),
    ],
)
def test_the_system_packages(platform: tuple[str, ...], packages: set[str]) -> None:
    assert for_platform((ROOT / "bindep.txt").read_text(encoding="utf-8"), *platform) == packages


def for_platform(text: str, *names: str) -> set[str]:
    """What bindep would have a system of these names install."""
    rules = parsed(text).active_rules([f"platform:{name}" for name in names])
    return {rule[0] for rule in rules}


@functools.cache
def parsed(text: str) -> Any:
    return Depends(text, "bindep.txt")  # which takes its time
