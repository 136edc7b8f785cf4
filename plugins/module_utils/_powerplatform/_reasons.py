# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Why an operation failed, as far as the platform tells it; else where a person finds it."""

from __future__ import annotations

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._environment import Environment
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._finops import errors_of, read_errors
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._history import (
    entry_of,
    keep_log,
    read_history,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._options import Access

PLACE = (
    "See Power Platform admin center > Environments > the environment > History{page}; its log is in the environment's "
    'app "Finance and Operation Package Manager" > Operation History > operationlogs.zip'
)


def add_reasons(
    failure: Failure, access: Access, environment: Environment, operation: Operation, logs_path: str | None
) -> None:
    """Add to ``failure`` what the platform says of a failed operation. What cannot be read is told, and no failure.

    The operation itself holds neither a code nor a message (terraform-provider-power-platform, recorded answers).
    """
    missing = []
    try:
        errors = errors_of(read_errors(access.api, environment.id), operation)
    except Failure as unread:
        errors = []
        missing.append(str(unread))
    failure.details["errors"] = [error.result() for error in errors]
    if errors:
        said = f"{errors[0].code}: {errors[0].message}".strip(": ")
        failure.answer += f": {said}" + (f" (in {errors[0].action})" if errors[0].action else "")
    _add_log(failure, access, environment, operation, logs_path, missing)
    if failure.details.get("log_file"):
        failure.remedy = f"Read {failure.details['log_file']}. {failure.remedy}"
    else:
        page = f" ({environment.page})" if environment.page else ""
        failure.remedy = f"{failure.remedy}. {PLACE.format(page=page)}"
    failure.details |= {"not_read": missing, "correlation_id": access.correlation}


def _add_log(
    failure: Failure,
    access: Access,
    environment: Environment,
    operation: Operation,
    logs_path: str | None,
    missing: list[str],
) -> None:
    failure.details |= {"history": None, "log_file": None}
    if not environment.dataverse_url:
        return
    dataverse = access.dataverse(environment.dataverse_url)
    try:
        entry = entry_of(read_history(dataverse), operation)
        if entry is None:
            return
        failure.details["history"] = entry.result()
        if logs_path:
            failure.details["log_file"] = keep_log(dataverse, entry, logs_path, environment.id)
    except Failure as unread:
        missing.append(str(unread))
