"""The change windows that were closed last."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._recent import (
    KEPT,
    OK,
    SWEPT,
    closed,
    parse_recent,
    text_of,
    with_closed,
)

NOW = datetime(2026, 11, 30, 21, 45, tzinfo=timezone.utc)
WINDOW = {
    "id": "CHG0042",
    "owner": "ann",
    "reason": "Update\n\ud800",
    "ticket": "",
    "opened": "2026-11-30T20:00:00Z",
    "expires": "2026-11-30T22:00:00Z",
    "continued": False,
}


def test_what_is_written_is_read() -> None:
    recent = [closed(WINDOW, NOW, OK), closed({**WINDOW, "expires": ""}, NOW, SWEPT)]
    assert parse_recent(text_of(recent)) == recent
    assert recent[0].data()["closed"] == "2026-11-30T21:45:00Z"


def test_nothing_yet() -> None:
    assert parse_recent(None) == []


def test_the_newest_are_kept() -> None:
    recent: list[Any] = []
    for number in range(KEPT + 3):
        recent = with_closed(recent, closed({**WINDOW, "id": str(number)}, NOW + timedelta(hours=number), OK))
    assert [each.window.id for each in recent] == [str(number) for number in range(3, KEPT + 3)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "windows": []}',
        '{"version": 1, "windows": {}}  x',
        '{"version": 1, "windows": [{"id": "1"}]}',
        '{"version": 1, "windows": ["1"]}',
        json.dumps({"version": 1, "windows": [{**WINDOW, "closed": "2026-11-30T21:45:00", "result": "ok"}]}),
        json.dumps({"version": 1, "windows": [{**WINDOW, "closed": "soon", "result": "ok"}]}),
    ],
)
def test_another_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"these are no recent windows of this version"):
        parse_recent(text)
