"""Locks: who holds what, how a session waits for it, and when two wait for one another.

What is simplified:

- There is one writer at a time per database. A session that changed something in a transaction keeps every other
  session from writing anywhere in that database. SQL Server locks rows, but a table without an index is scanned and
  meets the locked row all the same.
- With row versions (READ_COMMITTED_SNAPSHOT) a reader sees what was committed last; without them it waits for whoever
  changed the tables that it reads.
- Of a circle of sessions that wait for one another the one that closes it is the victim, and at once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .results import Waiting
from .types import Value

if TYPE_CHECKING:
    from .database import Database
    from .session import Session

Rows = list[tuple[Value, ...]]


@dataclass
class Lock:
    """What keeps others out: a session's open transaction, or a test (``Database.hold_lock``). ``before`` holds the
    rows of the tables that its owner changed, as they were committed."""

    owner: object
    tables: set[str] = field(default_factory=set)
    before: dict[str, Rows] = field(default_factory=dict)


class TimedOut(Exception):
    """The lock did not come in time."""


class Deadlocked(Exception):
    """Whoever holds the lock waits for this session itself."""


def wait(
    session: Session, blockers: Callable[[], Sequence[object]], milliseconds: int
) -> Generator[Waiting, None, bool]:
    """Wait until ``blockers`` names nobody, for so long at the most (-1: for ever); whether there was one. Raises
    TimedOut or Deadlocked."""
    clock = session.server.clock
    start = clock.monotonic()
    waited = False
    try:
        while True:
            found = blockers()
            if not found:
                return waited
            if not session.patient or 0 <= milliseconds <= (clock.monotonic() - start) * 1000:
                raise TimedOut
            session.waits_for = tuple(found)
            if _in_a_circle(session):
                raise Deadlocked
            waited = True
            yield Waiting()
            session.check_connection()
    finally:
        session.waits_for = ()


def _in_a_circle(session: Session) -> bool:
    seen: set[int] = set()
    rest: list[object] = list(session.waits_for)
    while rest:
        owner = rest.pop()
        if owner is session:
            return True
        if id(owner) not in seen:
            seen.add(id(owner))
            rest.extend(getattr(owner, "waits_for", ()))
    return False


# application locks

TRANSACTION, SESSION = "Transaction", "Session"
# which modes others may still take: IS, S, U, IX, X
_COMPATIBLE = {
    "IntentShared": frozenset(("IntentShared", "Shared", "Update", "IntentExclusive")),
    "Shared": frozenset(("IntentShared", "Shared", "Update")),
    "Update": frozenset(("IntentShared", "Shared")),
    "IntentExclusive": frozenset(("IntentShared", "IntentExclusive")),
    "Exclusive": frozenset[str](),
}
MODES = {mode.lower(): mode for mode in _COMPATIBLE}


@dataclass
class ApplicationLock:
    """A lock of sp_getapplock: held, or asked for. ``kind`` says when it ends: with the transaction or the session."""

    resource: str
    mode: str
    owner: object
    kind: str = SESSION
    principal: str = "public"

    def conflicts(self, other: ApplicationLock) -> bool:
        """Whether ``other``, which is held or was asked for before, is in the way."""
        same = (self.resource, self.principal) == (other.resource, other.principal)
        return same and self.owner is not other.owner and self.mode not in _COMPATIBLE[other.mode]


class ApplicationLocks:
    """The application locks of a database: those that are held, in the order in which they were granted."""

    def __init__(self) -> None:
        self.held: list[ApplicationLock] = []
        self._queue: list[ApplicationLock] = []

    def acquire(self, session: Session, wanted: ApplicationLock, milliseconds: int) -> Generator[Waiting, None, bool]:
        """Take a lock, first come first served; whether it had to wait. Raises TimedOut or Deadlocked."""
        self._queue.append(wanted)
        try:
            waited = yield from wait(session, lambda: self._in_the_way(wanted), milliseconds)
            self.held.append(wanted)
        finally:
            self._queue.remove(wanted)
        return waited

    def _in_the_way(self, wanted: ApplicationLock) -> list[object]:
        earlier = self._queue[: self._queue.index(wanted)]
        return [each.owner for each in (*self.held, *earlier) if wanted.conflicts(each)]

    def release(self, wanted: ApplicationLock) -> bool:
        """Give one lock back; whether it was held."""
        for each in self.held:
            same = (each.resource, each.principal, each.kind) == (wanted.resource, wanted.principal, wanted.kind)
            if same and each.owner is wanted.owner:
                self.held.remove(each)
                return True
        return False

    def release_all(self, owner: object, *kinds: str) -> None:
        """Give back what ``owner`` holds until the end of its transaction or session."""
        self.held = [each for each in self.held if each.owner is not owner or each.kind not in kinds]


# the database's own lock


def writing_blockers(database: Database, session: Session) -> list[object]:
    """Who keeps ``session`` from writing."""
    lock = database.lock
    return [lock.owner] if lock is not None and lock.owner is not session else []


def reading_blockers(database: Database, session: Session, tables: set[str]) -> list[object]:
    """Who keeps ``session`` from reading the tables."""
    lock = database.lock
    return [lock.owner] if lock is not None and lock.owner is not session and lock.tables & tables else []
