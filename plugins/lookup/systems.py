# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: systems
short_description: The hosts of a play that switches a wave of systems
version_added: 0.1.0
author: The quiesce.maintenance authors (@quiesce)
description:
  - Returns the pattern for the C(hosts) of a play - the hosts that have something to do in a wave, or nobody if a wave
    before it is not complete.
  - It knows the systems from M(quiesce.maintenance.systems_info), which has to run in a play before, with its result
    registered as C(quiesce_estate).
options:
  _terms:
    description:
      - Name of the wave, V(gates), V(applications) or V(protections); or V(all) for every host that is a system.
      - V(report) is one host to print the table from, or the hosts that failed.
    required: true
  after:
    description: Waves in which nothing may have failed; otherwise the pattern matches nobody.
    type: list
    elements: str
    default: []
  by_role:
    description: Whether the hosts with task files are meant, whose role switches them, or the others.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Put the applications into maintenance mode
  hosts: "{{ lookup('quiesce.maintenance.systems', 'applications', after=['gates']) }}"
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

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._estate import failed
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._faces import face
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register

NOBODY = "localhost,!localhost"
"""A pattern that matches nobody, of which Ansible does not warn."""


def _load(modules: Iterable[str]) -> None:
    for name in set(modules):
        face(name)


class LookupModule(LookupBase):
    """The face of ``_estate`` for a play."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the pattern for the one wave of ``terms``."""
        known = (variables or {}).get("hostvars")
        if known is None:
            return [NOBODY]  # no play ran: --syntax-check and --list-hosts
        estate = next(
            (
                found
                for host in (variables or {})["groups"]["all"]
                if (found := known.raw_get(host).get("quiesce_estate"))
            ),
            None,
        )
        if not isinstance(estate, Mapping) or "waves" not in estate:
            raise AnsibleLookupError("no play before this one ran quiesce.maintenance.systems_info")

        def failed_in(waves: list[str] | tuple[str, ...]) -> list[str]:
            results = ((host, known.raw_get(host).get("quiesce_result")) for host in estate["hosts"])
            return [host for host, result in results if result and failed(result, waves, register())]

        what = terms[0]
        if what == "report":
            hosts = failed_in(WAVES) or list(estate["hosts"])[:1]
        elif what == "all":
            hosts = list(estate["hosts"])
            _load(register()[name].info_module for systems in estate["hosts"].values() for name in systems)
        elif failed_in(kwargs.get("after", [])):
            hosts = []
        else:
            tasks = estate["waves"][what]["role" if kwargs.get("by_role") else "module"]
            hosts = list(tasks)
            _load(register()[task["system"]].module for each in tasks.values() for task in each)
        return [",".join(hosts) or NOBODY]
