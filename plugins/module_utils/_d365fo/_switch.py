# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The whole switch of one system, as a ``System`` of the cycle: look, refuse, do the steps, say how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, cast

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _method, _plan, _refusals, _status
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen, Way
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import Wish
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._readiness import Readiness
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import (
    DISABLED,
    ENABLED,
    PREPARED,
    SETTLED,
    Record,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._refusals import Consent
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._service_control import ServiceControl
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import BACKGROUND, W3SVC
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import (
    ControlServices,
    Restart,
    RunScript,
    Site,
    Step,
    WaitForAos,
    WriteRecord,
    restarts_aos,
    sets_variable,
    start,
    stops,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import (
    Failure,
    Refused,
    Unreachable,
    sentence,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, Plan, Stale
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import EARLY
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import (
    Done,
    Run,
    await_turn,
    carry_out_steps,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Conflict
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Lease


@dataclass(frozen=True)
class SwitchOptions:
    """How a switch goes about its work; limits in seconds."""

    system: str
    method: str = _method.AUTO
    busy_limit: float = 240.0
    take_over: bool = False
    service_limit: float = 300.0
    kill_hung: bool = False
    aos_limit: float = 900.0
    aos_interval: float = 5.0
    wait: bool = True
    expect_new_instances: bool = True
    continues: str = ""


@dataclass
class Switch:
    """One system on its way into maintenance mode or out of it.

    ``readiness`` says for findings how the AOS is asked whether it is ready.
    """

    way: Way
    wish: Wish
    consent: Consent
    options: SwitchOptions
    run: Run
    readiness: Callable[[Findings], Readiness]
    check_mode: bool = False
    planned: tuple[Step, ...] = ()
    done: list[Done] = field(default_factory=list)
    site: Site | None = None
    _ready: Readiness = field(default_factory=Readiness)
    _seen: Seen | None = None
    _restart_ahead: bool = False

    def describe(self) -> str:
        return self.options.system

    def read(self) -> Seen:
        """Look at the system, once no other run is at work. After the work: what was read back by it."""
        if self.site is not None:
            return Seen(self.site.findings, self._method(self.site.findings))
        self._seen = self._with_more(self._refuse_others(self._in_turn()))
        if self._seen.aos_objection:  # the AOS may be one that another run is just restarting
            self._seen = self._with_more(self._in_turn())
        return self._seen

    def plan(self, reading: Seen) -> Plan[Step]:
        """Plan the whole switch. Raises ``Refused`` with every reason that stands against it."""
        if reading.findings.reading is None or reading.reading.broken:
            reasons = _refusals.managed(reading) or _refusals.database(reading.findings, self.consent)
            raise Refused(self.options.system, reasons)
        plan = _plan.plan(reading, self.wish)
        if self.site is None:
            whole = _plan.plan(reading, replace(self.wish, stop_before=_plan.NOTHING))
            self._restart_ahead = any(isinstance(step, Restart) for step in whole.steps)
        if plan.steps and self.site is None:
            reasons = _refusals.against(reading, plan.steps, self.consent)
            if reasons:
                raise Refused(self.options.system, [*reasons, *self._unfinished(reading)])
        return plan

    def _unfinished(self, seen: Seen) -> list[str]:
        """Say what an earlier run, or the first part of this one, has left to do."""
        if seen.settled or seen.never_set:
            return []
        word = "on" if seen.reading.mode == ENABLED else "off"
        return [f"An earlier run turned maintenance mode {word} in the database; the AOS may not yet run with it."]

    def apply(self, plan: Plan[Step]) -> None:
        """Do the steps. A failure says in which state the system is now; what had not begun yet is taken back."""
        before = cast(Seen, self._seen)
        site = self.site = self._site(before)
        self.run.keep = site.keep
        self.planned = plan.steps
        self._announce(before, plan)
        try:
            carry_out_steps(plan.steps, site, self.run, self.done)
        except Conflict as conflict:
            if not site.touched:
                self.site = None
                raise Stale(conflict.attempted, conflict.target, conflict.answer, conflict.remedy) from conflict
            conflict.state = "Another run has taken over and is at work on the system now; this one has stopped."
            raise self._with_details(conflict) from None
        except Failure as failure:
            rest = plan.steps[len(self.done) :]
            if isinstance(failure, Unreachable):
                failure.state = self._state(site, failure, rest)
            elif site.touched or failure.unknown:
                self._after(failure, before, site, rest)
            raise self._with_details(failure) from None
        finally:
            self.run.keep = lambda seconds: None
        self._report_left_over(site)

    def result(self, seen: Seen) -> dict[str, Any]:
        """Return what the task's result says of the system as it is now."""
        stays_on = self.wish.state == DISABLED and not self.check_mode
        row = _status.row(self.options.system, seen, name_windows=stays_on)
        if self._seen and _status.turned_off(self._seen) and not row["windows"]:
            row["notes"].insert(0, EARLY)
        unfinished = seen.record is not None and not (seen.settled or seen.never_set)
        verified = bool(self.site and self.site.verified) or row["verified"]
        return {
            "steps": [step.result() for step in self.done],
            "status": row | {"verified": verified},
            "output": self.site.output if self.site else "",
            "restarted": restarts_aos(self.planned[: len(self.done)]),
            "continues": _fingerprint(seen),
            "restart_required": self._restart_ahead if self.wish.stop_before == _plan.BEFORE_RESTART else unfinished,
        }

    def row(self, failure: Failure) -> dict[str, Any]:
        """Return the row of the status table after a failure: what was seen last, and why it failed."""
        if self._seen is None:
            return _status.unknown_row(self.options.system, str(failure))
        row = _status.row(self.options.system, self._seen)
        return row | {"notes": [str(failure), *row["notes"]]}

    # --- looking ---

    def _in_turn(self) -> Seen:
        """Look as soon as no other run is at work."""
        limit = 0.0 if self.check_mode else self.options.busy_limit
        return await_turn(self._look, self._other, self.run, what=self.options.system, limit=limit)

    def _refuse_others(self, seen: Seen) -> Seen:
        """Go on only from where the first part of this switch ended. Raises ``Failure``."""
        if self.options.continues and self.options.continues != _fingerprint(seen):
            raise Failure(
                "continue the switch",
                self.options.system,
                "somebody else has changed it since the first part ended",
                "Check its status and run again",
            )
        return seen

    def _with_more(self, seen: Seen) -> Seen:
        """Look at what else the plan is going to touch, while it still runs."""
        if seen.findings.reading is None:
            return seen
        steps = _plan.plan(seen, self.wish).steps
        return self._with_aos(self._with_dependents(seen, steps), steps)

    def _with_dependents(self, seen: Seen, steps: Sequence[Step]) -> Seen:
        """Look at what stops since it depends on another service: a disabled one could not be started again."""
        known = seen.findings.services
        names = [name for step in steps for name in stops(step) if name not in known]
        if not names:
            return seen
        services = known | ServiceControl(self.way.host, self.run, self.options.service_limit).read(names)
        return replace(seen, findings=replace(seen.findings, services=services))

    def _with_aos(self, seen: Seen, steps: Sequence[Step]) -> Seen:
        """Ask the AOS too if it is going to be waited for."""
        waits = any(isinstance(step, WaitForAos) for step in steps)
        if not waits or not (seen.method == _method.SCRIPT or seen.aos_service_runs):
            return seen
        before = self._ready.before()
        self.wish = replace(self.wish, aos=self._ready.what)
        former = before.instances if self.options.expect_new_instances else ()
        return replace(seen, aos_objection=before.objection, former_instances=former, missing_instances=before.missing)

    def _look(self) -> Seen:
        findings = self.way.look()
        self._ready = self.readiness(findings)
        self.wish = replace(self.wish, aos=self._ready.what if self.options.wait else "")
        self._seen = Seen(findings, self._method(findings))
        return self._seen

    def _method(self, findings: Findings) -> str:
        return _method.choose(
            self.options.method,
            findings.kind,
            script=self.way.script is not None,
            tool_login=self.consent.tool.has_login,
        )

    def _other(self, seen: Seen) -> Lease | None:
        """Return the lease of another run that is at work."""
        lease = seen.record.lease if seen.record else None
        if lease is None or lease.run == self.run.id or self.options.take_over:
            return None
        return lease if lease.alive(seen.reading.now) else None

    def _site(self, seen: Seen) -> Site:
        host = self.way.host
        services = ServiceControl(host, self.run, self.options.service_limit, self.options.kill_hung)
        services.last = dict(seen.findings.services)
        return Site(
            name=self.options.system,
            run=self.run,
            host=host,
            database=self.way.database(seen.findings),
            findings=seen.findings,
            services=services,
            tool=self.consent.tool,
            script=self.way.script,
            patience=Patience(self.options.aos_limit, self.options.aos_interval, self.run),
            ready=self._ready.pending,
        )

    def _announce(self, seen: Seen, plan: Plan[Step]) -> None:
        template = seen.findings.template
        if template and any(isinstance(step, RunScript) for step in plan.steps):
            nodes = ", ".join(name for name, _kind in template.aos_nodes)
            self.run.tell(f"the script, run on {self.way.host.name}, restarts all AOS instances ({nodes})")
            if seen.missing_instances:
                self.run.tell(
                    f"not ready before the restart, expected to be after it: {'; '.join(seen.missing_instances)}"
                )

    # --- what a failure leaves ---

    def _after(self, failure: Failure, before: Seen, site: Site, rest: Sequence[Step]) -> None:
        """Take back a way in that had not reached the AOS; else say how things stand, and let the next run begin.

        ``rest`` are the steps that were not done, the one that failed first.
        """

        def keep(seconds: float) -> None:
            _try(lambda: site.keep(seconds))  # services that were stopped come first, a lease second

        self.run.keep = keep
        if self.wish.state == ENABLED and before.reading.mode != ENABLED and not site.taking_over:
            failure.state = self._take_back(failure, before, site)
            return
        if self.wish.state == DISABLED and before.reading.mode == ENABLED and not site.taking_over:
            told = self._stay_in(before, site)
            if told:
                failure.state = told
                return
        told = self._release(site, rest)
        failure.state = " ".join(filter(None, (self._state(site, failure, rest), told)))

    def _take_back(self, failure: Failure, before: Seen, site: Site) -> str:
        told = [_try(lambda: self._ask_again(site))]
        record = site.reading.record
        if record and record.lease and record.lease.run != self.run.id:
            return "Another run has taken over and is at work on the system now; this one has stopped."
        if not told[0] and site.reading.mode == ENABLED:
            # The AOS still runs as before. Its next restart, by whomever, would surprise everybody.
            told.append(_try(lambda: site.write(record, mode=DISABLED, hold=True)))
        stopped = [
            service.name
            for service in (record.services if record else ())
            # One that refused to stop still runs; where the answer was lost nobody knows.
            if service.stopped and (failure.unknown or not Seen(site.findings, "").runs(service.name))
        ]
        failed = _try(lambda: start(stopped).carry_out(site)) if stopped else ""
        if told[-1] or site.reading.mode == ENABLED:
            known = "The state of the system is not known; run enable or disable again to finish the work."
            return " ".join(filter(None, (known, *told, failed)))
        back = None if before.record is None or before.never_set else before.record
        if failed and record:  # what did not start again must not be forgotten
            back = replace(back or replace(record, phase=PREPARED), services=record.services)
        told = [failed or ("The services that were stopped run again." if stopped else "")]
        told.append(_try(lambda: site.write(back)))
        return " ".join(filter(None, ("Maintenance mode was not turned on.", *told)))

    def _stay_in(self, before: Seen, site: Site) -> str:
        """Put the record back where the variable was not cleared; return what to say of it, "" where it was."""
        if _try(lambda: self._ask_again(site)) or site.reading.mode != ENABLED:
            return ""
        record = site.reading.record
        if record and record.lease and record.lease.run != self.run.id:
            return "Another run has taken over and is at work on the system now; this one has stopped."
        told = _try(lambda: site.write(before.record))
        return f"Maintenance mode was not turned off; nothing was restarted. {told}".strip()

    def _ask_again(self, site: Site) -> None:
        site.findings = replace(site.findings, reading=site.database.read())

    def _release(self, site: Site, rest: Sequence[Step]) -> str:
        """Give the lease back, so that the next run need not wait; on the way out with what is known by now."""
        record = site.reading.record
        if record is None or (record.lease and record.lease.run != self.run.id):
            return ""
        if self.wish.state == DISABLED and not record.windows and not any(_concerns_aos(step) for step in rest):
            record = replace(record, phase=SETTLED, verified=site.verified)
        return _try(lambda: site.write(record))

    def _state(self, site: Site, failure: Failure, rest: Sequence[Step]) -> str:
        """Say in which state the system is now, as far as it is known."""
        unknown = failure.unknown and rest and sets_variable(rest[0])
        mode = "set" if site.reading.mode == ENABLED else "not set"
        parts = [
            "it is not known whether maintenance mode is set in the database"
            if unknown
            else f"maintenance mode is {mode}",
            self._aos_state(site),
        ]
        record = site.reading.record
        down = [
            service.name
            for service in (record.services if record else ())
            if service.name in BACKGROUND
            and service.name in site.findings.services
            and not site.findings.services[service.name].runs
        ]
        if down:
            others = f" and {len(down) - 1} other{'s' if len(down) > 2 else ''}" if len(down) > 1 else ""
            parts.append(f"{down[0]}{others} {'are' if len(down) > 1 else 'is'} stopped")
        if isinstance(failure, Unreachable):
            parts.append("the last command may have been carried out")
        back = "Run again to continue" + (", or run disable to undo it" if self.wish.state == ENABLED else "")
        return f"State now: {', '.join(parts)}. {back}."

    def _aos_state(self, site: Site) -> str:
        if not site.taking_over:
            return "the AOS runs as before"
        if site.verified:
            return "the AOS runs with it"
        web = site.findings.services.get(W3SVC)
        if web and not web.runs:
            return f"W3SVC is {web.state}"
        if site.restarted:
            return "the AOS was restarted but is not confirmed to be ready"
        return "it is not known whether the AOS runs with it"

    def _report_left_over(self, site: Site) -> None:
        """Say at the end what could not be started again, though all else is done. Raises ``Failure``."""
        record = site.reading.record
        if record is None or record.windows or record.phase != SETTLED or not record.services:
            return
        names = [service.name for service in record.services]
        types = ", ".join(f"{name} ({_word(record, name, site)})" for name in names)
        failure = Failure(
            f"start {', '.join(names)}",
            self.options.system,
            f"it was changed during maintenance: {types}",
            "Enable or continue the service and run again to start it, or just run again to leave it stopped",
        )
        failure.state = "Maintenance mode is off, and everything else that ran before runs again."
        raise self._with_details(failure)

    def _with_details(self, failure: Failure) -> Failure:
        failure.details["changed"] = bool(self.site and self.site.touched)
        if self.site is not None:
            failure.details |= self.result(self.read())
        return failure


def _fingerprint(seen: Seen) -> str:
    """Tell the record as it stands from every other."""
    stored = seen.reading.stored
    return sha256(stored.encode()).hexdigest()[:16] if stored else ""


def _concerns_aos(step: Step) -> bool:
    """Whether the AOS has not taken the variable over as long as this step is to be done."""
    if isinstance(step, ControlServices):
        return any(W3SVC in control.names for control in step.controls)
    return not isinstance(step, WriteRecord) or sets_variable(step)


def _word(record: Record, name: str, site: Site) -> str:
    before = next(service.start_type for service in record.services if service.name == name)
    now = site.findings.services[name]
    return f"its start type was {before}, now it is {now.start_type} and {now.state}"


def _try(call: Callable[[], None]) -> str:
    """Do something that belongs to clearing up; return what went wrong, "" for nothing."""
    try:
        call()
    except Failure as failure:
        return sentence(str(failure))
    return ""
