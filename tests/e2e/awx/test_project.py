"""The project folder, copied to where nothing else of the collection is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lab.awx.playbooks import playbooks
from playbook import ROOT
from playbook.runner import PROJECT

NAMES = ["check", "disable", "enable", "expire", "extend", "failed", "ready", "status", "window", "work"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the folder."""
    return shutil.copytree(PROJECT, tmp_path / "project")


def play(folder: Path, inventory: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ansible-playbook in ``folder`` without any settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", inventory, *arguments],
        cwd=folder,
        env={**clean, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_awx_offers_as_playbooks() -> None:
    """All of them, and not the example of an inventory, whose groups have hosts, too."""
    assert set(playbooks(PROJECT)) - {"inventory.yml"} == {f"{name}.yml" for name in NAMES}


@pytest.mark.parametrize("how", ["--syntax-check", "--list-tasks"])
def test_every_playbook_runs(how: str, project: Path) -> None:
    names = [f"{name}.yml" for name in NAMES]
    done = play(project, "inventory.yml", how, *names)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^playbook: (\S+)$", done.stdout, re.MULTILINE)
    assert found == names
    if how == "--list-tasks":
        parts = re.split(r"^playbook: \S+$", done.stdout, flags=re.MULTILINE)[1:]
        assert [name for name, part in zip(names, parts, strict=True) if "TAGS: []" not in part] == []


@pytest.mark.parametrize("name", ["enable", "check", "failed"])
def test_without_hosts_none_is_green(name: str, project: Path) -> None:
    """To AWX a source that finds no hosts did not fail; the workflow would do nothing and be green."""
    (project / "none.yml").write_text("all: {hosts: {}}\n", encoding="utf-8")
    done = play(project, "none.yml", f"{name}.yml", "-e", "quiesce_window=CHG0042")
    assert done.returncode == 2, done.stdout
    said = " ".join(done.stdout.split())
    assert ("A node of this workflow failed" if name == "failed" else "none of its hosts is one") in said


@pytest.mark.parametrize("name", ["enable", "check"])
def test_nor_with_a_limit(name: str, project: Path) -> None:
    """Of whose hosts Ansible says nothing where the inventory has none."""
    (project / "none.yml").write_text("all: {hosts: {}}\n", encoding="utf-8")
    done = play(project, "none.yml", f"{name}.yml", "-l", "dev01", "-e", "quiesce_window=CHG0042")
    assert done.returncode in (1, 4), done.stdout
    assert "no host of the limit is in the inventory" in " ".join(done.stderr.split())


def test_the_names_of_the_variables_are_those_of_infra_aap_configuration() -> None:
    """Of its roles controller_credential_types, _execution_environments, and so on."""
    text = (ROOT / "extensions/awx/aap_configuration.yml").read_text(encoding="utf-8")
    found = re.findall(r"^(\w+):", text, re.MULTILINE)
    assert set(found) == {
        "controller_credential_types",
        "controller_execution_environments",
        "controller_projects",
        "controller_inventories",
        "controller_inventory_sources",
        "controller_templates",
        "controller_workflows",
        "controller_schedules",
    }


def test_the_needed_collection_is_the_one() -> None:
    file = PROJECT / "collections/requirements.yml"
    assert [each["name"] for each in yaml.safe_load(file.read_text())["collections"]] == ["quiesce.maintenance"]


@pytest.mark.parametrize("given", ["2h", "0"])
def test_a_request_for_approval_has_an_end(given: str, project: Path) -> None:
    """AWX takes 0 as no limit, and what is no number would become 0."""
    setup = str(ROOT / "extensions/awx/setup.yml")
    known = ("-e", "quiesce_awx_project_url=x", "-e", "quiesce_awx_image=x")
    done = play(project, "inventory.yml", setup, *known, "-e", f"quiesce_awx_approval={given}")
    assert done.returncode == 2
    assert f'"{given}" is not a number of seconds' in " ".join(done.stdout.replace("\\", "").split()), done.stdout
