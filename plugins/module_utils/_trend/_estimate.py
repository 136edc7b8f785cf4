# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""How long it takes to send many requests. Pure."""

from __future__ import annotations

import math

from ansible_collections.quiesce.maintenance.plugins.module_utils._http import Pace

# Seconds that a manager takes for one change. A guess, to be on the safe side: nothing about it is documented.
_ANSWER = 0.5


def sending_time(requests: int, *, concurrency: int, per_minute: int) -> float:
    """Return the seconds until the last of ``requests`` is answered; ``per_minute`` 0 means any number."""
    by_answers = math.ceil(requests / concurrency) * _ANSWER
    by_pace = (requests - 1) // per_minute * Pace.window if per_minute else 0.0
    return max(by_answers, by_pace)
