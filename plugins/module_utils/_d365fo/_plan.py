# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The plan of a whole switch, one function a direction. Pure: check mode, the diff and the real run share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _method, _services, _setup_tool
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import (
    DISABLED,
    ENABLED,
    PREPARED,
    SET,
    SETTLED,
    UNSURE,
    Record,
    ServiceBefore,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import BACKGROUND, W3SVC
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import (
    ControlServices,
    Restart,
    RunSetupTool,
    Step,
    WaitForAos,
    WriteRecord,
    covered,
    set_by_script,
    set_by_tool,
    start,
    stop,
    synchronise,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import (
    Opening,
    Window,
    with_closed,
    with_opened,
)

BEFORE_RESTART, NOTHING = "restart", "nothing"


@dataclass(frozen=True)
class Wish:
    """What a task asks for. Limits in seconds. ``aos`` names what is waited for, "" for nothing."""

    state: str
    opening: Opening = field(default_factory=Opening)
    all_windows: bool = False
    stop_background_services: bool = True
    synchronise: bool = False
    stop_before: str = NOTHING
    aos: str = ""
    tool_limit: float = 900.0
    sync_limit: float = 7200.0
    script_limit: float = 3600.0


def plan(seen: Seen, wish: Wish) -> Plan[Step]:
    """Compare what was seen with what the task asks for. Raises ``Failure`` where that can't be told or is no sense."""
    steps = _way_in(seen, wish) if wish.state == ENABLED else _way_out(seen, wish)
    if wish.stop_before == BEFORE_RESTART:
        steps = _until_restart(steps, seen)
    return Plan(_shown_before(seen), _shown_after(seen, steps), covered(steps))


def _way_in(seen: Seen, wish: Wish) -> list[Step]:
    """Return the steps into maintenance mode."""
    mode, record = seen.reading.mode, seen.record
    if mode == ENABLED and record is None:
        return []  # somebody else turned it on: it stays theirs
    base = record or Record(host=seen.findings.computer, database=seen.reading.identity)
    return _stay_in(seen, wish, base, with_opened(base.windows, wish.opening, seen.reading.now), "record the window")


def _stay_in(seen: Seen, wish: Wish, base: Record, windows: tuple[Window, ...], title: str) -> list[Step]:
    """Return the steps after which the mode is on, and in effect, for these windows; ``title`` is that of the first."""
    mode = seen.reading.mode
    done = mode == ENABLED and seen.settled
    stopping = _to_stop(seen, done) if wish.stop_background_services else []
    idle, behind = _idle(seen, base), _left_behind(seen, base)
    if done and not stopping and not idle and not behind:
        return [] if windows == base.windows else [_write(replace(base, windows=windows), title, hold=False)]
    script_ran = mode == ENABLED and base.windows and base.phase in (SET, SETTLED)
    script_due = seen.method == _method.SCRIPT and not script_ran
    setting = script_due or mode != ENABLED
    record = replace(base, windows=windows).with_services(_running_before(seen, stopping, first=not base.windows))
    # Where the AOS may run with something else than the variable says, no later run may take it for untouched.
    untouched = setting and (seen.settled or seen.never_set)
    pending = PREPARED if untouched else UNSURE if script_due else SET
    record = replace(record, phase=SETTLED if done else pending)
    halt = [stop(stopping)] if stopping else []
    if setting:
        steps = _set(seen, wish, record, halt, script_due=script_due, title=title)
    else:
        steps = [_write(record, title), *halt]
    restart = _start_idle(idle, wish) if done else _take_over(seen, wish, idle, script_due)
    last = _write(record, "record the end of the run", hold=False) if done else _settle(record, restart)
    return [*steps, *restart, *([start(behind)] if behind else []), last]


def _way_out(seen: Seen, wish: Wish) -> list[Step]:
    """Return the steps out of maintenance mode, or out of one of its windows."""
    mode, record = seen.reading.mode, seen.record
    if record is None and mode != ENABLED:
        return []
    if record is None and not wish.all_windows and wish.opening.id != Opening().id:
        return []  # this window is not what holds it
    running = _running_before(seen, (), first=True)
    base = record or Record((), SETTLED, running, seen.findings.computer, seen.reading.identity)
    windows = with_closed(base.windows, None if wish.all_windows else wish.opening.id)
    if windows:
        return _close(seen, wish, base, windows)
    record = replace(base, windows=())
    if seen.never_set:
        # Nothing was turned on: what was stopped starts again, and the record keeps its window until then.
        return [_write(base, "record the planned change"), *_start_again(seen, base), _drop()]
    if seen.settled and mode != ENABLED:
        # All that is left are services that did not start. Of what cannot be started that was said once.
        return [*_start_again(seen, base, accept=True), _drop()]
    script_ran = mode != ENABLED and not base.windows and base.phase == SET
    script_due = seen.method == _method.SCRIPT and not script_ran
    record = record.with_services(_running_before(seen, (), first=False))
    if script_due or mode == ENABLED:
        steps = _set(seen, wish, replace(record, phase=PREPARED), [], script_due=script_due)
    else:
        steps = [_write(replace(record, phase=SET), "record the planned change", mode=DISABLED)]
    if wish.synchronise and seen.method != _method.SCRIPT:
        steps.append(synchronise(wish.sync_limit))
    restart = _take_over(seen, wish, _idle(seen, record), script_due)
    left = _not_startable(seen, record)
    last = _settle(replace(record, services=left), restart) if left else _drop()
    return [*steps, *restart, *_start_again(seen, record, iis=False), last]


def _close(seen: Seen, wish: Wish, base: Record, windows: tuple[Window, ...]) -> list[Step]:
    """Return the steps that close one window of several: the mode stays on for the others."""
    still = "; ".join(str(window) for window in windows)
    title = "record the window" if windows == base.windows else f"close the window; still open: {still}"
    if seen.reading.mode == ENABLED and not seen.settled:
        # A run was cut off before the AOS ran with it: nobody else finishes that for those who still have it open.
        return _stay_in(seen, replace(wish, state=ENABLED), base, windows, title)
    return [] if windows == base.windows else [_write(replace(base, windows=windows), title, hold=False)]


def _set(
    seen: Seen,
    wish: Wish,
    record: Record,
    halt: Sequence[Step],
    *,
    script_due: bool,
    title: str = "record the planned change",
) -> list[Step]:
    """Return the steps that write the variable: ``record`` before it, ``halt`` what stops before it."""
    word = "on" if wish.state == ENABLED else "off"
    after = _write(replace(record, phase=SET), f"turn maintenance mode {word} in the database", mode=wish.state)
    before = _write(record, title)
    if script_due:
        return [before, *halt, set_by_script(wish.state, wish.script_limit), _seen(after, word)]
    if seen.method == _method.SETUP_TOOL and seen.reading.mode != wish.state:
        return [before, *halt, set_by_tool(wish.state, wish.tool_limit), _seen(after, word)]
    return [before, *halt, after] if halt else [after]


def _take_over(seen: Seen, wish: Wish, idle: Sequence[str], script_due: bool) -> list[Step]:
    """Return the steps that let the AOS take the variable over, and show that it did."""
    if seen.method == _method.SCRIPT:
        # The script restarts every AOS. One that has the id that it had before the script did not restart.
        former = seen.former_instances if script_due else ()
        return [WaitForAos(wish.aos, former)] if wish.aos else []
    if idle:
        return _start_idle(idle, wish)
    if not seen.aos_service_runs:
        return []  # it takes the value over when somebody starts it
    restart = Restart(_services.restart(seen.findings.services, [W3SVC]))
    return [restart, *([WaitForAos(wish.aos)] if wish.aos else [])]


def _start_idle(idle: Sequence[str], wish: Wish) -> list[Step]:
    """Return the steps that start IIS where it ran before and does not run now."""
    if not idle:
        return []
    return [start(idle), *([WaitForAos(wish.aos)] if wish.aos else [])]


def _idle(seen: Seen, record: Record) -> list[str]:
    """Return IIS if it ran before and does not run now."""
    return [W3SVC] if _ran(record, W3SVC) and W3SVC in seen.findings.services and not seen.aos_service_runs else []


def _left_behind(seen: Seen, record: Record) -> list[str]:
    """Return what depends on IIS, ran before and does not run now: a restart was cut off between stop and start."""
    web = seen.findings.services.get(W3SVC)
    dependents = dict(web.dependents) if web else {}
    return [each.name for each in record.services if each.name in dependents and not seen.runs(each.name)]


def _start_again(seen: Seen, record: Record, *, iis: bool = True, accept: bool = False) -> list[Step]:
    """Return the step that starts exactly the services that ran before and don't run now.

    ``iis`` says that IIS is among them: where a restart is due it is the restart's business. ``accept`` says that one
    that was disabled or removed meanwhile is no failure.
    """
    left = {service.name for service in _not_startable(seen, record)}
    names = [
        service.name
        for service in record.services
        # Of what depends on one of ours nothing more is known than that we stopped it; one of ours that is not there
        # was removed.
        if (service.name in seen.findings.services or (service.stopped and service.name not in _services.FO_SERVICES))
        and not seen.runs(service.name)
        and service.name not in left
    ]
    names = [name for name in names if name != W3SVC or iis]
    return [start(names, accept=accept)] if names else []


def _not_startable(seen: Seen, record: Record) -> tuple[ServiceBefore, ...]:
    """Return the services that ran before and that somebody has disabled, or paused, since."""
    return tuple(
        service
        for service in record.services
        if service.name in seen.findings.services
        and not seen.runs(service.name)
        and _services.why_not_startable(seen.findings.services[service.name])
    )


def _to_stop(seen: Seen, done: bool) -> list[str]:
    """Return the background services that run, what depends on them before them.

    In maintenance mode the batch service may try to start again and again; only what really runs is stopped then.
    """
    running = [
        name
        for name in BACKGROUND
        if seen.runs(name) and not (done and seen.findings.services[name].state == "start_pending")
    ]
    dependents = _services.running_dependents(seen.findings.services, running)
    return [*(name for name in dependents if name not in running), *running]


def _running_before(seen: Seen, stopping: Sequence[str], *, first: bool) -> tuple[ServiceBefore, ...]:
    """Return what the record has to keep of what runs now, in the order in which to start it again.

    With the ``first`` window that is everything; later only what is going to be stopped, with IIS what depends on it.
    """
    known = seen.findings.services
    iis = seen.aos_service_runs
    names = [*stopping, *(_services.running_dependents(known, [W3SVC]) if iis else [])]
    about_to_stop = set(names)
    if first:
        names += [*(name for name in BACKGROUND if seen.runs(name)), *([W3SVC] if iis else [])]
    return tuple(
        ServiceBefore(name, known[name].start_type if name in known else "unknown", name in about_to_stop)
        for name in reversed(dict.fromkeys(names))
    )


def _ran(record: Record, name: str) -> bool:
    return any(service.name == name for service in record.services)


def _write(record: Record, title: str, *, mode: str | None = None, hold: bool = True) -> WriteRecord:
    verb, _blank, rest = title.partition(" ")
    past = {"record": "recorded", "turn": "turned", "close": "closed"}[verb]
    return WriteRecord(record, title, f"{past} {rest}", mode, hold=hold)


def _seen(step: WriteRecord, word: str) -> WriteRecord:
    """The same write after tool or script: it finds the variable set, or fails."""
    return replace(
        step,
        found=True,
        title=f"verify that maintenance mode is {word} in the database",
        done=f"verified that it is {word}",
    )


def _settle(record: Record, restart: Sequence[Step]) -> WriteRecord:
    """The last write: ``restart`` are the steps by which the AOS took the variable over."""
    verified = any(isinstance(step, WaitForAos) for step in restart)
    record = replace(record, phase=SETTLED, verified=verified)
    return _write(record, "record that it is in effect", hold=False)


def _drop() -> WriteRecord:
    return WriteRecord(None, "remove the record", "removed the record", hold=False)


def _until_restart(steps: list[Step], seen: Seen) -> list[Step]:
    """Cut the plan before the restart and the synchronisation that comes before it.

    The last record that is written before that holds no lease. Where nothing else is left to be done, nothing is left
    of the plan.
    """
    if not any(isinstance(step, Restart) for step in steps):
        return steps
    at = next(number for number, step in enumerate(steps) if isinstance(step, Restart) or _synchronises(step))
    kept = steps[:at]
    if all(isinstance(step, WriteRecord) and _says_nothing_new(step, seen) for step in kept):
        return []
    last, step = [(number, step) for number, step in enumerate(kept) if isinstance(step, WriteRecord)][-1]
    return [*kept[:last], replace(step, hold=last < len(kept) - 1), *kept[last + 1 :]]


def _synchronises(step: Step) -> bool:
    return isinstance(step, RunSetupTool) and step.parameters == tuple(_setup_tool.SYNCHRONISE.items())


def _says_nothing_new(step: WriteRecord, seen: Seen) -> bool:
    if step.record is None or seen.record is None or step.mode not in (None, seen.reading.mode):
        return False
    return replace(step.record, lease=None) == replace(seen.record, lease=None)


def _shown_before(seen: Seen) -> dict[str, Any]:
    record = seen.record
    return {
        "maintenance_mode": seen.reading.mode or "missing",
        "windows": [window.result() for window in record.windows] if record else [],
        "services": {name: service.state for name, service in seen.findings.services.items()},
    }


def _shown_after(seen: Seen, steps: Sequence[Step]) -> dict[str, Any]:
    """Return what the diff shows: what will be so after these steps."""
    shown = _shown_before(seen)
    mode, windows, services = shown["maintenance_mode"], shown["windows"], dict(shown["services"])
    for step in steps:
        if isinstance(step, WriteRecord):
            mode = step.mode or mode
            windows = _windows(step.record)
        elif isinstance(step, ControlServices):
            services |= {
                name: {"stop": "stopped", "start": "running"}[control.action]
                for control in step.controls
                for name in control.names
            }
        elif isinstance(step, Restart):
            # Said in words: a diff from "running" to "running" would show nothing of the restart.
            services |= {name: "running (restarted)" for control in step.controls for name in control.names}
    return {"maintenance_mode": mode, "windows": windows, "services": services}


def _windows(record: Record | None) -> list[dict[str, Any]]:
    windows: Sequence[Window] = record.windows if record else ()
    return [window.result() for window in windows]
