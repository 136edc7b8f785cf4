# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the documented Power Platform API says of Finance + Operations: how it is deployed, and why operations failed.

Paths: the generated client powerplatform-management 2.0.3578.333. Both are in preview: a switch never depends on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation, moment
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._service import Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso

_VERSION = ("api-version", "2024-10-01")
_MOST = 20


@dataclass(frozen=True)
class Finops:
    """``aos`` and ``batch_aos`` are how many of each were last seen; None where nothing is known."""

    deployment: str | None = None
    aos: int | None = None
    batch_aos: int | None = None
    why_not: str = ""

    def result(self) -> dict[str, Any]:
        """Return it as results show it."""
        return {"deployment_type": self.deployment, "aos_count": self.aos, "batch_aos_count": self.batch_aos}


@dataclass(frozen=True)
class OperationError:
    """Why an operation failed, in the platform's words."""

    code: str
    message: str
    action: str
    at: datetime | None
    correlation: str
    operation: str

    def result(self) -> dict[str, Any]:
        """Return it as results show it."""
        return {
            "code": self.code,
            "message": self.message,
            "action": self.action,
            "failed_at": iso(self.at) if self.at else None,
            "correlation_id": self.correlation,
            "operation_type": self.operation,
        }


def read_finops(service: Service, environment: str) -> Finops:
    """Return what is known; a refusal is no failure: it is told in ``why_not``."""
    path = f"/dynamics/environments/{environment}/finopsproperties"
    try:
        data = service.get(path, attempted="read the properties of Finance + Operations", query=[_VERSION]).data
    except Failure as failure:
        return Finops(why_not=str(failure))
    return parse_finops(data)


def parse_finops(data: object) -> Finops:
    """Read the properties of Finance + Operations."""
    found = data if isinstance(data, Mapping) else {}
    kind = found.get("deploymentType")
    return Finops(
        kind if isinstance(kind, str) else None,
        _count(found.get("lastObservedAOSCount")),
        _count(found.get("lastObservedBatchAOSCount")),
    )


def read_errors(service: Service, environment: str) -> list[OperationError]:
    """Return the errors of the last operations. Raises ``Failure``."""
    path = f"/dynamics/environments/{environment}/operationerrors"
    query = [("maxResults", str(_MOST)), _VERSION]
    return parse_errors(service.get(path, attempted="read the errors of the operation", query=query).data)


def parse_errors(data: object) -> list[OperationError]:
    """Read a list of errors; what is none is left out."""
    entries = data.get("errors") if isinstance(data, Mapping) else None
    return [_error(entry) for entry in entries or () if isinstance(entry, Mapping)]


def errors_of(errors: list[OperationError], operation: Operation) -> list[OperationError]:
    """Return the errors of one operation, the newest first: those with its id, else those since it began."""
    own = [error for error in errors if error.correlation and error.correlation.lower() == operation.id.lower()]
    since = operation.created
    if not own and since:
        own = [error for error in errors if error.at and error.at >= since]
    return sorted(own, key=lambda error: error.at.timestamp() if error.at else 0.0, reverse=True)


def _error(data: Mapping[str, Any]) -> OperationError:
    def text(name: str) -> str:
        value = data.get(name)
        return shortened(value, 1000) if isinstance(value, str) else ""

    return OperationError(
        text("errorCode"),
        text("errorMessage"),
        text("failedActionName"),
        moment(data.get("failedAt")),
        text("correlationId"),
        text("operationType"),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
