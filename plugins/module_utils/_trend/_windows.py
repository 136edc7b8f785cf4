# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The records of a manager's computers during a run: read once, and written at most twice, for all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ansible_collections.quiesce.maintenance.plugins.module_utils import _holding
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Change, Held
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._aim import Aim, aim, key_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._computer import Computer
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._manager import Written
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend._plan import (
    DISABLE,
    RECORD,
    Reading,
    Step,
    Wish,
)


class Windows:
    """The windows of computers, in ``ledger``. ``lease`` is how many seconds a request may take at the most."""

    def __init__(self, ledger: Ledger, *, lease: float = 0.0, check_mode: bool = False) -> None:
        self._ledger = ledger
        self._lease = lease
        self._check_mode = check_mode
        self._aims: dict[int, Aim] = {}
        self._moving: dict[int, str] = {}
        self._wish = Wish(on=False)

    def read(self) -> None:
        """Read the records. Raises ``Failure`` for a file that cannot be used."""
        self._ledger.read()

    def wait_for_turn(self, reading: Reading, what: str) -> bool:
        """Wait until no other run is at work on one of the computers (``Ledger``)."""
        keys = [key_of(computer) for computer in reading.computers]
        return self._ledger.wait_for_turn(keys, what, check_mode=self._check_mode)

    def with_wishes(self, reading: Reading, wish: Wish) -> Reading:
        """Return the reading with what a task that asks for ``wish`` asks of each computer."""
        self._wish = wish
        self._aims = {
            computer.id: aim(computer, wish, self._ledger.record(key_of(computer)), self._ledger.now, reading.now)
            for computer in reading.computers
        }
        return replace(
            reading,
            wishes={number: each.wish for number, each in self._aims.items()},
            recorded=frozenset(number for number, each in self._aims.items() if each.writes),
        )

    def begin(self, steps: Sequence[Step], seconds: float) -> bool:
        """Record what is going to be, in one write or none; return whether it was one.

        ``seconds`` are what the requests of ``steps`` take. Raises ``Conflict`` (``Ledger``).
        """
        concerned = {
            step.computer.id: step
            for step in steps
            # The mode of somebody else has no record, and gets none when it is extended.
            if step.action in (DISABLE, RECORD) or self._aims[step.computer.id].change.record
        }
        changes = {key_of(step.computer): self._aims[number].change for number, step in concerned.items()}
        self._moving = {number: key_of(step.computer) for number, step in concerned.items() if step.action != RECORD}
        self._ledger.begin(changes, self._moving.values(), seconds + self._lease)
        return bool(changes)

    def end(self, written: Written, unanswered: Iterable[Step]) -> None:
        """Record what became of it, in one write or none. Raises ``Failure``."""
        unknown = {step.computer.id for step in unanswered}
        done = {step.computer.id for step in written.accepted}
        self._ledger.end(
            done=[key for number, key in self._moving.items() if number in done],
            undone=[key for number, key in self._moving.items() if number not in done | unknown],
            unknown=[key for number, key in self._moving.items() if number in unknown],
        )

    def begin_back(self, steps: Sequence[Step], there: Iterable[Computer], seconds: float) -> list[Step]:
        """Close again the windows that this run opened, also by ``steps``, which would take computers out again.

        Return those of them that no other window holds meanwhile. Raises ``Failure``.
        """
        self._ledger.read()
        request = replace(self._wish.request, on=False)
        taken_back = {step.computer.id for step in steps}
        changes: dict[str, Change] = {}
        free: list[Step] = []
        for computer in there:
            key = key_of(computer)
            if computer.id not in taken_back and not self._aims[computer.id].change.opens:
                continue
            change = _holding.change(request, self._ledger.record(key), self._ledger.now, on=True, name=computer.name)
            if change.record or self._ledger.records.get(key):
                changes[key] = change
            if not change.on:
                free += [step for step in steps if step.computer.id == computer.id]
        self._moving = {step.computer.id: key_of(step.computer) for step in free if key_of(step.computer) in changes}
        self._ledger.begin(changes, self._moving.values(), seconds + self._lease)
        return free

    def stays(self, reading: Reading) -> dict[str, str]:
        """Return the computers that this task leaves in maintenance mode, and for which windows."""
        return {
            computer.name: "; ".join(map(str, self._aims[computer.id].change.windows)) or "somebody else"
            for computer in reading.computers
            if reading.wish_for(computer, self._wish).leave
        }

    def held(self, computers: Iterable[Computer]) -> dict[int, Held]:
        """Return what the records say of each computer."""
        return held(self._ledger, computers)


def held(ledger: Ledger, computers: Iterable[Computer]) -> dict[int, Held]:
    """Return what the records say of each computer, by ID."""
    return {computer.id: ledger.held(key_of(computer)) for computer in computers}
