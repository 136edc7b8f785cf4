# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The register of systems, playbooks/vars/systems.yml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).parents[2] / "playbooks/vars/systems.yml"

WAVES = ("gates", "applications", "protections")
"""The waves in the order of the way in."""


@dataclass(frozen=True)
class System:
    """A kind of system, as the register describes it."""

    name: str
    title: str
    kind: str
    wave: str
    switches: str
    module: str
    info_module: str
    manager: str = ""
    members: str = ""
    member: str = ""
    others: tuple[str, ...] = ()
    task_files: tuple[str, ...] = ()
    on_expiry: str = "close"


@cache
def register() -> dict[str, System]:
    """Return the systems by their names; read once a process, and its workers inherit it."""
    entries: dict[str, dict[str, Any]] = yaml.safe_load(PATH.read_text(encoding="utf-8"))["quiesce_register"]
    return {name: _system(name, entry) for name, entry in entries.items()}


def _system(name: str, entry: dict[str, Any]) -> System:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return System(name, **fields)
