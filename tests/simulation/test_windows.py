"""Overlapping windows that open, are extended, close, are killed anywhere and swept up, in any order that there is.

Before every operation and after every step: the mode is on if and only if a window lives.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import LEASE
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from .gate import Gate, Killed
from .windows import BUSY, HOSTS, World, at_each

NAMES = st.sampled_from(["A", "B", "C"])
HOST = st.sampled_from(HOSTS)
# Before a look at a file or a server, or a write: the first, the second, ... of its kind.
OPERATIONS = st.tuples(st.sampled_from(["read", "write", "GET", "PUT"]), st.integers(0, 5))
MINUTE, HOUR = 60, 3600


class Windows(RuleBasedStateMachine):
    """What may happen to the windows of two servers. ``known`` are the windows of each, as they should be."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.known: dict[str, set[str]] = {host: set() for host in HOSTS}

    # --- what people do -----------------------------------------------------------------------------------------------

    @rule(name=NAMES, hours=st.integers(1, 3))
    def open(self, name: str, hours: int) -> None:
        """A run begins a window, or goes on with one whose run was killed."""
        busy = name in self.world.alive or self.held(name) or self.busy(*HOSTS)
        known = {host: {*self.known[host], *([] if host in self.foreign() else [name])} for host in HOSTS}
        again = name in self.world.book() or any(name in known for known in self.known.values())
        if self.attempt(lambda: self.world.open(name, f"{hours}h"), name):
            assert not busy
            assert self.known == known, "every server has the window, but one that somebody else turned on"
        else:
            assert busy or again, "only another end than before, which has passed, may be refused"
            self.died(name)

    @precondition(lambda self: self.world.alive)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        """The work is done."""
        name = data.draw(st.sampled_from(sorted(self.world.alive)))
        if self.busy(*HOSTS):
            return
        self.undisturbed(lambda: self.world.close(name))
        self.forget(name)
        assert name not in self.world.book()

    @rule(name=NAMES, minutes=st.integers(1, 120))
    def extend(self, name: str, minutes: int) -> None:
        """Somebody gives a window more time."""
        hosts = [host for host in HOSTS if name in self.world.windows(host)]
        if not hosts or self.busy(*HOSTS):
            return
        until = self.undisturbed(lambda: self.world.extend(name, minutes * MINUTE))
        assert {self.world.windows(host)[name].expires for host in hosts if host not in self.foreign()} <= {until}

    @rule(host=HOST, on=st.booleans())
    def by_hand(self, host: str, on: bool) -> None:
        """Somebody turns the mode of a server on or off without this collection."""
        server = self.world.servers[host]
        server.on = on
        server.by_hand = not self.agrees(host)

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.alive)
    @rule(data=st.data(), guard=st.booleans())
    def killed_in_the_work(self, data: st.DataObject, guard: bool) -> None:
        """The run, and with it the whole machine or not."""
        self.world.dies(data.draw(st.sampled_from(sorted(self.world.alive))), guard=guard)

    @rule(name=NAMES, hours=st.integers(1, 3), at=OPERATIONS, guard=st.booleans())
    def killed_on_the_way_in(self, name: str, hours: int, at: tuple[str, int], guard: bool) -> None:
        """At one of the operations."""
        alive = name in self.world.alive
        done = self.attempt(lambda: self.world.open(name, f"{hours}h"), name, killed_at=at)
        if not (done or alive):
            self.died(name, guard=guard)

    @rule(name=NAMES, minutes=st.integers(1, 120), at=OPERATIONS)
    def killed_while_extending(self, name: str, minutes: int, at: tuple[str, int]) -> None:
        """At one of the operations; after the first of two servers their ends differ."""
        if any(name in self.known[host] for host in HOSTS):
            self.attempt(lambda: self.world.extend(name, minutes * MINUTE), killed_at=at)

    @precondition(lambda self: self.world.alive)
    @rule(data=st.data(), at=OPERATIONS, guard=st.booleans())
    def killed_on_the_way_out(self, data: st.DataObject, at: tuple[str, int], guard: bool) -> None:
        """At one of the operations."""
        name = data.draw(st.sampled_from(sorted(self.world.alive)))
        self.attempt(lambda: self.world.close(name), name, killed_at=at)
        self.died(name, guard=guard)

    @rule(at=OPERATIONS)
    def killed_in_the_sweep(self, at: tuple[str, int]) -> None:
        """At one of the operations."""
        self.attempt(self.world.sweep, *(name for host in HOSTS for name in self.over(host)), killed_at=at)

    # --- time ---------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, MINUTE, int(LEASE), 20 * MINUTE, HOUR, 3 * HOUR]))
    def passes(self, seconds: int) -> None:
        """Time passes."""
        self.world.passes(seconds)

    @rule()
    def sweep(self) -> None:
        """Everything that is over is closed, but what a run holds, or one that is not known to be dead."""
        for host in HOSTS:
            if not self.busy(host):
                self.known[host] -= self.over(host)
        known = set(self.world.book())
        self.undisturbed(self.world.sweep)
        left = {name for host in HOSTS for name in self.world.windows(host)}
        over = {name for name, record in self.world.book().items() if record.windows[0].overdue(self.world.now)}
        assert {name for name in over if not self.held(name)} <= left
        assert known & left <= set(self.world.book()), "the book has every window that is still open"

    # --- what holds ---------------------------------------------------------------------------------------------------

    @invariant()
    def the_mode_is_on_if_and_only_if_a_window_lives(self) -> None:
        """Where no switch was cut off, and nobody turned it by hand."""
        for host, server in self.world.servers.items():
            record = self.world.record(host)
            if server.by_hand and self.agrees(host):
                server.by_hand = False  # a run has set it right
            assert (record and record.lease) or server.by_hand or self.agrees(host), (host, server.on, record)
            # Even then nothing is on of which nobody knows, so that a sweep finds it.
            assert not server.on or record or server.by_hand, (host, record)

    @invariant()
    def every_window_is_where_it_was_opened(self) -> None:
        """And nowhere else: nobody closes what is not over, or what a run holds."""
        assert {host: set(self.world.windows(host)) for host in HOSTS} == self.known

    def teardown(self) -> None:
        """When every run has ended and everything is over, one sweep leaves nothing but what others turned on."""
        for name in list(self.world.alive):
            self.world.dies(name, guard=True)
        self.world.passes(200 * HOUR)
        others = self.foreign()
        self.sweep()
        assert self.world.files == {}
        assert {host for host, server in self.world.servers.items() if server.on} == others

    # --- parts --------------------------------------------------------------------------------------------------------

    def undisturbed(self, act: Callable[[], object]) -> object:
        others = self.foreign()
        self.world.gate = at_each(self.the_mode_is_on_if_and_only_if_a_window_lives)
        try:
            return act()
        finally:
            self.world.gate = Gate()
            assert others <= self.foreign(), "what somebody else turned on stays theirs"

    def attempt(self, act: Callable[[], object], *names: str, killed_at: tuple[str, int] = ("", 0)) -> bool:
        """Do something that may be refused, or is killed at an operation if it gets there; return whether it was done.

        It may have changed the windows ``names``, and nothing else.
        """
        before = {host: self.known[host] - set(names) for host in HOSTS}
        self.world.gate = at_each(self.the_mode_is_on_if_and_only_if_a_window_lives, killed_at)
        others, done = self.foreign(), True
        try:
            act()
        except Killed:
            done = False
        except Failure as failure:
            if not any(refusal in str(failure) for refusal in (BUSY, "in the past")):
                raise
            done = False
        finally:
            self.world.gate = Gate()
        self.known = {host: set(self.world.windows(host)) for host in HOSTS}
        assert {host: self.known[host] - set(names) for host in HOSTS} == before
        assert others <= self.foreign(), "what somebody else turned on stays theirs"
        return done

    def died(self, name: str, *, guard: bool = True) -> None:
        if name in self.world.alive:
            self.world.dies(name, guard=guard)

    def forget(self, name: str) -> None:
        for known in self.known.values():
            known.discard(name)

    def agrees(self, host: str) -> bool:
        return self.world.servers[host].on == bool(self.world.windows(host))

    def foreign(self) -> set[str]:
        return {host for host, server in self.world.servers.items() if server.on and self.world.record(host) is None}

    def busy(self, *hosts: str) -> bool:
        """Whether a run was cut off there that is not yet known to be dead."""
        leases = [record.lease for host in hosts if (record := self.world.record(host))]
        return any(lease and lease.alive(self.world.now) for lease in leases)

    def held(self, name: str) -> bool:
        record = self.world.book().get(name)
        return record is not None and record.lease is not None and record.lease.alive(self.world.now)

    def over(self, host: str) -> set[str]:
        """The windows of a server that are over, and whose work does not go on."""
        windows = self.world.windows(host).values()
        return {each.id for each in windows if each.overdue(self.world.now) and not self.held(each.id)}


TestWindows = Windows.TestCase
TestWindows.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, derandomize=True, database=None
)


# --- what chance seldom finds -----------------------------------------------------------------------------------------


def test_two_runs_that_were_cut_off_before_they_turned_it_on() -> None:
    """When the window of one is over, that of the other is still to be brought about."""
    machine = Windows()
    for name, hours in (("A", 3), ("B", 1)):
        machine.killed_on_the_way_in(name=name, hours=hours, at=("PUT", 0), guard=True)
        machine.passes(seconds=int(LEASE))
    machine.passes(seconds=HOUR)
    machine.sweep()
    machine.the_mode_is_on_if_and_only_if_a_window_lives()
    assert machine.known == {"launch01": {"A"}, "launch02": set()}
    assert not machine.world.servers["launch01"].on
    machine.open(name="A", hours=3)
    assert all(server.on for server in machine.world.servers.values())
    machine.teardown()


def test_an_extension_that_was_cut_off() -> None:
    """A window with two ends is closed at the first one, and is in the book until the second."""
    machine = Windows()
    machine.open(name="A", hours=1)
    machine.killed_while_extending(name="A", minutes=60, at=("write", 2))
    machine.world.dies("A", guard=True)
    machine.passes(seconds=HOUR + 1)
    machine.sweep()
    assert machine.known == {"launch01": {"A"}, "launch02": set()}
    assert "A" in machine.world.book()
    machine.teardown()
    assert machine.world.book() == {}
