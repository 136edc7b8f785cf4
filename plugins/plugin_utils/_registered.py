# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""What the plays of a run registered, by whichever of its hosts has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def registered(known: Any, hosts: Iterable[str], name: str) -> Iterator[tuple[str, Any]]:
    """Yield each host that has the variable ``name``, and that.

    ``known`` are Ansible's hostvars. Without their templates, since the whole of a host's variables costs half a
    millisecond. What a task that runs once registers, every host of its play has that was not lost.
    """
    for host in hosts:
        found = known.raw_get(host)
        if isinstance(found, Mapping) and (value := found.get(name)):
            yield host, value


def of_run(known: Any, hosts: Iterable[str], name: str, run: str) -> dict[str, Any]:
    """Return what the hosts have of this run: one that was lost may have that of a playbook before."""
    return {
        host: value
        for host, value in registered(known, hosts, name)
        if isinstance(value, Mapping) and value.get("run") == run
    }


def estate_of(variables: Mapping[str, Any]) -> Any:
    """Return the estate of this run; the controller, which is no system, has it from another host."""
    if own := variables.get("quiesce_estate"):
        return own
    return next(registered(variables["hostvars"], variables["groups"]["all"], "quiesce_estate"))[1]
