"""The portal: what its pages ask for with the cookies of a signed-in person.

A request is served where it is one that a public client sends: its path, method, headers, query and body. Whether the
real portal insists on all of them is unknown; here it does, so that nothing passes by luck. Controllers and actions
are found without regard to case, as in ASP.NET; the clients spell them differently, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from aiohttp import web

from lab.clock import Clock
from lab.lcs import portal_shapes as shapes
from lab.lcs.answers import (
    NotServed,
    Refused,
    envelope,
    error_page,
    login_page,
    portal_page,
    refusal,
    result,
)
from lab.lcs.environment import Hosting, LcsEnvironment
from lab.lcs.faults import redirect
from lab.lcs.projects import Project, Projects, ProjectType
from lab.lcs.server import Server
from lab.lcs.sessions import PROJECT_COOKIE, TOKEN_NAME, Session, Sessions

FORM = "application/x-www-form-urlencoded"
SWITCHES = {"True": True, "False": False}

Action = Callable[[web.Request, Session, Project], Awaitable[web.Response]]


class Portal(Server):
    """One portal. Test code reads and writes its attributes directly."""

    def __init__(
        self, projects: Projects, address: str = "127.0.0.1", port: int = 0, *, tls: tuple[Path, Path], clock: Clock
    ) -> None:
        super().__init__(address, port, tls)
        self.projects = projects
        self.clock = clock
        self.sessions = Sessions()

        # What a test may set.
        self.session_seconds = math.inf  # of simulated time; the real one's last about an hour
        self.over: Literal["498", "login-page", "login-redirect"] = "498"  # how it says that a session is over
        self.stale_posts: float = 0  # so many of the next POSTs are answered with 403, whatever their token
        self.wrapped = False  # GET bodies stand in parentheses
        self.refusal_status: Literal[200, 500] = 200  # of an envelope with Success: false
        # Data of the switch's answer is unknown: as of its sibling, with a flag of its own, or nothing.
        self.switch_data: Literal["done", "not-done", "null"] = "done"
        self.no_action: Literal["null", "404"] = "null"  # GetOngoingActionDetails where nothing runs

        self.switches: list[tuple[str, bool]] = []  # (name of the environment, on) of each accepted request
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", "servicefabricdeployment/getdeploymentsummary"): self._summary(ProjectType.SERVICE_FABRIC),
            ("GET", "saasdeployment/getdeploymentsummary"): self._summary(ProjectType.IMPLEMENTATION),
            ("GET", "servicefabricdeployment/getenvironmentdetails"): self._details(Hosting.SERVICE_FABRIC),
            ("GET", "saasdeployment/getdeploymentdetail"): self._details(
                Hosting.MICROSOFT_IAAS, Hosting.CUSTOMER_IAAS, Hosting.ON_PREMISES
            ),
            ("GET", "environmentservicingv2/getongoingactiondetails"): self._ongoing,
            ("GET", "environment/getongoingactiondetails"): self._ongoing,
            ("GET", "servicefabricdeployment/getdeploymentprogress"): self._progress,
            ("POST", "environment/getenvironmenthistorydetails"): self._history,
            ("POST", "environmentservicingv2/enabledisablemaintenancemode"): self._switch,
        }

    def sign_in(
        self, user: str = "ops@contoso.example", *, may_service: bool = True, projects: frozenset[int] | None = None
    ) -> Session:
        """Sign a person in, as a browser does; ``Session.cookies`` is what its client needs."""
        expires = self.clock.time() + self.session_seconds / self.clock.scale
        return self.sessions.add(Session(user, expires, may_service, projects))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve the page, or one action."""
        session = self.sessions.of(request.cookies, self.clock.time())
        try:
            if request.path == "/Logon/AdLogon":
                return login_page()
            if request.path == "/V2":
                return self._page(request, session)
            action, project = self._find(request)
            return await self._act(request, action, project, session)
        except Refused as refused:
            return refusal(refused.message, refused.code, self.refusal_status)
        except NotServed as error:
            return error_page(error.status, error.why)

    # --- who is let in ---

    def _page(self, request: web.Request, session: Session | None) -> web.Response:
        if request.method != "GET":
            raise NotServed(405, "The page is read.")
        if session is None:
            # Even where a call for data is answered with 498, a page leads to the login.
            return login_page() if self.over == "login-page" else redirect()
        page = portal_page(session.new_token())
        if request.cookies.get(TOKEN_NAME) != session.token_key:
            page.set_cookie(TOKEN_NAME, session.token_key, path="/", secure=True, httponly=True)
        return page

    def _find(self, request: web.Request) -> tuple[Action, str]:
        """Return the action that a path names, and the project behind it."""
        words = request.path.removeprefix("/").removesuffix("/").split("/")
        name = "/".join(words[:2]).lower()
        if len(words) != 3 or name not in {action for _method, action in self._actions}:
            raise NotServed(404, "The resource cannot be found.")
        action = self._actions.get((request.method, name))
        if action is None:
            raise NotServed(405, "The action is not served by this method.")
        return action, words[2]

    async def _act(
        self, request: web.Request, action: Action, project: str, session: Session | None
    ) -> web.StreamResponse:
        if session is None:
            answers = {"498": lambda: web.Response(status=498), "login-page": login_page, "login-redirect": redirect}
            return answers[self.over]()
        _need_browser(request)
        if request.method == "POST":
            self._need_token(request, session)
        found = self.projects.find(project)
        if found is None or (session.projects is not None and found.id not in session.projects):
            raise Refused("You do not have access to this project.", 2)
        if request.cookies.get(PROJECT_COOKIE) != project:
            # What the real portal does with another project's cookie is unknown.
            raise Refused("The project of the session is another one.", 3)
        return await action(request, session, found)

    def _need_token(self, request: web.Request, session: Session) -> None:
        if self.stale_posts > 0:
            self.stale_posts -= 1
            raise NotServed(403, "Forbidden")
        belongs = request.cookies.get(TOKEN_NAME) == session.token_key
        if not belongs or request.headers.get(TOKEN_NAME) not in session.tokens:
            raise NotServed(403, "Forbidden")

    # --- reading ---

    def _summary(self, type_: ProjectType) -> Action:
        async def action(request: web.Request, _session: Session, project: Project) -> web.Response:
            _need_query(request, "")
            # That the other project types' path lists nothing is chosen here.
            data = shapes.summary(project) if project.type == type_ else []
            return envelope(data, wrapped=self.wrapped)

        return action

    def _details(self, *hostings: Hosting) -> Action:
        async def action(request: web.Request, _session: Session, project: Project) -> web.Response:
            environment = self._environment(request, project)
            if environment.hosting not in hostings:
                raise Refused("The environment is not of this kind.", 5)
            data = shapes.details(environment, environment.look("details"))
            return envelope(data, wrapped=self.wrapped)

        return action

    async def _ongoing(self, request: web.Request, _session: Session, project: Project) -> web.Response:
        environment = self._environment(request, project)
        look = environment.look("ongoing")
        if look.operation is None and self.no_action == "404":
            raise NotServed(404, "The resource cannot be found.")
        data = shapes.ongoing(look, _timezone(request)) if look.operation else None
        return envelope(data, wrapped=self.wrapped)

    async def _progress(self, request: web.Request, _session: Session, project: Project) -> web.Response:
        look = self._environment(request, project).look("progress")
        data = {"IsDeterminate": look.progress is not None, "ProgressPercent": look.progress or 0.0}
        return envelope(data, wrapped=self.wrapped)

    async def _history(self, request: web.Request, _session: Session, project: Project) -> web.Response:
        environment = self._environment(request, project)
        paging = await _paging(request)
        return envelope(shapes.history(environment, *paging, _timezone(request)))

    def _environment(self, request: web.Request, project: Project) -> LcsEnvironment:
        return _known(project, _need_query(request, "environmentId"))

    # --- the switch ---

    async def _switch(self, request: web.Request, session: Session, project: Project) -> web.Response:
        _need_query(request, "")
        if request.content_type != FORM:
            raise NotServed(415, "The body is not a form.")
        form = await request.post()
        on = SWITCHES.get(str(form.get("enableMaintenanceMode")))
        if sorted(form) != ["enableMaintenanceMode", "lcsEnvironmentId"] or on is None:
            raise NotServed(400, "The form has other fields or values.")
        environment = _known(project, str(form["lcsEnvironmentId"]))
        if not session.may_service:
            raise Refused("You are not authorized to perform this operation.", 6)
        _need_ready(environment, on)
        if self.switch_data == "not-done":
            return envelope(result(False, environment.last_activity))
        environment.begin(on)
        self.switches.append((environment.name, on))
        return envelope(None if self.switch_data == "null" else result(True, environment.last_activity))


def _need_ready(environment: LcsEnvironment, on: bool) -> None:
    """Refuse where the page has no such menu item. The texts and numbers are chosen here."""
    if environment.hosting in (Hosting.CUSTOMER_IAAS, Hosting.ON_PREMISES):
        raise Refused("Maintenance mode is not available for this environment.", 7)
    if environment.occupied or environment.running:
        raise Refused("Another operation is in progress on this environment.", 8)
    if environment.in_maintenance == on:
        raise Refused(f"Maintenance mode is already {'enabled' if on else 'disabled'}.", 9)


def _known(project: Project, id_: str) -> LcsEnvironment:
    """Return the environment with this id; that of a unified environment is as unknown as any other."""
    environment = project.find(id_)
    if environment is None:
        raise Refused("The environment could not be found in this project.", 4)
    return environment


def _need_browser(request: web.Request) -> None:
    """Refuse what is not sent as by the portal's own page."""
    if request.headers.get("X-Requested-With") != "XMLHttpRequest":
        raise NotServed(400, "Not a request of the page: X-Requested-With.")
    if not request.headers.get("User-Agent", "").startswith("Mozilla/5.0 ("):
        raise NotServed(400, "Not a browser: User-Agent.")
    _timezone(request)


def _timezone(request: web.Request) -> int:
    """Return how many minutes the person's time is behind UTC, as the page says."""
    try:
        return int(request.headers.get("TimezoneOffset", ""))
    except ValueError:
        raise NotServed(400, "Not a request of the page: TimezoneOffset.") from None


def _need_query(request: web.Request, name: str) -> str:
    """Return the value of the only parameter of the query, beside the time that keeps it out of caches."""
    names = [each for each in request.query if each != "_"]
    if names != ([name] if name else []) or not request.query.get("_", "0").isdecimal():
        raise NotServed(400, "The query has other parameters.")
    return request.query[name] if name else ""


async def _paging(request: web.Request) -> tuple[int, int]:
    try:
        body = json.loads(await request.read())
        paging = body["DynamicPaging"]
        start, count = paging["StartPosition"], paging["ItemsRequested"]
    except (ValueError, KeyError, TypeError):
        raise NotServed(400, "The body is not a page of a list.") from None
    if request.content_type != "application/json" or set(body) - {"DynamicPaging", "Filtering"}:
        raise NotServed(400, "The body is not a page of a list.")
    if not isinstance(start, int) or not isinstance(count, int) or start < 0 or count < 1:
        raise NotServed(400, "The numbers of the page are wrong.")
    return start, count
