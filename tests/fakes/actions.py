"""What Ansible gives an action plugin, as far as ours look at it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, TypeVar

from ansible.plugins.action import ActionBase

Action = TypeVar("Action", bound=ActionBase)


class Tagged(str):
    """A string of Ansible's own kind."""

    def __str__(self) -> str:
        return f"tagged {self!r}"


class TaggedDict(dict[str, Any]):
    """A mapping of Ansible's own kind."""


def tagged(value: Any) -> Any:
    """The value as Ansible hands it over since 2.19."""
    return Tagged(value) if isinstance(value, str) else value


class HostVars(dict[str, dict[str, Any]]):
    """The variables of all hosts."""

    def raw_get(self, host: str) -> dict[str, Any]:
        """Those of one, without their templates."""
        return self.get(host, {})


class Templar:
    """Fills in what stands between braces."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables

    def template(self, value: Any) -> Any:
        """Fill in one variable."""
        if isinstance(value, str) and value.startswith("{{"):
            return self.variables[value.strip("{} ")]
        return value


def action(
    kind: type[Action],
    arguments: dict[str, Any],
    variables: dict[str, Any] | None = None,
    *,
    check_mode: bool = False,
    role: bool = False,
    become: bool = False,
    connection: Any = None,
) -> Action:
    """An action plugin for a task with these arguments."""
    task = SimpleNamespace(
        args=TaggedDict({key: tagged(value) for key, value in arguments.items()}),
        async_val=0,
        check_mode=check_mode,
        action="quiesce.maintenance.example",
        diff=False,
        environment=[],
        _role=object() if role else None,
    )
    shell = SimpleNamespace(tmpdir=None, SHELL_FAMILY="powershell")
    parts: dict[str, Any] = {
        "task": task,
        "connection": connection
        or SimpleNamespace(_shell=shell, transport="winrm", has_pipelining=False, always_pipeline_modules=False),
        "play_context": SimpleNamespace(check_mode=check_mode, diff=False, become=become),
        "loader": None,
        "templar": Templar(variables or {}),
        "shared_loader_obj": None,
    }
    made = kind(**parts)
    made._load_name = "quiesce.maintenance.example"
    return made


def run(kind: type[Action], arguments: dict[str, Any], variables: dict[str, Any] | None = None, **more: Any) -> Any:
    """The result of a task with these arguments, on the host dev01."""
    known = {"inventory_hostname": "dev01", **{key: tagged(value) for key, value in (variables or {}).items()}}
    return action(kind, arguments, known, **more).run(task_vars=known)
