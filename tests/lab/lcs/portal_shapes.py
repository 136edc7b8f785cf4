"""The ``Data`` of the portal's answers: the fields that the public clients read, with what stands around them.

The form of a time is unknown. Here it is a text for people in the person's own time, as ``DeployedOnUTC`` in the public
API's example is one, so that nobody takes it for UTC.
"""

from __future__ import annotations

import datetime
import uuid

from lab.lcs.answers import JsonObject
from lab.lcs.codes import UNDER_WAY, ActionStatus
from lab.lcs.environment import DEPLOYED, LcsEnvironment, Look
from lab.lcs.operation import Operation
from lab.lcs.projects import Project


def summary(project: Project) -> list[JsonObject]:
    """GetDeploymentSummary: a list of topologies with their instances, the last one of which is not deployed yet."""
    instances = [_instance(environment) for environment in project.environments]
    empty = {"EnvironmentId": str(uuid.UUID(int=0)), "DeploymentEnvironmentType": 3, "IsDeployed": False}
    return [
        {
            "ActionCenterDataViewModels": [],
            "DeploymentInstances": [*instances, empty],
            "DeploymentSkuName": "Finance and Operations",
            "DisplayOrder": 1,
            "TopologyName": "AXHA",
        },
        {"DeploymentInstances": None, "DeploymentSkuName": "Add-on", "DisplayOrder": 2, "TopologyName": None},
    ]


def _instance(environment: LcsEnvironment) -> JsonObject:
    return {
        "DeploymentEnvironmentType": int(environment.hosting),
        "EnvironmentId": environment.id,
        "InstanceId": environment.name.lower(),
        "IsDeployed": True,
        "IsDiagnosticsEnabled": True,
        "IsHealthy": True,
        "TopologyDisplayName": "AXHA",
    }


def details(environment: LcsEnvironment, look: Look) -> JsonObject:
    """GetEnvironmentDetails and GetDeploymentDetail. The real one holds the passwords of the databases as well."""
    return {
        "ActivityId": look.activity,
        "CanDelete": False,
        "CanStart": False,
        "CanStop": False,
        "CurrentApplicationReleaseName": "10.0.44",
        "CurrentPlatformReleaseName": "PU68",
        "DeploymentAction": look.action.word,
        "DeploymentErrorCode": look.error_code,
        "DeploymentState": int(look.state),
        "DeploymentStatus": look.status,
        "DisplayName": environment.name,
        "EnvironmentId": environment.id,
        "EnvironmentName": environment.name,
        # Null where there are none; its form is unknown, texts are chosen here.
        "Errors": list(look.errors) or None,
        "InstanceId": environment.name.lower(),
        "InternalDeploymentAction": int(look.action),
        "InternalDeploymentStatus": int(look.internal_status),
        "IsDiagnosticsEnabledEnvironment": True,
        # One of the flags of the page's menu. Here it says that the item "Enable" is shown, not that the mode is on.
        "IsEnableMaintenanceMode": look.status == DEPLOYED,
        "IsHistoryVisible": True,
        "IsMaintainVisible": True,
        "NavigationLinks": [
            {"DisplayName": "Log on to environment", "NavigationUri": environment.url},
            {"DisplayName": "Regression Suite Automation", "NavigationUri": f"{environment.url}rsat"},
        ],
        "SaasEnvironmentType": 1 if environment.production else 2,
        "SqlAzureCredentials": [
            {
                "DeploymentItemName": "AXDB",
                "IsCredentialKeyVaultUri": False,
                "Password": environment.sql_password,
                "UserName": "axdbadmin",
            }
        ],
        "TopologyName": "AXHA",
    }


def ongoing(look: Look, timezone: int) -> JsonObject:
    """GetOngoingActionDetails. ``CompletionDate`` is called ``CompleteDate`` by one client: both are given."""
    assert look.operation
    assert look.operation_status
    action = _action(look.operation, look.operation_status, None, timezone)
    return action | {"CanCancelOngoingOperation": False}


def history(environment: LcsEnvironment, start: int, count: int, timezone: int) -> JsonObject:
    """GetEnvironmentHistoryDetails: the newest first."""
    now, scale = environment.clock.time(), environment.clock.scale
    results = []
    for operation in reversed(environment.operations):
        status = operation.status(now, scale)
        ended = None if status in UNDER_WAY else operation.ends(scale)
        results.append(_action(operation, status, ended, timezone))
    return {
        "PagingType": 1,
        "Results": results[start : start + count],
        "StartIndex": start,
        "TotalCount": len(results),
    }


def _action(operation: Operation, status: ActionStatus, ended: float | None, timezone: int) -> JsonObject:
    completed = _time(ended, timezone) if ended is not None else None
    return {
        "ActionStatusText": status.text,
        "ActionType": operation.name,
        # The number of the type is unknown.
        "ActionTypeId": 61 if operation.enable else 62,
        "CompleteDate": completed,
        "CompletionDate": completed,
        "Id": operation.number,
        "IsPostServicing": False,
        "Name": operation.name,
        "PackageAssetId": str(uuid.UUID(int=0)),
        "PackageType": None,
        "ServicingAction": int(operation.action),
        "StartDate": _time(operation.began, timezone),
        "Status": int(status),
    }


def _time(moment: float, timezone: int) -> str:
    there = datetime.timezone(datetime.timedelta(minutes=-timezone))
    at = datetime.datetime.fromtimestamp(moment, there)
    hour, half = at.hour % 12 or 12, "AM" if at.hour < 12 else "PM"
    return f"{at.month}/{at.day}/{at.year} {hour}:{at.minute:02}:{at.second:02} {half}"
