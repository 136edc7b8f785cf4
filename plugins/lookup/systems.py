# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: systems
short_description: Get the hosts of a play that switches a wave of systems
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Returns the pattern for the C(hosts) of a play. It matches the hosts that have something to do in a wave, or no host
    if an earlier wave is not complete.
  - Requires the result of M(quiesce.maintenance.systems_info) from an earlier play, registered as C(quiesce_estate).
options:
  _terms:
    description:
      - Name of the wave, V(gates), V(applications) or V(protections); or V(all) or V(report) for every host that is a
        system, to look at it or to report on it.
      - V(options) matches every host that is a system if the run has more than one wave, and nobody if it has one.
      - V(failed) matches the hosts for which M(quiesce.maintenance.systems_report), with its result registered as
        C(quiesce_report), has a verdict.
      - V(controller) matches C(localhost), whatever the limit of the run is; V(work) matches it and every host that is
        a system if M(quiesce.maintenance.change_window) found all of them in maintenance mode.
      - In a play with the variable C(quiesce_keeper) the pattern matches C(localhost) too. Ansible ends a run when
        every host of a play is lost; with a host that cannot be lost it goes on.
    required: true
  state:
    description:
      - What the run is for. On the way in a wave begins only when every system of those before it is in maintenance
        mode; on the way out the gates wait for the applications. Otherwise the pattern matches nobody.
    type: str
    choices: [enabled, disabled]
  by_role:
    description: Whether to return the hosts with task files, which are switched by their role, or the other hosts.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Put the applications into maintenance mode
  hosts: "{{ lookup('quiesce.maintenance.systems', 'applications', state='enabled') }}"
  gather_facts: false
  tasks:
    - name: Enable maintenance mode
      quiesce.maintenance.systems_maintenance_mode:
        state: enabled
        wave: applications
      register: quiesce_result
      ignore_errors: true
      ignore_unreachable: true
"""

RETURN = r"""
_raw:
  description: The pattern.
  type: list
  elements: str
  sample: ["dev01,dev02"]
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._faces import load
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import (
    CONTROLLER,
    ENABLED,
    held_by,
    results_before,
)

NOBODY = "localhost,!localhost"
"""A pattern that matches nobody, of which Ansible does not warn."""

_LISTS = ("syntax", "listhosts", "listtasks", "listtags")
"""Options with which ansible-playbook runs no play."""


class LookupModule(LookupBase):
    """The face of ``_estate`` for a play."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the pattern for the one wave of ``terms``."""
        known = (variables or {}).get("hostvars")
        if known is None:  # no play ran
            if any(context.CLIARGS.get(each) for each in _LISTS):
                return [NOBODY]
            raise AnsibleLookupError(
                "no host of the limit is in the inventory, which has none at all. Nothing was done. Look at its source"
            )
        run = _Run(known, (variables or {})["groups"]["all"], bool((variables or {}).get("ansible_check_mode")))
        hosts = [CONTROLLER] if terms[0] == "controller" else run.hosts(terms[0], **kwargs)
        if hosts and (
            terms[0] == "controller" or (variables or {}).get("quiesce_keeper") or run.may_lose_all(**kwargs)
        ):
            hosts = list(dict.fromkeys([*hosts, CONTROLLER]))
            _within_limit(known)
        return [",".join(hosts) or NOBODY]


def _within_limit(known: Any) -> None:
    """Let the controller take part in a run that was limited to other hosts. Ansible has no public way to say so."""
    inventory = known._inventory
    if inventory._subset and CONTROLLER not in inventory._subset:
        inventory.subset([*inventory._subset, CONTROLLER])


class _Run:
    """What the plays so far registered. The variables of a host cost half a millisecond: as few as will do are read."""

    def __init__(self, known: Any, inventory: Sequence[str], check_mode: bool) -> None:
        self._known = known
        self._check_mode = check_mode
        self._inventory = inventory
        estate = next(self._registered("quiesce_estate"), None)
        if not isinstance(estate, Mapping) or "waves" not in estate:
            raise AnsibleLookupError(
                "no play before this one ran quiesce.maintenance.systems_info. Run without --tags and --start-at-task"
            )
        self._estate: Mapping[str, Any] = estate

    def hosts(self, what: str, state: str = "", by_role: bool = False) -> list[str]:
        """Return the hosts of a play, and load in this process what its workers will need."""
        hosts: Mapping[str, Sequence[str]] = self._estate["hosts"]
        if what == "failed":
            return list(self._report()["verdicts"])
        if what == "report":
            return list(dict.fromkeys([*hosts, *self._estate["lost"]]))
        if what == "work":
            ready = self._known.raw_get(CONTROLLER).get("window_ready") or {}
            return [*hosts, CONTROLLER] if ready.get("complete") else []
        if what == "all":
            load(register()[name].info_module for systems in hosts.values() for name in systems)
            return list(hosts)
        if what == "options":  # a system that is alone in its wave refuses its options by itself
            several = sum(any(kinds.values()) for kinds in self._estate["waves"].values()) > 1
            load(register()[name].module for systems in hosts.values() for name in systems)
            # What failed before is not put into maintenance mode.
            return [host for host in hosts if several and host not in self._estate["lost"]]
        tasks = self._estate["waves"][what]["role" if by_role else "module"]
        # On the way out a gate that waits closes its window if another one keeps it shut: its task decides.
        if not tasks or (state == ENABLED and self._is_held(what, state)):
            return []
        load(register()[task["system"]].module for each in tasks.values() for task in each)
        # What failed before is only taken out.
        return [host for host in tasks if state != ENABLED or host not in self._estate["lost"]]

    def may_lose_all(self, state: str = "", by_role: bool = False) -> bool:
        """Whether every host of this play may be lost, or was: in a task file, if there are any."""
        with_files = any(wave["role"] for wave in self._estate["waves"].values())
        return with_files and (by_role or not state)

    def _registered(self, name: str) -> Iterator[Any]:
        # What a task that runs once registers, every host of its play has that was not lost.
        return (found for host in self._inventory if (found := self._known.raw_get(host).get(name)))

    def _report(self) -> Any:
        of_this = (each for each in self._registered("quiesce_report") if each.get("run") == self._estate["run"])
        if (report := next(of_this, None)) is None:
            raise AnsibleLookupError("no play before this one ran quiesce.maintenance.systems_report")
        return report

    def _is_held(self, wave: str, state: str) -> bool:
        results = results_before(self._estate, self._known, wave, state)
        return bool(held_by(self._estate, results, wave, state, check_mode=self._check_mode))
