"""What an environment says of itself, which one is meant, and what speaks against a switch."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import (
    check_wanted,
    choose,
    doubts,
    forbids,
    is_id,
    parse_environment,
    unsuitable,
)

from fakes.powerplatform import ID, unified

URL = "https://contoso-uat.sandbox.operations.dynamics.com"


def body(**more: Any) -> dict[str, Any]:
    """An environment as the platform tells it."""
    properties = {
        "tenantId": "t",
        "azureRegion": "westeurope",
        "displayName": "Contoso UAT",
        "environmentSku": "Sandbox",
        "provisioningState": "Succeeded",
        "states": {
            "management": {"id": "Ready"},
            "runtime": {
                "id": "AdminMode",
                "runtimeReasonCode": "NotSpecified",
                "requestedBy": {"displayName": "Ann Admin", "type": "User"},
            },
        },
        "linkedEnvironmentMetadata": {
            "resourceId": "r",
            "domainName": "contoso",
            "instanceUrl": "https://contoso.crm4.dynamics.com/",
            "instanceState": "Ready",
            "backgroundOperationsState": "Disabled",
            "version": "9.2",
        },
        "clientUris": {"admin": "https://admin.example/hub", "maker": "https://make.example"},
        "linkedAppMetadata": {"id": "f", "type": "Internal", "url": f"{URL}/"},
        "lifecycleOperationsEnforcement": {
            "allowedOperations": [{"type": {"id": "Copy"}}],
            "disallowedOperations": [
                {"type": {"id": "Edit"}, "reason": {"message": "a policy"}},
                {"type": {"id": "Backup"}},
                None,
            ],
        },
        **more,
    }
    return {"name": ID, "location": "europe", "properties": properties}


def test_all_that_is_read() -> None:
    found = parse_environment(body())
    assert found is not None
    assert (found.on, found.background_on, found.busy, found.state) == (True, False, False, "Ready")
    assert (found.by, found.by_type) == ("Ann Admin", "User")
    assert found.dataverse_url == "https://contoso.crm4.dynamics.com"
    assert found.forbidden == {"Edit": "a policy", "Backup": ""}
    assert found.result() == {
        "id": ID,
        "name": "Contoso UAT",
        "sku": "Sandbox",
        "location": "europe",
        "azure_region": "westeurope",
        "tenant_id": "t",
        "management_state": "Ready",
        "runtime_state": "AdminMode",
        "runtime_reason": None,
        "dataverse_url": "https://contoso.crm4.dynamics.com",
        "finops_type": "Internal",
        "finops_url": URL,
        "admin_url": "https://admin.example/hub",
    }


def test_without_dataverse() -> None:
    found = parse_environment(body(linkedEnvironmentMetadata=None))
    assert found is not None
    assert (found.dataverse, found.background_on, found.dataverse_url) == (False, None, "")


@pytest.mark.parametrize("data", [None, [], {}, {"name": ""}, {"name": 5}])
def test_what_is_no_environment(data: object) -> None:
    assert parse_environment(data) is None


def test_an_environment_with_hardly_anything() -> None:
    found = parse_environment({"name": ID, "properties": {"states": None, "linkedAppMetadata": "x"}})
    assert found is not None
    assert (found.on, found.kind, found.state) == (None, "", "")


@pytest.mark.parametrize(
    ("runtime", "on"),
    [("AdminMode", True), ("adminmode", True), ("Enabled", False), ("Warning", False), ("Disabled", None), ("", None)],
)
def test_runtime_states(runtime: str, on: bool | None) -> None:
    assert unified(runtime=runtime).on is on


@pytest.mark.parametrize(
    ("management", "instance", "state", "busy"),
    [
        ("Ready", "Failed", "Ready", False),
        ("Running", "Ready", "Running", True),
        ("NotSpecified", "Ready", "Ready", False),
        ("NotSpecified", "Failed", "Failed", False),
        ("", "Ready", "Ready", False),
    ],
)
def test_states_of_life(management: str, instance: str, state: str, busy: bool) -> None:
    found = unified(management=management, instance_state=instance)
    assert (found.state, found.busy) == (state, busy)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (ID, True),
        (ID.upper(), True),
        (f"Default-{ID}", True),
        (f"{ID}/../x", False),
        (f"x{ID}", False),
        ("Contoso UAT", False),
        ("", False),
        (URL, False),
    ],
)
def test_ids(text: str, known: bool) -> None:
    assert is_id(text) is known


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a\x1b"])
def test_what_names_nothing(text: str) -> None:
    with pytest.raises(Invalid, match="names no environment"):
        check_wanted(text)


OTHER = unified(id="11111111-3b6a-4c3e-8a39-1f4f5a1c2d3e", name="Other", finops_url="https://other.example")
NAMELESS = unified(id="22222222-3b6a-4c3e-8a39-1f4f5a1c2d3e", name="", finops_url="", dataverse_url="https://d.example")
TWIN = unified(id="33333333-3b6a-4c3e-8a39-1f4f5a1c2d3e", finops_url="https://twin.example")


@pytest.mark.parametrize("wanted", ["Contoso UAT", "contoso uat", " CONTOSO UAT ", URL, f"{URL}/", URL.upper()])
def test_the_one_that_is_meant(wanted: str) -> None:
    assert choose([OTHER, unified(), NAMELESS], wanted).id == ID


@pytest.mark.parametrize(
    ("environments", "wanted", "says"),
    [
        ([OTHER], "Contoso UAT", "none of the 1 environments that the account sees"),
        ([], "Contoso UAT", "none of the 0 environments"),
        ([OTHER, NAMELESS], "Contoso", "none of the 2"),
        ([NAMELESS], "https://d.example/", f"it is the Dataverse address of environment {NAMELESS.id}"),
        ([TWIN, OTHER, unified()], "Contoso UAT", f"2 environments are called so: {TWIN.id}, {ID}"),
    ],
)
def test_none_or_several(environments: list[Any], wanted: str, says: str) -> None:
    with pytest.raises(Failure) as failed:
        choose(environments, wanted)
    assert says in str(failed.value)


@pytest.mark.parametrize(
    ("more", "background", "says"),
    [
        ({}, True, []),
        ({"kind": "internal", "runtime": "Warning", "management": "Running"}, True, []),
        ({"runtime": "", "management": "Running"}, False, []),
        (
            {"kind": "Linked", "finops_id": "e-1"},
            False,
            ["hosted in Lifecycle Services (environment e-1)", "Enable Maintenance Mode"],
        ),
        (
            {"kind": "Linked", "finops_url": "https://devaos.axcloud.dynamics.com"},
            False,
            ["developer machine https://devaos.axcloud.dynamics.com", "d365fo_maintenance_mode on that machine"],
        ),
        ({"kind": ""}, False, ["no Finance + Operations"]),
        ({"kind": "Foreign"}, False, ["the type Foreign"]),
        ({"management": "Failed"}, False, ["Its state is Failed"]),
        ({"management": "NotSpecified", "instance_state": "Suspended"}, False, ["Its state is Suspended"]),
        ({"runtime": "Disabled", "reason": "Inactivity"}, False, ["runtime state is Disabled (reason Inactivity)"]),
        ({"runtime": ""}, False, ["runtime state is not given"]),
        ({"dataverse": False}, False, []),
        ({"dataverse": False}, True, ["no Dataverse", "Leave out O(background_operations)"]),
    ],
)
def test_what_speaks_against_a_switch(more: dict[str, Any], background: bool, says: list[str]) -> None:
    reasons = unsuitable(unified(**more), background=background)
    assert bool(reasons) is bool(says)
    for text in says:
        assert text in " ".join(reasons)


@pytest.mark.parametrize(
    ("forbidden", "kind", "says"),
    [
        ({}, "Edit", None),
        ({"Copy": "x"}, "Edit", None),
        ({"edit": "a policy"}, "Edit", "does not allow the operation edit now: a policy."),
        ({"Edit": ""}, "Edit", "does not allow the operation Edit now."),
        ({"Edit": ""}, "Other", None),
    ],
)
def test_what_the_platform_forbids(forbidden: dict[str, str], kind: str, says: str | None) -> None:
    found = forbids(unified(forbidden=forbidden), kind)
    assert (found is None) if says is None else (found is not None and says in found)


@pytest.mark.parametrize(
    ("sku", "documented"),
    [("Sandbox", True), ("production", True), ("SubscriptionBasedTrial", True), ("", True), ("Developer", False)],
)
def test_where_the_mode_is_documented(sku: str, documented: bool) -> None:
    assert (doubts(unified(sku=sku)) == []) is documented
