"""What a sweep finds, by the clocks of the host with the records and of the controller."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.quiesce.maintenance.plugins.action.change_window_info import ActionModule
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import MAINTENANCE, NORMAL, Row
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import Estate, Member
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register

from fakes.actions import HostVars, run

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ESTATE = {**Estate((Member("launch01", ("launch",)),), register()).result(), "run": "r1"}


@pytest.mark.parametrize(
    ("ends", "ahead", "due"),
    [
        pytest.param(-HOUR, timedelta(), True, id="over"),
        pytest.param(HOUR, timedelta(), False, id="not over"),
        pytest.param(HOUR, DAY, False, id="over by the store's clock alone, which is a day ahead"),
        pytest.param(-HOUR, -DAY, False, id="over by the controller's clock alone"),
        pytest.param(-HOUR - DAY, -DAY, True, id="over by both"),
    ],
)
def test_a_window_is_over_by_every_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: timedelta, ahead: timedelta, due: bool
) -> None:
    now = datetime.now(timezone.utc)
    monkeypatch.setattr(time, "time", lambda: now.timestamp() + ahead.total_seconds())
    window = Window("CHG1", now - 3 * DAY, "ann", expires=now + ends)
    row = Row("launch01", "Launch", MAINTENANCE, windows=(window,), overdue=True).result()
    result = {"run": "r1", "systems": {"launch": {"rows": [row]}}}
    known = HostVars(launch01={"quiesce_result": result, "quiesce_on_expiry": "close"}, localhost={})
    variables = {
        "hostvars": known,
        "groups": {"all": ["launch01"]},
        "quiesce_estate": ESTATE,
        "playbook_dir": str(tmp_path),
    }
    found = run(ActionModule, {"store_path": str(tmp_path)}, variables)
    assert found["due"] == ({"launch01": {"launch": ["CHG1"]}} if due else {})


@pytest.mark.parametrize(("limit", "unseen"), [("", False), ("all", False), ("*", False), ("launch01", True)])
def test_a_limit_to_all_is_none(tmp_path: Path, limit: str, unseen: bool) -> None:
    """ansible-rulebook always gives one."""
    rows = [Row("launch01", "Launch", NORMAL).result()]
    known = HostVars(launch01={"quiesce_result": {"run": "r1", "systems": {"launch": {"rows": rows}}}}, localhost={})
    variables = {
        "hostvars": known,
        "groups": {"all": ["launch01"]},
        "quiesce_estate": ESTATE,
        "playbook_dir": str(tmp_path),
        "ansible_limit": limit,
    }
    found = run(ActionModule, {"store_path": str(tmp_path)}, variables)
    assert found["unseen"] == (["hosts that were left out"] if unseen else [])
