# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.vars import load_extra_vars
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils import _estate
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import SHARED, MaintenanceAction, plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._faces import face
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._mistyped import Known, refuse_mistyped
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import System, register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import CONTROLLER


class ActionModule(MaintenanceAction):
    """The face of ``_estate``: asks no host anything, only the inventory."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return {"only": {"type": "dict"}, "untouched": {"type": "dict"}, "expires": {"type": "str"}}

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Find out which systems the hosts of the play are."""
        refuse_mistyped(load_extra_vars(self._loader), _known())
        members, strangers = [], []
        for host in self.task_vars["ansible_play_hosts_all"]:
            member = self._member(str(host))
            if member.systems:
                members.append(member)
            elif not (self.task_vars.get("quiesce_keeper") and host == CONTROLLER):
                strangers.append(member.host)
        limit = plain(self.task_vars.get("ansible_limit"))
        nobody = _estate.meaning_nobody(limit or "", self.task_vars["groups"])
        only = params["only"]
        if only is None:
            _estate.check(members, strangers, limit, nobody, register())
        lost = {str(host) for host in self.task_vars["ansible_play_hosts_all"]}
        lost -= {str(host) for host in self.task_vars["ansible_play_hosts"]}
        estate = _estate.Estate(
            tuple(members),
            register(),
            tuple(sorted(lost)),
            secrets.token_hex(4),
            only,
            params["untouched"] or {},
            params["expires"] or "",
        )
        return {"changed": False, **estate.result()}

    def _member(self, host: str) -> _estate.Member:
        """Return what a host is by its variables. Only these are templated: others may be broken, or costly."""
        variables = self.task_vars["hostvars"].raw_get(host)

        def value(name: str) -> Any:
            given = variables.get(name)
            return plain(self._rendered(host, name) if _is_to_render(given) else given)

        try:
            systems = _estate.systems_of(value(_estate.VARIABLE), variables["group_names"], register())
        except Invalid as invalid:
            raise Invalid(f"{invalid.option} of {host}", invalid.answer, invalid.remedy) from None
        managers = {
            name: self._known(host, variable, manager)
            for name in systems
            if (variable := register()[name].manager) and (manager := value(variable))
        }
        with_task_files = tuple(
            name for name in systems if any(value(variable) for variable in register()[name].task_files)
        )
        options = {
            name: _estate.own_options(
                register()[name],
                {each: plain(value) for each, value in variables.items() if each.startswith(f"{name}_")},
            )
            for name in managers
        }
        return _estate.Member(host, systems, managers, with_task_files, options)

    def _rendered(self, host: str, name: str) -> Any:
        """Return a variable rendered with the others of its host. Raises ``Invalid`` if it cannot be."""
        try:
            return self.task_vars["hostvars"][host][name]
        except AnsibleError as error:
            raise Invalid(f"{name} of {host}", str(error), "Correct the variable") from None

    def _known(self, host: str, variable: str, manager: object) -> str:
        if not isinstance(manager, str) or manager not in self.task_vars["groups"]["all"]:
            raise Invalid(
                f"{variable} of {host}", f'"{manager}" is not a host of the inventory', "Give the manager's name there"
            )
        return manager


def _is_to_render(given: object) -> bool:
    """Whether a variable is a template, holds one, or is encrypted (a vault's value is of a type of Ansible's own)."""
    if isinstance(given, str):
        return "{" in given
    if isinstance(given, Sequence):
        return any(_is_to_render(each) for each in given)
    return not (given is None or isinstance(given, (bool, int, float, Mapping)))


def _known() -> Known:
    """Return the variables that the playbooks read; a product is loaded only if somebody gives one of its own."""
    collection = "quiesce.maintenance"
    return {
        "quiesce": lambda: {*SHARED, "systems", "on_expiry"},
        "window": partial(_variables, f"{collection}.change_window"),
        "status": partial(_variables, f"{collection}.systems_status"),
        **{name: partial(_of_system, system) for name, system in register().items()},
    }


def _variables(module: str) -> Collection[str]:
    found = face(module)
    names: set[str] = {*found.argument_spec(), *found.own} - found.task_only
    return names


def _of_system(system: System) -> Collection[str]:
    others = [system.manager, system.members, system.member, *system.others, *system.task_files]
    return {
        *_variables(system.module),
        *_variables(system.info_module),
        *(name.removeprefix(f"{system.name}_") for name in others),
        "on_expiry",
    }
