"""The rulebooks of Event-Driven Ansible, by the schema of ansible-lint, which is that of ansible-rulebook."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import ansiblelint
import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "extensions/eda/rulebooks"
RULEBOOKS = sorted(path.name for path in FOLDER.glob("*.yml"))
ACTIONS = {"expire.yml": "run_playbook", "expire_job_template.yml": "run_job_template"}


def ruleset(name: str) -> dict[str, Any]:
    (found,) = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return dict(found)


def test_there_are_these_rulebooks() -> None:
    assert set(RULEBOOKS) == set(ACTIONS)


@pytest.mark.parametrize("name", RULEBOOKS)
def test_by_its_schema(name: str) -> None:
    schema = json.loads((Path(ansiblelint.__file__).parent / "schemas/rulebook.json").read_text(encoding="utf-8"))
    jsonschema.validate([ruleset(name)], schema)
    broken = ruleset(name) | {"rules": [{"name": "Sweep"}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([broken], schema)


@pytest.mark.parametrize("name", RULEBOOKS)
def test_the_sweep_is_not_limited(name: str) -> None:
    """To the host that an alert names, and to nothing else: it would not see where else a window is open."""
    (source,) = (each["ansible.eda.alertmanager"] for each in ruleset(name)["sources"])
    assert source["data_host_path"] == ""
    for rule in ruleset(name)["rules"]:
        assert "limit" not in json.dumps(rule["action"])


@pytest.mark.parametrize("name", RULEBOOKS)
def test_many_alerts_are_one_sweep(name: str) -> None:
    """They are grouped by what the condition asks for: an alert without that attribute would not be held back.

    And none is lost: the sweep comes after all of them.
    """
    for rule in ruleset(name)["rules"]:
        (attribute,) = rule["throttle"]["group_by_attributes"]
        assert f"{attribute} == " in rule["condition"]
        assert "once_after" in rule["throttle"]


@pytest.mark.parametrize("name", RULEBOOKS)
def test_both_forms_of_an_alert(name: str) -> None:
    """That of the source, and that of an event stream of Ansible Automation Platform in its place (``payload``)."""
    conditions = [rule["condition"] for rule in ruleset(name)["rules"]]
    assert ["event.payload.alerts" in each for each in conditions] == [False, True]
    assert all('"QuiesceWindowOverdue"' in each and 'status == "firing"' in each for each in conditions)


def test_both_do_the_same() -> None:
    """By what there is: a playbook of the collection, and the job template for it of the setup and of the pattern."""
    first, second = (ruleset(name) for name in ACTIONS)
    actions = [dict(rule.pop("action")) for each in (first, second) for rule in each["rules"]]
    assert actions[::2] == actions[1::2]
    actions = actions[::2]
    assert first == second
    assert [list(action) for action in actions] == [[name] for name in ACTIONS.values()]
    assert actions[0]["run_playbook"]["name"] == "quiesce.maintenance.expire"
    named = re.findall(r"default\('(.*?)'\)", json.dumps(actions[1]["run_job_template"]))
    assert named == ["Maintenance - expire", "Default"]
    pattern = json.loads((ROOT / "extensions/patterns/maintenance_window/meta/pattern.json").read_text("utf-8"))
    templates = {each["name"]: each["playbook"] for each in pattern["aap_resources"]["controller_job_templates"]}
    assert templates[named[0]] == "expire.yml"
    setup = (ROOT / "extensions/awx/aap_configuration.yml").read_text("utf-8").partition("\ncontroller_templates:")[2]
    assert f"  - name: {named[0]}\n" in setup
