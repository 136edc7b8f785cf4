# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the Alertmanager modules do with their options: they themselves only document it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager import _options
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._matchers import parse_matchers
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._plan import Reading, loud, windows
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._status import row
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._system import Silences
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience, carry_out
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run

Result = dict[str, Any]

SILENCED_WITHIN = 30.0
"""Seconds within which the alerts that fire have to be suppressed. Alertmanager answers for them at once."""


def switch(params: Mapping[str, Any], name: str, owner: str, *, check_mode: bool, run: Run) -> Result:
    """Open or close a window of the host ``name``. Raises ``Failure``, whose details hold ``changed``."""
    wish = _options.wish(params, name, owner)
    system = Silences(_options.open_server(params, run.tell), wish)
    try:
        outcome = carry_out(system, check_mode=check_mode, patience=Patience(SILENCED_WITHIN, 1.0, run))
    except Failure as failure:
        failure.details["changed"] = system.sent
        failure.state = system.state()
        raise
    own = outcome.after.own(wish.system)
    if not wish.enabled and own and not outcome.changed:
        run.tell(f"closed nothing, the alerts stay silenced; open: {', '.join(each.id for each in windows(own))}")
    return {
        "changed": outcome.changed,
        "diff": outcome.plan.diff,
        "silences": [silence.result() for silence in own],
        "status": row(wish.system, outcome.after, wish.matchers),
    }


def info(params: Mapping[str, Any], name: str, run: Run) -> Result:
    """Look at the silences of the host ``name``, and at the alerts that fire. Raises ``Failure``."""
    matchers = parse_matchers(params["matchers"])
    server = _options.open_server(params, run.tell)
    system = params["system"] or name
    reading = Reading(*server.silences(), server.alerts(matchers))
    return {
        "changed": False,
        "silences": [silence.result() for silence in reading.own(system)],
        "alerts": len(reading.alerts),
        "loud": [str(alert) for alert in loud(reading, system)],
        "status": row(system, reading, matchers),
    }
