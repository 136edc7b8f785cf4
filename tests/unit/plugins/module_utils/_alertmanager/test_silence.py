"""Silences of the API, and the windows that their comments tell of."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._silence import (
    comment_for,
    parse_comment,
    parse_silence,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window
from hypothesis import example, given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 24, 21, tzinfo=timezone.utc)
END = NOW + timedelta(hours=2)
SAID = st.text().map(str.strip)


def of_api(comment: str, **more: Any) -> dict[str, Any]:
    """A silence as Alertmanager 0.25 lists it."""
    return {
        "id": "f9a8cdff-14dd-4710-8618-a27cb023a7bd",
        "status": {"state": "active"},
        "updatedAt": "2026-11-24T21:00:00.991Z",
        "comment": comment,
        "createdBy": "mary",
        "endsAt": "2026-11-24T23:00:00.000Z",
        "matchers": [{"isEqual": False, "isRegex": True, "name": "a", "value": "x.*"}],
        "startsAt": "2026-11-24T21:00:00.991828374Z",
        **more,
    }


@example("Restart()", "", "default", "dev01")
@example("Keys (42)", "42", "quiesce.maintenance {", "dev01")
@given(SAID, st.text(), st.text(min_size=1), st.text())
def test_a_comment_tells_the_window_again(reason: str, ticket: str, name: str, system: str) -> None:
    window = Window(name, NOW, "mary", reason, ticket, END)
    assert parse_comment(comment_for(system, window), "mary", END) == (system, window)


@pytest.mark.parametrize(
    ("reason", "ticket", "comment"),
    [
        ("Keys", "CHG0042", 'Keys (CHG0042)\nquiesce.maintenance {"system": "dev01", "window": "w", '),
        ("", "CHG0042", "(CHG0042)\nquiesce.maintenance {"),
        ("", "", "quiesce.maintenance {"),
    ],
)
def test_people_read_reason_and_ticket_first(reason: str, ticket: str, comment: str) -> None:
    assert comment_for("dev01", Window("w", NOW, "mary", reason, ticket, END)).startswith(comment)


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Planned work",
        "quiesce.maintenance",
        "quiesce.maintenance {",
        'quiesce.maintenance {"window": "w"}',
        'quiesce.maintenance {"system": "dev01", "window": "w", "ticket": "", "opened": "soon"}',
        'quiesce.maintenance {"system": "dev01", "window": "w", "ticket": "", "opened": 3}',
        'quiesce.maintenance ["dev01"]',
    ],
)
def test_another_comment_is_somebody_elses(comment: str) -> None:
    silence = parse_silence(of_api(comment))
    assert (silence.system, silence.window) == ("", None)


def test_a_comment_that_a_web_page_changed_is_still_found() -> None:
    comment = comment_for("dev01", Window("w", NOW, "mary", "Keys", "CHG0042", END)).replace("\n", "  ")
    told = parse_comment(f"Prolonged. {comment} ", "mary", END)
    assert told == ("dev01", Window("w", NOW, "mary", "Prolonged. Keys", "CHG0042", END))


def test_a_silence_of_the_api() -> None:
    silence = parse_silence(of_api(comment_for("dev01", Window("w", NOW, "mary", "Keys", "", END))))
    assert silence.window == Window("w", NOW, "mary", "Keys", "", END)
    assert silence.result() == {
        "id": "f9a8cdff-14dd-4710-8618-a27cb023a7bd",
        "state": "active",
        "matchers": ['a!~"x.*"'],
        "starts": "2026-11-24T21:00:00.991828374Z",
        "ends": "2026-11-24T23:00:00Z",
        "created_by": "mary",
        "comment": silence.comment,
        "window": "w",
    }


def test_versions_without_is_equal() -> None:
    """Before 0.22 all matchers were positive."""
    silence = parse_silence(of_api("", matchers=[{"isRegex": False, "name": "a", "value": "x"}]))
    assert [str(matcher) for matcher in silence.matchers] == ['a="x"']


@pytest.mark.parametrize("broken", [{"endsAt": "soon"}, {"status": "active"}, {"matchers": [{"name": "a"}]}])
def test_what_is_no_silence(broken: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse_silence(of_api("", **broken))


def test_how_a_silence_is_named() -> None:
    """Without what is for the next run only."""
    own = comment_for("dev01", Window("w", NOW, "mary", "Keys", "", END))
    assert str(parse_silence(of_api(own))).endswith("until 2026-11-24T23:00:00Z (mary, window w of dev01, Keys)")
    assert str(parse_silence(of_api("Patches"))).endswith("until 2026-11-24T23:00:00Z (mary, Patches)")
    assert str(parse_silence(of_api("", createdBy=""))).endswith("until 2026-11-24T23:00:00Z")
