"""The public API's entries, field by field as in the vendor's examples."""

from __future__ import annotations

import datetime
from typing import TypeVar

from lab.lcs.answers import JsonObject
from lab.lcs.codes import UNDER_WAY
from lab.lcs.environment import Hosting, LcsEnvironment, Look
from lab.lcs.operation import Operation
from lab.lcs.projects import Project

Item = TypeVar("Item")

INFRASTRUCTURE = {
    Hosting.MICROSOFT_IAAS: "MicrosoftManaged",
    Hosting.CUSTOMER_IAAS: "CustomerManaged",
    Hosting.ON_PREMISES: "OnPremises",  # chosen here
    Hosting.SERVICE_FABRIC: "SelfService",
}


def metadata(project: Project, environment: LcsEnvironment, look: Look) -> JsonObject:
    """One environment of the detail call."""
    return {
        "EnvironmentId": environment.id,
        "EnvironmentName": environment.name,
        "ProjectId": project.id,
        "EnvironmentInfrastructure": INFRASTRUCTURE[environment.hosting],
        "EnvironmentType": "Production" if environment.production else "Sandbox",
        "EnvironmentGroup": "Primary",
        "EnvironmentProduct": "Finance and Operations",
        "EnvironmentEndpointBaseUrl": environment.url,
        "DeploymentState": look.state.word,
        "TopologyDisplayName": "AXHA",
        "CurrentApplicationBuildVersion": "10.0.2177.37",
        "CurrentApplicationReleaseName": "10.0.44",
        "CurrentPlatformReleaseName": "PU68",
        "CurrentPlatformVersion": "7.0.7690.28",
        "DeployedOnUTC": "4/9/2020 12:11 PM",
        "CloudStorageLocation": "West Europe",
        "DisasterRecoveryLocation": None,
        "DeploymentStatusDisplay": look.status,
        "CanStart": False,
        "CanStop": False,
    }


def entry(project: Project, environment: LcsEnvironment, operation: Operation) -> JsonObject:
    """One operation of the history call. The type's name is chosen here, in the manner of SFBinaryHotfix."""
    now, scale = environment.clock.time(), environment.clock.scale
    status = operation.status(now, scale)
    return {
        "Name": operation.name,
        "Type": "SFEnableMaintenanceMode" if operation.enable else "SFDisableMaintenanceMode",
        "TypeDisplay": operation.name,
        "StartDateTimeUtc": _time(operation.began),
        "EndDateTimeUtc": None if status in UNDER_WAY else _time(operation.ends(scale)),
        "Status": status.word,
        "ActivityId": operation.activity,
        "EnvironmentId": environment.id,
        "ProjectId": project.id,
    }


def _time(moment: float) -> str:
    """As in the examples: UTC without saying so, and as many decimals as are not nothing (at least one)."""
    at = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    decimals = f"{at.microsecond // 1000:03}".rstrip("0") or "0"
    return f"{at:%Y-%m-%dT%H:%M:%S}.{decimals}"
