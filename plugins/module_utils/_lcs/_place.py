# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Which environment, and where the portal says what about it. Pure.

None of the portal's paths is documented. They are those of published clients: the switch of milnet92/LcsApi (in no
other), the rest of microsoft/2LCS and codekaczmarek/3LCS too.
"""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

SERVICE_FABRIC, IAAS = 3, 0
CUSTOMER_MANAGED = {1: "a cloud-hosted environment in your own subscription", 2: "an on-premises environment"}

SUMMARIES = (
    "/ServiceFabricDeployment/GetDeploymentSummary/{project_id}",
    "/SaasDeployment/GetDeploymentSummary/{project_id}",
)
_DETAILS = {
    SERVICE_FABRIC: "/ServiceFabricDeployment/GetEnvironmentDetails/{project_id}/?environmentId={environment_id}",
    IAAS: "/SaaSDeployment/GetDeploymentDetail/{project_id}/?environmentId={environment_id}",
}

DEFAULTS = {
    "start_path": "/V2",
    "switch_path": "/EnvironmentServicingV2/EnableDisableMaintenanceMode/{project_id}",
    "action_path": "/EnvironmentServicingV2/GetOngoingActionDetails/{project_id}?environmentId={environment_id}",
    "progress_path": "/ServiceFabricDeployment/GetDeploymentProgress/{project_id}?environmentId={environment_id}",
    "history_path": "/Environment/GetEnvironmentHistoryDetails/{project_id}?environmentId={environment_id}",
}
UNKNOWN_TO_LCS = (
    "LCS does not know it in this project. Check O(environment_id) and O(project_id) by the address of its details "
    "page in LCS. A unified environment, which is managed in the Power Platform admin center, is not in LCS and has no "
    "maintenance mode there: use powerplatform_administration_mode."
)

FOUND = ("summary_path", "details_path")
"""Paths that are found out unless they are given."""


@dataclass(frozen=True)
class Place:
    """An environment of a project; ``portal`` is the address of the portal, for the pages that people open."""

    project: str
    environment: str
    portal: str

    def __str__(self) -> str:
        return f"environment {self.environment} of LCS project {self.project}"

    def path(self, template: str) -> str:
        """Return a path with the ids in it."""
        return template.replace("{project_id}", self.project).replace("{environment_id}", self.environment)

    def page(self, *, diagnostics: bool = False) -> str:
        """Return the address of the environment's page, with Maintain and, after a failure, Resume, Rollback, Abort."""
        return (
            f"{self.portal}/V2/EnvironmentDetailsV3New/{self.project}?EnvironmentId={self.environment}"
            f"&IsDiagnosticsEnabledEnvironment={diagnostics}"
        )

    def history_page(self, name: str) -> str:
        """Return the address of the page History > Environment changes."""
        named = f"LcsEnvironmentName={urllib.parse.quote(name, safe='')}&" if name else ""
        return f"{self.portal}/V2/EnvironmentHistory/{self.project}?{named}EnvironmentId={self.environment}"

    @property
    def login_page(self) -> str:
        """The address where a person signs in."""
        return f"{self.portal}/Logon/AdLogon"


def details_path(kind: int | None) -> str:
    """Return where the details of an environment of this type are."""
    return _DETAILS[IAAS if kind == IAAS else SERVICE_FABRIC]
