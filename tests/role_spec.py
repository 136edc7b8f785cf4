"""Writes roles/d365fo/meta/argument_specs.yml: every option of the module is a variable of the role.

The module reads these variables by itself, so the role has nothing to pass on; its argument spec is what
``ansible-doc --type role`` and AWX show. Run it when the module's options change (``make role-spec``).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PATH = ROOT / "roles/d365fo/meta/argument_specs.yml"
MODULE = "quiesce.maintenance.d365fo_maintenance_mode"
PREFIX = "d365fo_"
SECRET = "sql_login_password"

OWN: dict[str, Any] = {
    "d365fo_state": {
        "description": ["What to do. V(status) only looks."],
        "type": "str",
        "choices": ["enabled", "disabled", "status"],
        "default": "status",
    },
    "d365fo_before_restart": {
        "description": [
            "Task file to run when the variable is set and before IIS is restarted, if it is going to be restarted.",
            "Not on-premises, where the script restarts every AOS itself.",
            "The playbooks run it for hosts of the group C(d365fo_hooks).",
        ],
        "type": "path",
    },
    "d365fo_after_restart": {
        "description": ["Task file to run when the AOS is ready again, if it was restarted."],
        "type": "path",
    },
}

ABOUT: dict[str, Any] = {
    "short_description": "Enable or disable maintenance mode of a Dynamics 365 Finance + Operations system",
    "description": [
        "Runs M(quiesce.maintenance.d365fo_maintenance_mode) on each host, or gathers its status.",
        "Leaves the result as C(d365fo_status), the row of the status table in C(d365fo_status.status).",
        "Its variables are the options of the module with the prefix C(d365fo_); the module reads them by itself.",
    ],
    "version_added": "0.1.0",
    "author": "The quiesce.maintenance authors (@quiesce)",
}


def documented_options() -> dict[str, Any]:
    """The options that ansible-doc shows of the module."""
    command = [str(Path(sys.executable).parent / "ansible-doc"), "--json", MODULE]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    options: dict[str, Any] = json.loads(done.stdout)[MODULE]["doc"]["options"]
    return options


def role_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options of the role for those of the module."""
    found = dict(OWN)
    for name, option in sorted(options.items()):
        if name in ("state", "stop_before", "continues", "task_files"):
            continue
        entry: dict[str, Any] = {"description": [_renamed(line, options) for line in _lines(option["description"])]}
        # The module has the types and judges them; here a survey's blank answer, which is none, has to pass.
        entry["description"].append(_kind(option))
        entry["type"] = "raw"
        if option.get("default") is not None:
            entry["default"] = option["default"]
        if name == SECRET:
            entry["no_log"] = True
        found[f"{PREFIX}{name}"] = entry
    return found


def _kind(option: dict[str, Any]) -> str:
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


def _renamed(text: str, options: dict[str, Any]) -> str:
    def renamed(match: re.Match[str]) -> str:
        return f"O({PREFIX}{match[1]}" if match[1] in options else match[0]

    return re.sub(r"\bO\((\w+)", renamed, text)


def text() -> str:
    """The whole file."""
    spec = {"argument_specs": {"main": {**ABOUT, "options": role_options(documented_options())}}}
    body = yaml.dump(spec, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    return f"---\n# Written by tests/role_spec.py (make role-spec) from the documentation of {MODULE}.\n{body}"


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as ansible-lint wants them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
