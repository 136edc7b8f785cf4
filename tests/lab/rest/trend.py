"""A Trend Micro manager (Deep Security Manager, Workload Security) over HTTPS, as far as maintenance mode goes.

It behaves as the vendor's OpenAPI description and Automation Center say. A request that is not simulated is answered
with an error, never with success.

What is not documented, and therefore chosen here: the texts of errors 400, the answer to a change where Application
Control is off or the agent offline (200, and the request stays pending for ever), that the comparison of strings
ignores case, and what the end time says while the mode is on (``end_is_scheduled``).
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import re
import ssl
import uuid
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeGuard

from aiohttp import web

from lab.clock import Clock

JsonObject = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Status = Literal["off", "start-requested", "on", "stop-requested", "reset-duration-requested"]
Fault = Literal["html", "bad-gateway", "plain-error", "truncated", "cut-json", "drop", "drop-after", "hang", "redirect"]

MOST_ITEMS = 5000

# Of the vendor's 27 options those that matter here; "all" stands for all of them, as there.
_EXPANDS = frozenset({"none", "all", "computerStatus", "applicationControl", "allSecurityModules"})
_NUMBER_TESTS: dict[str, Callable[[float, float], bool]] = {
    "less-than": lambda a, b: a < b,
    "less-than-or-equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "greater-than-or-equal": lambda a, b: a >= b,
    "greater-than": lambda a, b: a > b,
    "not-equal": lambda a, b: a != b,
}
_STRING_FIELDS = frozenset({"hostName", "displayName", "description", "platform", "hostGUID", "name"})
_NUMBER_FIELDS = frozenset({"groupID", "policyID"})


@dataclass
class Computer:
    """A protected computer with its agent.

    ``application_control`` None means that the module is hidden for the tenant. ``heartbeat`` is how many simulated
    seconds the agent takes to fetch a change. ``may_modify`` is the right of the key's role to change this computer.
    ``change_fault`` befalls every request to change it. ``own_duration`` is what its agent takes over in place of the
    requested minutes. ``strange_status`` is what the manager says in place of its status.
    """

    id: int
    host_name: str
    display_name: str = ""
    host_guid: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    platform: str = "Microsoft Windows Server 2022 (64 bit)"
    group_id: int = 0
    policy_id: int = 1
    application_control: Literal["on", "off"] | None = "on"
    module_status: str = "active"
    module_message: str = "On, Blocking unrecognized software"
    agent_status: str = "active"
    agent_messages: list[str] = field(default_factory=lambda: ["Managed (Online)"])
    online: bool = True
    may_modify: bool = True
    change_fault: Fault | None = None
    own_duration: int | None = None
    strange_status: str | None = None
    heartbeat: float = 600.0

    status: Status = "off"
    duration: int | None = None
    start: int | None = None
    end: int | None = None

    def go_offline(self) -> None:
        """The agent stops calling."""
        self.online = False
        self.agent_status, self.agent_messages = "error", ["Offline"]

    def come_back(self) -> None:
        """The agent calls again."""
        self.online = True
        self.agent_status, self.agent_messages = "active", ["Managed (Online)"]


class TrendManager:
    """One manager. ``start`` and ``stop`` it on an event loop; tests read and write its attributes directly.

    ``key_header`` is the way this product takes its key: on-premises managers and Server & Workload Protection by
    ``api-secret-key``, Cloud One by ``Authorization: ApiKey``. ``log`` has (method, path) of each request that
    arrived, ``reads`` and ``writes`` count those that were let in; a search is a read. ``shown`` counts the computers
    in all answers to searches and lists.
    """

    def __init__(
        self,
        address: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: tuple[Path, Path],
        clock: Clock,
        key: str = "lab-trend-key",
        key_header: Literal["api-secret-key", "Authorization"] = "api-secret-key",
    ) -> None:
        self.address = address
        self.port = port
        self.clock = clock
        self.key = key
        self.key_header = key_header
        self.computers: dict[int, Computer] = {}
        self.groups: dict[int, str] = {}
        self.policies: dict[int, str] = {1: "Base Policy"}

        # What a test may set.
        self.latency = 0.0  # real seconds before each answer
        self.requests_per_minute = 500  # Deep Security's default for a user; a minute of simulated time
        self.retry_after: str | None = None  # value of that header in answers 429
        self.end_is_scheduled = True
        self.ignore_writes = False  # 200, and nothing happens
        self.case_matters = False  # whether a search tells upper from lower case
        self.faults: deque[Fault | None] = deque()  # for the next requests, one each; None: no fault
        self.restart_at: tuple[int, float] | None = None  # (number of a request, how many real seconds it takes)
        self.at: dict[int, Callable[[], object]] = {}  # what happens before the request of that number is handled

        self.log: list[tuple[str, str]] = []
        self.statuses: Counter[int] = Counter()
        self.reads = 0
        self.writes = 0
        self.shown = 0
        self.under_way = 0
        self.most_under_way = 0
        self.most_in_a_minute = 0
        self.connections = 0

        self._window: deque[float] = deque()
        self._deliveries: dict[int, asyncio.Task[None]] = {}
        self._restarting: asyncio.Task[None] | None = None
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(*tls)
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The base URL that a client is given."""
        return f"https://{self.address}:{self.port}/api"

    def add(self, computer: Computer) -> Computer:
        """Enter a computer."""
        self.computers[computer.id] = computer
        return computer

    def state(self, computer: Computer) -> Status:
        """Return the mode's status at this moment; a duration that is over has turned it off."""
        now = int(self.clock.time() * 1000)
        if computer.status == "on" and computer.duration and computer.start is not None:
            end = computer.start + computer.duration * 60_000
            if now >= end:
                computer.status, computer.end = "off", end
        return computer.status

    def forget(self) -> None:
        """Set all counters to nothing."""
        self.log.clear()
        self.statuses.clear()
        self._window.clear()
        self.reads = self.writes = self.shown = self.connections = self.most_under_way = self.most_in_a_minute = 0

    async def start(self) -> None:
        """Listen."""
        app = web.Application(middlewares=[self._front])
        app.router.add_get("/api/computers", self._list)
        app.router.add_post("/api/computers/search", self._search)
        app.router.add_get(r"/api/computers/{id:\d+}", self._describe)
        app.router.add_post(r"/api/computers/{id:\d+}", self._modify)
        app.router.add_post("/api/computergroups/search", self._search_groups)
        app.router.add_post("/api/policies/search", self._search_policies)
        app.on_response_prepare.append(self._stamp)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None

        def connection() -> asyncio.BaseProtocol:
            self.connections += 1
            return server()

        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(connection, self.address, self.port, ssl=self._tls, backlog=256)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, break all connections off, let no agent call any more."""
        for task in [*self._deliveries.values(), *([self._restarting] if self._restarting else [])]:
            task.cancel()
        self._deliveries.clear()
        await self._down()

    async def _down(self) -> None:
        if self._listener and self._runner:
            self._listener.close()
            await self._runner.cleanup()
            self._listener = self._runner = None

    async def restart(self, seconds: float) -> None:
        """Be away for ``seconds`` of real time. The computers keep their state, the agents go on calling."""
        await self._down()
        await asyncio.sleep(seconds)
        await self.start()

    # --- every request ---

    @web.middleware
    async def _front(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What comes before the API itself: faults, latency, key, version, rate limits."""
        self.log.append((request.method, request.path))
        if happens := self.at.pop(len(self.log), None):
            happens()
        if self.restart_at and len(self.log) >= self.restart_at[0]:
            seconds, self.restart_at = self.restart_at[1], None
            self._restarting = asyncio.get_running_loop().create_task(self.restart(seconds))
            return _drop(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            fault = self.faults.popleft() if self.faults else self._fault_of(request)
            if fault not in (None, "drop-after", "truncated", "cut-json"):
                return await _misbehave(request, fault)
            if self.latency:
                await asyncio.sleep(self.latency)
            answer = await self._answer(request, handler)
            if fault == "drop-after":
                return _drop(request)
            if fault == "truncated":
                return await _cut_off(request, answer)
            if fault == "cut-json":
                return web.Response(body=_half(answer), content_type="application/json")
            self.statuses[answer.status] += 1
            return answer
        finally:
            self.under_way -= 1

    def _fault_of(self, request: web.Request) -> Fault | None:
        number = request.match_info.get("id")
        computer = self.computers.get(int(number)) if number and request.method == "POST" else None
        return computer.change_fault if computer else None

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._admit(request)
            return await handler(request)
        except _Refused as refusal:
            return web.json_response({"message": refusal.message}, status=refusal.status, headers=refusal.headers)
        except web.HTTPException as error:  # no such path or method
            return web.json_response({"message": error.reason}, status=error.status)

    def _admit(self, request: web.Request) -> None:
        now = asyncio.get_running_loop().time() * self.clock.scale
        while self._window and now - self._window[0] >= 60:
            self._window.popleft()
        # "the number of API calls that the manager receives within the last sixty seconds": refused ones, too.
        self._window.append(now)
        self.most_in_a_minute = max(self.most_in_a_minute, len(self._window))
        if len(self._window) > self.requests_per_minute:
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            raise _Refused(429, "Too many API requests", headers)
        key = request.headers.get(self.key_header, "")
        if key != (self.key if self.key_header == "api-secret-key" else f"ApiKey {self.key}"):
            raise _Refused(401, "Invalid API Key")
        if request.headers.get("api-version") != "v1":
            raise _Refused(400, "The API version is missing or not supported.")
        if request.method == "GET" or request.path.endswith("/search"):
            self.reads += 1
        else:
            self.writes += 1

    async def _stamp(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = email.utils.formatdate(self.clock.time(), usegmt=True)

    # --- the API ---

    async def _list(self, request: web.Request) -> web.Response:
        show = _expand(request)
        found = [self._json(computer, show) for computer in list(self.computers.values())[:MOST_ITEMS]]
        self.shown += len(found)
        return web.json_response({"computers": found})

    async def _describe(self, request: web.Request) -> web.Response:
        return web.json_response(self._json(self._find(request), _expand(request)))

    async def _search(self, request: web.Request) -> web.Response:
        show = _expand(request)
        everything = [self._json(computer, show) for computer in self.computers.values()]
        found = _filter(everything, await _body(request), case_matters=self.case_matters)
        self.shown += len(found)
        return web.json_response({"computers": found})

    async def _search_groups(self, request: web.Request) -> web.Response:
        groups = [{"ID": id_, "name": name} for id_, name in self.groups.items()]
        return web.json_response({"computerGroups": _filter(groups, await _body(request))})

    async def _search_policies(self, request: web.Request) -> web.Response:
        policies = [{"ID": id_, "name": name} for id_, name in self.policies.items()]
        return web.json_response({"policies": _filter(policies, await _body(request))})

    async def _modify(self, request: web.Request) -> web.Response:
        show = _expand(request)
        computer = self._find(request)
        body = await _body(request)
        if not computer.may_modify:
            raise _Refused(403, "Not authorized to modify computers or the requested modification is not permitted.")
        control = body.get("applicationControl")
        if set(body) != {"applicationControl"} or not isinstance(control, dict):
            raise _Refused(400, "The lab changes nothing but applicationControl.")
        status, duration = control.get("maintenanceModeStatus"), control.get("maintenanceModeDuration")
        if set(control) - {"maintenanceModeStatus", "maintenanceModeDuration"} or status not in ("on", "off"):
            raise _Refused(400, "The lab changes nothing but maintenanceModeStatus and its duration.")
        if duration is not None and (not _whole(duration) or not 0 <= duration < 2**31):
            raise _Refused(400, "maintenanceModeDuration is not a number of minutes.")
        if not self.ignore_writes:
            self._ask(computer, status, duration)
        return web.json_response(self._json(computer, show))

    def _ask(self, computer: Computer, status: Literal["on", "off"], duration: int | None) -> None:
        now = self.state(computer)
        if status == "off":
            if now == "off":
                return
            computer.status = "stop-requested"
        else:
            computer.duration = duration or None
            running = now in ("on", "reset-duration-requested")
            computer.status = "reset-duration-requested" if running else "start-requested"
        if computer.application_control == "on" and computer.id not in self._deliveries:
            task = asyncio.get_running_loop().create_task(self._deliver(computer))
            self._deliveries[computer.id] = task

    async def _deliver(self, computer: Computer) -> None:
        """The agent fetches the change with its next heartbeat at which it is there."""
        await self.clock.sleep(computer.heartbeat)
        while not computer.online or computer.module_status != "active":
            await self.clock.sleep(max(computer.heartbeat, 60))
        del self._deliveries[computer.id]
        now = int(self.clock.time() * 1000)
        if computer.status == "stop-requested":
            computer.status, computer.end = "off", now
        else:
            computer.status, computer.start, computer.end = "on", now, None
            computer.duration = computer.own_duration or computer.duration

    def _find(self, request: web.Request) -> Computer:
        computer = self.computers.get(int(request.match_info["id"]))
        if computer is None:
            raise _Refused(404, "The computer does not exist.")
        return computer

    def _json(self, computer: Computer, show: frozenset[str]) -> JsonObject:
        everything = "all" in show
        status = self.state(computer)
        answer: JsonObject = {
            "hostName": computer.host_name,
            "displayName": computer.display_name,
            "description": "",
            "lastIPUsed": "10.0.0.1",
            "platform": computer.platform,
            "groupID": computer.group_id,
            "policyID": computer.policy_id,
            "agentVersion": "20.0.0.8268",
            "hostGUID": computer.host_guid,
            "ID": computer.id,
        }
        if everything or "computerStatus" in show:
            answer["computerStatus"] = {
                "agentStatus": computer.agent_status,
                "agentStatusMessages": list(computer.agent_messages),
            }
        if everything or show & {"applicationControl", "allSecurityModules"}:
            if computer.application_control is None:
                answer["applicationControl"] = None
                return answer
            control: JsonObject = {
                "state": computer.application_control,
                "moduleStatus": {
                    "agentStatus": computer.module_status if computer.application_control == "on" else "inactive",
                    "agentStatusMessage": computer.module_message if computer.application_control == "on" else "Off",
                },
                "blockUnrecognized": True,
                "maintenanceModeStatus": computer.strange_status or status,
            }
            end = computer.end
            if status == "on" and computer.duration and computer.start is not None and self.end_is_scheduled:
                end = computer.start + computer.duration * 60_000
            times = {
                "maintenanceModeDuration": computer.duration,
                "maintenanceModeStartTime": computer.start,
                "maintenanceModeEndTime": end,
            }
            control.update({name: value for name, value in times.items() if value is not None})
            answer["applicationControl"] = control
        return answer


def _expand(request: web.Request) -> frozenset[str]:
    show = frozenset(request.query.getall("expand", ["all"]))
    if unknown := show - _EXPANDS:
        raise _Refused(400, f"Unknown expand option: {', '.join(sorted(unknown))}")
    return show


async def _body(request: web.Request) -> JsonObject:
    if not request.can_read_body:
        return {}
    try:
        body = await request.json()
    except json.JSONDecodeError:
        raise _Refused(400, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise _Refused(400, "The request body is not an object.")
    return body


def _filter(items: list[JsonObject], wanted: JsonObject, *, case_matters: bool = False) -> list[JsonObject]:
    """Apply a SearchFilter: all criteria must hold; sorted by ID on request, else in the order of names."""
    if unknown := set(wanted) - {"maxItems", "searchCriteria", "sortByObjectID"}:
        raise _Refused(400, f"Unknown field in the search filter: {', '.join(sorted(unknown))}")
    most = wanted.get("maxItems") or MOST_ITEMS
    if not _whole(most) or not 0 < most <= MOST_ITEMS:
        raise _Refused(400, f"maxItems must be between 1 and {MOST_ITEMS}.")
    for criterion in wanted.get("searchCriteria") or []:
        items = list(_matching(items, criterion, case_matters))
    by_id = bool(wanted.get("sortByObjectID"))
    items.sort(key=lambda item: (item["ID"],) if by_id else (str(item.get("hostName") or item.get("name")),))
    return items[:most]


def _matching(items: Iterable[JsonObject], criterion: JsonObject, case_matters: bool) -> Iterable[JsonObject]:
    names = set(criterion)
    if names <= {"idTest", "idValue"} and "idValue" in names:
        test = _number_test(criterion.get("idTest", "equal"))
        return (item for item in items if test(item["ID"], criterion["idValue"]))
    name = criterion.get("fieldName")
    if name in _NUMBER_FIELDS and names <= {"fieldName", "numericTest", "numericValue"} and "numericValue" in names:
        test = _number_test(criterion.get("numericTest", "equal"))
        return (item for item in items if test(item[name], criterion["numericValue"]))
    strings = {"fieldName", "stringTest", "stringValue", "stringWildcards"}
    if name in _STRING_FIELDS and names <= strings and "stringValue" in names:
        pattern = re.escape(criterion["stringValue"])
        if criterion.get("stringWildcards", True):
            pattern = pattern.replace("%", ".*").replace("_", ".")
        wanted = criterion.get("stringTest", "equal") == "equal"
        regex = re.compile(pattern, re.DOTALL if case_matters else re.DOTALL | re.IGNORECASE)
        return (item for item in items if bool(regex.fullmatch(item[name] or "")) is wanted)
    raise _Refused(400, f"Unknown or incomplete search criterion: {json.dumps(criterion)}")


def _number_test(name: str) -> Callable[[float, float], bool]:
    if name not in _NUMBER_TESTS:
        raise _Refused(400, f"Unknown test: {name}")
    return _NUMBER_TESTS[name]


# --- errors and faults ---


def _whole(value: object) -> TypeGuard[int]:
    """Whether JSON's value is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


class _Refused(Exception):
    """An error of the API."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


def _drop(request: web.Request) -> web.Response:
    """Break the connection off without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)


def _half(answer: web.StreamResponse) -> bytes:
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    return answer.body[: len(answer.body) // 2]


async def _cut_off(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """Announce the whole body, send half of it, and break off."""
    half = _half(answer)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(2 * len(half))})
    await response.prepare(request)
    await response.write(half)
    if request.transport:
        request.transport.close()
    return response


_LOGIN = "<html><head><title>Sign in to the web filter</title></head><body>Who are you?</body></html>"
_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1>nginx</body></html>"


async def _misbehave(request: web.Request, fault: Fault | None) -> web.StreamResponse:
    if fault == "html":
        return web.Response(text=_LOGIN, content_type="text/html")
    if fault == "bad-gateway":
        return web.Response(status=502, text=_GATEWAY, content_type="text/html")
    if fault == "plain-error":
        return web.Response(status=500, text="java.lang.NullPointerException", content_type="text/plain")
    if fault == "redirect":
        return web.Response(status=302, headers={"Location": "https://elsewhere.example.com/api/computers"})
    if fault == "hang":
        await asyncio.sleep(3600)
    return _drop(request)
