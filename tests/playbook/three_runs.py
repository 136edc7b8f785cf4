"""Three runs over one large estate that several files share: all on; then each system on or back; then once more.

A file says what it adds to the estate, what happens to that before each run, and which way each system goes. What the
estate looked like after each run is kept for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from playbook import Done
from playbook.estate import Lab, Shot, shots

# Two hours later: the lease of a run that died is over (three minutes, or as long as the setup tool or the script may
# take: 15 minutes, an hour).
LEASES_END = 2 * 3600
REASON = "4711"  # as it is typed on the command line; a number of a change is text

Ways = Mapping[str, str]


def _nothing(_lab: Lab) -> None:
    """Nothing happens."""


def _nobody(_lab: Lab) -> Ways:
    return {}


@dataclass(frozen=True)
class Part:
    """What one file has in the estate.

    :ivar add: adds its systems
    :ivar first: what happens to them once they run
    :ivar second: what happens before the second run, and which of them go "enabled" or "disabled" then
    :ivar third: the same before the third run
    :ivar arguments: more of the command line of the first two runs
    """

    add: Callable[[Lab], None]
    first: Callable[[Lab], None] = _nothing
    second: Callable[[Lab], Ways] = _nobody
    third: Callable[[Lab], Ways] = _nobody
    arguments: Callable[[Lab], Sequence[str]] = lambda _lab: ()


@dataclass(frozen=True)
class Run:
    """A run, and what each system was before the first one, right before this one, and after it."""

    done: Done
    origin: dict[str, Shot]
    before: dict[str, Shot]
    after: dict[str, Shot]

    def differs(self, name: str) -> list[str]:
        """What of a system was not as it was before the first run, in words: nothing, when it is back."""
        return self.after[name].differs(self.origin[name].services)


@dataclass(frozen=True)
class ThreeRuns:
    """The estate, and what came of the runs."""

    lab: Lab
    first: Run
    second: Run
    third: Run


def three_runs(lab: Lab, parts: Sequence[Part]) -> ThreeRuns:
    """Build the estate of these parts and run all three."""
    for part in parts:
        part.add(lab)
    lab.start()
    for part in parts:
        part.first(lab)
    origin = shots(lab.systems)
    given = [argument for part in parts for argument in part.arguments(lab)]

    def run(what: Callable[[], Done]) -> Run:
        before = shots(lab.systems)
        return Run(what(), origin, before, shots(lab.systems))

    def ways(acts: Sequence[Callable[[Lab], Ways]]) -> Ways:
        lab.estate.clock.advance(LEASES_END)
        return {name: way for act in acts for name, way in act(lab).items()}

    first = run(lambda: lab.run("enable", *given, "-e", f"d365fo_reason={REASON}"))
    back_or_on = ways([part.second for part in parts])
    second = run(lambda: lab.each_its_way(back_or_on, *given))
    once_more = ways([part.third for part in parts])
    third = run(lambda: lab.each_its_way(once_more))
    return ThreeRuns(lab, first, second, third)
