"""The alert rules and the dashboard in extensions/monitoring are about metrics that there are."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._prometheus import METRICS, TAKEN

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "extensions/monitoring/prometheus"
NAMES = {*(metric.name for metric in METRICS), TAKEN}


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def dashboard() -> Any:
    return json.loads((ROOT / "extensions/monitoring/grafana/quiesce.json").read_text(encoding="utf-8"))


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "quiesce.rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def test_promtool_takes_the_rules() -> None:
    promtool("check", "rules", "quiesce.rules.yml")


def test_the_rules_fire_when_they_should() -> None:
    promtool("test", "rules", "quiesce.test.yml")


def test_every_rule_is_tried() -> None:
    tests = yaml.safe_load((PROMETHEUS / "quiesce.test.yml").read_text(encoding="utf-8"))["tests"]
    fired = {each["alertname"] for test in tests for each in test["alert_rule_test"] if each["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules()}


def test_prometheus_understands_the_dashboard(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.yml"
    recorded = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(expressions())]
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}), encoding="utf-8")
    promtool("check", "rules", str(file))


@pytest.mark.parametrize("text", [*expressions(), *(rule["expr"] for rule in rules())])
def test_every_metric_is_there(text: str) -> None:
    found = set(re.findall(r"quiesce_\w+", text))
    assert found
    assert found <= NAMES


def test_every_metric_is_on_the_dashboard() -> None:
    assert {name for text in expressions() for name in re.findall(r"quiesce_\w+", text)} == NAMES


def test_panels_have_their_own_place() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        fields = {
            (place["x"] + across, place["y"] + down) for across in range(place["w"]) for down in range(place["h"])
        }
        assert not fields & taken
        assert max(across for across, _down in fields) < 24
        taken |= fields
