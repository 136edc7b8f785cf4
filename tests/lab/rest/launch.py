"""An HCL Launch (HCL/IBM DevOps Deploy, IBM UrbanCode Deploy) server over HTTPS.

It behaves as far as the vendor's documentation and published clients say. What it does not know is answered with 404
or 400. Processes advance by the clock, without threads or tasks: their state is worked out whenever somebody looks.

What is not documented, and therefore chosen here: the error texts, the names of a blackout's dates in an answer
(``blackout_keys``), the status of an overlap (``overlap_status``), whether the list of activities holds traces
(``traces_in_activity``).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime
import json
import re
import ssl
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from aiohttp import web

from lab.clock import Clock
from lab.rest.launch_blackout import DAY, Blackout
from lab.rest.launch_process import (
    COULD_NOT_START,
    STATUS,
    JsonObject,
    Kind,
    Process,
    Step,
    SubProcess,
    Work,
    process_json,
    sub_process_json,
)

VIEW_SETTINGS = "View Basic System Settings"
EDIT_SETTINGS = "Edit Basic System Settings"
MANAGE_MAINTENANCE = "Manage Maintenance Mode"
SEE_ACTIVITY = "View Activity"
SEE_EVERYTHING = "View All Applications"
EXECUTE = "Execute Processes"
EXECUTE_IN_MAINTENANCE = "Execute Processes During Maintenance"

FULL = frozenset({VIEW_SETTINGS, EDIT_SETTINGS, MANAGE_MAINTENANCE, SEE_ACTIVITY, SEE_EVERYTHING, EXECUTE})
# May switch the mode, but sees only its own processes: its list of activities can be empty while others' run.
FEW = frozenset({VIEW_SETTINGS, EDIT_SETTINGS, MANAGE_MAINTENANCE, SEE_ACTIVITY, EXECUTE})
NONE: frozenset[str] = frozenset()

_MASK = "****"
_MAIL_PASSWORD = "smtp-secret"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class User:
    """An account. ``token`` is one of its authentication tokens."""

    name: str
    password: str = field(repr=False)
    rights: frozenset[str] = FULL
    token: str = field(default="", repr=False)


_USER = web.RequestKey("user", User)


class LaunchServer:
    """One server, ``version`` deciding what it knows. ``start`` and ``stop`` it on an event loop.

    Test code reads and writes the attributes directly. ``log`` has a line for each request (method, path, user);
    ``reads`` and ``writes`` count the requests of clients who were let in or not.
    """

    def __init__(
        self,
        address: str,
        port: int = 0,
        *,
        tls: tuple[Path, Path],
        clock: Clock,
        version: str = "8.0.1.3",
        timezone: datetime.timezone = datetime.timezone(datetime.timedelta(hours=-5)),
    ) -> None:
        self.address = address
        self.port = port
        self.version = version
        self.timezone = timezone
        self.clock = clock
        self.users: dict[str, User] = {}
        self.processes: dict[str, Process] = {}
        self.blackouts: dict[str, Blackout] = {}
        self.approvals: dict[str, str] = {}
        self.versions_imported: list[str] = []
        self.missed: list[str] = []
        self.log: list[tuple[str, str, str]] = []
        self.reads = 0
        self.writes = 0

        # What a test may set.
        self.activity_apis = {"cli", "rest"}
        self.traces_in_activity = True
        self.seconds_per_look = 0.0  # pass with each look at the activities: no test depends on the machine's speed
        self.frozen: set[str] = set()  # keys whose change is accepted and ignored
        self.conflicts = 0  # so many of the next writes are answered with 409
        self.faults: list[tuple[int, str, str]] = []  # (status, content type, body) for the next requests
        self.blackout_keys = ("startDate", "endDate")
        self.overlap_status = 400

        self._settings: JsonObject = {
            "agentAutoLicense": True,
            "cleanupHourOfDay": 0,
            "deployMailHost": "smtp.example.com",
            "deployMailPassword": _MAIL_PASSWORD,
            "deployMailPort": 25,
            "enableInactiveLinks": False,
            "externalURL": "https://launch.example.com:8443",
            "messageOfTheDay": "",
            "repoAutoIntegrationPeriod": 300,
        }
        if self.field:
            self._settings[self.field] = False
        self._starting = False
        self._sessions: set[str] = set()
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(*tls)
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    # --- for tests ---

    @property
    def field(self) -> str | None:
        """The name of the setting that is the maintenance mode in this version."""
        if self._version < (6, 2, 4):
            return "enableMaintenanceMode"
        return None if self._version < (7, 0, 3) else "maintenanceModeEnabled"

    @property
    def maintenance(self) -> bool:
        """Whether maintenance mode is on."""
        return bool(self.field and self._settings[self.field])

    @maintenance.setter
    def maintenance(self, on: bool) -> None:
        if not self.field:
            raise ValueError(f"version {self.version} has no maintenance mode")
        self._settings[self.field] = on

    @property
    def settings(self) -> JsonObject:
        """The settings as they really are, nothing masked."""
        return self._settings

    @property
    def untouched(self) -> bool:
        """Whether the settings that a careless client corrupts are as they were."""
        return (self._settings["deployMailPassword"], self._settings["repoAutoIntegrationPeriod"]) == (
            _MAIL_PASSWORD,
            300,
        )

    @property
    def in_blackout(self) -> bool:
        """Whether a maintenance blackout is in effect."""
        now = self.clock.time()
        return any(
            start <= now < end
            for blackout in self.blackouts.values()
            for start, end, _ in blackout.occurrences(now - 1, now)
        )

    @property
    def running(self) -> list[Process]:
        """The processes that are under way."""
        self._advance()
        return [process for process in self.processes.values() if process.running]

    def add_user(self, name: str, password: str, rights: frozenset[str] = FULL, token: str = "") -> User:
        """Add an account."""
        self.users[name] = user = User(name, password, rights, token)
        return user

    def begin(self, kind: Kind, name: str, *steps: Step, user: str = "deployer", privileged: bool = False) -> Process:
        """Request a process, as a person on the web page does. In maintenance mode it could not start."""
        now = self.clock.time()
        process = Process(kind, name, user, now, steps or (Work(5.0),), step_began=now)
        if (self.maintenance and not privileged) or self.in_blackout:
            process.label = COULD_NOT_START
        self.processes[process.id] = process
        return process

    def trigger_calendar(self, name: str, *steps: Step) -> Process:
        """Let a scheduled (or recurring) deployment come due."""
        process = self.begin("application", name, *steps, user="scheduler")
        if process.label == COULD_NOT_START:
            self.missed.append(name)
        return process

    def trigger_import(self, version: str, then: str | None = None) -> Process | None:
        """Let the automatic import find ``version``; ``then`` is a process started upon its completion."""
        if self.maintenance or self.in_blackout:
            return None
        self.versions_imported.append(version)
        return self.begin("component", then, user="importer") if then else None

    def trigger_automatic(self, what: Literal["discovery", "compare", "configure"]) -> Process:
        """Let Auto Discovery, Auto Compare or Auto Configure come due."""
        return self.begin("generic", f"Auto {what.capitalize()}", Work(1.0), user="agent")

    def ask_approval(self, name: str) -> str:
        """Open an approval task and return its id."""
        task = str(uuid.uuid4())
        self.approvals[task] = name
        return task

    async def restart(self, *, down: float, starting: float) -> None:
        """Restart: ``down`` simulated seconds without a listener, then ``starting`` with 503 and a page.

        Returns as soon as the listener is closed; what runs is lost, as the vendor warns.
        """
        for process in self.running:
            process.label = "Interrupted"
        self._sessions.clear()
        await self._unlisten()
        self._restarting = asyncio.create_task(self._come_back(down, starting))

    # --- life ---

    async def start(self) -> None:
        """Listen."""
        application = web.Application(middlewares=[self._gate])
        application.add_routes(self._routes())
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = self._site = None

    async def _listen(self) -> None:
        assert self._runner
        self._site = web.TCPSite(self._runner, self.address, self.port, ssl_context=self._tls)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def _unlisten(self) -> None:
        # A restart closes the connections too, so the whole runner goes.
        await self.stop()

    async def _come_back(self, down: float, starting: float) -> None:
        await self.clock.sleep(down)
        self._starting = True
        await self.start()
        await self.clock.sleep(starting)
        self._starting = False

    # --- who is let in ---

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        write = request.method not in ("GET", "HEAD")
        if write:
            self.writes += 1
        else:
            self.reads += 1
        if self._starting:
            self.log.append((request.method, request.path, "-"))
            return web.Response(status=503, text=_STARTING_PAGE, content_type="text/html")
        if self.faults:
            status, content_type, body = self.faults.pop(0)
            self.log.append((request.method, request.path, "-"))
            return web.Response(status=status, text=body, content_type=content_type)
        if request.path == "/":
            return await handler(request)
        user = self._authenticate(request.headers.get("Authorization", ""))
        self.log.append((request.method, request.path, user.name if user else "-"))
        if user is None:
            return web.Response(
                status=401, text="Unauthorized", headers={"WWW-Authenticate": 'Basic realm="UrbanCode Deploy"'}
            )
        if write and not self._session_ok(request, user):
            return web.Response(status=403, text="The request does not contain a valid session key.")
        if write and self.conflicts:
            self.conflicts -= 1
            return web.Response(status=409, text="The object was changed by another user at the same time.")
        request[_USER] = user
        try:
            response = await handler(request)
        except _Refused as refused:
            response = web.Response(status=refused.status, text=refused.words)
        if "JSESSIONID" not in request.cookies:
            session = uuid.uuid4().hex
            self._sessions.add(session)
            response.set_cookie("JSESSIONID", session)
            response.set_cookie("UCD_SESSION_KEY", session)
        self._sessions.add(_browser_session(request, user))
        return response

    def _authenticate(self, header: str) -> User | None:
        scheme, _, encoded = header.partition(" ")
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if scheme.lower() != "basic":
            return None
        if name == "PasswordIsAuthToken":
            with_json = re.fullmatch(r'\{\s*"token"\s*:\s*"([^"]+)"\s*\}', password)
            token = with_json.group(1) if with_json else password
            return next((user for user in self.users.values() if user.token and user.token == token), None)
        user = self.users.get(name)
        return user if user and user.password == password else None

    def _session_ok(self, request: web.Request, user: User) -> bool:
        """The rule against forged requests: a browser's later writes have to bring its session's key."""
        session = request.cookies.get("JSESSIONID", "")
        if session:
            return request.headers.get("UCD_SESSION_KEY") == session and session in self._sessions
        if "mozilla" in request.headers.get("User-Agent", "").lower():
            return (
                _browser_session(request, user) not in self._sessions
                or request.headers.get("UCD_SESSION_KEY") in self._sessions
            )
        return True

    # --- what it knows ---

    @property
    def _version(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))

    def _routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/", self._page),
            web.get("/cli/systemConfiguration", self._get_settings),
            web.put("/cli/systemConfiguration", self._put_settings),
            web.put("/rest/system/configuration", self._put_whole_settings),
            web.get("/cli/workflowTrace/currentActivity", self._activity),
            web.get("/rest/workflow/currentActivity", self._activity),
            web.get("/rest/deploy/applicationProcessRequest/{id}", self._details),
            web.get("/rest/workflow/componentProcessRequest/{id}", self._details),
            web.get("/rest/process/request/{id}", self._details),
            web.put("/cli/applicationProcessRequest/request", self._run("application")),
            web.get("/cli/applicationProcessRequest/requestStatus", self._request_status),
            web.put("/rest/deploy/component/{component}/runProcess", self._run("component")),
            web.post("/rest/process/request", self._run("generic")),
            web.put("/rest/deploy/applicationProcessRequest/{id}/repeat", self._repeat),
            web.put("/rest/approval/task/{task}/close", self._close_task),
            web.put("/cli/component/integrate", self._integrate),
            web.get("/cli/calendar/maintenanceBlackout", self._list_blackouts),
            web.post("/cli/calendar/maintenanceBlackout", self._create_blackout),
            web.put("/cli/calendar/maintenanceBlackout", self._update_blackout),
            web.delete("/cli/calendar/maintenanceBlackout/{id}", self._delete_blackout),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        page = f'<html><body><div class="productVersion">v. {self.version}</div></body></html>'
        return web.Response(text=page, content_type="text/html")

    # --- settings ---

    async def _get_settings(self, request: web.Request) -> web.Response:
        self._need(request, VIEW_SETTINGS)
        shown = dict(self._settings)
        shown["deployMailPassword"] = _MASK
        if self._version < (6, 2):
            # Written in seconds, read in milliseconds, and texts all over.
            shown["repoAutoIntegrationPeriod"] *= 1000
            shown = {key: json.dumps(value) if isinstance(value, bool) else str(value) for key, value in shown.items()}
        return web.json_response(shown)

    async def _put_settings(self, request: web.Request) -> web.Response:
        self._need(request, EDIT_SETTINGS)
        self._change_settings(await _body(request))
        return web.Response(status=200)

    async def _put_whole_settings(self, request: web.Request) -> web.Response:
        self._need(request, EDIT_SETTINGS)
        wanted = await _body(request)
        if missing := sorted(self._settings.keys() - wanted.keys() - {"deployMailPassword"}):
            raise _Refused(400, f"The configuration is not complete, missing: {', '.join(missing)}")
        self._change_settings(wanted)
        return web.Response(status=204)

    def _change_settings(self, wanted: JsonObject) -> None:
        if self.field in wanted and not isinstance(wanted[self.field], bool):
            raise _Refused(400, f"The value of {self.field} is not a boolean.")
        for key in wanted.keys() & self._settings.keys() - self.frozen:
            self._settings[key] = wanted[key]

    # --- processes ---

    def _advance(self) -> None:
        now = self.clock.time()
        for process in self.processes.values():
            process.advance(now, self.clock.scale)

    async def _activity(self, request: web.Request) -> web.Response:
        if request.path.split("/")[1] not in self.activity_apis:
            raise _Refused(404, "")
        user = self._need(request, SEE_ACTIVITY)
        shown = []
        for process in self.running:
            if SEE_EVERYTHING in user.rights or process.user == user.name:
                shown.append(process_json(process, traces=self.traces_in_activity))
                step = process.steps[process.at]
                if isinstance(step, SubProcess):
                    shown.append(sub_process_json(process, step))
        self.clock.advance(self.seconds_per_look)
        return web.json_response(shown)

    async def _details(self, request: web.Request) -> web.Response:
        self._need(request, SEE_ACTIVITY)
        self._advance()
        process = self.processes.get(request.match_info["id"])
        if process is None:
            raise _Refused(404, f"No process request with id {request.match_info['id']}")
        return web.json_response(process_json(process, traces=True))

    def _run(self, kind: Kind) -> Handler:
        names = {"application": "applicationProcess", "component": "componentProcessId", "generic": "processId"}

        async def handler(request: web.Request) -> web.Response:
            user = self._need(request, EXECUTE)
            wanted = await _body(request)
            name = wanted.get(names[kind])
            if not isinstance(name, str):
                raise _Refused(400, f"{names[kind]} is required.")
            process = self.begin(
                kind,
                name,
                Work(float(wanted.get("properties", {}).get("seconds", 5.0))),
                user=user.name,
                privileged=EXECUTE_IN_MAINTENANCE in user.rights,
            )
            return web.json_response({"requestId": process.id})

        return handler

    async def _request_status(self, request: web.Request) -> web.Response:
        self._advance()
        process = self.processes.get(request.query.get("request", ""))
        if process is None:
            raise _Refused(404, "No such request.")
        status, result = STATUS[process.label]
        return web.json_response({"status": status, "result": result})

    async def _repeat(self, request: web.Request) -> web.Response:
        user = self._need(request, EXECUTE)
        before = self.processes.get(request.match_info["id"])
        if before is None:
            raise _Refused(404, "No such request.")
        return web.json_response({"requestId": self.begin(before.kind, before.name, user=user.name).id})

    async def _close_task(self, request: web.Request) -> web.Response:
        """Respond to a manual task (allowed in maintenance mode) or to an approval (not allowed)."""
        self._need(request, EXECUTE)
        task = request.match_info["task"]
        passed = (await _body(request)).get("passFail") == "passed"
        self._advance()
        for process in self.processes.values():
            if process.task_id == task and process.waits_for:
                process.answer = (self.clock.time(), passed)
                self._advance()
                return web.json_response({"id": task, "status": "CLOSED"})
        if task not in self.approvals:
            raise _Refused(404, f"No open task with id {task}")
        if self.maintenance or self.in_blackout:
            raise _Refused(
                400, f"{COULD_NOT_START}: approvals are not possible while the server is in maintenance mode."
            )
        name = self.approvals.pop(task)
        if passed:
            self.begin("application", name)
        return web.json_response({"id": task, "status": "CLOSED"})

    async def _integrate(self, request: web.Request) -> web.Response:
        self._need(request, EXECUTE)
        version = (await _body(request)).get("properties", {}).get("version", "1.0")
        if self.maintenance or self.in_blackout:
            raise _Refused(400, f"{COULD_NOT_START}: version imports are not possible in maintenance mode.")
        self.versions_imported.append(version)
        return web.Response(status=200)

    # --- blackouts ---

    def _need_blackouts(self, request: web.Request) -> None:
        if self._version < (7, 2, 1):
            raise _Refused(404, "")
        self._need(request, MANAGE_MAINTENANCE)

    @property
    def _named(self) -> bool:
        return self._version >= (8, 1, 1)

    async def _list_blackouts(self, request: web.Request) -> web.Response:
        self._need_blackouts(request)
        ends = [request.query.get(key) for key in ("rangeStart", "rangeEnd")]
        if (ends[0] is None) != (ends[1] is None):
            raise _Refused(400, "rangeStart and rangeEnd must be given together.")
        first, last = (0.0, 0.0)
        if ends[0] is not None and ends[1] is not None:
            first, last = self._moment("rangeStart", ends[0]), self._moment("rangeEnd", ends[1])
        shown = []
        for blackout in self.blackouts.values():
            periods = blackout.occurrences(first, last) if last else [(blackout.start, blackout.end, False)]
            for start, end, synthetic in periods:
                shown.append(self._blackout_json(blackout, start, end, synthetic))
        return web.json_response(shown)

    def _blackout_json(self, blackout: Blackout, start: float, end: float, synthetic: bool) -> JsonObject:
        start_key, end_key = self.blackout_keys
        entry: JsonObject = {
            "id": f"{blackout.id}-{int(start)}" if synthetic else blackout.id,
            start_key: round(start * 1000),
            end_key: round(end * 1000),
            "synthetic": synthetic,
        }
        if self._named:
            entry |= {"name": blackout.name, "recurrence": blackout.recurrence}
        return entry

    async def _create_blackout(self, request: web.Request) -> web.Response:
        self._need_blackouts(request)
        query = request.query
        if "startDate" not in query or "endDate" not in query:
            raise _Refused(400, "startDate and endDate are required.")
        blackout = Blackout(self._moment("startDate", query["startDate"]), self._moment("endDate", query["endDate"]))
        if self._named:
            blackout.name = query.get("name")
            blackout.recurrence = query.get("recurrence")
            if blackout.recurrence not in (None, "D", "W", "M"):
                raise _Refused(400, f"Unknown recurrence {blackout.recurrence}: D, W or M.")
        # The documented format has whole minutes, so the minute that runs is not in the past.
        if blackout.start < self.clock.time() - 60:
            raise _Refused(400, "The start date is in the past.")
        self._check_period(blackout)
        self.blackouts[blackout.id] = blackout
        return web.json_response(self._blackout_json(blackout, blackout.start, blackout.end, False))

    async def _update_blackout(self, request: web.Request) -> web.Response:
        self._need_blackouts(request)
        query = request.query
        blackout = self._blackout(query.get("id", ""))
        start = self._moment("startDate", query["startDate"]) if "startDate" in query else blackout.start
        end = self._moment("endDate", query["endDate"]) if "endDate" in query else blackout.end
        now = self.clock.time()
        for old, new, what in ((blackout.start, start, "start"), (blackout.end, end, "end")):
            if new != old and (old <= now or new < now - 60):
                raise _Refused(400, f"The {what} date is in the past and cannot be changed.")
        changed = Blackout(start, end, blackout.name, blackout.recurrence, blackout.id)
        if self._named and "name" in query:
            changed.name = query["name"]
        self._check_period(changed)
        self.blackouts[blackout.id] = changed
        return web.json_response(self._blackout_json(changed, start, end, False))

    async def _delete_blackout(self, request: web.Request) -> web.Response:
        self._need_blackouts(request)
        del self.blackouts[self._blackout(request.match_info["id"]).id]
        return web.Response(status=200)

    def _blackout(self, identifier: str) -> Blackout:
        blackout = self.blackouts.get(identifier)
        if blackout is None:
            raise _Refused(404, f"No maintenance blackout with id {identifier}")
        return blackout

    def _check_period(self, blackout: Blackout) -> None:
        if blackout.end <= blackout.start:
            raise _Refused(400, "The end date must be after the start date.")
        last = blackout.end + (400 * DAY if blackout.recurrence else 0)
        mine = blackout.occurrences(blackout.start - 1, last)
        for other in self.blackouts.values():
            if other.id == blackout.id:
                continue
            for start, end, _ in other.occurrences(blackout.start - 1, last):
                if any(start < my_end and my_start < end for my_start, my_end, _ in mine):
                    raise _Refused(self.overlap_status, "The maintenance blackout overlaps with another one.")

    def _moment(self, key: str, text: str) -> float:
        """Read epoch milliseconds or MM-dd-yyyy-HH:mm in the server's own time zone."""
        if re.fullmatch(r"\d{10,}", text):
            return int(text) / 1000
        try:
            return datetime.datetime.strptime(text, "%m-%d-%Y-%H:%M").replace(tzinfo=self.timezone).timestamp()
        except ValueError:
            raise _Refused(400, f"{key}: {text} is not a date of the form MM-dd-yyyy-HH:mm.") from None

    def _need(self, request: web.Request, right: str) -> User:
        user = request[_USER]
        if right not in user.rights:
            raise _Refused(403, f"{user.name} does not have the permission {right}.")
        return user


class _Refused(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


_STARTING_PAGE = "<html><head><title>The server is starting</title></head><body>Please wait.</body></html>"


async def _body(request: web.Request) -> JsonObject:
    try:
        content = json.loads(await request.read())
    except ValueError:
        raise _Refused(400, "The request's body is not JSON.") from None
    if not isinstance(content, dict):
        raise _Refused(400, "The request's body is not a JSON object.")
    return content


def _browser_session(request: web.Request, user: User) -> str:
    return f"{user.name} {request.headers.get('User-Agent', '')}"
