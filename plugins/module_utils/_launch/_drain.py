# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Waiting until no process runs."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._activity import (
    Activity,
    read_activity,
    summary,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._launch._server import Server
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience


@dataclass(frozen=True)
class Drained:
    """What the wait came to: the processes that still run, how many seconds it took, whose processes were seen."""

    activities: list[Activity]
    waited: float
    users: frozenset[str | None]


def drain(server: Server, interface: str, activities: list[Activity], patience: Patience) -> Drained:
    """Look until nothing runs or the limit of ``patience`` is reached; ``activities`` is a look that was just taken."""
    users = {activity.user for activity in activities}
    narrator = patience.run.narrator(f"draining {server.client.target}", patience.limit)
    while activities and narrator.left > 0:
        narrator.say(summary(activities))
        patience.run.sleep(min(patience.interval, max(narrator.left, 0.05)))
        activities = read_activity(server, interface)
        users |= {activity.user for activity in activities}
    return Drained(activities, narrator.waited, frozenset(users))
