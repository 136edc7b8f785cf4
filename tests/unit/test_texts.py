"""What a newcomer reads names the systems that there are."""

from __future__ import annotations

from pathlib import Path

import yaml

import demo
from lab.demo import demo_estate

ROOT = Path(__file__).parents[2]
REGISTER = yaml.safe_load((ROOT / "playbooks/vars/systems.yml").read_text(encoding="utf-8"))["quiesce_register"]
TITLES = {name: entry["title"] for name, entry in REGISTER.items()}


def test_the_demo_names_its_systems(tmp_path: Path) -> None:
    """By the first name that each has."""
    inventory = yaml.safe_load(demo_estate(tmp_path).write_inventory().read_text(encoding="utf-8"))
    kinds = [group for group in inventory["all"]["children"] if group in TITLES]
    assert len(kinds) > 1
    assert [kind for kind in kinds if TITLES[kind].split(" / ")[0] not in demo.WELCOME] == []
