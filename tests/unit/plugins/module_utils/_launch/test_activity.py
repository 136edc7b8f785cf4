"""What runs: reading the server's list, one line about it, and when an empty list says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import (
    Activity,
    empty_is_doubtful,
    parse_activity,
    summary,
)
from hypothesis import given
from hypothesis import strategies as st

BASE: dict[str, Any] = {
    "processRequestType": "application",
    "id": "1",
    "startTime": 1795441912177,
    "userName": "jsmith",
    "state": "EXECUTING",
    "paused": False,
    "application": {"name": "JPetStore"},
    "environment": {"name": "PROD"},
    "applicationProcess": {"name": "Deploy"},
}


def manual(status: str, name: str = "Check") -> dict[str, Any]:
    """A step that is a manual task."""
    return {"type": "applicationManualTask", "name": name, "task": {"name": name, "status": status}}


@pytest.mark.parametrize(
    ("steps", "waits_for"),
    [
        ({}, None),
        ({"rootTrace": {"children": [manual("CLOSED"), {"type": "plugin", "state": "EXECUTING"}]}}, None),
        ({"rootTrace": {"children": [manual("CLOSED"), manual("OPEN", "Approve smoke test")]}}, "Approve smoke test"),
        ({"trace": {"children": [{"type": "component", "children": [manual("OPEN")]}]}}, "Check"),
        ({"children": [{"type": "componentManualTask", "name": "Look", "state": "EXECUTING"}]}, "Look"),
        ({"children": [{"type": "componentManualTask", "name": "Look", "state": "CLOSED"}]}, None),
    ],
)
def test_manual_task_is_found_wherever_it_is(steps: dict[str, Any], waits_for: str | None) -> None:
    assert parse_activity(BASE, steps).waits_for == waits_for


def test_all_that_matters_is_read() -> None:
    assert parse_activity(BASE, BASE) == Activity(
        id="1",
        kind="application",
        process="Deploy",
        application="JPetStore",
        environment="PROD",
        component=None,
        resource=None,
        user="jsmith",
        since="2026-11-23T13:51:52Z",
        state="EXECUTING",
        paused=False,
        parent=None,
        waits_for=None,
    )


@pytest.mark.parametrize("paused", [True, "true"])
def test_line_of_a_process(paused: object) -> None:
    assert str(parse_activity(BASE, {})) == "Deploy (JPetStore to PROD) by jsmith since 2026-11-23T13:51:52Z"
    assert str(parse_activity({**BASE, "paused": paused}, {})).endswith(", paused")
    assert str(parse_activity(BASE, {"children": [manual("OPEN")]})).endswith('waits for a person: manual task "Check"')
    assert str(parse_activity({"processRequestType": "generic"}, {})) == "a generic process"


DEPLOYMENT = {key: BASE[key] for key in ("application", "environment")}
WEB, WEB01 = {"component": {"name": "web"}}, {"name": "web01"}


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"processRequestType": "application", **DEPLOYMENT, **WEB}, " (JPetStore to PROD)"),
        ({"processRequestType": "component", **WEB, "resource": WEB01}, " (component web on web01)"),
        ({"processRequestType": "component", **WEB, "agent": WEB01}, " (component web on web01)"),
        ({"processRequestType": "component", **DEPLOYMENT, **WEB}, " (component web, JPetStore to PROD)"),
        ({"processRequestType": "component", **DEPLOYMENT}, " (JPetStore to PROD)"),
        ({"processRequestType": "generic", "resource": WEB01}, " (on web01)"),
        ({"processRequestType": "generic"}, ""),
    ],
)
def test_line_names_what_a_process_works_on(entry: dict[str, Any], place: str) -> None:
    assert str(parse_activity({**entry, "process": {"name": "Run"}}, {})) == f"Run{place}"


def test_summary_counts_all_and_names_some() -> None:
    many = [parse_activity({"process": {"name": f"p{number}"}}, {}) for number in range(7)]
    assert summary([]) == "no process runs"
    assert summary(many[:1]) == "1 process runs: p0"
    assert summary(many) == "7 processes run: p0; p1; p2; p3; p4; and 2 more"


@pytest.mark.parametrize(
    ("login", "seen", "doubtful"),
    [
        ("admin", [], True),
        ("admin", ["admin", None], True),
        ("admin", ["jsmith"], False),
        ("PasswordIsAuthToken", ["jsmith"], True),
        ("PasswordIsAuthToken", ["jsmith", "mary"], False),
    ],
)
def test_empty_list_is_doubtful_until_somebody_elses_process_was_seen(
    login: str, seen: list[str | None], doubtful: bool
) -> None:
    assert empty_is_doubtful(login, seen) is doubtful


KEYS = [*sorted(BASE), "rootTrace", "trace", "children", "task", "type", "status", "process", "name", "resource"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "true", "OPEN", "EXECUTING", "12", "²"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8))
def test_whatever_an_entry_holds_it_can_be_told(entry: dict[str, Any]) -> None:
    assert str(parse_activity(entry, entry))
