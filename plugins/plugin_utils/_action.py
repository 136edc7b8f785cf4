# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The base of this collection's action plugins: options, one shape of failure, no secret in what is said."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import socket
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible import constants, context
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import masked
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid, Unreachable, spoken
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned, Run
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import judge
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._faces import face
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._mistyped import meant

_display = Display()

SHARED = frozenset({"window", "all_windows", "owner", "reason", "ticket", "expires", "store_host", "store_path"})
"""Options that a variable can give for all systems: ``quiesce_reason`` for ``d365fo_reason``, ``launch_reason``, ..."""


# What a terminal takes for commands: people write into a reason what they like.
_TERMINAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def show(line: str, color: str | None = None) -> None:
    """Show a line to whoever watches: where the output is a document for programs (JSON), beside it."""
    callback = str(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK"))
    _display.display(line, color=color, stderr="json" in callback.rpartition(".")[2])


def plain(value: Any) -> Any:
    """Return ``value`` with the plain types below Ansible's own (tagged strings since ansible-core 2.19)."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    # An inline !vault, which is no string before ansible-core 2.19; its text is the decrypted one.
    return str(value) if type(value).__name__ == "AnsibleVaultEncryptedUnicode" else value


def _forms(secret: str) -> list[str]:
    """Return a secret, and as it looks in a message, which draws blanks together."""
    return list(dict.fromkeys([secret, " ".join(secret.split())]))


def _warn(variable: str, like: str) -> None:
    _display.warning(f"The variable {variable} is not an option and is ignored. Did you mean {like}?")


def _blank(value: Any) -> bool:
    """Whether an option has no value: what is left blank, as in a survey, is not given."""
    return value is None or (isinstance(value, str) and not value.strip())


class MaintenanceAction(ActionBase):
    """An action plugin that does its work in ``work`` and fails with a ``Failure``.

    Where ``variables`` names a prefix, an option that the task does not give is taken from the variable of that name
    ("d365fo_reason" for ``reason``), as connection plugins do, and one of ``SHARED`` from "quiesce_reason" after that;
    only variables that exist cost anything. ``own`` names variables with the prefix that are no option, ``task_only``
    options that say what a task is for, ``replaced`` variables that are refused, with what takes their place. ``rules``
    say which options exclude or need each other, as for ``AnsibleModule``. ``free_text`` names results in which a
    program, a server or a person speaks: these, messages and progress are masked, never a state or a name on which a
    task decides.
    """

    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = False

    variables = ""
    own: frozenset[str] = frozenset()
    task_only: frozenset[str] = frozenset({"state", "names"})
    replaced: ClassVar[Mapping[str, str]] = {}
    rules: ClassVar[Mapping[str, Any]] = {}
    free_text: frozenset[str] = frozenset({"msg", "output", "sql_failure", "notes", "faults", "reasons", "warnings"})

    judging = False
    """Whether it only says whether its options can be used, and asks nobody anything."""

    @staticmethod
    @abstractmethod
    def argument_spec() -> dict[str, Any]:
        """Return the argument spec, the one that the module of the same name documents."""

    @abstractmethod
    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Do what the task asks and return its result. Raises ``Failure``."""

    def judge(self, params: dict[str, Any]) -> None:
        """Raise ``Failure`` for options that cannot be used, as far as that shows without asking anybody."""
        judge(params)

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the options, work, and take every secret out of what is said about it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.task_vars: dict[str, Any] = task_vars or {}
        self.name = str(self.task_vars.get("inventory_hostname", "localhost"))
        self._parent = os.getppid()
        self._secrets: list[str] = []
        self._from_variables = False
        self._in_task: frozenset[str] = frozenset()
        self._shared: set[str] = set()
        try:
            spec = self.argument_spec()
            arguments = self._arguments(spec)
            self._secrets = [
                form
                for name, option in spec.items()
                if option.get("no_log") and arguments.get(name)
                for form in _forms(str(arguments[name]))
            ]
            validation = ArgumentSpecValidator(spec, **self.rules).validate(arguments)
            if validation.error_messages:
                result.update(failed=True, msg=self._refusal(validation))
            elif self.judging:
                self.judge(validation.validated_parameters)
            else:
                result.update(self.work(validation.validated_parameters))
        except Unreachable as lost:
            result.update(lost.details, unreachable=True, msg=str(lost))
        except Failure as failure:
            result.update(failure.details, failed=True, msg=str(failure))
        return dict(self.masked(result))

    def _arguments(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of the task and of the variables; what is left blank, as in a survey, is not given."""
        arguments: dict[str, Any] = plain(self._task.args)
        self._in_task = frozenset(arguments)
        if self.variables:
            # Who gives a token in the task does not mean the password of the inventory as well.
            exclusive = [group for group in self.rules.get("mutually_exclusive", ()) if self._in_task & {*group}]
            not_meant = {*self.task_only, *(name for group in exclusive for name in group)}
            for name in [name for name in spec if name not in self._in_task | not_meant]:
                for variable in (self.variables + name, *([f"quiesce_{name}"] if name in SHARED else [])):
                    if _blank(arguments.get(name)) and variable in self.task_vars:
                        arguments[name] = plain(self._templar.template(self.task_vars[variable]))
                        self._from_variables = True
                        if not variable.startswith(self.variables):
                            self._shared.add(name)
            self._look_for_others(spec)
        return {name: value for name, value in arguments.items() if not _blank(value)}

    def _look_for_others(self, spec: Mapping[str, Any]) -> None:
        """Warn of a variable that looks like an option and is none. Raises ``Invalid`` for one that was replaced."""
        for variable in map(str, self.task_vars):  # a number is a name to Ansible, too
            if variable.startswith("quiesce_") and (like := meant(variable.removeprefix("quiesce_"), SHARED)) in spec:
                _warn(variable, f"quiesce_{like}")
            name = variable.removeprefix(self.variables)
            if name == variable or name in spec or name in self.own or name.startswith("_"):
                continue
            if name in self.replaced:
                raise Invalid(name, "this option no longer exists", self.replaced[name])
            if like := meant(name, spec):
                _warn(variable, f"{self.variables}{like}")

    def _refusal(self, validation: ValidationResult) -> str:
        said = "; ".join(validation.error_messages)
        # As Ansible itself says it of a module.
        unknown = isinstance(validation.errors[0], UnsupportedError)
        return f"Unsupported parameters for ({self._task.action}) module: {said}" if unknown else said

    @property
    def check_mode(self) -> bool:
        """Whether nothing may be written."""
        return bool(self._task.check_mode)

    def run_other(
        self, name: str, options: dict[str, Any], variables: dict[str, Any] | None = None, *, judging: bool = False
    ) -> dict[str, Any]:
        """Run another action plugin of this collection for this host, and return its result.

        ``judging``: it only fails if its options cannot be used.
        """
        task = self._task.copy(exclude_parent=True)  # its options are final, so nothing asks the play any more
        task.action, task.args = name, options
        action: MaintenanceAction = face(name)(
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        action.judging = judging
        result: dict[str, Any] = action.run(task_vars=self.task_vars if variables is None else variables)
        return result

    def folders(self) -> list[Path]:
        """Return where a relative path of the user's begins: the folder of the playbook that was started or that holds
        the task, else the working directory (the collection's own playbooks lie where nobody has files)."""
        started = [Path(each).absolute().parent for each in context.CLIARGS.get("args") or () if Path(each).is_file()]
        return [*dict.fromkeys([*started, Path(self.task_vars.get("playbook_dir", ".")), Path.cwd()])]

    @property
    def in_a_job(self) -> bool:
        """Whether AWX or one of its relatives runs this."""
        return bool({"awx_job_id", "tower_job_id"} & self.task_vars.keys())

    def owner(self) -> str:
        """Return who runs this: the user of AWX, else the one on the controller."""
        for variable in ("awx_user_name", "tower_user_name"):
            if name := self.task_vars.get(variable):
                return str(self._templar.template(name))
        if name := os.environ.get("USER") or os.environ.get("LOGNAME"):
            return name
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # a container's user that nobody knows
            return "unknown"

    def new_run(self, owner: str = "") -> Run:
        """Return this run: its voice, and a check that the program that started it is still there."""
        return Run(
            id=secrets.token_hex(4),
            owner=owner,
            controller=socket.gethostname(),
            tell=self.tell,
            check=self.check_parent,
        )

    def check_parent(self) -> None:
        """Raise ``Abandoned`` where ansible-playbook has ended: its workers outlive a kill -9 of its process group."""
        if os.getppid() != self._parent:
            raise Abandoned("ansible-playbook has ended")

    def tell(self, line: str) -> None:
        """Show a line of progress at once."""
        show(f"{self.name}: {self.said(line)}")

    def said(self, text: str) -> str:
        """Return free text as it may be shown: options as their user calls them, without secrets."""
        role = bool(getattr(self._task, "_role", None))
        # Who gives the task nothing but what it is for gives everything else as variables.
        by_variables = role or self._from_variables or self._in_task <= self.task_only
        prefix = self.variables if by_variables else ""
        bare = frozenset() if role else self._in_task
        text = masked(spoken(text, prefix, bare, self._shared - self._in_task), self._secrets)
        return _TERMINAL.sub("", text)

    def masked(self, result: Any, free: bool = False) -> Any:
        """Return a result whose free text (``free``, or under a key of ``free_text``) may be shown."""
        if isinstance(result, Mapping):
            return {key: self.masked(value, free or key in self.free_text) for key, value in result.items()}
        if isinstance(result, (list, tuple)):
            return [self.masked(item, free) for item in result]
        return self.said(result) if free and isinstance(result, str) else result
