"""One run of a playbook that several files share: each has plays of its own in it, on machines of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playbook import Done
from playbook.estate import Lab, Shot, shots

Play = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """What one file has in the run.

    :ivar add: adds its machines
    :ivar plays: its plays, once the machines run; a failure does not keep a host from its next task
    """

    add: Callable[[Lab], None]
    plays: Callable[[Lab], Sequence[Play]]


@dataclass(frozen=True)
class OneRun:
    """What came of the run, and what each machine was before it and after it."""

    lab: Lab
    done: Done
    before: dict[str, Shot]
    after: dict[str, Shot]


def one_run(lab: Lab, parts: Sequence[Part]) -> OneRun:
    """Build the estate of these parts and run their plays."""
    for part in parts:
        part.add(lab)
    lab.start()
    plays = [play for part in parts for play in part.plays(lab)]
    before = shots(lab.systems)
    done = lab.plays(*plays)
    return OneRun(lab, done, before, shots(lab.systems))
