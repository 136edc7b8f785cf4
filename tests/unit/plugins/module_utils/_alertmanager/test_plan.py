"""From a reading to what is written, and to the row."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._matchers import parse_matchers
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._plan import (
    Expire,
    Reading,
    Wish,
    Write,
    plan,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._server import Alert
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._silence import Silence, comment_for
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._status import row
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening, Window

NOW = datetime(2026, 11, 24, 21, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
MATCHERS = parse_matchers(['instance="dev01"'])
WISH = Wish(True, "dev01", MATCHERS, Opening(owner="mary", reason="Keys"), duration="8h")
OUT = replace(WISH, enabled=False)
WINDOW = Window("default", NOW, "mary", "Keys", "", NOW + 8 * HOUR)


def silence(
    window: Window = WINDOW, identifier: str = "s1", *, system: str = "dev01", state: str = "active"
) -> Silence:
    """The silence of a window."""
    assert window.expires
    return Silence(
        identifier,
        state,
        MATCHERS,
        "2026-11-24T21:00:00.991Z",
        window.expires,
        window.owner,
        comment_for(system, window),
        system,
        window,
    )


FOREIGN = Silence("f1", "active", parse_matchers(['instance=~"dev.*"']), "", NOW + HOUR, "joe", "Patches")
OTHERS = "the same alerts are suppressed by another silence, which was left as it is"
OTHER = silence(replace(WINDOW, id="CHG0042"), "s2")


def test_a_window_is_a_silence() -> None:
    found = plan(WISH, Reading(NOW, (FOREIGN,)))
    assert found.steps == (Write("dev01", WINDOW, MATCHERS, NOW),)
    assert found.diff == {
        "before": {"silences": []},
        "after": {"silences": ['default (mary, Keys) until 2026-11-25T05:00:00Z: instance="dev01"']},
    }


@pytest.mark.parametrize("later", [timedelta(0), HOUR, 7 * HOUR])
def test_again_nothing_is_to_be_done(later: timedelta) -> None:
    """Durations count from the opening; other windows and other systems are no matter."""
    reading = Reading(NOW + later, (FOREIGN, OTHER, silence(), silence(identifier="s3", system="dev02")))
    assert plan(WISH, reading).steps == ()
    assert plan(replace(WISH, opening=Opening(owner="joe", expires="8h")), reading).steps == ()
    assert plan(replace(WISH, duration="2h"), reading).steps == ()  # of a window that is opened


@pytest.mark.parametrize(
    ("wish", "window"),
    [
        (replace(WISH, opening=Opening(expires="9h")), replace(WINDOW, expires=NOW + 9 * HOUR)),
        (replace(WISH, opening=Opening(expires="2h")), replace(WINDOW, expires=NOW + 2 * HOUR)),
        (replace(WISH, opening=Opening(reason="Patches")), replace(WINDOW, reason="Patches")),
        (replace(WISH, matchers=parse_matchers(["job=web"])), WINDOW),
    ],
)
def test_what_changed_is_written(wish: Wish, window: Window) -> None:
    found = plan(wish, Reading(NOW + HOUR, (silence(),)))
    assert found.steps == (Write("dev01", window, wish.matchers, NOW + HOUR, silence()),)


def test_a_silence_that_somebody_moved_into_the_future_is_replaced() -> None:
    pending = silence(state="pending")
    assert plan(WISH, Reading(NOW, (pending,))).steps == (Write("dev01", WINDOW, MATCHERS, NOW, pending),)


def test_of_two_silences_for_one_window_the_longer_is_kept() -> None:
    shorter = silence(replace(WINDOW, expires=NOW + HOUR), "s9")
    found = plan(WISH, Reading(NOW, (shorter, silence())))
    assert found.steps == (Expire(shorter),)
    assert plan(OUT, Reading(NOW, (shorter, silence()))).steps == (Expire(silence()), Expire(shorter))


@pytest.mark.parametrize(
    ("wish", "expired"),
    [
        (OUT, ["s1"]),
        (replace(OUT, opening=Opening(id=" CHG0042 ")), ["s2"]),
        (replace(OUT, opening=Opening(id="CHG1")), []),
        (replace(OUT, all_windows=True), ["s1", "s2"]),
    ],
)
def test_out_the_silences_of_the_window_end(wish: Wish, expired: list[str]) -> None:
    found = plan(wish, Reading(NOW, (FOREIGN, silence(), OTHER, silence(identifier="s3", system="dev02"))))
    assert [step.silence.id for step in found.steps if isinstance(step, Expire)] == expired
    assert len(found.steps) == len(expired)


@pytest.mark.parametrize("expires", ["2026-11-24T20:00:00Z", "0s", "soon", "2026-11-24T23:00:00"])
def test_an_end_that_cannot_be_is_refused(expires: str) -> None:
    with pytest.raises(Invalid, match="expires"):
        plan(replace(WISH, opening=Opening(expires=expires)), Reading(NOW))


def test_alerts_that_are_not_suppressed_are_waited_for() -> None:
    loud, quiet = Alert({"alertname": "Down", "instance": "dev01"}, ("f1",)), Alert({"alertname": "Slow"}, ("s1",))
    reading = Reading(NOW, (silence(), FOREIGN), (loud, quiet))
    assert plan(WISH, reading).pending == ("Down (instance=dev01) is not silenced yet",)
    shown = row("dev01", reading, MATCHERS)
    assert (shown["mode"], shown["verified"]) == ("maintenance", False)
    assert "not silenced: Down (instance=dev01)" in shown["notes"]


# --- the row ----------------------------------------------------------------------------------------------------------


def test_the_row_of_a_system_without_windows() -> None:
    shown = row("dev01", Reading(NOW, (silence(system="dev02"),)), parse_matchers(["job=web"]))
    assert (shown["mode"], shown["verified"], shown["managed"], shown["notes"]) == ("normal", True, None, [])


def test_the_row_of_a_system_in_maintenance() -> None:
    shown = row("dev01", Reading(NOW, (silence(), OTHER)), MATCHERS)
    assert {key: shown[key] for key in ("mode", "verified", "managed", "owner", "reason", "since", "expires")} == {
        "mode": "maintenance",
        "verified": True,
        "managed": True,
        "owner": "mary",
        "reason": "Keys",
        "since": "2026-11-24T21:00:00Z",
        "expires": "2026-11-25T05:00:00Z",
    }
    assert shown["notes"] == ["open windows: default (mary, Keys); CHG0042 (mary, Keys)"]


def test_the_row_names_what_a_person_should_know() -> None:
    other = replace(OTHER, matchers=parse_matchers(["job=web"]))
    notes = row("dev01", Reading(NOW, (FOREIGN, replace(other, state="pending"))), MATCHERS)["notes"]
    assert [note.split(" (")[0] for note in notes] == [
        "the silence s2 until 2026-11-25T05:00:00Z",
        "open window: CHG0042",
        "the silence s2 until 2026-11-25T05:00:00Z",
        f"{OTHERS}: silence f1 until {iso(NOW + HOUR)}",
    ]
