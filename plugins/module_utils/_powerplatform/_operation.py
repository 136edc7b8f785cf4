# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A lifecycle operation of an environment: what it is doing, whether it has ended and how. Pure.

The shape is that of recorded answers in microsoft/terraform-provider-power-platform 57ba091a.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._time import in_utc, iso

SUCCEEDED = "succeeded"
_FAILED = frozenset({"failed", "canceled", "cancelled"})


@dataclass(frozen=True)
class Stage:
    """A part of an operation. Stages appear as they are reached, so how many there will be is not known."""

    id: str
    state: str = ""
    began: datetime | None = None
    last: datetime | None = None

    def result(self) -> dict[str, Any]:
        """Return the stage as results show it."""
        return {"id": self.id, "state": self.state, "began": _text(self.began), "last_action": _text(self.last)}


@dataclass(frozen=True)
class Operation:
    """``type`` is "Edit" for a change of an environment, ``by`` who asked for it. It holds no reason for a failure.
    ``pause`` is after how many seconds the platform wants to be asked again."""

    id: str
    type: str = ""
    title: str = ""
    state: str = ""
    created: datetime | None = None
    last: datetime | None = None
    by: str = ""
    stages: tuple[Stage, ...] = ()
    pause: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether it ended well."""
        return self.state.lower() == SUCCEEDED

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise."""
        return self.state.lower() in _FAILED

    @property
    def ended(self) -> bool:
        """Whether it has ended; a state that is not known here means that it goes on."""
        return self.succeeded or self.failed

    @property
    def stage(self) -> Stage | None:
        """The stage that failed, or else the last one that was reached."""
        bad = [stage for stage in self.stages if stage.state.lower() in _FAILED]
        return next(iter(bad or self.stages[::-1]), None)

    @property
    def progress(self) -> str:
        """What it is doing, for a line of progress."""
        stage = self.stage
        if stage is None:
            return f"{self} {self.state}".rstrip()
        since = f" since {iso(stage.began)}" if stage.began else ""
        return f"{self}: stage {stage.id} {stage.state}".rstrip() + since

    def __str__(self) -> str:
        by = f" of {self.by}" if self.by else ""
        return f"operation {self.title or self.type or self.id}{by}"

    def result(self) -> dict[str, Any]:
        """Return the operation as results show it."""
        return {
            "id": self.id,
            "type": self.type,
            "state": self.state,
            "requested_by": self.by or None,
            "created": _text(self.created),
            "last_action": _text(self.last),
            "stages": [stage.result() for stage in self.stages],
        }


def parse_operation(data: object) -> Operation | None:
    """Read an operation, None for what is none."""
    if not isinstance(data, Mapping):
        return None
    identifier = _id_of(data)
    if not identifier:
        return None
    by = data.get("requestedBy")
    stages = data.get("stages")
    return Operation(
        id=identifier,
        type=_id(data.get("type")),
        title=_string(data.get("typeDisplayName")),
        state=_id(data.get("state")),
        created=moment(data.get("createdDateTime")),
        last=moment(data.get("lastActionDateTime")),
        by=_string(by.get("displayName") or by.get("id")) if isinstance(by, Mapping) else "",
        stages=tuple(map(_stage, filter(_is_mapping, stages))) if isinstance(stages, list) else (),
    )


def parse_operations(data: object) -> tuple[Operation, ...] | None:
    """Read a list of operations, the newest first; None for what is no list."""
    entries = data.get("value") if isinstance(data, Mapping) else None
    if not isinstance(entries, list):
        return None
    return newest_first(found for found in map(parse_operation, entries) if found)


def newest_first(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Put operations in order; those without a time, which cannot be placed, come behind the others."""
    return tuple(sorted(operations, key=lambda each: each.created.timestamp() if each.created else 0.0, reverse=True))


def moment(value: object) -> datetime | None:
    """Read a moment with up to seven decimals and a Z, of which whole seconds count; None for anything else."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", str(value))
    if not found:
        return None
    try:
        zone = found[2] if found[2] and found[2] != "Z" else "+00:00"
        return in_utc(datetime.fromisoformat(found[1] + zone))
    except ValueError:
        return None


def _stage(data: Mapping[str, Any]) -> Stage:
    return Stage(
        _string(data.get("id") or data.get("name")),
        _id(data.get("state")),
        moment(data.get("firstActionDateTime")),
        moment(data.get("lastActionDateTime")),
    )


def _id_of(data: Mapping[str, Any]) -> str:
    # The whole path may stand there in place of the id.
    return _string(data.get("id")).rpartition("/")[2]


def _id(data: object) -> str:
    return _string(data.get("id")) if isinstance(data, Mapping) else _string(data)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _text(value: datetime | None) -> str | None:
    return iso(value) if value else None
