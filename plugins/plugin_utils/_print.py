# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Prints the table of the systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ansible import constants
from ansible_collections.quiesce.maintenance.plugins.module_utils._table import Line, render
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import show


def print_table(rows: Sequence[Mapping[str, Any]], more: Sequence[str] = ()) -> list[str]:
    """Print the rows as a table, below it (or in its place) what else needs attention, and return its lines."""
    table = render(rows, datetime.now(timezone.utc)) if rows or not more else []
    lines = [*table, *(Line(f"! {text}", attention=True) for text in more)]
    warn = constants.config.get_config_value("COLOR_WARN")
    show("")
    for line in lines:
        show(line.text, warn if line.attention else None)
    show("")
    return [line.text for line in lines]
