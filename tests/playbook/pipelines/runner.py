"""A runner of a pipeline's jobs, that can be cancelled or lost at any step."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from playbook.pipelines import Job, Step

LIMIT = 60.0  # real seconds after which a step counts as one that does not end
_MARK = "QUIESCE_TEST_STEP"


CANCELLED, RUNNER, EVERYTHING = "cancelled", "runner", "everything"


@dataclass(frozen=True)
class End:
    """A step is killed, with all that it started, when ``moment`` has come.

    ``why``: somebody cancelled the pipeline; the runner is lost, so that no more of this job runs; or everything is,
    and nothing more runs at all.
    """

    step: str
    moment: Callable[[], bool]
    why: str = CANCELLED


@dataclass(frozen=True)
class Ran:
    """A step that ran. ``code`` is None if it was killed."""

    name: str
    code: int | None
    output: str


@dataclass
class Course:
    """What became of a run."""

    steps: list[Ran] = field(default_factory=list)
    green: bool = True
    cancelled: bool = False

    @property
    def names(self) -> list[str]:
        """The steps that ran, without those that only prepare the machine."""
        return [step.name for step in self.steps if step.name not in ("install", "prepare")]

    def of(self, name: str) -> Ran:
        """The last step of this name."""
        return [step for step in self.steps if step.name == name][-1]

    @property
    def output(self) -> str:
        """Everything that the steps printed."""
        return "\n".join(step.output for step in self.steps)


@dataclass
class Runner:
    """Runs jobs in ``repository``, a folder, with ``environment`` beside what the pipeline gives.

    ``passed`` are steps that are taken for done. ``commands`` are the command lines that were seen of what the steps
    started.
    """

    repository: Path
    environment: Mapping[str, str]
    before: Callable[[Step], object] = lambda step: None
    passed: frozenset[str] = frozenset()
    commands: set[str] = field(default_factory=set)

    def run(self, jobs: Sequence[Job], *ends: End) -> Course:
        """Run the jobs of a pipeline. Each of ``ends`` happens once, to the first step of its name that is left."""
        course, left = Course(), list(ends)
        for job in jobs:
            if (course.green or job.always) and (job.cancelled or not course.cancelled):
                end = self._job(job, course, left)
                course.cancelled = course.cancelled or end == CANCELLED
                if end == EVERYTHING:
                    break
        assert not left, f"{left} did not happen\n{course.output[-3000:]}"
        return course

    def _job(self, job: Job, course: Course, left: list[End]) -> str:
        """Run a job; return why it was ended, "" if it was not."""
        failed, why = False, ""
        for step in job.steps:
            if why == "" and (step.always or not failed):
                now, why = self._in(job, course, step, left)
                failed = failed or now
        green, status = course.green, {"CI_JOB_STATUS": "canceled" if why else "failed" if failed else "success"}
        for step in job.after if why in ("", CANCELLED) else ():
            with_status = replace(step, environment={**step.environment, **status})
            _failed, after = self._in(job, course, with_status, left)
            why = after or why
        course.green = green  # GitLab ignores what after_script ends with
        return why

    def _in(self, job: Job, course: Course, step: Step, left: list[End]) -> tuple[bool, str]:
        """Run a step; return whether it failed, and why it was killed if it was."""
        if step.name in self.passed:
            return False, ""
        self.before(step)
        end = next((end for end in left if end.step == step.name), None)
        goes_on = end is not None and end.why == CANCELLED and job.cancelled
        ran = self._step(step, end, goes_on)
        course.steps.append(ran)
        course.cancelled = course.cancelled or goes_on
        if end:
            left.remove(end)
        course.green = course.green and ran.code == 0
        return ran.code != 0, end.why if end and ran.code is None else ""

    def _step(self, step: Step, end: End | None, goes_on: bool) -> Ran:
        mark, log = uuid.uuid4().hex, self.repository.parent / f"{uuid.uuid4().hex}.log"
        environment = {**self.environment, **step.environment, _MARK: mark}
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [*step.shell, step.script],
                cwd=self.repository,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline, killed = time.monotonic() + LIMIT, False
        while not killed and not _ended(process):
            self.commands |= {_command(pid) for pid in _marked(mark)}
            killed = (end is not None and not goes_on and end.moment()) or time.monotonic() > deadline
        if killed:
            _kill(mark)
            process.wait(10)
        text = log.read_text(encoding="utf-8")
        assert end is not None or not killed, f"{step.name} did not end\n{text[-3000:]}"
        return Ran(step.name, None if killed else process.returncode, text)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Wait a little for the end of a process."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(0.2)
    return process.returncode is not None


def _kill(mark: str) -> None:
    """SIGKILL for everything that a step started, also in a session of its own, until nothing is left."""
    while found := list(_marked(mark)):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _marked(mark: str) -> Iterator[int]:
    """The processes that have the mark in their environment."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                if f"{_MARK}={mark}".encode() in (folder / "environ").read_bytes():
                    yield int(folder.name)


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
