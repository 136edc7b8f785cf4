# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Where a record lives: in the system itself if it can carry one. Product-free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


class Conflict(Failure):
    """Somebody else wrote the record, or what it describes, since we read it. Nothing was written."""


@dataclass(frozen=True)
class Stored:
    """The record's text as it stands, None without one, and the store's own time: one clock for every controller."""

    text: str | None
    now: datetime


class Store(Protocol):
    """A place for one record."""

    def stored(self) -> Stored:
        """Read the record."""

    def replace(self, before: str | None, after: str | None) -> Stored:
        """Compare and set: write ``after`` (None removes the record) only where ``before`` still stands.

        Return what was read back. Raises ``Conflict`` where something else stands there.
        """
