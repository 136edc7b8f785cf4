"""Courses: tests that give their tasks turn by turn, and share each turn's run of ansible-playbook.

A course is a test written as a generator: it yields tasks, is handed what came of them, looks at that, and yields the
next ones. The first tasks of all courses are one run, in which each course is a host of its own that waits for no
other; then come the second tasks, and so on. There are as many runs as the longest course has turns, however many
courses there are.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import pytest

from lab.pki import Authority
from lab.thread import LoopThread
from playbook import Done, run_playbook

Task = Mapping[str, Any]
P = ParamSpec("P")
T = TypeVar("T")

ADDRESS = "127.0.0.1"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}

_GROUP = "courses"
_TURN = "Turn"
_FORKS = "24"
_CONFIG = str(Path(__file__).with_suffix(".cfg"))
_LIMIT = 300.0


class Server(Protocol):
    """A server of the lab."""

    async def start(self) -> None:
        """Listen."""

    async def stop(self) -> None:
        """Listen no more."""


@dataclass(frozen=True)
class Turn:
    """What a course wants of a run.

    :ivar tasks: its tasks, on its own host
    :ivar plays: whole plays for hosts that it added, after the tasks of all courses
    :ivar verbose: whether the run has to say all that it can say
    """

    tasks: Sequence[Task]
    plays: Sequence[Mapping[str, Any]]
    verbose: bool


Course = Generator[Turn, Done, None]
Played = Generator[Turn, Done, Done]


@dataclass(frozen=True)
class Stage:
    """Where a course takes place.

    :ivar name: the name of its host
    :ivar folder: for its files
    :ivar store: where the records of all courses are that no system can carry
    :ivar end: what is done when all courses are over
    :ivar variables: those of its host
    :ivar groups: what else it adds to the inventory, as an inventory has it
    """

    name: str
    folder: Path
    store: Path
    loop: LoopThread
    authority: Authority
    tls: tuple[Path, Path]
    end: ExitStack
    variables: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Any] = field(default_factory=dict)

    @property
    def ca_file(self) -> str:
        """The certificate of the authority that certified all servers."""
        return str(self.authority.ca_file)

    def start(self, server: Server) -> None:
        """Start a server of the lab; it stops when all courses are over."""
        self.loop.run(server.start())
        self.end.callback(lambda: self.loop.run(server.stop()))

    def play(
        self, *tasks: Task, fails: bool = False, plays: Sequence[Mapping[str, Any]] = (), verbose: bool = False
    ) -> Played:
        """Yield a turn and return what came of it; each task goes on after a failure if failures are looked for."""
        done = yield Turn([{**task, "ignore_errors": True} for task in tasks] if fails else tasks, plays, verbose)
        assert plays or done.code == 0, done.output[-5000:]
        return done

    @property
    def hosts(self) -> set[str]:
        """The names of its hosts."""
        return {self.name, *(host for group in self.groups.values() for host in group["hosts"])}


@dataclass(frozen=True)
class _Written:
    make: Callable[[Stage], Any]
    function: Callable[..., Course]


_WRITTEN: dict[Callable[..., Any], _Written] = {}


def course(make: Callable[[Stage], T]) -> Callable[[Callable[Concatenate[T, P], Course]], Callable[..., None]]:
    """Make a course a test. Its first argument is what ``make`` makes of its stage; others are pytest's parameters."""

    def decorate(function: Callable[Concatenate[T, P], Course]) -> Callable[..., None]:
        def test(request: pytest.FixtureRequest, courses: Courses, **_parameters: object) -> None:
            courses.check(request.node.nodeid)

        own = list(signature(function).parameters.values())[1:]
        arguments = [Parameter(name, Parameter.KEYWORD_ONLY) for name in ("request", "courses")]
        arguments += [each.replace(kind=Parameter.KEYWORD_ONLY) for each in own]
        vars(test)["__signature__"] = Signature(arguments)  # it tells pytest what to hand over
        test.__name__, test.__qualname__ = function.__name__, function.__qualname__
        test.__module__, test.__doc__ = function.__module__, function.__doc__
        _WRITTEN[test] = _Written(make, function)
        return test

    return decorate


class Courses:
    """What the courses of all chosen tests came to; each test asks for its own."""

    def __init__(self, failures: Mapping[str, BaseException | None]) -> None:
        self._failures = failures

    def check(self, name: str) -> None:
        """Raise what the course of that test raised."""
        if failure := self._failures[name]:
            raise failure


@contextmanager
def running_courses(
    items: Sequence[pytest.Item], folder: Path, loop: LoopThread, environment: Mapping[str, str]
) -> Iterator[Courses]:
    """Run the courses of these tests, turn by turn, in this environment. Their servers run until the end."""
    authority = Authority(folder / "pki")
    tls = authority.server(ADDRESS)
    begun: dict[str, tuple[Stage, Course]] = {}
    with ExitStack() as end:
        for item in items:
            if isinstance(item, pytest.Function) and (written := _WRITTEN.get(item.function)):
                name = f"course{len(begun) + 1}"
                stage = Stage(name, folder / name, folder / "state/quiesce.maintenance", loop, authority, tls, end)
                stage.folder.mkdir()
                parameters = item.callspec.params if hasattr(item, "callspec") else {}
                begun[item.nodeid] = stage, written.function(written.make(stage), **parameters)
        yield Courses(_run_all(begun, folder, environment))


def _run_all(
    begun: Mapping[str, tuple[Stage, Course]], folder: Path, environment: Mapping[str, str]
) -> dict[str, BaseException | None]:
    """Run all courses to their ends; what each raised, None for one that was right."""
    failures: dict[str, BaseException | None] = {}
    results: dict[str, Done | None] = dict.fromkeys(begun)
    numbers = itertools.count(1)
    with ThreadPoolExecutor(len(begun) or 1) as pool:
        while results:
            futures = {name: pool.submit(_go_on, begun[name][1], done) for name, done in results.items()}
            failures |= {name: future.exception() for name, future in futures.items()}
            turns = {
                name: (begun[name][0], turn)
                for name, future in futures.items()
                if failures[name] is None and (turn := future.result())
            }
            done = _run(folder, f"turn{next(numbers)}", list(turns.values()), environment) if turns else None
            results = {name: _part(done, stage) for name, (stage, _turn) in turns.items()} if done else {}
    return failures


def _go_on(course: Course, done: Done | None) -> Turn | None:
    """The next turn of a course, None when it is over."""
    try:
        return next(course) if done is None else course.send(done)
    except StopIteration:
        return None


def _run(folder: Path, name: str, turns: Sequence[tuple[Stage, Turn]], environment: Mapping[str, str]) -> Done:
    """Run one turn of these courses."""
    files = folder / name
    files.mkdir()
    hosts: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    for stage, turn in turns:
        (files / f"{stage.name}.yml").write_text(json.dumps(turn.tasks))
        hosts[stage.name] = {**LOCAL, **stage.variables}
        groups |= stage.groups
    (files / "inventory.yml").write_text(json.dumps({_GROUP: {"hosts": hosts}, **groups}))
    each_its_own = {
        "hosts": _GROUP,
        "gather_facts": False,
        "strategy": "free",  # none waits for another
        "tasks": [{"name": _TURN, "ansible.builtin.include_tasks": "{{ inventory_hostname }}.yml"}],
    }
    (files / "play.yml").write_text(
        json.dumps([each_its_own, *(play for _stage, turn in turns for play in turn.plays)])
    )
    return run_playbook(
        folder,
        files / "play.yml",
        *("-i", str(files / "inventory.yml"), "--diff"),
        *(["-vvvvv"] if any(turn.verbose for _stage, turn in turns) else []),
        environment={"ANSIBLE_CONFIG": _CONFIG, "ANSIBLE_FORKS": _FORKS, "USER": "tester", **environment},
        timeout=_LIMIT,
    )


def _part(done: Done, stage: Stage) -> Done:
    """What a run came to on the hosts of a course, and everything that it printed."""
    recap = done.recap
    counts = [recap[host] for host in stage.hosts if host in recap]
    lost = stage.name not in recap or any(each["failed"] or each["unreachable"] for each in counts)
    results = [entry for entry in done.results if entry["host"] in stage.hosts and entry["task"] != _TURN]
    return Done(2 if lost else 0, done.output, tuple(results))
