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


def test_what_awx_offers_as_playbooks() -> None:
    """All of them, and not the example of an inventory, whose groups have hosts, too."""
    assert set(playbooks(PROJECT)) - {"inventory.yml"} == {f"{name}.yml" for name in NAMES}


@pytest.mark.parametrize("how", ["--syntax-check", "--list-tasks"])
def test_every_playbook_runs(how: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(PROJECT, folder)
    names = [f"{name}.yml" for name in NAMES]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventory.yml", how, *names],
        cwd=folder,
        env={**clean, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^playbook: (\S+)$", done.stdout, re.MULTILINE)
    assert found == names
    if how == "--list-tasks":
        parts = re.split(r"^playbook: \S+$", done.stdout, flags=re.MULTILINE)[1:]
        assert [name for name, part in zip(names, parts, strict=True) if "TAGS: []" not in part] == []


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
