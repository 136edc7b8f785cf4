# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What messages say about many computers: summaries, warnings, what to do. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import HttpFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import OFF, STOPPING, Computer
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import (
    Reading,
    Step,
    Wish,
    duration_is_over,
    long_enough,
    other_duration,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._selection import Problem

GONE = "it is no longer in the manager: deleted meanwhile, or the key lost the right to see it"


def some(texts: Iterable[str], separator: str = ", ") -> str:
    """Return the first of many texts, and how many more there are; the result's lists hold all of them."""
    listed = list(texts)
    return separator.join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")


def listed(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as a result shows them."""
    return [{"name": problem.name, "id": problem.id, "reason": problem.reason} for problem in problems]


def all_of_them(wish: Wish) -> str:
    """Complete "Could not ..."."""
    return f"{'bring' if wish.on else 'take'} all computers {'into' if wish.on else 'out of'} maintenance mode"


def refusal(
    wish: Wish, target: str, how_far: str, problems: Sequence[Problem], reading: Reading | None = None
) -> Failure:
    """Return the failure for computers with a problem; ``reading`` shows which of them have been asked already."""
    answer = some(map(str, problems), " | ")
    return Failure(
        all_of_them(wish),
        target,
        f"{how_far}: {answer}" if how_far else answer,
        _what_to_do(problems, reading),
        details={"unavailable": listed(problems)},
    )


def _what_to_do(problems: Sequence[Problem], reading: Reading | None) -> str:
    asked = {computer.id for computer in reading.computers if computer.status == STOPPING} if reading else set()
    later = [problem.name for problem in problems if problem.id in asked]
    rest = [problem.name for problem in problems if problem.name not in later]
    texts = []
    if later:
        texts.append(
            f"The manager has the request for {some(later)}: the agent leaves maintenance mode when it calls again. "
            "Run this task again then to verify it"
        )
    if rest:
        texts.append(
            f"Fix or remove {some(rest)}, or set on_unavailable: skip to continue without "
            f"{'them' if len(rest) > 1 else 'it'}"
        )
    return ". ".join(texts)


def remedy(own: str, problems: Sequence[Problem], reading: Reading, *, timed_out: bool, unread: bool) -> str:
    """Return what to do after a failure; ``own`` is what the failure itself says."""
    if unread:
        return f"{own}. Then run this task again: it reads the state first, and changes only what is not as requested"
    if not timed_out:
        return own
    wait = (
        "The agents of the computers named have not called the manager: look at their last communication there. "
        "Run this task again to continue waiting, or raise wait_timeout"
    )
    return ". ".join([wait, *([_what_to_do(problems, reading)] if problems else [])])


def why_refused(failure: HttpFailure) -> str:
    """Return the reason why one computer was not changed."""
    if failure.status is None:
        return f"no answer to the request ({failure.answer})"
    return f"the manager refused it (HTTP {failure.status}: {failure.message or failure.answer})"


def wrong_duration(reported: int, requested: int | None) -> str:
    """Return the reason for an agent that took over another duration."""
    return f"its agent reports a duration of {reported} minutes in place of the requested {requested}"


def ended_early(wish: Wish, target: str, gone_out: Sequence[Computer], reading: Reading) -> Failure:
    """Return the failure for computers that left maintenance mode again before all others were in it."""
    over = all(duration_is_over(computer, reading.now) for computer in gone_out)
    cause = "the duration was over" if over else "maintenance mode was ended, not by this task,"
    if over and wish.duration:
        remedy = (
            f"Use a longer duration than {wish.duration} minutes, or fewer computers in one task; a higher "
            "requests_per_minute, where the manager allows it, and a shorter heartbeat reach the agents sooner"
        )
    else:
        remedy = "Look in the manager's events for who changed it, then run this task again"
    return Failure(
        all_of_them(wish),
        target,
        f"{cause} for {len(gone_out)} of {len(reading.computers)} computers before all of them were "
        f"{wish.state}: {some(computer.name for computer in gone_out)}",
        remedy,
    )


def too_short(duration: int | None, writes: int, seconds: float, concurrency: int, per_minute: int) -> list[str]:
    """Warn of a duration that is over for the first computers before the last ones are asked."""
    if duration is None or writes < 2 or seconds < 60 * duration:
        return []
    pace = f", {per_minute} a minute" if per_minute else ""
    minutes = math.ceil(seconds / 60)
    warning = (
        f"The duration of {duration} minutes is too short for {writes} computers: sending the requests alone "
        f"takes about {minutes} minutes ({concurrency} at the same time{pace}), so the first computers are out of "
        f"maintenance mode again before the last ones are in it. Use a duration well over {minutes} minutes, fewer "
        "computers in one task, or a higher requests_per_minute where the manager allows it"
    )
    return [warning]


def summary(wish: Wish, actions: Sequence[str], there: int, left_out: int, *, check_mode: bool) -> str:
    """Say in one line what was done: how many computers are ``there``, and what was done to each."""
    parts = [f"{action} for {count}" for action, count in Counter(actions).items()]
    done = f"; {'would be ' if check_mode else ''}{', '.join(parts)}" if parts else ""
    without = f"; continued without {left_out}" if left_out else ""
    return f"{there} of {len(actions)} computers are {wish.state}{done}{without}"


def stays(computers: Mapping[str, str]) -> str:
    """Say for whom computers stay in maintenance mode after a window was closed, or none was; "" if none does."""
    by_windows: dict[str, list[str]] = {}
    for name, windows in computers.items():
        by_windows.setdefault(windows, []).append(name)
    return " ".join(
        f"Maintenance mode stays on for {some(names)}, held by {windows}" for windows, names in by_windows.items()
    )


def warnings(wish: Wish, reading: Reading, problems: Sequence[Problem], accepted: Collection[int]) -> list[str]:
    """Name what a person would not expect: computers left out, and an end other than the requested one."""
    found = [f"Continued without: {some(map(str, problems), ' | ')}"] if problems else []
    if not wish.on:
        return found
    ends = {
        computer: f"{computer.name} (ends in {computer.minutes_left(reading.now)} minutes)"
        for computer in reading.computers
        if computer.ends is not None
    }
    wishes = {computer: reading.wish_for(computer, wish) for computer in reading.computers}
    if all(each.duration is None for each in wishes.values()):
        if ends:
            found.append(f"No duration was requested, but maintenance mode ends by itself for: {some(ends.values())}")
        return found
    kept = [computer for computer in reading.computers if computer.id not in accepted]
    short = [
        computer for computer in kept if computer in ends and not long_enough(computer, wishes[computer], reading.now)
    ]
    for exact, rule in (
        (False, f"less than half of the requested {wish.duration} minutes left"),
        (True, "less time left than a window needs"),
    ):
        named = [ends[computer] for computer in short if wishes[computer].exact is exact]
        if named:
            found.append(f"Not extended, with {rule}: {some(named)}")
    endless = [computer.name for computer in kept if computer.endless and wishes[computer].duration is not None]
    if endless and wish.duration is not None:
        found.append(
            f"Maintenance mode has no end for {some(endless)}, so the duration of {wish.duration} minutes was not set: "
            "it lasts until a task with state: disabled. Use extend: true to make it end after the duration"
        )
    return found


def how_far(steps: Sequence[Step], accepted: Mapping[int, Step], unanswered: Sequence[Step]) -> str:
    """Say which requests the manager had accepted when the run failed."""
    if not steps:
        return "Nothing had been changed"
    names = some(step.computer.name for step in accepted.values())
    said = f"The manager had accepted the request for {len(accepted)} of {len(steps)} computers"
    said += f": {names}" if accepted else ""
    if unanswered:
        said += f"; no answer came for {some(step.computer.name for step in unanswered)}"
    return said


def where_it_stands(wish: Wish, reading: Reading, done: Collection[int], accepted: Mapping[int, Step]) -> str:
    """Say which computers are as requested and which are not, after a failure."""
    asked = [computer for computer in reading.computers if not reading.wish_for(computer, wish).leave]
    rest = [computer for computer in asked if computer.id not in done]
    said = f"{len(asked) - len(rest)} of {len(asked)} computers are {wish.state}"
    if not rest:
        return said
    return f"{said}, not: {some(f'{c.name} ({_state(c, accepted.get(c.id))})' for c in rest)}"


def _state(computer: Computer, step: Step | None) -> str:
    other = other_duration(computer, step)
    if other is None and step is not None and computer.running and computer.duration != step.duration:
        other = computer.duration
    if other is None or step is None or computer.status == OFF:
        return computer.state
    return f"{computer.state}, {other} in place of {step.duration} minutes"
