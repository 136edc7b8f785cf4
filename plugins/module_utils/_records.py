# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What a file remembers of the systems that cannot carry it themselves: their windows, and the run that is at work.

One file a server; a manager's file holds the records of all its computers. Pure; knows no product.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._store import unusable
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import (
    Lease,
    Window,
    parse_lease,
    parse_windows,
)

VERSION = 1


@dataclass(frozen=True)
class Record:
    """What is remembered of one system. ``name`` is for people.

    A ``lease`` says that a run is turning the mode on or off, so that it may be either; once the lease has ended, that
    a run was cut off there. No windows: the mode is on its way off. ``hosts`` are those of a window of the book.
    """

    windows: tuple[Window, ...] = ()
    lease: Lease | None = None
    name: str = ""
    hosts: tuple[str, ...] = ()

    def unfinished(self, now: datetime) -> bool:
        """Whether a run was cut off before its work was done."""
        return self.lease is not None and not self.lease.alive(now)

    def given_back(self, now: datetime) -> Record:
        """Return the record with the lease of its run ended, so that the next run need not wait."""
        return replace(self, lease=self.lease and replace(self.lease, until=min(self.lease.until, now)))

    def result(self) -> dict[str, Any]:
        """Return the record as files keep it."""
        return {
            "name": self.name,
            "windows": [window.result() for window in self.windows],
            "lease": self.lease.result() if self.lease else None,
            **({"hosts": list(self.hosts)} if self.hosts else {}),
        }


Records = Mapping[str, Record]
"""The records of a file by their keys."""


def text_of(records: Records) -> str | None:
    """Return the text of a file, None if there is nothing to keep."""
    if not records:
        return None
    data = {"version": VERSION, "records": {key: record.result() for key, record in records.items()}}
    return json.dumps(data, indent=1, sort_keys=True) + "\n"


def parse_records(text: str | None, where: str) -> dict[str, Record]:
    """Read a file; ``where`` names it for a message. Raises ``Failure`` for what this version did not write."""
    if text is None:
        return {}
    try:
        data = json.loads(text)
        version = data.get("version") if isinstance(data, Mapping) else None
        if version != VERSION:
            raise ValueError(f"it is no record of this version of the collection (its version is {version!r})")
        records = data.get("records")
        if not isinstance(records, Mapping):
            raise ValueError("its records are no object")
        return {str(key): _record(item) for key, item in records.items()}
    except (ValueError, TypeError, RecursionError) as error:
        raise unusable(where, f"it cannot be read: {error}") from None


def _record(data: object) -> Record:
    if not isinstance(data, Mapping) or not isinstance(data.get("name", ""), str):
        raise ValueError("a record is not described as it should be")
    hosts = data.get("hosts", [])
    if not isinstance(hosts, list) or not all(isinstance(host, str) for host in hosts):
        raise ValueError("the hosts of a record are no names")
    windows, lease = parse_windows(data.get("windows")), parse_lease(data.get("lease"))
    return Record(windows, lease, data.get("name", ""), tuple(hosts))
