# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""An environment as the administration API describes it, which one is meant, and what speaks against a switch. Pure.

Names of the fields: microsoft/terraform-provider-power-platform 57ba091a and d365collaborative/d365bap.tools 708eabb.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid, sentence

ADMIN_MODE, ENABLED, DISABLED = "AdminMode", "Enabled", "Disabled"
"""Runtime states; the last two are states of the background operations too."""

UNIFIED, LINKED = "internal", "linked"
_GUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
# Some environments have an id with a prefix, or a longer tail.
_ID = re.compile(rf"(?:[Dd]efault-|[Ll]egacy-)?{_GUID}")
_READY, _RUNNING, _UNSPECIFIED = "ready", "running", "notspecified"
_DOCUMENTED = frozenset({"sandbox", "production", "subscriptionbasedtrial"})


@dataclass(frozen=True)
class Environment:
    """``runtime`` says whether administration mode is on, ``background`` is "" without Dataverse; ``kind`` of
    Finance + Operations is "Internal" for a unified environment, "Linked" for one in Lifecycle Services, "" without.
    ``page`` is where a person administers it."""

    id: str
    name: str = ""
    sku: str = ""
    location: str = ""
    region: str = ""
    tenant: str = ""
    management: str = ""
    runtime: str = ""
    reason: str = ""
    by: str = ""
    by_type: str = ""
    dataverse: bool = False
    dataverse_url: str = ""
    instance_state: str = ""
    background: str = ""
    kind: str = ""
    finops_id: str = ""
    finops_url: str = ""
    page: str = ""
    forbidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def on(self) -> bool | None:
        """Whether administration mode is on; None for a runtime state that says neither."""
        if self.runtime.lower() == ADMIN_MODE.lower():
            return True
        # In the state Warning an environment can be used.
        return False if self.runtime.lower() in ("enabled", "warning") else None

    @property
    def busy(self) -> bool:
        """Whether something is changing it."""
        return self.management.lower() == _RUNNING

    @property
    def state(self) -> str:
        """Its state of life: that of Dataverse where the platform names none."""
        return self.instance_state if self.management.lower() in ("", _UNSPECIFIED) else self.management

    @property
    def background_on(self) -> bool | None:
        """Whether background operations run; None where it does not say."""
        return {"enabled": True, "disabled": False}.get(self.background.lower())

    @property
    def shown(self) -> str:
        """Both of its modes, for a message."""
        mode = {True: "administration mode on", False: "administration mode off", None: f"the state {self.runtime}"}
        return mode[self.on] + (f", background operations {self.background.lower()}" if self.background else "")

    def __str__(self) -> str:
        return f'environment "{self.name}" ({self.id})' if self.name else f"environment {self.id}"

    def result(self) -> dict[str, Any]:
        """Return the environment as results show it."""
        return {
            "id": self.id,
            "name": self.name,
            "sku": self.sku,
            "location": self.location,
            "azure_region": self.region,
            "tenant_id": self.tenant,
            "management_state": self.management,
            "runtime_state": self.runtime,
            "runtime_reason": self.reason or None,
            "dataverse_url": self.dataverse_url or None,
            "finops_type": self.kind or None,
            "finops_url": self.finops_url or None,
            "admin_url": self.page or None,
        }


def parse_environment(data: object) -> Environment | None:
    """Read an environment, None for what is none."""
    if not isinstance(data, Mapping) or not _string(data.get("name")):
        return None
    properties = _mapping(data.get("properties"))
    dataverse = _mapping(properties.get("linkedEnvironmentMetadata"))
    finops = _mapping(properties.get("linkedAppMetadata"))
    states = _mapping(properties.get("states"))
    runtime = _mapping(states.get("runtime"))
    by = _mapping(runtime.get("requestedBy"))
    return Environment(
        id=_string(data.get("name")),
        name=_string(properties.get("displayName")),
        sku=_string(properties.get("environmentSku")),
        location=_string(data.get("location")),
        region=_string(properties.get("azureRegion")),
        tenant=_string(properties.get("tenantId")),
        management=_string(_mapping(states.get("management")).get("id")),
        runtime=_string(runtime.get("id")),
        reason=_specified(runtime.get("runtimeReasonCode")),
        by=_string(by.get("displayName")),
        by_type=_specified(by.get("type")),
        dataverse=bool(dataverse),
        dataverse_url=_string(dataverse.get("instanceUrl")).rstrip("/"),
        instance_state=_string(dataverse.get("instanceState")),
        background=_string(dataverse.get("backgroundOperationsState")),
        kind=_string(finops.get("type")),
        finops_id=_string(finops.get("id")),
        finops_url=_string(finops.get("url")).rstrip("/"),
        page=_string(_mapping(properties.get("clientUris")).get("admin")),
        forbidden=_forbidden(_mapping(properties.get("lifecycleOperationsEnforcement")).get("disallowedOperations")),
    )


def is_id(text: str) -> bool:
    """Whether a text is the id of an environment; an empty one would turn the address into that of the list."""
    return _ID.fullmatch(text) is not None


def choose(environments: Sequence[Environment], wanted: str) -> Environment:
    """Return the one environment with this display name or this F&O address. Raises ``Failure`` unless it is one.

    Neither the case nor a slash at the end matters, since both can be written either way.
    """
    key = _key(wanted)
    found = [each for each in environments if key in {_key(each.name), _key(each.finops_url)} - {""}]
    if len(found) == 1:
        return found[0]
    attempted = "find the environment"
    if not found:
        near = next((each for each in environments if _key(each.dataverse_url) == key), None)
        hint = f"; it is the Dataverse address of {near}" if near else ""
        raise Failure(
            attempted,
            wanted,
            f"none of the {len(environments)} environments that the account sees has this display name or F&O address"
            f"{hint}",
            "Check O(environment), or give the environment's id; an administrator of one environment sees only that",
            details={"visible": len(environments)},
        )
    raise Failure(
        attempted,
        wanted,
        f"{len(found)} environments are called so: {', '.join(sorted(each.id for each in found))}",
        "Give the id of the one that is meant as O(environment)",
    )


def check_wanted(text: str) -> str:
    """Return what names an environment. Raises ``Invalid`` for what cannot."""
    wanted = text.strip()
    if not wanted or not wanted.isprintable():
        raise Invalid("environment", "it names no environment", "Use an id, a display name or an F&O address")
    return wanted


def unsuitable(environment: Environment, *, background: bool) -> list[str]:
    """Return why the mode of this environment must not be switched at all, each reason with its way out.

    ``background``: whether the background operations are to be switched too.
    """
    reasons = []
    kind = environment.kind.lower()
    if kind == LINKED:
        reasons.append(_linked(environment))
    elif not kind:
        reasons.append(
            "The environment has no Finance + Operations. Check O(environment), or use the Power Platform admin center."
        )
    elif kind != UNIFIED:
        reasons.append(
            f"Its Finance + Operations is of the type {environment.kind}, which is not known here. Use the Power "
            "Platform admin center."
        )
    if environment.state and environment.state.lower() not in (_READY, _RUNNING):
        reasons.append(
            f"Its state is {environment.state}. Look at it in the Power Platform admin center; it must be Ready."
        )
    if environment.on is None and not environment.busy:
        because = f" (reason {environment.reason})" if environment.reason else ""
        reasons.append(
            f"Its runtime state is {environment.runtime or 'not given'}{because}, which is neither normal operation "
            "nor administration mode. Enable the environment in the Power Platform admin center first."
        )
    if background and not environment.dataverse:
        reasons.append("It has no Dataverse, so no background operations. Leave out O(background_operations).")
    return reasons


def _linked(environment: Environment) -> str:
    if re.search(r"axcloud|cloudax", environment.finops_url, re.IGNORECASE):
        return (
            f"Its Finance + Operations is the developer machine {environment.finops_url} of Lifecycle Services. Use "
            "d365fo_maintenance_mode on that machine."
        )
    return (
        f"Its Finance + Operations is hosted in Lifecycle Services (environment {environment.finops_id}), where "
        "administration mode is not known to have an effect. Use lcs_maintenance_mode, or the page of the environment "
        "in Lifecycle Services: Maintain > Enable Maintenance Mode or Disable Maintenance Mode."
    )


def forbids(environment: Environment, operation_type: str) -> str | None:
    """Return why the platform does not allow an operation of this type now, None where it does."""
    for name, reason in environment.forbidden.items():
        if name.lower() == operation_type.lower():
            said = sentence(f"The platform does not allow the operation {name} now" + (f": {reason}" if reason else ""))
            return (
                f"{said} See Settings and History of the environment in the Power Platform admin center, and run again "
                "when it is allowed."
            )
    return None


def doubts(environment: Environment) -> list[str]:
    """Return what should be known about a switch of this environment."""
    if environment.sku and environment.sku.lower() not in _DOCUMENTED:
        documented = "Administration mode is documented for sandbox, production and subscription-based trial"
        return [f"{documented}; {environment} is of the type {environment.sku}."]
    return []


def _forbidden(data: object) -> dict[str, str]:
    found = {}
    for entry in data if isinstance(data, list) else []:
        name = _string(_mapping(_mapping(entry).get("type")).get("id"))
        if name:
            found[name] = _string(_mapping(_mapping(entry).get("reason")).get("message"))
    return found


def _key(text: str) -> str:
    return text.strip().rstrip("/").casefold()


def _specified(value: object) -> str:
    text = _string(value)
    return "" if text.lower() == _UNSPECIFIED else text


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
