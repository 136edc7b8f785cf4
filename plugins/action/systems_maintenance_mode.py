# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import sentence
from ansible_collections.quiesce.maintenance.plugins.module_utils._row import unknown_row
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import DEFAULT
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._faces import face
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, System, register
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._registered import estate_of
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import (
    DISABLED,
    ENABLED,
    HELD,
    NO_ANSWER,
    held_by,
    is_bad,
    keeps_on,
    may_close,
    of_this_run,
    results_before,
    stays_on,
    tasks_of,
)

STATUS, READY = "status", "ready"


class ActionModule(MaintenanceAction):
    """Runs the module of each system that the host switches in a wave, with the variables of the host as its options.

    The result holds what every wave so far said, so that one variable is enough for the whole run.
    """

    # What the modules say is masked by themselves.
    free_text = frozenset()

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        """Return the options."""
        return {
            "state": {"type": "str", "choices": ["enabled", "disabled", STATUS, READY], "required": True},
            "wave": {"type": "str", "choices": list(WAVES)},
            "by_role": {"type": "bool", "default": False},
        }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        """Switch one system after the other; one that fails keeps no other from its turn."""
        estate = estate_of(self.task_vars)
        if params["state"] == READY:
            return self._ready(estate)
        waves = [params["wave"]] if params["wave"] else WAVES
        kinds = ("module", "role") if params["state"] == STATUS else ("role",) if params["by_role"] else ("module",)
        held = params["state"] == DISABLED and params["wave"] and self._is_held(estate, params["wave"])
        done: dict[str, dict[str, Any]] = {}
        for task in (
            task for wave in waves for kind in kinds for task in estate["waves"][wave][kind].get(self.name, ())
        ):
            system = register()[task["system"]]
            if params["by_role"]:
                result = self._by_role(system)
            elif held:
                result = self._held(system, plain(task))
            else:
                result = self._one(system, plain(task), params["state"])
            done[system.name] = self._with_rows(system, result)
            if self.check_mode and params["state"] == DISABLED:
                done[system.name]["stays_on"] = stays_on(done[system.name]["rows"], self._closes(system))
        before = of_this_run(estate, self.task_vars.get("quiesce_result"))
        told = [result["msg"] for result in done.values() if result.get("failed") or result.get("unreachable")]
        # Ansible shows what a task warns of, not what stands deeper in its result, and does not say for which host. The
        # tasks of a role have shown theirs.
        warnings = [f"{self.name}: {each}" for result in done.values() for each in result.pop("warnings", ())]
        return {
            "run": estate["run"],
            "changed": any(result.get("changed") for result in done.values()),
            "warnings": [] if params["by_role"] else warnings,
            "diff": [diff for result in done.values() if (diff := result.pop("diff", None))],
            "systems": {**plain(before.get("systems", {})), **done},
            **({"msg": " ".join(told)} if told else {}),
            "failed": any(result.get("failed") for result in done.values()),
            "unreachable": any(result.get("unreachable") for result in done.values()),
        }

    def _ready(self, estate: Mapping[str, Any]) -> dict[str, Any]:
        """Fail if a system could not be switched with the options that it has. No system is asked."""
        told: dict[str, None] = {}
        for wave in WAVES:
            for task in (task for host, task in tasks_of(estate, wave) if host == self.name):
                system = register()[task["system"]]
                result = self._run(system, system.module, {"state": ENABLED}, plain(task), judging=True)
                if is_bad(result):
                    told[f"{system.title}: {sentence(result['msg'])}"] = None
        return {
            "changed": False,
            **({"failed": True, "msg": " ".join([*told, "Nothing was switched."])} if told else {}),
        }

    def _one(self, system: System, task: Mapping[str, Any], state: str) -> dict[str, Any]:
        """Run one system's module and return its result, also if it can't be run; once for each window of the task."""
        began = time.monotonic()
        if state == STATUS:  # a look never fails: the row says why
            seen = self._run(system, system.info_module, {}, task)
            no_answer = is_bad(seen) or bool(seen.get(NO_ANSWER))
            return {**seen, "failed": False, "unreachable": False, NO_ANSWER: no_answer}
        if not (windows := task.get("windows")):
            result = self._run(system, system.module, {"state": state}, task)
        else:
            result = self._each(system, windows, task, state)
        return {**result, "seconds": round(time.monotonic() - began, 1)}

    def _is_held(self, estate: Mapping[str, Any], wave: str) -> bool:
        results = results_before(estate, self.task_vars["hostvars"], wave, DISABLED)
        return bool(held_by(estate, results, wave, DISABLED, check_mode=self.check_mode))

    def _held(self, system: System, task: Mapping[str, Any]) -> dict[str, Any]:
        """Close the window of a system that has to stay in maintenance mode if others keep it there; else only look."""
        seen = self._one(system, task, STATUS)
        rows = self._with_rows(system, seen)["rows"]
        due = task.get("windows")
        if keeps_on(rows, due) if due else may_close(rows, self._closes(system)):
            return self._one(system, task, DISABLED)
        return {**seen, HELD: True}

    def _closes(self, system: System) -> str | None:
        """Return the id of the window that the variables of the host say, None for all windows."""

        def value(name: str) -> str:
            given = (self.task_vars.get(variable) for variable in (f"{system.name}_{name}", f"quiesce_{name}"))
            rendered = (str(plain(self._templar.template(each))).strip() for each in given if each is not None)
            return next(filter(None, rendered), "")

        return (
            None if value("all_windows") and boolean(value("all_windows"), strict=False) else value("window") or DEFAULT
        )

    def _each(self, system: System, windows: Sequence[str], task: Mapping[str, Any], state: str) -> dict[str, Any]:
        """Close or extend one window after the other. A run that is at work is not waited for."""
        result: dict[str, Any] = {}
        changed = False
        # What carries its windows itself has no run to wait for.
        at_once = {"busy_timeout": "0"} if "busy_timeout" in face(system.module).argument_spec() else {}
        for window in windows:
            options = {"state": state, "window": window, "all_windows": False, **at_once}
            if state == ENABLED:
                options["expires"] = str(estate_of(self.task_vars)["expires"])
            result = self._run(system, system.module, options, task)
            changed = changed or bool(result.get("changed"))
            if is_bad(result):
                break
        return {**result, "changed": changed}

    def _run(
        self, system: System, name: str, options: dict[str, Any], task: Mapping[str, Any], *, judging: bool = False
    ) -> dict[str, Any]:
        try:
            return self.run_other(name, options, self._variables(system, task), judging=judging)
        except AnsibleConnectionFailure as lost:
            return {"unreachable": True, "msg": str(lost)}
        except AnsibleError as error:
            return {"failed": True, "msg": str(error)}

    def _by_role(self, system: System) -> dict[str, Any]:
        """Return what the role of a system came to, which switched it before this task."""
        result = {**(self.task_vars.get(f"{system.name}_status") or {}), "changed": False}
        failure = self.task_vars.get("quiesce_failure")
        if result.get("restart_required") and not failure and not self.check_mode:
            failure = {"msg": "Its task file ended the switch before the restart. Run again to complete it."}
        if result.get("unreachable"):
            return result  # what failed after that failed since it had no result
        return (
            {**result, "failed": True, "msg": str(failure.get("msg", "it failed without a reason"))}
            if failure
            else result
        )

    def _with_rows(self, system: System, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return a result with ``rows`` for its status: those that it has, else one that says why there is none."""
        result = dict(plain(result))
        said = str(result.get("msg", "it failed without a reason"))
        status = result.pop("status", None) or unknown_row(self.name, system.kind, said)
        rows = status if isinstance(status, list) else [status]
        if (result.get("failed") or result.get("unreachable")) and not any(said in row["notes"] for row in rows):
            rows[0]["notes"].insert(0, said)
        return {**result, "rows": rows}

    def _variables(self, system: System, task: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables from which the module takes its options: the manager's too, if there is one."""
        if "manager" not in task:
            return self.task_vars
        hosts, prefix = self.task_vars["hostvars"], f"{system.name}_"
        of_manager = hosts[task["manager"]]
        inherited = {name: of_manager[name] for name in of_manager if name.startswith(prefix)}
        own = {name: value for name, value in self.task_vars.items() if name.startswith(prefix)}
        names = [str(hosts[host].get(system.member) or host) for host in task["members"]]
        # Whatever else the manager is to do by its own variables: here it is these.
        return {**self.task_vars, **inherited, **own, **dict.fromkeys(system.others, ""), system.members: names}
