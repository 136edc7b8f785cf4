"""Sequences of options, one after the other on each machine, in three runs that several files share.

What is done first; the status three hours later, after whatever happened in between; and what is done then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playbook import Done
from playbook.estate import Lab, Outcome, Shot, row, shots

LATER = 3 * 3600

Options = Mapping[str, Any]


def nothing(_lab: Lab) -> None:
    """Nothing happens."""


@dataclass(frozen=True)
class Part:
    """What one file has in the estate.

    :ivar first: the options of each of its machines, one set after the other; ``then``: those of the last run
    :ivar add: adds its machines
    :ivar begin: what happens to them once they run
    :ivar between: what happens between the first run and the status
    """

    first: Mapping[str, Sequence[Options]]
    then: Mapping[str, Sequence[Options]]
    add: Callable[[Lab], None]
    begin: Callable[[Lab], None] = nothing
    between: Callable[[Lab], None] = nothing


@dataclass(frozen=True)
class Sequences:
    """What came of each set of options, and what each machine was before all, after the first run, at the status and
    in the end."""

    lab: Lab
    origin: dict[str, Shot]
    first: dict[str, list[Outcome]]
    after_first: dict[str, Shot]
    status: Done
    left: dict[str, Shot]
    then: dict[str, list[Outcome]]
    end: dict[str, Shot]

    def shown(self, name: str) -> dict[str, Any]:
        """The row of a machine in the status table."""
        return row(self.status, name)

    def differs(self, name: str) -> list[str]:
        """What of a machine was not as it was before all, in words: nothing, when it is back."""
        return self.end[name].differs(self.origin[name].services)


def sequences(lab: Lab, parts: Sequence[Part]) -> Sequences:
    """Build the estate of these parts and run all three."""
    for part in parts:
        part.add(lab)
    lab.start()
    origin = shots(lab.systems)
    for part in parts:
        part.begin(lab)
    first = lab.sequences({name: todo for part in parts for name, todo in part.first.items()})
    after_first = shots(lab.systems)
    for part in parts:
        part.between(lab)
    lab.estate.clock.advance(LATER)
    status, left = lab.run("status"), shots(lab.systems)
    then = lab.sequences({name: todo for part in parts for name, todo in part.then.items()})
    return Sequences(lab, origin, first, after_first, status, left, then, shots(lab.systems))
