"""What Ansible Automation Platform is to count as a node; that it does is looked at in tests/contract."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "extensions/audit/event_query.yml"
QUERIES = yaml.safe_load(FILE.read_text(encoding="utf-8"))
REGISTER = yaml.safe_load((ROOT / "playbooks/vars/systems.yml").read_text(encoding="utf-8"))["quiesce_register"]


@pytest.mark.parametrize("name", QUERIES)
def test_by_the_form_that_the_controller_reads(name: str) -> None:
    """A module of this collection by its whole name, and one query."""
    namespace, collection, module = name.split(".")
    assert f"{namespace}.{collection}" == "quiesce.maintenance"
    assert (ROOT / f"plugins/modules/{module}.py").is_file()
    assert QUERIES[name].keys() == {"query"}


@pytest.mark.parametrize("name", REGISTER)
def test_every_system_is_counted_or_named_as_one_that_is_not(name: str) -> None:
    entry = REGISTER[name]
    said = FILE.read_text(encoding="utf-8").partition("# Not here:")[2].partition("\nquiesce.")[0]
    assert (entry["module"] in QUERIES) or entry["title"].split(" Finance")[0].removeprefix("Prometheus ") in said
    assert entry["info_module"] not in QUERIES
