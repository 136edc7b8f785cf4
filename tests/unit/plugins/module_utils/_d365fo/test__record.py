"""The record beside the variable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import (
    DISABLED,
    ENABLED,
    MAX_LENGTH,
    PREPARED,
    SET,
    SETTLED,
    Record,
    parse,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import given
from hypothesis import strategies as st

SHORT = st.text(max_size=20)
RECORDS = st.builds(
    Record,
    target=st.sampled_from([ENABLED, DISABLED]),
    phase=st.sampled_from([PREPARED, SET, SETTLED]),
    since=SHORT,
    owner=SHORT,
    reason=SHORT,
    expires=SHORT,
    services=st.lists(SHORT, max_size=4).map(tuple),
)


@given(RECORDS)
def test_what_is_written_is_read_again(record: Record) -> None:
    text = record.text()
    assert text.isascii()
    assert len(text) <= MAX_LENGTH
    assert parse(text, "db") == record


GOOD: dict[str, Any] = {
    "version": 1,
    "target": "enabled",
    "phase": "set",
    "since": "2026-11-24T21:00:00Z",
    "services": ["W3SVC"],
}


def test_what_an_older_record_does_not_hold_is_empty() -> None:
    assert parse(json.dumps(GOOD), "db") == Record("enabled", "set", GOOD["since"], services=("W3SVC",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "null",
        "[]",
        "1",
        "{}",
        json.dumps({**GOOD, "version": 2}),
        json.dumps({**GOOD, "target": "elsewhere"}),
        json.dumps({**GOOD, "target": ["enabled"]}),
        json.dumps({**GOOD, "phase": "done"}),
        json.dumps({**GOOD, "services": "W3SVC"}),
        json.dumps({**GOOD, "services": [1]}),
        json.dumps({**GOOD, "owner": 7}),
    ],
)
def test_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="does not hold a record of this version"):
        parse(text, "db")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_other_json_is_refused(value: Any) -> None:
    with pytest.raises(Failure, match="read the record on db"):
        parse(json.dumps(value), "db")


def test_too_long() -> None:
    assert len(Record(ENABLED, SET, "", reason="x" * 2380).text()) <= MAX_LENGTH
    with pytest.raises(Failure, match="2500 is the most"):
        Record(ENABLED, SET, "", reason="x" * MAX_LENGTH).text()
    with pytest.raises(Failure, match="Shorten reason"):
        Record(ENABLED, SET, "", reason="ž" * 420).text()


def test_services_are_added_once_in_order() -> None:
    record = Record(ENABLED, SET, "", services=("a", "b")).with_services(["b", "c"])
    assert record.services == ("a", "b", "c")
    assert record.result()["services"] == ["a", "b", "c"]
    assert record.at(DISABLED, SET).services == ("a", "b", "c")
