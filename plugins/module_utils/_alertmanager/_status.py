# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The row of a system in the table of all systems. Pure."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._matchers import Matchers, covers
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._plan import (
    Reading,
    loud,
    same,
    windows,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._silence import ACTIVE
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import MAINTENANCE, NORMAL, Row
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import DEFAULT

KIND = "Alertmanager"


def row(system: str, reading: Reading, matchers: Matchers) -> dict[str, Any]:
    """Return the row. The mode is in effect while every silence is active and suppresses the alerts that were seen."""
    own = reading.own(system)
    return Row(
        system,
        KIND,
        mode=MAINTENANCE if own else NORMAL,
        verified=all(silence.state == ACTIVE for silence in own) and not (own and loud(reading, system)),
        managed=True if own else None,
        windows=windows(own),
        notes=tuple(_notes(system, reading, matchers)),
    ).result()


def _notes(system: str, reading: Reading, matchers: Matchers) -> list[str]:
    own = reading.own(system)
    open_windows = windows(own)
    found = [f"the {silence} has not begun" for silence in own if silence.state != ACTIVE]
    if len(open_windows) > 1 or any(window.id != DEFAULT for window in open_windows):
        found.append(f"open window{'s' * (len(open_windows) > 1)}: {'; '.join(map(str, open_windows))}")
    found += [
        f"the {silence} is for other alerts: {', '.join(map(str, silence.matchers))}; enable its window to change that"
        for silence in own
        if not same(silence.matchers, matchers)
    ]
    if own and (left := loud(reading, system)):
        found.append(f"not silenced: {'; '.join(map(str, left))}")
    found += [
        f"the same alerts are suppressed by another silence, which was left as it is: {silence}"
        for silence in reading.foreign(system)
        if covers(silence.matchers, matchers)
    ]
    return found
