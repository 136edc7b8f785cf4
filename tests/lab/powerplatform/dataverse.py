"""The Dataverse Web API of one environment, as far as the history of Finance + Operations' operations goes.

The table and its columns are those that d365bap.tools reads. That an administration mode request has a row, its
name, and the numbers of ``statuscode`` are guesses [G].
"""

from __future__ import annotations

import io
import json
import re
import uuid
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from lab.clock import Clock
from lab.entra.tokens import Invalid
from lab.powerplatform.cloud import Cloud
from lab.powerplatform.environment import Environment
from lab.powerplatform.operation import Operation, moment
from lab.rest.service import JsonObject, Refused, Service

TABLE = "msprov_operationhistories"
NO_LOGS = "FnOSqlJit"
STATUS = {"Running": 1, "Succeeded": 2, "Failed": 3}  # [G]


@dataclass
class HistoryEntry:
    """A row that did not come from an operation of the cloud."""

    name: str
    description: str
    started: float
    status: str = "Succeeded"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    correlation: str = field(default_factory=lambda: str(uuid.uuid4()))
    log: str = ""


class Dataverse(Service):
    """The organisation of an environment. ``users`` are the applications that it knows, by client id."""

    def __init__(
        self,
        cloud: Cloud,
        environment: Environment,
        address: str,
        port: int = 0,
        *,
        tls: tuple[Path, Path],
        clock: Clock,
        login_url: str = "",
    ) -> None:
        super().__init__(address, port, tls=tls, clock=clock)
        self.cloud = cloud
        self.environment = environment
        self.login_url = login_url
        self.users: set[str] = set()
        self.entries: list[HistoryEntry] = []
        self.with_logs = True

    def routes(self) -> Iterable[web.RouteDef]:
        base = "/api/data/{version:v9\\.[0-2]}"
        return [
            web.get(f"{base}/{TABLE}", self._list),
            web.get(f"{base}/{TABLE}({{id}})/msprov_logs/$value", self._log),
        ]

    def headers(self, request: web.Request) -> dict[str, str]:
        return {"OData-Version": "4.0", "x-ms-service-request-id": str(uuid.uuid4())}

    def unknown(self, request: web.Request, error: web.HTTPException) -> web.Response:
        text = f"Resource not found for the segment '{request.path.rpartition('/')[2]}'."
        return web.json_response({"error": {"code": "0x8006088a", "message": text}}, status=error.status)

    @property
    def history(self) -> list[HistoryEntry]:
        """All rows, in no order that means anything."""
        return [*self.entries, *(self._entry(each) for each in self._switches)]

    @property
    def _switches(self) -> list[Operation]:
        return [each for each in self.cloud.of(self.environment) if each.kind == self.cloud.kind]

    def _entry(self, operation: Operation) -> HistoryEntry:
        code, message = operation.error if not operation.running else ("", "")
        log = "\n".join(f"{moment(each.last)} {each.name}: {each.state}" for each in operation.stages)
        return HistoryEntry(
            "AdministrationMode",
            "Administration mode",
            operation.created,
            operation.state,
            str(uuid.uuid5(uuid.NAMESPACE_OID, f"row {operation.id}")),
            operation.correlation,
            f"{log}\n{code}: {message}\n" if code else f"{log}\n",
        )

    async def _list(self, request: web.Request) -> web.Response:
        self._admit(request)
        annotated = "odata.include-annotations" in request.headers.get("Prefer", "")
        rows = [self._row(each, annotated) for each in self.history]
        if order := request.query.get("$orderby"):
            match = re.fullmatch(r"(\w+)(?: (asc|desc))?", order)
            if match is None or match[1] not in (rows[0] if rows else {match[1]: None}):
                raise _refused(400, "0x80060888", f"The property of '{order}' does not exist.")
            rows.sort(key=lambda row: str(row[match[1]]), reverse=match[2] == "desc")
        if top := request.query.get("$top"):
            rows = rows[: int(top)]
        if columns := request.query.get("$select"):
            wanted = {*columns.split(","), "msprov_operationhistoryid"}
            rows = [{key: row[key] for key in row if key.partition("@")[0] in ("", *wanted)} for row in rows]
        if unknown := set(request.query) - {"$orderby", "$top", "$select"}:
            raise _refused(400, "0x80060888", f"The lab does not know {', '.join(sorted(unknown))}.")
        return web.json_response({"@odata.context": f"{self.url}/api/data/v9.0/$metadata#{TABLE}", "value": rows})

    def _row(self, entry: HistoryEntry, annotated: bool) -> JsonObject:
        has_log = self.with_logs and bool(entry.log) and entry.name != NO_LOGS
        row: JsonObject = {
            "@odata.etag": f'W/"{int(entry.started)}"',
            "msprov_operationhistoryid": entry.id,
            "msprov_name": entry.name,
            "msprov_description": entry.description,
            "msprov_correlationid": entry.correlation,
            "msprov_startedon": moment(entry.started)[:19] + "Z",
            "msprov_operationproperties": json.dumps({"UserId": self.environment.id, "Payload": "Version=10.0.44|"}),
            "msprov_logs": str(uuid.uuid5(uuid.NAMESPACE_OID, entry.id)) if has_log else None,
            "msprov_logs_name": "operationlogs.zip" if has_log else None,
            "statuscode": STATUS.get(entry.status, 0),
            "statecode": 0,
            "createdon": moment(entry.started)[:19] + "Z",
            "modifiedon": moment(entry.started)[:19] + "Z",
            "versionnumber": int(entry.started),
        }
        if annotated:
            row["statuscode@OData.Community.Display.V1.FormattedValue"] = entry.status
            row["statecode@OData.Community.Display.V1.FormattedValue"] = "Active"
        return row

    async def _log(self, request: web.Request) -> web.Response:
        self._admit(request)
        wanted = request.match_info["id"].lower()
        entry = next((each for each in self.history if each.id == wanted), None)
        if entry is None:
            text = f"Entity 'msprov_operationhistory' With Id = {wanted} Does Not Exist"
            raise _refused(404, "0x80040217", text)
        if not self.with_logs or not entry.log or entry.name == NO_LOGS:
            return web.Response(status=204)
        return web.Response(
            body=_zip({"operation.log": entry.log}),
            content_type="application/octet-stream",
            headers={"Content-Disposition": 'attachment; filename="operationlogs.zip"'},
        )

    def _admit(self, request: web.Request) -> None:
        scheme, _unused, token = request.headers.get("Authorization", "").partition(" ")
        tokens = self.cloud.directory.tokens
        try:
            if scheme.lower() != "bearer":
                raise Invalid("The access token is missing.")
            grant = tokens.check(token, self.environment.dataverse_url)
        except Invalid:
            where = f"{self.login_url}/{self.cloud.directory.id}/oauth2/authorize"
            challenge = f"Bearer authorization_uri={where}, resource_id={self.environment.dataverse_url}/"
            raise Refused(401, "", {"WWW-Authenticate": challenge}) from None
        if not grant.person and grant.client not in self.users:
            raise _refused(403, "0x80072560", "The user is not a member of the organization.")


def _zip(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def _refused(status: int, code: str, message: str) -> Refused:
    return Refused(status, {"error": {"code": code, "message": message}})
