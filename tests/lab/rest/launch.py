"""An HCL Launch (HCL/IBM DevOps Deploy, IBM UrbanCode Deploy) server over HTTPS.

It behaves as far as the vendor's documentation and published clients say. What it does not know is answered with 404
or 400. Processes advance by the clock, without threads or tasks: their state is worked out whenever somebody looks.

What is not documented, and therefore chosen here: the error texts, whether the list of activities holds traces
(``traces_in_activity``), and what launch_blackout.py names.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import math
import ssl
import uuid
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Literal

from aiohttp import web

from lab.clock import Clock
from lab.rest.launch_access import (
    EDIT_SETTINGS,
    EXECUTE,
    EXECUTE_IN_MAINTENANCE,
    FULL,
    MANAGE_MAINTENANCE,
    SEE_ACTIVITY,
    SEE_EVERYTHING,
    VIEW_SETTINGS,
    Access,
    Refused,
    User,
)
from lab.rest.launch_blackout import BlackoutCalendar
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

_MASK = "****"
_MAIL_PASSWORD = "smtp-secret"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
        self.clock = clock
        self.access = Access()
        self.calendar = BlackoutCalendar(clock, timezone, named=self._version >= (8, 1, 1))
        self.processes: dict[str, Process] = {}
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
        self.looks_answered: float = math.inf  # so many looks at the activities; the later ones fail with 500
        self.frozen: set[str] = set()  # keys whose change is accepted and ignored
        self.lost_answers = 0  # so many of the next writes are carried out and answered with 502, as by a proxy
        self.holding = False  # changes of the settings are carried out, and their answers wait
        self.conflicts = 0  # so many of the next writes are answered with 409
        self.conflicts_from: float = math.inf  # every write but the first so many is answered with 409
        self.faults: list[tuple[int, str, str]] = []  # (status, content type, body) for the next requests

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
    def running(self) -> list[Process]:
        """The processes that are under way."""
        self._advance()
        return [process for process in self.processes.values() if process.running]

    def add_user(self, name: str, password: str, rights: frozenset[str] = FULL, token: str = "") -> User:
        """Add an account."""
        self.access.users[name] = user = User(name, password, rights, token)
        return user

    def begin(self, kind: Kind, name: str, *steps: Step, user: str = "deployer", privileged: bool = False) -> Process:
        """Request a process, as a person on the web page does. In maintenance mode it could not start."""
        now = self.clock.time()
        process = Process(kind, name, user, now, steps or (Work(5.0),), step_began=now)
        if (self.maintenance and not privileged) or self.calendar.in_effect:
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
        if self.maintenance or self.calendar.in_effect:
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
        self.access.forget()
        # The connections go, too.
        await self.stop()
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
        if self.calendar.offline and self.calendar.in_effect:
            self.log.append((request.method, request.path, "-"))
            return web.Response(status=503, text="The database is offline for maintenance.")
        user = self.access.login(request)
        self.log.append((request.method, request.path, user.name if user else "-"))
        if user is None:
            return web.Response(
                status=401, text="Unauthorized", headers={"WWW-Authenticate": 'Basic realm="UrbanCode Deploy"'}
            )
        if write and not self.access.may_write(request, user):
            return web.Response(status=403, text="The request does not contain a valid session key.")
        if write and (self.conflicts or self.writes > self.conflicts_from):
            self.conflicts = max(self.conflicts - 1, 0)
            return web.Response(status=409, text="The object was changed by another user at the same time.")
        try:
            response = await handler(request)
        except Refused as refused:
            response = web.Response(status=refused.status, text=refused.words)
        self.access.remember(request, user, response)
        if write and self.lost_answers:
            self.lost_answers -= 1
            return web.Response(status=502, text="Bad Gateway")
        return response

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
            web.post("/cli/calendar/cancelMaintenanceBlackoutSeries", self._cancel_series),
            web.post("/cli/calendar/cancelMaintenanceBlackoutSeriesEvent", self._cancel_event),
        ]

    async def _page(self, request: web.Request) -> web.Response:
        page = f'<html><body><div class="productVersion">v. {self.version}</div></body></html>'
        return web.Response(text=page, content_type="text/html")

    # --- settings ---

    async def _get_settings(self, request: web.Request) -> web.Response:
        self.access.need(request, VIEW_SETTINGS)
        shown = dict(self._settings)
        shown["deployMailPassword"] = _MASK
        if self._version < (6, 2):
            # Written in seconds, read in milliseconds, and texts all over.
            shown["repoAutoIntegrationPeriod"] *= 1000
            shown = {key: json.dumps(value) if isinstance(value, bool) else str(value) for key, value in shown.items()}
        return web.json_response(shown)

    async def _put_settings(self, request: web.Request) -> web.Response:
        self.access.need(request, EDIT_SETTINGS)
        self._change_settings(await _body(request))
        while self.holding:
            await self.clock.moment()
        return web.Response(status=200)

    async def _put_whole_settings(self, request: web.Request) -> web.Response:
        self.access.need(request, EDIT_SETTINGS)
        wanted = await _body(request)
        if missing := sorted(self._settings.keys() - wanted.keys() - {"deployMailPassword"}):
            raise Refused(400, f"The configuration is not complete, missing: {', '.join(missing)}")
        self._change_settings(wanted)
        return web.Response(status=204)

    def _change_settings(self, wanted: JsonObject) -> None:
        if self.field in wanted and not isinstance(wanted[self.field], bool):
            raise Refused(400, f"The value of {self.field} is not a boolean.")
        for key in wanted.keys() & self._settings.keys() - self.frozen:
            self._settings[key] = wanted[key]

    # --- processes ---

    def _advance(self) -> None:
        now = self.clock.time()
        for process in self.processes.values():
            process.advance(now, self.clock.scale)

    async def _activity(self, request: web.Request) -> web.Response:
        if request.path.split("/")[1] not in self.activity_apis:
            raise Refused(404, "")
        user = self.access.need(request, SEE_ACTIVITY)
        if self.looks_answered <= 0:
            raise Refused(500, "java.sql.SQLException: the connection pool is exhausted")
        self.looks_answered -= 1
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
        self.access.need(request, SEE_ACTIVITY)
        self._advance()
        process = self.processes.get(request.match_info["id"])
        if process is None:
            raise Refused(404, f"No process request with id {request.match_info['id']}")
        return web.json_response(process_json(process, traces=True))

    def _run(self, kind: Kind) -> Handler:
        names = {"application": "applicationProcess", "component": "componentProcessId", "generic": "processId"}

        async def handler(request: web.Request) -> web.Response:
            user = self.access.need(request, EXECUTE)
            wanted = await _body(request)
            name = wanted.get(names[kind])
            if not isinstance(name, str):
                raise Refused(400, f"{names[kind]} is required.")
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
            raise Refused(404, "No such request.")
        status, result = STATUS[process.label]
        return web.json_response({"status": status, "result": result})

    async def _repeat(self, request: web.Request) -> web.Response:
        user = self.access.need(request, EXECUTE)
        before = self.processes.get(request.match_info["id"])
        if before is None:
            raise Refused(404, "No such request.")
        return web.json_response({"requestId": self.begin(before.kind, before.name, user=user.name).id})

    async def _close_task(self, request: web.Request) -> web.Response:
        """Respond to a manual task (allowed in maintenance mode) or to an approval (not allowed)."""
        self.access.need(request, EXECUTE)
        task = request.match_info["task"]
        passed = (await _body(request)).get("passFail") == "passed"
        self._advance()
        for process in self.processes.values():
            if process.task_id == task and process.waits_for:
                process.answer = (self.clock.time(), passed)
                self._advance()
                return web.json_response({"id": task, "status": "CLOSED"})
        if task not in self.approvals:
            raise Refused(404, f"No open task with id {task}")
        if self.maintenance or self.calendar.in_effect:
            raise Refused(
                400, f"{COULD_NOT_START}: approvals are not possible while the server is in maintenance mode."
            )
        name = self.approvals.pop(task)
        if passed:
            self.begin("application", name)
        return web.json_response({"id": task, "status": "CLOSED"})

    async def _integrate(self, request: web.Request) -> web.Response:
        self.access.need(request, EXECUTE)
        version = (await _body(request)).get("properties", {}).get("version", "1.0")
        if self.maintenance or self.calendar.in_effect:
            raise Refused(400, f"{COULD_NOT_START}: version imports are not possible in maintenance mode.")
        self.versions_imported.append(version)
        return web.Response(status=200)

    # --- blackouts ---

    def _need_blackouts(self, request: web.Request) -> None:
        if self._version < (7, 2, 1):
            raise Refused(404, "")
        self.access.need(request, MANAGE_MAINTENANCE)

    def _need_series(self, request: web.Request) -> None:
        if self._version < (8, 1, 1):
            raise Refused(404, "")
        self.access.need(request, MANAGE_MAINTENANCE)

    async def _list_blackouts(self, request: web.Request) -> web.Response:
        self._need_blackouts(request)
        return web.json_response(self.calendar.listed(request.query))

    async def _create_blackout(self, request: web.Request) -> web.Response:
        self._need_blackouts(request)
        return web.json_response(self.calendar.create(request.query))

    async def _update_blackout(self, request: web.Request) -> web.Response:
        self._need_blackouts(request)
        return web.json_response(self.calendar.update(request.query))

    async def _delete_blackout(self, request: web.Request) -> web.Response:
        self._need_blackouts(request)
        self.calendar.delete(request.match_info["id"])
        return web.Response(status=200)

    async def _cancel_series(self, request: web.Request) -> web.Response:
        self._need_series(request)
        self.calendar.cancel_series(request.query)
        return web.Response(status=200)

    async def _cancel_event(self, request: web.Request) -> web.Response:
        self._need_series(request)
        self.calendar.cancel_event(request.query)
        return web.Response(status=200)


_STARTING_PAGE = "<html><head><title>The server is starting</title></head><body>Please wait.</body></html>"


async def _body(request: web.Request) -> JsonObject:
    try:
        content = json.loads(await request.read())
    except ValueError:
        raise Refused(400, "The request's body is not JSON.") from None
    if not isinstance(content, dict):
        raise Refused(400, "The request's body is not a JSON object.")
    return content
