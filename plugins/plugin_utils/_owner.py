# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Who runs a task."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from typing import Any


def who_runs_it(variables: Mapping[str, Any], templar: Any) -> str:
    """Return the user of AWX, else the one on the controller."""
    for variable in ("awx_user_name", "tower_user_name"):
        if name := variables.get(variable):
            return str(templar.template(name))
    if name := os.environ.get("USER") or os.environ.get("LOGNAME"):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user that nobody knows
        return "unknown"
