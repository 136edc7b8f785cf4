"""The API of AWX 24.6, as far as a setup and a launch need it. It refuses what the real one refuses.

Facts: AWX's API guide and its published source (fields, choices, checks of surveys, credential types, workflow links
and schedules, which fields are shown how). Left out: users, teams and rights; one login does everything.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from lab.awx import credentials, schedules, surveys
from lab.awx.kinds import KINDS, TEMPLATES, Json, faults, variables
from lab.awx.notifications import faults as notification_faults
from lab.awx.notifications import shown as shown_notification
from lab.awx.playbooks import playbooks
from lab.awx.workflows import Node, has_cycle
from lab.clock import Clock
from lab.rest.service import JsonObject, Refused, Service, json_body

_LINKS = ("success_nodes", "failure_nodes", "always_nodes")
_PAGING = {"page", "page_size", "order_by"}


class Awx(Service):
    """A server with the organization Default. ``repositories`` are folders by the addresses of Git repositories."""

    def __init__(self, address: str, port: int = 0, *, tls: tuple[Path, Path] | None, clock: Clock) -> None:
        super().__init__(address, port, tls=tls, clock=clock)
        self.user, self.password, self.token = "admin", secrets.token_urlsafe(12), secrets.token_urlsafe(24)
        self.repositories: dict[str, Path] = {}
        self.items: dict[str, dict[int, Json]] = {plural: {} for plural in KINDS}
        self.lists: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[tuple[str, int], Json] = {}
        self.ignored: list[tuple[str, str]] = []  # kind and field: sent, and not known
        self.writes: list[str] = []  # what changed something
        self._id = 0
        self.new("organizations", {"name": "Default"})

    # --- for tests ---

    def new(self, plural: str, given: Mapping[str, Any]) -> Json:
        """Create an object, as somebody did before."""
        self._id += 1
        item = {name: each.default for name, each in KINDS[plural].fields.items()}
        if KINDS[plural].description:
            item["description"] = ""
        item |= {**given, "id": self._id}
        self.items[plural][self._id] = item
        return item

    def find(self, plural: str, name: str, organization: str = "") -> Json:
        """The object of that name."""
        found = [
            each
            for each in self.items[plural].values()
            if name in (each.get("name"), each.get("identifier"))
            and (not organization or self._name_of("organizations", each.get("organization")) == organization)
        ]
        assert len(found) == 1, f"{len(found)} {plural} called {name}"
        return found[0]

    def nodes(self, workflow: int) -> dict[str, Node]:
        """The nodes of a workflow by their identifiers."""
        mine = {
            number: node
            for number, node in self.items["workflow_job_template_nodes"].items()
            if node["workflow_job_template"] == workflow
        }
        found = {}
        for number, node in mine.items():
            links = {link: [mine[each]["identifier"] for each in self._list(_NODES, number, link)] for link in _LINKS}
            success, failure, always = (links[link] for link in _LINKS)
            name = node["identifier"]
            found[name] = Node(name, success, failure, always, node["all_parents_must_converge"])
        return found

    def credentials_of(self, template: Json) -> list[tuple[Json, Json]]:
        """The credentials of a job template: type and inputs, with their secrets."""
        numbers = self._list("job_templates", template["id"], "credentials")
        mine = [self.items["credentials"][number] for number in numbers]
        return [(self.items["credential_types"][each["credential_type"]], each["inputs"]) for each in mine]

    # --- the service ---

    def routes(self) -> Iterable[web.RouteDef]:
        """The paths of the API."""
        root = "/api/v2/{plural}/"
        return [
            web.get("/api/", self._versions),
            web.get("/api/v2/", self._root),
            web.post("/api/v2/tokens/", self._new_token),
            web.delete("/api/v2/tokens/{key}/", self._gone_token),
            web.get("/api/v2/unified_job_templates/", self._templates),
            web.route("*", root + "{key}/survey_spec/", self._survey),
            web.post("/api/v2/job_templates/{key}/launch/", self._launch),
            web.get("/api/v2/job_templates/{key}/launch/", self._launch_needs),
            web.get("/api/v2/job_templates/{key}/jobs/", self._jobs),
            web.post("/api/v2/workflow_job_template_nodes/{key}/create_approval_template/", self._approval),
            web.get(root, self._get_all),
            web.post(root, self._post),
            web.get(root + "{key}/", self._get),
            web.patch(root + "{key}/", self._patch),
            web.delete(root + "{key}/", self._delete),
            web.get(root + "{key}/{list}/", self._get_list),
            web.post(root + "{key}/{list}/", self._associate),
        ]

    def unknown(self, request: web.Request, error: web.HTTPException) -> web.Response:
        """No such path."""
        return web.json_response({"detail": error.reason}, status=error.status)

    def headers(self, request: web.Request) -> dict[str, str]:
        """Who answers."""
        return {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}

    def _login(self, request: web.Request, *, password: bool = False) -> None:
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        known = {f"Basic {basic}", *([] if password else [f"Bearer {self.token}"])}
        if request.headers.get("Authorization") not in known:
            raise Refused(401, {"detail": "Authentication credentials were not provided."})

    async def _versions(self, request: web.Request) -> web.Response:
        return web.json_response({"current_version": "/api/v2/", "available_versions": {"v2": "/api/v2/"}})

    async def _root(self, request: web.Request) -> web.Response:
        names = {"inventories": "inventory"}
        return web.json_response({names.get(plural, plural): f"/api/v2/{plural}/" for plural in KINDS})

    async def _new_token(self, request: web.Request) -> web.Response:
        self._login(request, password=True)
        return web.json_response({"id": 1, "token": self.token}, status=201)

    async def _gone_token(self, request: web.Request) -> web.Response:
        self._login(request, password=True)
        return web.Response(status=204)

    # --- objects ---

    async def _get_all(self, request: web.Request) -> web.Response:
        self._login(request)
        plural = self._plural(request)
        return self._page([(plural, item) for item in self.items[plural].values()], request)

    async def _templates(self, request: web.Request) -> web.Response:
        self._login(request)
        return self._page([(plural, each) for plural in TEMPLATES for each in self.items[plural].values()], request)

    async def _post(self, request: web.Request) -> web.Response:
        self._login(request)
        plural = self._plural(request)
        if plural in ("jobs", "project_updates", "workflow_approval_templates"):
            raise Refused(405, {"detail": 'Method "POST" not allowed.'})
        return self._create(plural, await self._body(request))

    async def _get(self, request: web.Request) -> web.Response:
        self._login(request)
        plural, item = self._item(request)
        if plural == "project_updates":
            self._update_project(item)
        return web.json_response(self._json(plural, item))

    async def _patch(self, request: web.Request) -> web.Response:
        self._login(request)
        plural, item = self._item(request)
        given = self._known(plural, await self._body(request))
        changed = {**item, **given}
        self._check(plural, given, changed, item["id"])
        if changed != item:
            self.writes.append(f"{plural} {item['id']}")
        item.update(changed)
        return web.json_response(self._json(plural, item))

    async def _delete(self, request: web.Request) -> web.Response:
        self._login(request)
        plural, item = self._item(request)
        self.writes.append(f"{plural} {item['id']}")
        del self.items[plural][item["id"]]
        self.lists = {  # ids are those of one object alone
            key: [each for each in members if each != item["id"]] for key, members in self.lists.items()
        }
        return web.Response(status=204)

    def _create(self, plural: str, body: Json) -> web.Response:
        given = self._known(plural, body)
        defaults = {name: each.default for name, each in KINDS[plural].fields.items()}
        self._check(plural, given, {**defaults, **given}, None)
        item = self.new(plural, given)
        if plural == "job_templates":
            item["organization"] = self.items["projects"][item["project"]]["organization"]
        if plural == "projects" and item["scm_type"]:
            item["status"] = "pending"
            item["current_update"] = self.new("project_updates", {"project": item["id"], "status": "pending"})["id"]
        self.writes.append(f"{plural} {item['id']}")
        return web.json_response(self._json(plural, item), status=201)

    def _known(self, plural: str, body: Json) -> Json:
        kind = KINDS[plural]
        fields = {*kind.fields, *(["description"] if kind.description else [])}
        self.ignored += [(kind.type, name) for name in body if name not in fields]
        read_only = {name for name, each in kind.fields.items() if each.read_only}
        return {name: value for name, value in body.items() if name in fields - read_only}

    def _check(self, plural: str, given: Json, whole: Json, number: int | None) -> None:
        kind = KINDS[plural]
        found = faults(kind, given, creating=number is None)
        for name, each in kind.fields.items():
            known = self._ids(each.to) if each.to else set()
            if each.to and name not in found and given.get(name) is not None and given[name] not in known:
                found[name] = [f'Invalid pk "{given[name]}" - object does not exist.']
        if not found:
            found = self._own_faults(plural, whole)
        if not found and kind.unique:
            mine = {name: self._unique(plural, name, whole) for name in kind.unique}
            others = [other for other in self.items[plural].values() if other["id"] != number]
            same = [other for other in others if all(other.get(name) == mine[name] for name in mine)]
            if same:
                found["__all__"] = [f"{kind.type} with this {' and '.join(kind.unique)} already exists."]
        if found:
            raise Refused(400, found)

    def _unique(self, plural: str, name: str, whole: Json) -> Any:
        if plural == "job_templates" and name == "organization":
            return self.items["projects"][whole["project"]]["organization"]
        return whole.get(name)

    def _own_faults(self, plural: str, whole: Json) -> dict[str, list[str]]:
        """What is wrong with an object beyond its single fields."""
        if plural == "credential_types":
            return credentials.type_faults(whole["inputs"], whole["injectors"])
        if plural == "credentials":
            return credentials.input_faults(self.items["credential_types"][whole["credential_type"]], whole["inputs"])
        if plural == "notification_templates":
            return notification_faults(whole)
        if plural == "schedules":
            said = schedules.faults(whole["rrule"])
            return {"rrule": said} if said else {}
        if plural == "inventory_sources" and whole["source"] == "scm" and not whole["source_project"]:
            return {"source_project": ["Project required for scm type sources."]}
        if plural == "job_templates":
            return self._job_template_faults(whole)
        return {}

    def _job_template_faults(self, whole: Json) -> dict[str, list[str]]:
        project = self.items["projects"][whole["project"]]
        folder = self.repositories.get(project["scm_url"])
        if project["status"] != "successful" or folder is None or whole["playbook"] not in playbooks(folder):
            return {"playbook": ["Playbook not found for project."]}
        if whole["inventory"] is None and not whole["ask_inventory_on_launch"]:
            return {"inventory": ["Job Template must have an inventory, or ask for one."]}
        return {}

    def _update_project(self, update: Json) -> None:
        project = self.items["projects"][update["project"]]
        status = "successful" if project["scm_url"] in self.repositories else "failed"
        update["status"] = project["status"] = status
        project.pop("current_update", None)

    # --- lists of other objects ---

    async def _get_list(self, request: web.Request) -> web.Response:
        self._login(request)
        plural, item = self._item(request)
        name = request.match_info["list"]
        target = self._target(plural, name)
        return self._page(
            [(target, self.items[target][each]) for each in self._list(plural, item["id"], name)], request
        )

    async def _associate(self, request: web.Request) -> web.Response:
        self._login(request)
        plural, item = self._item(request)
        name, body = request.match_info["list"], await self._body(request)
        target, number = self._target(plural, name), body.get("id")
        if number not in self.items[target]:
            raise Refused(400, {"detail": f"{target} {number} does not exist."})
        members = self.lists.setdefault((plural, item["id"], name), [])
        self.writes.append(f"{plural} {item['id']} {name}")
        if body.get("disassociate"):
            members[:] = [each for each in members if each != number]
            return web.Response(status=204)
        if name == "credentials":
            self._one_of_a_type(members, number)
        if name in _LINKS:
            self._check_link(item, name, number)
        if number not in members:
            members.append(number)
        return web.Response(status=204)

    def _one_of_a_type(self, members: list[int], number: int) -> None:
        known = self.items["credentials"]
        type_ = known[number]["credential_type"]
        if any(known[each]["credential_type"] == type_ and each != number for each in members):
            raise Refused(400, {"error": "Cannot assign multiple credentials of one type."})

    def _check_link(self, node: Json, name: str, number: int) -> None:
        child = self.items[_NODES][number]
        workflow = node["workflow_job_template"]
        if child["workflow_job_template"] != workflow:
            raise Refused(400, {"detail": "The node is of another workflow."})
        others = [each for each in _LINKS if each != name]
        if any(number in self._list(_NODES, node["id"], each) for each in others):
            raise Refused(400, {"Error": "Relationship not allowed."})
        nodes = self.nodes(workflow)
        nodes[node["identifier"]].success.append(child["identifier"])
        if has_cycle(nodes):
            raise Refused(400, {"Error": "Cycle detected."})

    async def _approval(self, request: web.Request) -> web.Response:
        self._login(request)
        node = self.items[_NODES].get(int(request.match_info["key"]))
        if node is None:
            raise Refused(404, {"detail": "Not found."})
        given = self._known("workflow_approval_templates", await self._body(request))
        self._check("workflow_approval_templates", given, given, None)
        item = self.new("workflow_approval_templates", given)
        node["unified_job_template"] = item["id"]
        self.writes.append(f"approval of {node['id']}")
        return web.json_response(self._json("workflow_approval_templates", item), status=201)

    # --- surveys and launches ---

    async def _survey(self, request: web.Request) -> web.Response:
        self._login(request)
        plural, item = self._item(request)
        if plural not in ("job_templates", "workflow_job_templates"):
            raise Refused(404, {"detail": "Not found."})
        key = (plural, item["id"])
        if request.method == "GET":
            return web.json_response(self.surveys.get(key, {}))
        self.writes.append(f"survey of {plural} {item['id']}")
        if request.method == "DELETE":
            self.surveys.pop(key, None)
        else:
            spec = await self._body(request)
            if said := surveys.fault(spec):
                raise Refused(400, {"error": said})
            self.surveys[key] = spec
        return web.Response(status=200)

    async def _launch_needs(self, request: web.Request) -> web.Response:
        self._login(request)
        _plural, item = self._item(request, "job_templates")
        spec = self.surveys.get(("job_templates", item["id"]), {}) if item["survey_enabled"] else {}
        needed = [each["variable"] for each in spec.get("spec", []) if each["required"]]
        return web.json_response({"variables_needed_to_start": needed, "can_start_without_user_input": not needed})

    async def _launch(self, request: web.Request) -> web.Response:
        self._login(request)
        _plural, item = self._item(request, "job_templates")
        body = await self._body(request)
        answers = variables(body.get("extra_vars", {}))
        if answers is None:
            raise Refused(400, {"extra_vars": ["Must be valid JSON or YAML."]})
        spec = self.surveys.get(("job_templates", item["id"]), {}) if item["survey_enabled"] else {}
        if said := surveys.answer_faults(spec, answers):
            raise Refused(400, {"variables_needed_to_start": said})
        asked = {each["variable"] for each in spec.get("spec", [])}
        if (more := set(answers) - asked) and not item["ask_variables_on_launch"]:
            raise Refused(400, {"extra_vars": [f"Variables {', '.join(sorted(more))} are not allowed on launch."]})
        given = {**(variables(item["extra_vars"]) or {}), **surveys.with_defaults(spec, answers)}
        limit = body.get("limit", "") if item["ask_limit_on_launch"] else item["limit"]
        job = self.new(
            "jobs",
            {
                "name": item["name"],
                "job_template": item["id"],
                "playbook": item["playbook"],
                "extra_vars": json.dumps(given),
                "limit": limit,
                "status": "pending",
            },
        )
        self.writes.append(f"job {job['id']}")
        return web.json_response({**self._json("jobs", job), "job": job["id"], "ignored_fields": {}}, status=201)

    async def _jobs(self, request: web.Request) -> web.Response:
        self._login(request)
        _plural, item = self._item(request, "job_templates")
        return self._page(
            [("jobs", each) for each in self.items["jobs"].values() if each["job_template"] == item["id"]], request
        )

    # --- what is shown ---

    def _json(self, plural: str, item: Json) -> JsonObject:
        url = f"/api/v2/{plural}/{item['id']}/"
        related = {name: f"{url}{name}/" for name in KINDS[plural].lists}
        summary: Json = {}
        for name, each in KINDS[plural].fields.items():
            if each.to and item[name] is not None:
                target = each.to if each.to in KINDS else self._template_kind(item[name])
                related[name] = f"/api/v2/{target}/{item[name]}/"
                summary[name] = {"id": item[name], "name": self._name_of(target, item[name])}
        if plural in ("job_templates", "workflow_job_templates"):
            related |= {name: f"{url}{name}/" for name in ("survey_spec", "launch")}
        if plural == "job_templates":
            related["jobs"] = f"{url}jobs/"
        shown = {name: value for name, value in item.items() if name != "current_update"}
        if "current_update" in item:
            summary["current_update"] = {"id": item["current_update"]}
        if plural == "credentials":
            shown["inputs"] = credentials.shown(self.items["credential_types"][item["credential_type"]], item["inputs"])
        if plural == _NODES:
            shown |= {link: self._list(_NODES, item["id"], link) for link in _LINKS}
        if plural == "notification_templates":
            shown["notification_configuration"] = shown_notification(item)
        return {**shown, "type": KINDS[plural].type, "url": url, "related": related, "summary_fields": summary}

    def _page(self, found: list[tuple[str, Json]], request: web.Request) -> web.Response:
        for name, value in request.query.items():
            if name not in _PAGING | {"or__id", "or__name"}:
                found = [(plural, item) for plural, item in found if self._fits(plural, item, name, value)]
        either = {name: value for name, value in request.query.items() if name.startswith("or__")}
        if either:
            names = {name.removeprefix("or__"): value for name, value in either.items()}
            found = [
                (plural, item)
                for plural, item in found
                if any(self._fits(plural, item, name, value) for name, value in names.items())
            ]
        results = [self._json(plural, item) for plural, item in found]
        return web.json_response({"count": len(results), "next": None, "previous": None, "results": results})

    def _fits(self, plural: str, item: Json, name: str, value: str) -> bool:
        if name == "type":
            return KINDS[plural].type == value
        if name not in item:
            if plural in TEMPLATES and name == "organization":
                return False
            raise Refused(400, {"detail": f"{KINDS[plural].type} has no field named '{name}'"})
        return str(item[name]) == value

    # --- names ---

    def _plural(self, request: web.Request) -> str:
        plural = request.match_info["plural"]
        if plural not in KINDS:
            raise Refused(404, {"detail": "Not found."})
        return plural

    def _item(self, request: web.Request, plural: str = "") -> tuple[str, Json]:
        plural = plural or self._plural(request)
        key = request.match_info["key"]
        if key.isdigit():
            found = self.items[plural].get(int(key))
        else:  # a named URL: the name and that of the organization
            name, _between, organization = key.partition("++")
            same = [
                each
                for each in self.items[plural].values()
                if each.get("name") == name and self._name_of("organizations", each.get("organization")) == organization
            ]
            found = same[0] if same else None
        if found is None:
            raise Refused(404, {"detail": "Not found."})
        return plural, found

    def _name_of(self, plural: str, number: Any) -> str:
        item = self.items[plural].get(number, {})
        return str(item.get("name") or item.get("identifier") or "")

    def _template_kind(self, number: int) -> str:
        return next(plural for plural in TEMPLATES if number in self.items[plural])

    def _ids(self, to: str) -> set[int]:
        plurals = TEMPLATES if to == "unified_job_templates" else (to,)
        return {number for plural in plurals for number in self.items[plural]}

    def _list(self, plural: str, number: int, name: str) -> list[int]:
        return self.lists.get((plural, number, name), [])

    def _target(self, plural: str, name: str) -> str:
        if name not in KINDS[plural].lists:
            raise Refused(404, {"detail": "Not found."})
        return KINDS[plural].lists[name]

    async def _body(self, request: web.Request) -> Json:
        body = await json_body(request)
        if body is None:
            raise Refused(400, {"detail": "JSON parse error"})
        return body


_NODES = "workflow_job_template_nodes"
