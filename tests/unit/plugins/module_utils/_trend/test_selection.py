"""Which computers a list of names means."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import select

COMPUTERS = [
    Computer(1, "web01.example.com", "Web 1", "6BB1B1B4-6C9B"),
    Computer(2, "web02.example.com", "web01.example.com", "AAAA"),
    Computer(3, "db.example.com", "Database", ""),
    Computer(4, "db.example.com", "", ""),
    Computer(5, "2", "Web 5", "BBBB"),
]


@pytest.mark.parametrize(
    ("wanted", "ids", "problems"),
    [
        (["1"], [1], []),
        (["WEB01.example.com"], [1], []),  # a host name goes before another's display name
        (["database", "aaaa"], [3, 2], []),
        (["2"], [2], []),  # an ID goes before another's host name
        (["1", " web01.example.com ", "Web 1", "6bb1b1b4-6c9b"], [1], []),  # four names of one computer
        (["db.example.com"], [], ["db.example.com: 2 computers have that name (IDs 3, 4); name the ID"]),
        (["web%", "1"], [1], ["web%: no computer with that ID, host name, display name or GUID is visible"]),
    ],
)
def test_select(wanted: list[str], ids: list[int], problems: list[str]) -> None:
    chosen, found = select(wanted, COMPUTERS)
    assert [computer.id for computer in chosen] == ids
    assert [str(problem) for problem in found] == problems
