"""The plan of a whole switch, as tables: from each state, in each direction, on each road, the steps in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import Wish, plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

from fakes.plans import words
from fakes.system import (
    AOS,
    BATCH,
    DMF,
    MR,
    RAN,
    findings,
    foreign,
    on_premises,
    reading,
    record,
    seen,
    service,
    services,
)

MODES = {"off": "disabled", "on": "enabled", "missing": "missing"}
WINDOWS = {"-": (), "default": ("default",), "other": ("CHG1",), "both": ("CHG1", "default")}


def stored_record(stored: str, windows: str, **more: Any) -> Record | None:
    """The record of one row of a table."""
    if stored == "none":
        return None
    held = record("settled" if stored == "foreign" else stored, WINDOWS[windows], **more)
    return foreign(held) if stored == "foreign" else held


def machine(road: str, mode: str, stored: str, windows: str, background: str) -> Seen:
    """What is seen of a machine in the state of one row. IIS runs."""
    of = reading(MODES[mode], stored_record(stored, windows))
    return seen(findings(of, services("running" if background == "up" else "stopped")), road)


def cluster(mode: str, stored: str, windows: str) -> Seen:
    """What is seen of a cluster in the state of one row."""
    return seen(on_premises(reading(MODES[mode], stored_record(stored, windows, ran=(), host=""))), "script")


def cases(table: str) -> list[Any]:
    """A case of each cell of a table: one line a state, one column a road, as its heading names them."""
    return list(_cells(table))


def _cells(table: str) -> Iterator[Any]:
    heading, *lines = table.strip().splitlines()
    roads = [road.strip() for road in heading.split("|")[1:]]
    for line in lines:
        what, *cells = line.split("|")
        for road, cell in zip(roads, cells, strict=True):
            columns = [road, *what.split()] if len(roads) > 1 else what.split()
            yield pytest.param(*columns, " ".join(cell.split()), id=f"{road}: {' '.join(what.split())}")


# Into maintenance mode, with the window "default". "background" says whether batch and the others run.
WAY_IN = """
mode    record   windows background | sql                                 | setup_tool
off     none     -       up   | record stop set restart wait effect | record stop tool see restart wait effect
off     none     -       down | set restart wait effect             | record tool see restart wait effect
off     foreign  -       up   | record stop set restart wait effect | record stop tool see restart wait effect
off     prepared default up   | record stop set restart wait effect | record stop tool see restart wait effect
off     prepared default down | set restart wait effect             | record tool see restart wait effect
off     prepared both    up   | record stop set restart wait effect | record stop tool see restart wait effect
off     prepared -       down | set restart wait effect             | record tool see restart wait effect
off     set      default down | set restart wait effect             | record tool see restart wait effect
off     set      both    down | set restart wait effect             | record tool see restart wait effect
off     set      -       down | set restart wait effect             | record tool see restart wait effect
off     settled  default down | set restart wait effect             | record tool see restart wait effect
off     settled  -       down | set restart wait effect             | record tool see restart wait effect
off     settled  -       up   | record stop set restart wait effect | record stop tool see restart wait effect
on      none     -       up   | -                                   | -
on      foreign  -       up   | -                                   | -
on      prepared default up   | record stop restart wait effect     | record stop restart wait effect
on      prepared default down | record restart wait effect          | record restart wait effect
on      prepared both    down | record restart wait effect          | record restart wait effect
on      prepared -       down | record restart wait effect          | record restart wait effect
on      set      default down | record restart wait effect          | record restart wait effect
on      set      other   down | record restart wait effect          | record restart wait effect
on      set      both    down | record restart wait effect          | record restart wait effect
on      set      -       down | record restart wait effect          | record restart wait effect
on      settled  default down | -                                   | -
on      settled  both    down | -                                   | -
on      settled  other   down | record                              | record
on      settled  default up   | record stop end                     | record stop end
on      settled  -       down | record restart wait effect          | record restart wait effect
missing none     -       up   | record stop set restart wait effect | record stop tool see restart wait effect
missing set      default down | set restart wait effect             | record tool see restart wait effect
"""
WAY_IN_BY_SCRIPT = """
mode    record   windows | script
off     none     -       | record script see wait effect
off     foreign  -       | record script see wait effect
off     prepared default | record script see wait effect
off     prepared both    | record script see wait effect
off     prepared -       | record script see wait effect
off     set      default | record script see wait effect
off     set      both    | record script see wait effect
off     set      -       | record script see wait effect
off     settled  default | record script see wait effect
off     settled  -       | record script see wait effect
on      none     -       | -
on      foreign  -       | -
on      prepared default | record script see wait effect
on      prepared both    | record script see wait effect
on      prepared -       | record script see wait effect
on      set      default | record wait effect
on      set      other   | record wait effect
on      set      both    | record wait effect
on      set      -       | record script see wait effect
on      settled  default | -
on      settled  both    | -
on      settled  other   | record
on      settled  -       | record script see wait effect
missing none     -       | record script see wait effect
missing set      default | record script see wait effect
"""

# Out of maintenance mode, closing the window "default".
WAY_OUT = """
mode    record   windows background | sql                        | setup_tool
off     none     -       up   | -                                | -
off     foreign  -       up   | -                                | -
off     prepared default up   | announce drop                    | announce drop
off     prepared default down | announce start drop              | announce start drop
off     prepared both    down | close                            | close
off     prepared other   down | -                                | -
off     prepared -       down | announce restart wait start drop | announce restart wait start drop
off     set      default down | announce restart wait start drop | announce restart wait start drop
off     set      both    down | close                            | close
off     set      -       down | announce restart wait start drop | announce restart wait start drop
off     settled  default down | announce restart wait start drop | announce restart wait start drop
off     settled  -       down | start drop                       | start drop
off     settled  -       up   | drop                             | drop
on      none     -       up   | set restart wait drop            | announce tool see restart wait drop
on      none     -       down | set restart wait drop            | announce tool see restart wait drop
on      foreign  -       up   | set restart wait drop            | announce tool see restart wait drop
on      prepared default down | set restart wait start drop      | announce tool see restart wait start drop
on      prepared -       down | set restart wait start drop      | announce tool see restart wait start drop
on      set      default down | set restart wait start drop      | announce tool see restart wait start drop
on      prepared both    down | close restart wait effect        | close restart wait effect
on      set      both    down | close restart wait effect        | close restart wait effect
on      set      both    up   | close stop restart wait effect   | close stop restart wait effect
on      set      other   down | record restart wait effect       | record restart wait effect
on      set      -       down | set restart wait start drop      | announce tool see restart wait start drop
on      settled  default down | set restart wait start drop      | announce tool see restart wait start drop
on      settled  default up   | set restart wait drop            | announce tool see restart wait drop
on      settled  both    down | close                            | close
on      settled  other   down | -                                | -
on      settled  -       down | set restart wait start drop      | announce tool see restart wait start drop
missing none     -       up   | -                                | -
"""
WAY_OUT_BY_SCRIPT = """
mode    record   windows | script
off     none     -       | -
off     foreign  -       | -
off     prepared default | announce drop
off     prepared both    | close
off     prepared other   | -
off     prepared -       | announce script see wait drop
off     set      default | announce script see wait drop
off     set      both    | close
off     set      -       | announce wait drop
off     settled  default | announce script see wait drop
off     settled  -       | drop
off     settled  -       | drop
on      none     -       | announce script see wait drop
on      foreign  -       | announce script see wait drop
on      prepared default | announce script see wait drop
on      prepared -       | announce script see wait drop
on      set      default | announce script see wait drop
on      prepared both    | close script see wait effect
on      set      both    | close wait effect
on      set      other   | record wait effect
on      set      -       | announce script see wait drop
on      settled  default | announce script see wait drop
on      settled  both    | close
on      settled  other   | -
on      settled  -       | announce script see wait drop
missing none     -       | -
"""


@pytest.mark.parametrize(("road", "mode", "stored", "windows", "background", "steps"), cases(WAY_IN))
def test_way_in(road: str, mode: str, stored: str, windows: str, background: str, steps: str) -> None:
    found = plan(machine(road, mode, stored, windows, background), Wish("enabled", aos=AOS))
    assert words(found.steps) == steps
    assert found.changed is (steps != "-")


@pytest.mark.parametrize(("mode", "stored", "windows", "steps"), cases(WAY_IN_BY_SCRIPT))
def test_way_in_by_script(mode: str, stored: str, windows: str, steps: str) -> None:
    assert words(plan(cluster(mode, stored, windows), Wish("enabled", aos=AOS)).steps) == steps


@pytest.mark.parametrize(("road", "mode", "stored", "windows", "background", "steps"), cases(WAY_OUT))
def test_way_out(road: str, mode: str, stored: str, windows: str, background: str, steps: str) -> None:
    found = plan(machine(road, mode, stored, windows, background), Wish("disabled", aos=AOS))
    assert words(found.steps) == steps
    assert found.changed is (steps != "-")


@pytest.mark.parametrize(("mode", "stored", "windows", "steps"), cases(WAY_OUT_BY_SCRIPT))
def test_way_out_by_script(mode: str, stored: str, windows: str, steps: str) -> None:
    assert words(plan(cluster(mode, stored, windows), Wish("disabled", aos=AOS)).steps) == steps


# --- services that run, or not, or were changed meanwhile ---

FIRST, OPEN = reading("disabled"), reading("enabled", record())
NEVER = replace(record(), services=RAN[1:])
"""A record of a machine on which IIS did not run."""


@pytest.mark.parametrize(
    ("of", "running", "wish", "steps"),
    [
        pytest.param(FIRST, services(), {}, "record stop set restart wait effect", id="all run"),
        pytest.param(FIRST, services(web="stopped"), {}, "record stop set effect", id="IIS is stopped and stays so"),
        pytest.param(FIRST, services("stopped", "stopped"), {}, "set effect", id="nothing runs"),
        pytest.param(
            FIRST, services("stopped", BATCH=service(BATCH)), {}, "record stop set restart wait effect", id="one runs"
        ),
        pytest.param(
            FIRST,
            services("stopped", BATCH=service(BATCH, "start_pending")),
            {},
            "record stop set restart wait effect",
            id="one is about to run",
        ),
        pytest.param(
            FIRST,
            services(),
            {"stop_background_services": False},
            "set restart wait effect",
            id="the task says not to stop them",
        ),
        pytest.param(OPEN, services("stopped"), {}, "-", id="open: nothing to do"),
        pytest.param(
            OPEN, services("stopped", "stopped"), {}, "record start-iis wait end", id="open: IIS ran and stopped"
        ),
        pytest.param(reading("enabled", NEVER), services("stopped", "stopped"), {}, "-", id="open: IIS never ran"),
        pytest.param(
            OPEN, services("stopped", MR=service(MR)), {}, "record stop end", id="open: somebody started one of ours"
        ),
        pytest.param(
            OPEN, services("stopped", BATCH=service(BATCH, "start_pending")), {}, "-", id="open: batch tries to start"
        ),
        pytest.param(
            OPEN,
            services("stopped", MR=service(MR)),
            {"stop_background_services": False},
            "-",
            id="open: somebody started one, and may",
        ),
        pytest.param(
            reading("enabled", record("set")),
            services("stopped", "stopped"),
            {},
            "record start-iis wait effect",
            id="cut off while IIS was stopped for the restart",
        ),
        pytest.param(
            OPEN, services("stopped"), {"opening": Opening(reason="more")}, "record", id="open: another reason"
        ),
    ],
)
def test_way_in_with_services(of: Any, running: Any, wish: dict[str, Any], steps: str) -> None:
    assert words(plan(seen(findings(of, running)), Wish("enabled", **{"aos": AOS, **wish})).steps) == steps


@pytest.mark.parametrize(
    ("of", "running", "steps"),
    [
        pytest.param(OPEN, services("stopped"), "set restart wait start drop", id="as left"),
        pytest.param(OPEN, services(), "set restart wait drop", id="somebody started them"),
        pytest.param(
            OPEN, services("stopped", "stopped"), "set start-iis wait start drop", id="IIS ran before, not now"
        ),
        pytest.param(
            reading("enabled", NEVER), services("stopped", "stopped"), "set start drop", id="IIS did not run before"
        ),
        pytest.param(
            reading("enabled", NEVER), services("stopped"), "set restart wait start drop", id="but it runs now"
        ),
        pytest.param(
            OPEN,
            services("stopped", BATCH=service(BATCH, "stopped", "disabled")),
            "set restart wait start effect",
            id="one was disabled meanwhile: the others start",
        ),
        pytest.param(
            OPEN, services("stopped", DMF=service(DMF, "paused")), "set restart wait start effect", id="one was paused"
        ),
        pytest.param(
            OPEN,
            {name: service(name, "stopped", "disabled") for name in (BATCH, MR, DMF)} | {"W3SVC": service("W3SVC")},
            "set restart wait effect",
            id="all were disabled: nothing to start",
        ),
        pytest.param(
            OPEN,
            services("stopped", BATCH=service(BATCH, "running", "disabled")),
            "set restart wait start drop",
            id="disabled, but it runs",
        ),
        pytest.param(
            reading("enabled"), services(), "set restart wait drop", id="somebody else's: nothing was stopped"
        ),
        pytest.param(
            reading("enabled"), services("stopped", "stopped"), "set drop", id="somebody else's, nothing runs"
        ),
    ],
)
def test_way_out_with_services(of: Any, running: Any, steps: str) -> None:
    assert words(plan(seen(findings(of, running)), Wish("disabled", aos=AOS)).steps) == steps


# --- windows ---


@pytest.mark.parametrize(
    ("held", "wish", "steps", "left"),
    [
        pytest.param(["A", "B", "C"], {"opening": Opening("B")}, "close", ["A", "C"], id="one of three"),
        pytest.param(["A"], {"opening": Opening("A")}, "set restart wait start drop", [], id="the last one"),
        pytest.param(["A", "B"], {"all_windows": True}, "set restart wait start drop", [], id="all"),
        pytest.param(["A"], {"opening": Opening("X")}, "-", ["A"], id="one that is not open"),
    ],
)
def test_closing(held: list[str], wish: dict[str, Any], steps: str, left: list[str]) -> None:
    of = reading("enabled", record(windows=held))
    found = plan(seen(findings(of, services("stopped"))), Wish("disabled", aos=AOS, **wish))
    assert words(found.steps) == steps
    assert [each["id"] for each in found.after["windows"]] == left
    assert found.after["maintenance_mode"] == ("enabled" if left else "disabled")


@pytest.mark.parametrize(
    ("wish", "steps"),
    [
        ({}, "set restart wait drop"),
        ({"all_windows": True}, "set restart wait drop"),
        ({"opening": Opening("CHG1")}, "-"),
    ],
    ids=["plain disable", "all", "a window of ours is not what holds it"],
)
def test_a_mode_that_somebody_else_turned_on(wish: dict[str, Any], steps: str) -> None:
    assert words(plan(seen(findings(reading("enabled"))), Wish("disabled", aos=AOS, **wish)).steps) == steps


# --- synchronising ---


@pytest.mark.parametrize(
    ("road", "of", "steps"),
    [
        pytest.param("sql", OPEN, "set sync restart wait start drop", id="SQL"),
        pytest.param("setup_tool", OPEN, "announce tool see sync restart wait start drop", id="tool"),
        pytest.param(
            "sql", reading("disabled", record("set", ())), "announce sync restart wait start drop", id="cut off"
        ),
        pytest.param("sql", reading("disabled", record("prepared")), "announce start drop", id="nothing was turned on"),
        pytest.param("sql", reading("disabled"), "-", id="off already"),
        pytest.param("sql", reading("enabled", record(windows=("A", "default"))), "close", id="others hold it"),
    ],
)
def test_synchronise_after_the_variable_is_off_and_before_the_aos_restarts(road: str, of: Any, steps: str) -> None:
    look = seen(findings(of, services("stopped" if of.record else "running")), road)
    assert words(plan(look, Wish("disabled", synchronise=True, aos=AOS)).steps) == steps


def test_not_on_premises() -> None:
    look = seen(on_premises(reading("enabled", record(host="", ran=()))), "script")
    assert words(plan(look, Wish("disabled", synchronise=True, aos=AOS)).steps) == "announce script see wait drop"


def test_nor_on_the_way_in() -> None:
    assert "sync" not in words(plan(seen(findings()), Wish("enabled", synchronise=True, aos=AOS)).steps)
