# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The history of operations that Dataverse keeps, with their log files.

The table and its fields: d365collaborative/d365bap.tools 708eabb. The table belongs to the app "Finance and Operation
Package Manager", so an environment may lack it, and an account the rights for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._operation import Operation, moment
from ansible_collections.quiesce.maintenance.plugins.module_utils._powerplatform._service import Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import shortened
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import iso

_TABLE = "/api/data/v9.0/msprov_operationhistories"
_WITHOUT_LOG = "fnosqljit"
_EARLIER = timedelta(minutes=5)


@dataclass(frozen=True)
class Entry:
    """An operation as Dataverse remembers it."""

    id: str
    name: str
    description: str
    correlation: str
    started: datetime | None
    status: str

    def result(self) -> dict[str, Any]:
        """Return it as results show it."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "started": iso(self.started) if self.started else None,
            "status": self.status,
        }


def read_history(service: Service) -> list[Entry]:
    """Return the operations, as the table has them. Raises ``Failure``."""
    query = [("$orderby", "msprov_startedon desc"), ("$top", "20")]
    return parse_history(service.get(_TABLE, attempted="read the history of operations", query=query).data)


def parse_history(data: object) -> list[Entry]:
    """Read the table; what is no operation is left out."""
    rows = data.get("value") if isinstance(data, Mapping) else None
    return [entry for row in rows or () if isinstance(row, Mapping) and (entry := _entry(row)).id]


def entry_of(entries: list[Entry], operation: Operation) -> Entry | None:
    """Return the entry of one operation: the one with its id, else the first since shortly before it was created."""
    for entry in entries:
        if entry.correlation and entry.correlation.lower() == operation.id.lower():
            return entry
    if operation.created is None:
        return None
    since = operation.created - _EARLIER
    later = [entry for entry in entries if entry.started and entry.started >= since]
    return min(later, key=lambda entry: abs(_seconds(entry, operation)), default=None)


def keep_log(service: Service, entry: Entry, folder: str, environment: str) -> str | None:
    """Save the log of an operation below ``folder`` and return the file, None where it has none. Raises ``Failure``."""
    if entry.name.lower() == _WITHOUT_LOG:
        return None
    data = service.download(f"{_TABLE}({entry.id})/msprov_logs/$value", attempted="download the log of the operation")
    if not data:
        return None
    ending = "zip" if data.startswith(b"PK") else "log"
    file = Path(folder) / f"powerplatform_{environment}_{entry.id}.{ending}"
    try:
        file.write_bytes(data)
    except OSError as error:
        raise Failure(
            "keep the log of the operation",
            str(file),
            str(error.strerror),
            "Check O(logs_path), and download it by hand",
        ) from None
    return str(file)


def check_folder(folder: str | None) -> None:
    """Raise ``Invalid`` for a folder in which no log could be kept, before it is needed."""
    if folder and not Path(folder).is_dir():
        raise Invalid("logs_path", f"{folder} is no folder on the controller", "Create it, or name another one")


def _entry(row: Mapping[str, Any]) -> Entry:
    def text(name: str) -> str:
        value = row.get(name)
        return shortened(value, 1000) if isinstance(value, str) else ""

    identifier = text("msprov_operationhistoryid")
    return Entry(
        identifier if re.fullmatch(r"[0-9a-fA-F-]{36}", identifier) else "",
        text("msprov_name"),
        text("msprov_description"),
        text("msprov_correlationid"),
        moment(row.get("msprov_startedon")),
        str(row.get("statuscode@OData.Community.Display.V1.FormattedValue") or row.get("statuscode") or ""),
    )


def _seconds(entry: Entry, operation: Operation) -> float:
    if entry.started is None or operation.created is None:
        return float("inf")
    return (entry.started - operation.created).total_seconds()
