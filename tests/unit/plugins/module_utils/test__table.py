"""The status table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _table
from hypothesis import given
from hypothesis import strategies as st

ROW: dict[str, Any] = {
    "system": "dev01",
    "kind": "D365 F&O",
    "mode": "maintenance",
    "verified": True,
    "managed": True,
    "since": "2026-11-24T22:00:00+01:00",
    "owner": "release.manager",
    "reason": "CHG0042\nconfiguration keys",
    "expires": "2026-11-24T23:00:00Z",
    "overdue": True,
    "notes": ["DynamicsAxBatch is stopped"],
}


NOW = datetime(2026, 11, 25, tzinfo=timezone.utc)


def render(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [line.text for line in _table.render(rows, NOW)]


def test_nothing_in_it_is_a_command_for_a_terminal() -> None:
    row = {**ROW, "system": "a\nb\x1b]0;title\x07", "reason": "\x1b[2Jgone\x9b1m", "notes": ["one\ntwo\x1b[31m"]}
    lines = render([row])
    assert len(lines) == 5
    assert all(line.isprintable() for line in lines)
    assert "gone" in lines[2]


def test_no_rows() -> None:
    assert render([]) == ["No system was asked."]


def test_a_full_row() -> None:
    titles, ruler, line, overdue, note = render([ROW])
    assert titles.split() == ["SYSTEM", "KIND", "MODE", "VERIFIED", "SINCE", "OWNER", "EXPIRES", "REASON"]
    cells = [
        ("SYSTEM", "dev01"),
        ("KIND", "D365 F&O"),
        ("MODE", "maintenance"),
        ("VERIFIED", "yes"),
        ("SINCE", "11-24 21:00Z"),
        ("OWNER", "release.manager"),
        ("EXPIRES", "OVERDUE"),
        ("REASON", "CHG0042 configuration keys"),
    ]
    for title, cell in cells:
        start = titles.index(title)
        assert line[start:].startswith(cell)
        assert ruler[start:].startswith("-" * len(cell))
    assert overdue == "    ! overdue since 2026-11-24T23:00:00Z"
    assert note == "    ! DynamicsAxBatch is stopped"


def test_of_several_windows_the_first_end_is_the_one_that_is_over() -> None:
    ends = ("2026-11-25T09:00:00Z", "2026-11-24T23:00:00Z", "")
    row = {**ROW, "expires": ends[0], "windows": [{"id": str(i), "expires": end} for i, end in enumerate(ends)]}
    assert render([row])[3] == "    ! overdue since 2026-11-24T23:00:00Z"


def test_a_switch_that_was_cut_off_on_its_way_out() -> None:
    lines = render([{**ROW, "mode": "changing", "windows": []}])
    assert lines[3] == "    ! overdue: it was to be out of maintenance mode by now"


def test_what_is_not_known_is_said_to_be_so() -> None:
    assert render([{}])[2].split() == ["?", "unknown", "?"]
    assert "somebody else" in render([{"managed": False}])[2]
    assert "no" in render([{"verified": False}])[2].split()
    assert "yesterday" in render([{"since": "yesterday"}])[2]


def test_it_fits_a_terminal() -> None:
    """The reason is cut first, to 26 characters, then the owner; what has to be typed again never is."""
    row = {**ROW, "system": "contoso-prod-aos", "overdue": False, "reason": "x" * 200, "owner": "o" * 40, "notes": []}
    line = render([row])[2]
    assert len(line) <= 120
    assert line.endswith("x" * 23 + "...")
    assert "o" * 7 + "..." in line
    assert render([{**row, "system": "s" * 150}])[2].startswith("s" * 150 + " ")
    assert render([{**row, "owner": "ann"}])[2].endswith("x" * 30 + "...")


def test_a_long_note_goes_on_in_the_next_line() -> None:
    lines = render([{**ROW, "overdue": False, "notes": ["word " * 60]}])[3:]
    assert [len(line) <= 120 for line in lines] == [True] * 3
    assert (lines[0][:10], lines[1][:10]) == ("    ! word", "      word")


def test_a_year_is_shown_where_it_matters() -> None:
    assert "2025-01-01" in render([{**ROW, "since": "2025-01-01T00:00:00Z"}])[2]


def test_what_needs_attention() -> None:
    rows: list[dict[str, Any]] = [
        {**ROW, "overdue": False, "notes": []},
        {**ROW, "notes": []},
        {"system": "a", "mode": "changing"},
        {"system": "b", "mode": "normal", "verified": False},
        {"system": "c", "mode": "normal", "notes": ["n"]},
    ]
    lines = _table.render(rows, NOW)[2:]
    assert [line.attention for line in lines] == [False, True, True, True, True, False, True]


TEXTS = st.one_of(st.none(), st.text())


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "system": st.text(),
                "owner": TEXTS,
                "reason": TEXTS,
                "since": TEXTS,
                "expires": TEXTS,
                "host": TEXTS,
                "verified": st.one_of(st.none(), st.booleans()),
            }
        ),
        min_size=1,
    )
)
def test_any_row_is_a_line(rows: list[dict[str, Any]]) -> None:
    assert len(render(rows)) == 2 + len(rows)


@pytest.mark.parametrize(
    ("usually", "says"),
    [
        ({"enabled": 372.0, "disabled": 45.0}, "usually 6 minutes into maintenance mode, 45 seconds out of it"),
        ({"disabled": 4000.0}, "usually 1 hour 7 minutes out of it"),
    ],
)
def test_how_long_a_switch_usually_takes(usually: dict[str, float], says: str) -> None:
    """Below the notes, and nothing that needs attention."""
    found = _table.render([{**ROW, "usually": usually}], NOW)
    assert (found[-1].text, found[-1].attention) == (f"    {says}", False)
    assert len(found) == len(_table.render([{**ROW, "usually": {}}], NOW)) + 1
