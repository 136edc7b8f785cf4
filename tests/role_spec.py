"""Writes the argument spec of each system's role: every option of its module is a variable of the role.

The module reads these variables by itself, so the role has nothing to pass on; its argument spec is what
``ansible-doc --type role`` and AWX show. Writes what else follows from the register, too: the action group of each
system in meta/runtime.yml, and the table of the systems in README.md. Run it when the options of a module change, and
for a new system (``make role-spec``).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
SYSTEMS = yaml.safe_load((ROOT / "playbooks/vars/systems.yml").read_text(encoding="utf-8"))
REGISTER: dict[str, dict[str, Any]] = SYSTEMS["quiesce_register"]
# Options that say what a task is for, and are no variables.
TASK_ONLY = ("state", "stop_before", "continues", "task_files")

# What a role has beside the options of its module.
OWN: dict[str, dict[str, Any]] = {
    "d365fo": {
        "d365fo_before_restart": {
            "description": [
                "Task file to run when the variable is set and before IIS is restarted, if that is going to happen.",
                "Not on-premises, where the script restarts every AOS itself.",
            ],
            "type": "path",
        },
        "d365fo_after_restart": {
            "description": ["Task file to run when the AOS is ready again, if it was restarted."],
            "type": "path",
        },
    },
    "trend": {
        "trend_manager": {
            "description": [
                "Inventory host of the manager, for a host that is a computer of it.",
                "The playbooks switch the computers of one manager together, with the connection of that host.",
            ],
            "type": "str",
        },
        "trend_computer": {
            "description": ["Name of the computer at the manager, if it is not the name in the inventory."],
            "type": "str",
        },
    },
}


def path(role: str) -> Path:
    """The file of a role."""
    return ROOT / f"roles/{role}/meta/argument_specs.yml"


def documented_options(module: str) -> dict[str, Any]:
    """The options that ansible-doc shows of a module."""
    command = [str(Path(sys.executable).parent / "ansible-doc"), "--json", module]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    options: dict[str, Any] = json.loads(done.stdout)[module]["doc"]["options"]
    return options


def own_options(role: str) -> dict[str, Any]:
    """The variables of a role that are no options of its module."""
    state = {
        "description": ["What to do. V(status) only looks."],
        "type": "str",
        "choices": ["enabled", "disabled", "status"],
        "default": "status",
    }
    return {f"{role}_state": state, **OWN.get(role, {})}


def role_options(role: str, options: Mapping[str, Any], secrets: Mapping[str, bool]) -> dict[str, Any]:
    """The options of the role for those of the module."""
    found = own_options(role)
    for name, option in sorted(options.items()):
        if name in TASK_ONLY:
            continue
        lines = [_renamed(line, role, options) for line in _lines(option["description"])]
        # The module has the types and judges them; here a survey's blank answer, which is none, has to pass.
        entry: dict[str, Any] = {"description": [*lines, _kind(option)], "type": "raw"}
        if option.get("default") is not None:
            entry["default"] = option["default"]
        if secrets.get(name):
            entry["no_log"] = True
        found[f"{role}_{name}"] = entry
    return found


def _kind(option: Mapping[str, Any]) -> str:
    if choices := option.get("choices"):
        return f"One of {', '.join(f'V({choice})' for choice in choices)}."
    return {
        "bool": "A boolean.",
        "int": "A whole number.",
        "dict": "A dictionary.",
        "list": "A list.",
        "path": "A path.",
    }.get(option["type"], "A text.")


def _lines(description: str | list[str]) -> list[str]:
    return [description] if isinstance(description, str) else description


def _renamed(text: str, role: str, options: Mapping[str, Any]) -> str:
    def renamed(match: re.Match[str]) -> str:
        return f"O({role}_{match[1]}" if match[1] in options else match[0]

    return re.sub(r"\bO\((\w+)", renamed, text)


def text(role: str, secrets: Mapping[str, bool]) -> str:
    """The whole file. ``secrets`` says of each option of the module whether it is one."""
    module, title = REGISTER[role]["module"], REGISTER[role]["title"]
    about = {
        "short_description": f"Enable or disable maintenance mode of {title}",
        "description": [
            f"Runs M({module}) on each host, or gathers its status.",
            f"Leaves the result as C({role}_status), the rows of the status table in C({role}_status.status).",
            f"Its variables are the options of the module with the prefix C({role}_); the module reads them by itself.",
        ],
        "version_added": "0.1.0",
        "author": "The quiesce.maintenance authors (@quiesce)",
        "options": role_options(role, documented_options(module), secrets),
    }
    body = yaml.dump(
        {"argument_specs": {"main": about}}, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True
    )
    return f"---\n# Written by tests/role_spec.py (make role-spec) from the documentation of {module}.\n{body}"


def secrets_of(role: str) -> dict[str, bool]:
    """Which options of the module of a role are secrets, by its argument spec."""
    sys.path.insert(0, str(ROOT / ".cache/collections"))
    name = REGISTER[role]["module"].rpartition(".")[2]
    module = __import__(f"ansible_collections.quiesce.maintenance.plugins.action.{name}", fromlist=["ActionModule"])
    spec: dict[str, dict[str, Any]] = module.ActionModule.argument_spec()
    return {option: bool(entry.get("no_log")) for option, entry in spec.items()}


def runtime_text(before: str) -> str:
    """The text of meta/runtime.yml with the action group of each system of the register."""
    head, key, _groups = before.partition("action_groups:\n")
    groups: dict[str, list[str]] = yaml.safe_load(before)["action_groups"]
    modules = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
    groups |= {name: [module for module in modules if module.startswith(f"{name}_")] for name in REGISTER}
    body = yaml.dump({"action_groups": dict(sorted(groups.items()))}, Dumper=_Dumper, sort_keys=False)
    return head + key + body.partition("\n")[2]


def readme_text(before: str) -> str:
    """The text of README.md with a row for each system of the register: what is patched first, the gates last."""
    top = "| System | What is switched | Start here |\n| --- | --- | --- |\n"
    head, _top, rest = before.partition(top)
    assert _top, "README.md has no table of the systems"
    waves = ("applications", "protections", "gates")
    rows = [
        f"| {entry['title']} | {entry['switches']} | [docs/{name}.md](docs/{name}.md) |\n"
        for wave in waves
        for name, entry in REGISTER.items()
        if entry["wave"] == wave
    ]
    return head + top + "".join(rows) + "\n" + rest.partition("\n\n")[2]


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as ansible-lint wants them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


REWRITTEN = {"meta/runtime.yml": runtime_text, "README.md": readme_text}
"""The files with a part that follows from the register."""

if __name__ == "__main__":
    for name in REGISTER:
        path(name).write_text(text(name, secrets_of(name)), encoding="utf-8")
    for file, rewritten in REWRITTEN.items():
        (ROOT / file).write_text(rewritten((ROOT / file).read_text(encoding="utf-8")), encoding="utf-8")
