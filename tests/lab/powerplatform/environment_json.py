"""An environment as the admin API shows it: the fields and their order are those of the provider's recorded answers."""

from __future__ import annotations

from lab.powerplatform.environment import Environment, Mode
from lab.rest.service import JsonObject

ADMIN = "/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments"

_ALLOWED = ("Move", "Backup", "Convert", "Copy", "Delete", "Edit", "Recover", "Reset", "Restore")
# A healthy environment has disallowed operations, too, and not each of them says why.
_USUAL = {
    "Provision": "Provision cannot be performed because the environment has a linked instance already.",
    "ForceFailover": "ForceFailover cannot be performed on this type of environment.",
    "RotateCustomerManagedKey": "",
}
_NO_WORDS = {"type": "EnvironmentCmkLinked"}


def environment_json(environment: Environment, shown: Mode, busy: bool, tenant: str, region: str) -> JsonObject:
    """Show an environment. ``region`` is the URL of its regional host, ``shown`` the mode that reads see."""
    properties: JsonObject = {
        "tenantId": tenant,
        "azureRegion": environment.azure_region,
        "displayName": environment.display_name,
        "createdTime": environment.created,
        "createdBy": {"id": "SYSTEM", "displayName": "SYSTEM", "type": "NotSpecified"},
        "provisioningState": "Succeeded",
        "creationType": "User",
        "environmentSku": environment.sku,
        "isDefault": False,
        "clientUris": {
            "admin": f"https://admin.powerplatform.microsoft.com/environments/environment/{environment.id}/hub",
            "maker": f"https://make.powerapps.com/environments/{environment.id}/home",
        },
        "runtimeEndpoints": {"microsoft.BusinessAppPlatform": region},
        "databaseType": "CommonDataService",  # also without
        "linkedEnvironmentMetadata": _linked(environment, shown) if environment.dataverse_url else None,
        "trialScenarioType": "None",
        "notificationMetadata": {"state": "NotSpecified", "branding": "NotSpecific"},
        "retentionPeriod": "P7D",
        "states": {
            # [G] that an Edit shows here while it runs
            "management": {"id": "Running" if busy else environment.management},
            "runtime": {
                "runtimeReasonCode": "NotSpecified",
                "requestedBy": {"displayName": shown.requested_by, "type": shown.requester_type},
                "id": shown.runtime,
            },
        },
        "updateCadence": {"id": "Moderate"},
        "protectionStatus": {"keyManagedBy": "Microsoft"},
        "connectedGroups": [],
        "lifecycleOperationsEnforcement": _enforcement(environment),
        "governanceConfiguration": {"protectionLevel": environment.protection_level},
    }
    if finops := environment.finops:
        # [G] the recorded answers have none; names as d365bap.tools reads them
        properties["linkedAppMetadata"] = {"id": finops.id, "type": finops.type, "url": finops.url}
    return {
        "id": f"{ADMIN}/{environment.id}",
        "type": "Microsoft.BusinessAppPlatform/scopes/environments",
        "location": environment.location,
        "name": environment.id,
        "properties": properties,
    }


def _linked(environment: Environment, shown: Mode) -> JsonObject:
    return {
        "resourceId": environment.dataverse_id,
        "friendlyName": environment.display_name,
        "uniqueName": f"unq{environment.dataverse_id.replace('-', '')[:28]}",
        "domainName": environment.domain_name,
        "version": "9.2.26111.00206",
        "instanceUrl": f"{environment.dataverse_url}/",
        "instanceApiUrl": environment.dataverse_url.replace(".crm", ".api.crm", 1),
        "baseLanguage": 1033,
        "instanceState": environment.instance_state,
        "createdTime": environment.created,
        "backgroundOperationsState": shown.background,
        "scaleGroup": "EURCRMLIVESG705",
        "platformSku": "Standard",
        "schemaType": "Standard",
    }


def _enforcement(environment: Environment) -> JsonObject:
    disallowed = {**_USUAL, **environment.disallowed}
    return {
        "allowedOperations": [{"type": {"id": name}} for name in _ALLOWED if name not in disallowed],
        "disallowedOperations": [
            {"type": {"id": name}, "reason": {"message": message, "type": "GovernanceConfig"} if message else _NO_WORDS}
            for name, message in disallowed.items()
        ],
    }
