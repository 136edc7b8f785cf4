"""What is asked for when many computers are looked up."""

from __future__ import annotations

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._lookup import pattern
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import spans
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("values", "shared"),
    [
        (["web01.example.com", "web02.example.com"], "web0%.example.com"),
        (["web01.example.com", "db.example.com"], "%.example.com"),
        (["web1", "web11"], "web1%"),  # the end is not counted twice
        (["a", "b"], "%"),
        ([], "%"),
    ],
)
def test_pattern(values: list[str], shared: str) -> None:
    assert pattern(values) == shared


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([], []),
        ([7], [(7, 7)]),
        ([3, 1, 2, 2], [(1, 3)]),
        ([1, 101, 202], [(1, 101), (202, 202)]),
        (range(1, 2001), [(1, 1000), (1001, 2000)]),
    ],
)
def test_spans(ids: list[int], expected: list[tuple[int, int]]) -> None:
    assert spans(ids) == expected


@given(st.sets(st.integers(1, 5000)))
def test_spans_cover_everything_once_and_fit_a_page(ids: set[int]) -> None:
    found = spans(ids)
    assert all(last - first < 1000 for first, last in found)
    assert [sum(first <= number <= last for first, last in found) for number in ids] == [1] * len(ids)
