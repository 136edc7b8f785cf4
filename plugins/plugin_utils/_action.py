# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of this collection's action plugins: validated arguments, one shape of failure, no secret in a result."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

_display = Display()


def plain(value: Any) -> Any:
    """Return ``value`` with the plain types below Ansible's own (tagged strings since ansible-core 2.19)."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


class MaintenanceAction(ActionBase):
    """An action plugin that does its work in ``work`` and fails with a ``Failure``."""

    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    @staticmethod
    @abstractmethod
    def argument_spec() -> dict[str, Any]:
        """Return the argument spec, the one that the module of the same name documents."""

    @abstractmethod
    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Do what the task asks and return its result. Raises ``Failure``."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the arguments, work, and take every secret out of what is said about it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.task_vars: dict[str, Any] = task_vars or {}
        self.name = str(self.task_vars.get("inventory_hostname", "localhost"))
        spec = self.argument_spec()
        arguments = plain(self._task.args)
        secrets = {
            str(arguments[name]) for name, option in spec.items() if option.get("no_log") and arguments.get(name)
        }
        validation = ArgumentSpecValidator(spec).validate(arguments)
        try:
            if validation.error_messages:
                result.update(failed=True, msg="; ".join(validation.error_messages))
            else:
                result.update(self.work(validation.validated_parameters))
        except Failure as failure:
            result.update(failure.details, failed=True, msg=str(failure))
        return dict(remove_values(result, secrets))

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be written."""
        return bool(self._task.check_mode)

    def tell(self, line: str) -> None:
        """Show a line of progress at once."""
        _display.display(f"{self.name}: {line}")
