"""The status table."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._table import render
from hypothesis import given
from hypothesis import strategies as st

ROW: dict[str, Any] = {
    "system": "dev01",
    "kind": "Dynamics 365 F&O",
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


def test_nothing_in_it_is_a_command_for_a_terminal() -> None:
    row = {**ROW, "system": "a\nb\x1b]0;title\x07", "reason": "\x1b[2Jgone\x9b1m", "notes": ["one\ntwo\x1b[31m"]}
    lines = render([row])
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert "gone" in lines[2]


def test_no_rows() -> None:
    assert render([]) == ["No system was asked."]


def test_a_full_row() -> None:
    titles, ruler, line, note = render([ROW])
    assert titles.split() == ["SYSTEM", "KIND", "MODE", "VERIFIED", "SINCE", "OWNER", "EXPIRES", "REASON"]
    cells = [
        ("SYSTEM", "dev01"),
        ("KIND", "Dynamics 365 F&O"),
        ("MODE", "maintenance"),
        ("VERIFIED", "yes"),
        ("SINCE", "2026-11-24 21:00 UTC"),
        ("OWNER", "release.manager"),
        ("EXPIRES", "2026-11-24 23:00 UTC OVERDUE"),
        ("REASON", "CHG0042 configuration keys"),
    ]
    for title, cell in cells:
        start = titles.index(title)
        assert line[start:].startswith(cell)
        assert ruler[start:].startswith("-" * len(cell))
    assert note == "    ! DynamicsAxBatch is stopped"


def test_what_is_not_known_is_said_to_be_so() -> None:
    assert render([{}])[2].split() == ["?", "unknown", "?"]
    assert "somebody else" in render([{"managed": False}])[2]
    assert "no" in render([{"verified": False}])[2].split()
    assert "yesterday" in render([{"since": "yesterday"}])[2]


def test_a_long_reason_is_cut() -> None:
    line = render([{"reason": "x" * 60}])[2]
    assert line.endswith("x" * 37 + "...")


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
                "verified": st.one_of(st.none(), st.booleans()),
            }
        ),
        min_size=1,
    )
)
def test_any_row_is_a_line(rows: list[dict[str, Any]]) -> None:
    assert len(render(rows)) == 2 + len(rows)
