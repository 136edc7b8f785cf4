"""The official API (Power Platform API), as far as it tells the mode. It has no call that switches it.

Names and shapes are those of the SDK that Microsoft generates from its description; the words of ``adminMode`` and
``state``, the errors' codes, and that ``lastObserved...`` follows the mode are guesses [G].
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from lab.clock import Clock
from lab.entra import Grant
from lab.entra.tokens import Invalid
from lab.powerplatform.cloud import Cloud
from lab.powerplatform.environment import Environment
from lab.powerplatform.operation import moment
from lab.powerplatform.paging import Pages
from lab.rest.service import JsonObject, Refused, Service

VERSION = "2024-10-01"
ADMIN_MODE = {"AdminMode": "Enabled", "Enabled": "Disabled"}
_FIELDS = ("dataverseId", "type", "geo", "state", "environmentGroupId", "domainName")


class OfficialApi(Service):
    """The API of one cloud. Its tokens are for its public name, whatever address leads to it."""

    def __init__(self, cloud: Cloud, address: str, port: int = 0, *, tls: tuple[Path, Path], clock: Clock) -> None:
        super().__init__(address, port, tls=tls, clock=clock)
        self.cloud = cloud
        self.pages = Pages("@odata.nextlink")
        self.admin_mode = dict(ADMIN_MODE)

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/environmentmanagement/environments", self._list),
            web.get("/environmentmanagement/environments/{id}", self._get),
            web.get("/dynamics/environments/{id}/finopsproperties", self._finops),
            web.get("/dynamics/environments/{id}/operationerrors", self._errors),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        grant = self._admit(request)
        environments = self.cloud.environments.values() if self._is_registered(grant) else []
        found = [self._json(each) for each in environments]
        if condition := request.query.get("$filter"):
            match = re.fullmatch(rf"({'|'.join(_FIELDS)}) eq '?([^']*?)'?", condition)
            if match is None:
                raise _refused(400, "InvalidFilter", f"The filter '{condition}' is not supported.")
            found = [each for each in found if str(each[match[1]]).lower() == match[2].lower()]
        return web.json_response(self.pages.cut(request, self.url, found))

    async def _get(self, request: web.Request) -> web.Response:
        return web.json_response(self._json(self._find(request)))

    async def _finops(self, request: web.Request) -> web.Response:
        environment = self._find(request)
        finops = environment.finops
        if finops is None:
            raise _refused(404, "FinOpsNotFound", "The environment has no Finance and Operations apps.")
        aos, batch = self.cloud.counts(environment, finops)
        return web.json_response(
            {
                "appId": finops.id,
                "demoDataset": None,
                "deploymentType": finops.deployment_type,
                "lastObservedAOSCount": aos,
                "lastObservedBatchAOSCount": batch,
                "maxAOSCount": str(finops.aos),
                "maxBatchAOSCount": str(finops.batch_aos),
            }
        )

    async def _errors(self, request: web.Request) -> web.Response:
        environment = self._find(request)
        most = request.query.get("maxResults", "20")
        if not most.isdigit():
            raise _refused(400, "InvalidParameter", "maxResults is not a number.")
        failed = [each for each in self.cloud.of(environment) if each.error[0] and not each.running]
        errors = [
            {
                "correlationId": each.correlation,
                "errorCode": each.error[0],
                "errorMessage": each.error[1],
                "failedActionName": each.ends_at,
                "failedAt": moment(each.last),
                "operationType": each.kind,
            }
            for each in failed
        ]
        return web.json_response({"environmentId": environment.id, "errors": errors[: int(most)]})

    def _json(self, environment: Environment) -> JsonObject:
        shown = self.cloud.shown(environment)
        finops = environment.finops
        return {
            "id": environment.id,
            "tenantId": self.cloud.directory.id,
            "displayName": environment.display_name,
            "type": environment.sku,
            "geo": environment.location,
            "azureRegion": environment.azure_region,
            "createdDateTime": environment.created,
            "createdBy": {"id": "SYSTEM", "type": "NotSpecified"},
            "state": environment.management,
            "adminMode": self.admin_mode.get(shown.runtime, shown.runtime),
            "backgroundOperationsState": shown.background if environment.dataverse_url else None,
            "protectionLevel": environment.protection_level,
            "dataverseId": environment.dataverse_id if environment.dataverse_url else None,
            "domainName": environment.domain_name if environment.dataverse_url else None,
            "url": f"{environment.dataverse_url}/" if environment.dataverse_url else None,
            "version": "9.2.26111.00206",
            "environmentGroupId": None,
            "finOpsMetadata": finops and {"id": finops.id, "type": finops.type, "url": finops.url},
        }

    def _find(self, request: web.Request) -> Environment:
        grant = self._admit(request)
        if not self._is_registered(grant):
            raise _refused(403, "Forbidden", "The caller does not have the permission to perform this action.")
        environment = self.cloud.find(request.match_info["id"])
        if environment is None:
            text = f"The environment '{request.match_info['id']}' was not found."
            raise _refused(404, "EnvironmentNotFound", text)
        return environment

    def _admit(self, request: web.Request) -> Grant:
        scheme, _unused, token = request.headers.get("Authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise Invalid("The access token is missing.")
            grant = self.cloud.directory.tokens.check(token, self.cloud.audiences.official)
        except Invalid as invalid:
            raise _refused(401, "Unauthorized", str(invalid)) from None
        if request.query.get("api-version") != VERSION:
            raise _refused(400, "UnsupportedApiVersion", f"The api-version is not {VERSION}.")
        return grant

    def _is_registered(self, grant: Grant) -> bool:
        return grant.person or grant.client in self.cloud.registered


def _refused(status: int, code: str, message: str) -> Refused:
    return Refused(status, {"error": {"code": code, "message": message}})
