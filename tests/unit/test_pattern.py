"""The pattern agrees with itself and with its playbooks, by the specification of Ansible patterns 1.0.

That galaxy-importer loads it, "make importer" shows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "extensions/patterns/maintenance_window"
PATTERN: dict[str, Any] = json.loads((FOLDER / "meta/pattern.json").read_text(encoding="utf-8"))
RESOURCES = PATTERN["aap_resources"]
TEMPLATES = RESOURCES["controller_job_templates"]
PLAYBOOKS = sorted(path.name for path in (FOLDER / "playbooks").glob("*.yml") if not path.name.endswith(".meta.yml"))


def test_what_every_pattern_has() -> None:
    assert PATTERN["name"] == FOLDER.name
    assert PATTERN["schema_version"] == "1.0"
    assert len(PATTERN["title"]) <= 64
    assert not PATTERN["short_description"].endswith(".")
    assert {"name", "description"} <= RESOURCES["controller_project"].keys()
    assert (FOLDER / "README.md").is_file()


def test_a_job_template_for_each_playbook() -> None:
    assert sorted(template["playbook"] for template in TEMPLATES) == PLAYBOOKS
    assert [template["playbook"] for template in TEMPLATES if template["primary"]] == ["window.yml"]
    names = {template["name"] for template in TEMPLATES}
    assert len(names) == len(TEMPLATES)
    for template in TEMPLATES:
        assert template["execution_environment"] == RESOURCES["controller_execution_environment"]["name"]
        assert set(template["labels"]) <= set(RESOURCES["controller_labels"])


def test_the_survey_asks_for_what_the_playbook_takes() -> None:
    (questions,) = (template["survey"]["spec"] for template in TEMPLATES if "survey" in template)
    text = (FOLDER / "playbooks/window.meta.yml").read_text(encoding="utf-8")
    options = yaml.safe_load(text)["argument_specs"]["window"]["options"]
    asked = {question["variable"]: question["required"] for question in questions}
    assert asked == {name: option.get("required", False) for name, option in options.items()}
    assert {question["type"] for question in questions} == {"text"}
    known = yaml.safe_load((ROOT / "roles/window/meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert asked.keys() <= {name for entry in known["argument_specs"].values() for name in entry["options"]}


def test_a_survey_is_asked() -> None:
    """A survey alone is not: the controller asks for the answers if it is enabled."""
    for template in TEMPLATES:
        assert template.get("survey_enabled", False) is ("survey" in template)


def test_the_playbooks_are_those_of_the_collection() -> None:
    """Of the same names, and Ansible finds them."""
    for name in PLAYBOOKS:
        (play,) = yaml.safe_load((FOLDER / "playbooks" / name).read_text(encoding="utf-8"))
        # By its path: where galaxy-importer has it judged, the collection is not installed.
        imported = FOLDER / "playbooks" / play["ansible.builtin.import_playbook"]
        assert imported.resolve() == ROOT / "playbooks" / name
    program = Path(sys.executable).parent / "ansible-playbook"
    files = [str(FOLDER / "playbooks" / name) for name in PLAYBOOKS]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_LOCALHOST_WARNING": "false"}
    done = subprocess.run(
        [str(program), "--syntax-check", "-i", "localhost,", *files],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("link", re.findall(r"\]\((\.\.[^)#]*)", (FOLDER / "README.md").read_text(encoding="utf-8")))
def test_the_readme_names_files_that_there_are(link: str) -> None:
    assert (FOLDER / link).is_file()
