"""A simulated LCS portal with one environment, and runs of the switch on it, in virtual time: no wire, no disk.

What stands for the wire is the client's ``exchange``; session, anti-forgery token, envelopes, lag of the state and the
servicing operation are the portal's. What stands for the disk is ``RecordFile``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._holding import Request
from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Client, HttpFailure, Raw
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._cookies import parse_cookies
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._info import inform
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._look import Look
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._place import DEFAULTS, Place
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._portal import Portal
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._servicing import Servicing
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._state import Words
from ansible_collections.quiesce.maintenance.plugins.module_utils._lcs._switch import switch_mode
from ansible_collections.quiesce.maintenance.plugins.module_utils._ledger import Ledger
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Opening

from fakes.clock import Time
from simulation.gate import ANSWER_LOST, KILLED, KILLED_AFTER, LOST, Gate, Killed

URL = "https://lcs.example.com"
PROJECT, ENVIRONMENT = "1234567", "0c6f5d1e-3c1c-4d59-9f65-8a1f6f8e1a11"
COOKIE = "s3ssion-c00kie-4711-canary"
PLACE = Place(PROJECT, ENVIRONMENT, URL)

OVER, LOGIN, REDIRECT, STALE, DECLINED, DECLINED_500, INNER, NOT_JSON, OVERLOADED, GATEWAY, GONE = (
    "HTTP 498",
    "login page",
    "redirect",
    "stale token",
    "declined",
    "declined with HTTP 500",
    "declined inside",
    "no JSON",
    "HTTP 503",
    "HTTP 502 afterwards",
    "HTTP 404",
)
FAULTS = (
    *(LOST, ANSWER_LOST, KILLED, KILLED_AFTER),
    *(OVER, LOGIN, REDIRECT, STALE, DECLINED, DECLINED_500, INNER, NOT_JSON, OVERLOADED, GATEWAY, GONE),
)
SESSION_FAULTS = (OVER, LOGIN, REDIRECT)

LOGIN_PAGE = "<html><title>Sign in</title><form><input name='loginfmt'></form></html>"


EPOCH = 1_800_000_000.0


@dataclass
class RecordFile:
    """The file with the record; its clock is the environment's."""

    time: Time
    text: str | None = None

    def store(self, gate: Gate) -> FileStore:
        """The file as one run reaches it: each request passes the gate."""
        return FileStore("record.json", "/records", lambda request: self._serve(request, gate))

    def _serve(self, request: dict[str, Any], gate: Gate) -> dict[str, Any]:
        doing = "write record" if "after" in request else "read record"
        fault = gate.enter("store", doing)
        if fault == LOST:
            raise Failure(doing, "the file", "the connection broke", "Run again")
        answer = {"now": EPOCH + self.time.now}
        if "after" in request:
            if request["before"] != _store_file.digest(self.text):
                return {**answer, "error": "conflict"}
            self.text = request["after"]
        if fault == ANSWER_LOST:
            raise Failure(doing, "the file", "the connection broke", "Run again")
        if fault == KILLED_AFTER:
            raise Killed
        return {**answer, "text": self.text}


@dataclass
class Operation:
    """A servicing operation."""

    id: int
    on: bool
    began: float
    ends: float
    fails: bool = False


@dataclass
class Lcs:
    """The environment.

    ``lag`` is for how long its state is the old one, ``action_lag`` for how long nothing but the history shows what
    runs, ``stale`` in how many looks the state is the opposite, ``fails`` whether a servicing operation fails,
    ``relic`` whether an old entry of the history never ended, ``keeps_history`` whether the history is at its path.
    """

    time: Time = field(default_factory=Time)
    on: bool = False
    duration: float = 1200.0
    lag: float = 60.0
    action_lag: float = 0.0
    stale: int = 0
    fails: bool = False
    relic: bool = False
    keeps_history: bool = True
    kind: int = 3
    sessions_end_at: float | None = None
    operations: list[Operation] = field(default_factory=list)
    token: int = 0
    runs: int = 0

    def __post_init__(self) -> None:
        self.file = RecordFile(self.time)

    @property
    def running(self) -> list[Operation]:
        """What runs now, an operation that failed included: it holds the environment until a person decides."""
        return [one for one in self.operations if one.began <= self.time.now < one.ends or one.fails]

    def settle(self) -> None:
        """Let the operations end that are over."""
        for one in self.operations:
            if not one.fails and self.time.now >= one.ends:
                self.on = one.on

    def begin(self, on: bool) -> None:
        """Begin a servicing operation. A second one beside the first is what must never be asked for."""
        assert not self.running, "a servicing operation was asked for while another one ran"
        now = self.time.now
        self.operations.append(Operation(len(self.operations) + 1, on, now, now + self.duration, self.fails))

    def details(self) -> dict[str, Any]:
        """What the portal says of the environment."""
        self.settle()
        shown = self.on is not (self.stale > 0)
        self.stale = max(0, self.stale - 1)
        status, state, internal = ("In Maintenance", 13, 1) if shown else ("Deployed", 3, 1)
        for one in self.running:
            if self.time.now - one.began >= self.lag:
                status, state, internal = "Servicing", 11, 0
            if one.fails and self.time.now >= one.ends:
                status, state, internal = "Servicing failed", 11, 2
        return {
            "EnvironmentName": "Contoso UAT",
            "DeploymentStatus": status,
            "DeploymentState": state,
            "InternalDeploymentStatus": internal,
            "ActivityId": f"activity-{len(self.operations)}",
        }

    def action(self) -> dict[str, Any] | None:
        """What the portal says about the action that runs."""
        running = [one for one in self.running if self.time.now - one.began >= self.action_lag]
        return self.entry(running[-1]) if running else None

    def entry(self, one: Operation) -> dict[str, Any]:
        """An operation as the history shows it."""
        over = self.time.now >= one.ends
        status, text = (1, "In progress") if not over else (3, "Failed") if one.fails else (2, "Completed")
        name = f"{'Enable' if one.on else 'Disable'} Maintenance Mode"
        return {"Id": one.id, "Name": name, "Status": status, "ActionStatusText": text, "StartDate": f"{one.began:.0f}"}

    def history(self) -> dict[str, Any]:
        """The history, which shows an operation at once."""
        relics = [{"Id": 0, "Name": "Deploy a package", "Status": 1}] if self.relic else []
        entries = [*(self.entry(one) for one in reversed(self.operations)), *relics]
        return {"Results": entries, "TotalCount": len(entries)}


class PortalClient(Client):
    """A client whose server is ``Lcs``; each exchange passes the gate."""

    def __init__(self, lcs: Lcs, gate: Gate) -> None:
        super().__init__("http://lcs.example.com", validate_certs=False)  # nothing is sent, so no CAs are loaded
        self.lcs = lcs
        self.gate = gate

    def exchange(
        self,
        method: str,
        path: str,
        *,
        attempted: str,
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Raw:
        name = path.partition("?")[0].strip("/").split("/")
        doing = name[1] if len(name) > 1 else name[0]
        fault = self.gate.enter("portal", doing)
        assert f"FedAuth={COOKIE}" in (headers or {}).get("Cookie", "")
        if fault in (LOST, ANSWER_LOST) and repeatable:
            fault = ""  # the client asks again by itself
        if fault == LOST:
            raise HttpFailure(attempted, URL, "the connection broke", "Run again")
        early = _early(fault, repeatable)
        if early is not None:
            return early
        if self.lcs.sessions_end_at is not None and self.lcs.time.now >= self.lcs.sessions_end_at:
            return Raw(498, {}, b"")
        raw = self._answer(method, doing, headers or {}, form)
        if fault == ANSWER_LOST:
            raise HttpFailure(attempted, URL, "the connection broke", "Run again")
        if fault == KILLED_AFTER:
            raise Killed
        return Raw(502, {}, b"bad gateway") if fault == GATEWAY and not repeatable else raw

    def _answer(self, method: str, doing: str, headers: Mapping[str, str], form: Mapping[str, str] | None) -> Raw:
        if doing == "V2":
            self.lcs.token += 1
            page = (
                f'<html><input name="__RequestVerificationToken" type="hidden" value="t0ken-canary-{self.lcs.token}" />'
            )
            return Raw(200, {}, page.encode(), ("sliding=new-value-of-a-cookie; path=/; HttpOnly",))
        if method == "POST" and headers.get("__RequestVerificationToken") != f"t0ken-canary-{self.lcs.token}":
            return Raw(403, {}, b"")
        actions: dict[str, Callable[[], Any]] = {
            "GetDeploymentSummary": lambda: [
                {"DeploymentInstances": [{"EnvironmentId": ENVIRONMENT, "DeploymentEnvironmentType": self.lcs.kind}]}
            ],
            "GetEnvironmentDetails": self.lcs.details,
            "GetOngoingActionDetails": self.lcs.action,
            "GetDeploymentProgress": lambda: {"IsDeterminate": True, "ProgressPercent": 35},
            "GetEnvironmentHistoryDetails": self.lcs.history,
            "EnableDisableMaintenanceMode": lambda: self._switch(form or {}),
        }
        if doing == "GetEnvironmentHistoryDetails" and not self.lcs.keeps_history:
            return Raw(404, {}, b"")
        return envelope(actions[doing]())

    def _switch(self, form: Mapping[str, str]) -> None:
        assert form["lcsEnvironmentId"] == ENVIRONMENT
        self.lcs.begin({"True": True, "False": False}[form["enableMaintenanceMode"]])


def envelope(data: Any, status: int = 200, **more: Any) -> Raw:
    """An answer of the portal, in parentheses as some are."""
    whole = {
        "ActivityId": "request-1",
        "Data": data,
        "ErrorCode": 0,
        "ErrorList": None,
        "Message": None,
        "Success": True,
    }
    return Raw(status, {}, f"({json.dumps({**whole, **more})})".encode())


def _early(fault: str, repeatable: bool) -> Raw | None:
    """What comes in place of an answer, nothing being done."""
    said: dict[str, Any] = {"Success": False, "Message": "It cannot be done now"}
    return {
        OVER: Raw(498, {}, b""),
        LOGIN: Raw(200, {}, LOGIN_PAGE.encode()),
        REDIRECT: Raw(302, {"location": "https://login.microsoftonline.com/common?x=1"}, b""),
        STALE: Raw(403, {}, b"") if not repeatable else None,
        DECLINED: envelope(None, **said),
        DECLINED_500: envelope(None, 500, **said),
        INNER: envelope({"IsSuccessful": False, "Message": "It cannot be done now"}),
        NOT_JSON: Raw(200, {}, b"temporarily strange"),
        GONE: Raw(404, {}, b"<html>not found</html>"),
        OVERLOADED: Raw(503, {}, b"") if not repeatable else None,
    }.get(fault)


@dataclass(frozen=True)
class Ended:
    """How a run ended: "success", "unwatched", "failure", "killed"; what it said, and its result or details."""

    how: str
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    operations: tuple[str, ...] = ()


def run(
    lcs: Lcs,
    state: str,
    gate: Gate | None = None,
    *,
    check_mode: bool = False,
    window: Opening | None = None,
    all_windows: bool = False,
    limit: float = 7200.0,
    start: float = 300.0,
    fail_unwatched: bool = False,
    busy_limit: float = 240.0,
    take_over: bool = False,
) -> Ended:
    """Run the switch on the environment."""
    gate = gate or Gate()
    lcs.runs += 1
    one = lcs.time.run(f"run{lcs.runs}", owner="ann")
    request = Request(state == "enabled", window or Opening(owner="ann"), all_windows)
    system = Servicing(
        _look(lcs, gate, one, start),
        request,
        Ledger(lcs.file.store(gate), one, busy_limit=busy_limit, take_over=take_over),
        Patience(limit, 30.0, one),
        lease=100.0,
        check_mode=check_mode,
    )

    def log() -> tuple[str, ...]:
        return tuple(operation.doing for operation in gate.log)

    try:
        result = switch_mode(system, fail_unwatched=fail_unwatched)
    except Failure as failure:
        return Ended("failure", str(failure), failure.details, log())
    except Killed:
        return Ended("killed", operations=log())
    return Ended("success" if result["watched"] else "unwatched", "", result, log())


def look(lcs: Lcs) -> dict[str, Any]:
    """What the module for looking says."""
    gate = Gate()
    ledger = Ledger(lcs.file.store(gate), lcs.time.run("look"))
    return inform(PLACE, _look(lcs, gate, lcs.time.run("look")), None, ledger)


def _look(lcs: Lcs, gate: Gate, run: Run, start: float = 300.0) -> Look:
    jar = parse_cookies(f"FedAuth={COOKIE}", PROJECT)
    client = PortalClient(lcs, gate)
    return Look(Portal(client, jar, PLACE, DEFAULTS, Words(), clock=lambda: lcs.time.now), run, start)
