"""The picture of an estate: order, windows, groups, filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import FOREIGN
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease, Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import (
    Selection,
    headline,
    natural,
    picture,
    points,
)
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._verdict import summary, verdicts

from fakes.status import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    PATCHES,
    UPDATE,
    Placed,
    book,
    calm,
    evening,
    hostile,
    on,
    placed,
    thousand,
)

F_O = ("d365fo", "D365 F&O")


def names(*rows: Placed, **more: Any) -> list[str]:
    return [system.name for system in picture(rows, {}, NOW, **more).systems]


def test_what_needs_attention_comes_first() -> None:
    """By gravity, what is over the longest first; then what is in maintenance mode, by its end; then the names."""
    soon, later = replace(UPDATE, expires=NOW + MINUTE), replace(UPDATE, expires=NOW + HOUR)
    long, short = replace(PATCHES, expires=NOW - 9 * HOUR), replace(PATCHES, expires=NOW - MINUTE)
    rows = [
        placed("dev10", *F_O),
        placed("dev2", *F_O),
        on("ends later", *F_O, later),
        on("ends soon", *F_O, soon),
        placed("faulty", *F_O, faults=("x",)),
        placed("unverified", *F_O, verified=False),
        placed("changing", *F_O, mode="changing", verified=False),
        placed("foreign", *F_O, mode="maintenance", managed=False),
        placed("unknown", *F_O, mode="unknown"),
        on("over for a minute", *F_O, short, overdue=True),
        on("over for hours", *F_O, long, overdue=True),
    ]
    assert names(*rows) == [row[0] for row in reversed(rows)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["dev10", "dev2", "Dev1"], ["Dev1", "dev2", "dev10"]),
        (["b", "", "10", "9a"], ["", "9a", "10", "b"]),
        (["x²", "x2", "x٣"], ["x2", "x²", "x٣"]),
    ],
)
def test_names_with_numbers(texts: list[str], expected: list[str]) -> None:
    assert sorted(texts, key=natural) == expected


# --- filters ----------------------------------------------------------------------------------------------------------

ROWS = (
    on("mine", *F_O, UPDATE),
    on("theirs", *F_O, PATCHES, overdue=True),
    on("ours", *F_O, UPDATE, PATCHES),
    placed("foreign", *F_O, mode="maintenance", managed=False),
    placed("between", *F_O, mode="changing", verified=False),
    placed("lost", *F_O, mode="unknown"),
    placed("idle", *F_O),
)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), {"mine", "theirs", "ours", "foreign", "between", "lost", "idle"}),
        (Selection(only=("overdue",)), {"theirs"}),
        (Selection(only=("overdue", "normal")), {"theirs", "idle"}),
        (Selection(only=("attention",)), {"theirs", "foreign", "between", "lost"}),
        (Selection(only=("maintenance",)), {"mine", "theirs", "ours", "foreign"}),
        # Nobody knows which windows hold a system that could not be asked, or one whose record is lost.
        (Selection(windows=(UPDATE.id,)), {"mine", "ours", "foreign", "between", "lost"}),
        (Selection(owners=("ANNA keller",)), {"mine", "ours", "foreign", "between", "lost"}),
        (Selection(windows=(PATCHES.id,), owners=("Anna Keller",)), {"ours", "foreign", "between", "lost"}),
        (Selection(windows=(PATCHES.id,), only=("overdue",)), {"theirs"}),
        (Selection(windows=("none",)), {"foreign", "between", "lost"}),
    ],
)
def test_filters(selection: Selection, expected: set[str]) -> None:
    assert set(names(*ROWS, selection=selection)) == expected


def test_a_selection_says_what_it_leaves_out() -> None:
    assert str(Selection("web*", ("overdue",), ("1",), ("ann",))) == "limit web*; only overdue; window 1; owner ann"
    assert Selection().whole
    assert not Selection(limit="web*").whole


# --- windows ----------------------------------------------------------------------------------------------------------


def test_a_window_over_several_systems_is_one() -> None:
    later = replace(UPDATE, opened=UPDATE.opened + MINUTE, expires=NOW + 3 * HOUR, owner="bob")
    held = {UPDATE.id: book()[UPDATE.id]}
    (window,) = picture([on("a", *F_O, UPDATE), on("b", *F_O, later)], held, NOW).windows
    assert (window.window.opened, window.window.expires, window.last) == (UPDATE.opened, UPDATE.expires, later.expires)
    assert window.window.owner == "Anna Keller; bob"
    assert [system.name for system in window.systems] == ["a", "b"]
    assert (window.held, window.overdue) == (True, False)


def test_windows_without_a_name_are_one_only_if_they_are_alike() -> None:
    ann, again = Window("default", NOW, "ann", "keys"), Window("default", NOW - HOUR, "ann", "keys")
    bob = Window("default", NOW, "bob", "keys")
    drawn = picture([on("a", *F_O, ann), on("b", *F_O, again), on("c", *F_O, bob)], {}, NOW)
    assert [[system.name for system in window.systems] for window in drawn.windows] == [["a", "b"], ["c"]]
    assert {window.name for window in drawn.windows} == {""}


def test_of_two_windows_the_one_that_is_over_is_overdue() -> None:
    drawn = picture([on("a", *F_O, UPDATE, PATCHES, overdue=True)], {}, NOW)
    assert [(window.window.id, window.overdue) for window in drawn.windows] == [(PATCHES.id, True), (UPDATE.id, False)]


def test_a_clock_that_is_ahead_makes_the_next_window_overdue() -> None:
    """The system says that one is over, and ours does not say which: it is the one that ends first."""
    drawn = picture([on("a", *F_O, UPDATE, overdue=True)], {}, NOW)
    assert [window.overdue for window in drawn.windows] == [True]


LEASE = Lease("run", "ann", "ctrl", NOW - HOUR, NOW + MINUTE)


@pytest.mark.parametrize(
    ("rows", "selection", "lease", "expected"),
    [
        ([placed("a", *F_O)], Selection(), None, [UPDATE.id]),
        ([placed("a", *F_O)], Selection(), replace(LEASE, until=NOW - MINUTE), [UPDATE.id]),
        # It is just being opened or closed; a system was not looked at, so it may be there.
        ([placed("a", *F_O)], Selection(), LEASE, []),
        ([placed("a", *F_O)], Selection(limit="a"), None, []),
        ([placed("a", *F_O)], Selection(only=("normal",)), None, []),
        ([placed("a", *F_O, mode="unknown")], Selection(), None, []),
    ],
)
def test_a_window_that_is_on_no_system(
    rows: list[Placed], selection: Selection, lease: Lease | None, expected: list[str]
) -> None:
    drawn = picture(rows, {UPDATE.id: Record((UPDATE,), lease)}, NOW, selection=selection)
    assert [window.window.id for window in drawn.windows] == expected
    assert points(drawn)[-1:] == (["1 window is on no system"] if expected else points(drawn)[-1:])


def test_which_windows_are_open_whatever_was_left_out() -> None:
    drawn = picture([on("a", *F_O, UPDATE)], {}, NOW, selection=Selection(windows=("misspelled",)))
    assert (drawn.systems, drawn.open_ids) == ((), (UPDATE.id,))


def test_a_window_that_is_on_no_system_is_not_overdue() -> None:
    """Nothing is in maintenance mode because of it, so no word is true for any system."""
    over = replace(UPDATE, expires=NOW - MINUTE)
    drawn = picture([placed("a", *F_O)], {UPDATE.id: Record((over,))}, NOW)
    assert points(drawn) == ["1 window is on no system"]


# --- what is said -----------------------------------------------------------------------------------------------------


def test_groups_say_each_thing_once() -> None:
    rows = [placed(f"a{number}", *F_O, mode="unknown", notes=("the manager is down",)) for number in range(3)]
    foreign = placed("b", *F_O, mode="maintenance", managed=False, notes=(FOREIGN, "by admin"))
    noted = on("c", *F_O, UPDATE, notes=("ends tomorrow",))
    groups = picture([*rows, foreign, noted, on("d", *F_O, UPDATE)], {}, NOW).groups()
    assert [(group.word, group.text, len(group.systems)) for group in groups] == [
        ("unknown", "the manager is down", 3),
        ("foreign", "by admin", 1),
        ("", "ends tomorrow", 1),
    ]


def test_what_a_window_says_no_group_says_again() -> None:
    drawn = picture([on("a", *F_O, PATCHES, overdue=True, verified=False)], {}, NOW)
    assert [(group.word, len(group.systems)) for group in drawn.groups()] == [("unverified", 1)]


def test_an_end_of_the_system_itself_can_be_overdue() -> None:
    row = placed("a", *F_O, mode="maintenance", managed=False, overdue=True, expires=NOW - HOUR)
    drawn = picture([row], {}, NOW)
    assert [group.word for group in drawn.groups()] == ["overdue"]
    assert headline(drawn) == "1 system is overdue"


def test_the_headline_has_two_points_at_most() -> None:
    assert headline(evening()) == "1 window is overdue and 1 system could not be asked"
    assert len(points(evening())) == 6
    assert headline(calm()) == "Nothing needs attention"
    assert headline(picture([], {}, NOW)) == "No system is in this report"
    assert headline(picture([placed("a", *F_O)], {}, NOW, problems=["x"])) == "1 record could not be read"


def test_counts() -> None:
    counts = evening().counts()
    assert counts["systems"] == 30
    assert sum(counts[mode] for mode in ("normal", "maintenance", "changing", "unknown")) == 30
    assert (counts["overdue"], counts["foreign"], counts["attention"]) == (3, 1, 8)


def test_texts_are_harmless_on_one_line() -> None:
    drawn = hostile()
    texts = [system.name + "".join(system.notes) for system in drawn.systems]
    assert all(text.isprintable() for text in texts)
    assert [text for text in texts if "\\x1b" in text and "\\u202e" in text and "\\ud800" in text] != []


def test_usual_times() -> None:
    usual = {system.name: system.usually for system in evening().systems if system.usually}
    assert usual["fo-prod-aos1"] == {"enabled": 372.0, "disabled": 418.0}
    assert "launch-prod" not in usual


# --- verdict and summary ----------------------------------------------------------------------------------------------


def test_verdicts_are_of_the_hosts_that_asked() -> None:
    found = verdicts(evening(), ["overdue", "unknown"])
    assert set(found) == {"web01", "web02", "web03", "fo-dev09"}
    window = f"{PATCHES.id} (ops-pipeline, Windows patches, ring 2, {PATCHES.ticket})"
    assert found["web01"] == (f"web01 (dsm01), Trend AC: overdue; window {window}; was to end at 2026-11-30T20:33:00Z.")
    assert found["fo-dev09"].startswith("fo-dev09, D365 F&O: unknown; Could not connect on fo-dev09")


def test_of_several_windows_the_first_end_is_the_one_that_is_over() -> None:
    """The mode ends with its last window, but it is overdue since the end of its first."""
    rows = [
        on("an hour", *F_O, replace(PATCHES, expires=NOW - HOUR), overdue=True),
        on("a day", *F_O, replace(PATCHES, expires=NOW - DAY), UPDATE, overdue=True),
    ]
    assert names(*rows) == ["a day", "an hour"]
    said = verdicts(picture(rows, {}, NOW), ["overdue"])["a day"]
    assert said.endswith("was to end at 2026-11-29T21:45:00Z.")


def test_no_word_no_verdict() -> None:
    assert verdicts(evening(), []) == {}
    assert verdicts(calm(), ["attention"]) == {}


def test_verdict_and_summary_of_a_thousand_are_short() -> None:
    rows = [("dsm01", system.row["system"], system.row) for system in thousand().systems]
    found = verdicts(picture(rows, {}, NOW), ["maintenance"])
    assert found["dsm01"].endswith("And 380 more systems.")
    assert len(found["dsm01"]) < 6000
    assert len(str(summary(thousand()))) < 2000
    assert summary(thousand())["counts"]["unknown"] == 100


def test_a_moment_that_cannot_be_read_is_none() -> None:
    host, name, row = placed("a", *F_O)
    system = picture([(host, name, {**row, "since": "yesterday", "expires": "2026-01-01T00:00:00"})], {}, NOW).systems[
        0
    ]
    assert (system.since, system.expires) == (None, None)
