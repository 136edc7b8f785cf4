"""The base of the action plugins: arguments made plain and checked, failures in one shape, no secret in a result."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain
from hypothesis import given
from hypothesis import strategies as st


class Tagged(str):
    """A string of Ansible's own kind."""

    def __str__(self) -> str:
        return f"tagged {self!r}"


class TaggedDict(dict[str, Any]):
    """A mapping of Ansible's own kind."""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_plain_keeps_the_value(value: Any) -> None:
    assert plain(value) == value


def test_plain_leaves_no_type_of_ansible_behind() -> None:
    value = plain(TaggedDict({Tagged("key"): [Tagged("a"), (Tagged("b"), 1, None, True)]}))
    assert value == {"key": ["a", ["b", 1, None, True]]}
    ((key, (first, rest)),) = value.items()
    assert [type(each) for each in (value, key, first, rest[0])] == [dict, str, str, str]


class Example(MaintenanceAction):
    """Does what its option says."""

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        return {
            "what": {"type": "str", "choices": ["echo", "fail"], "required": True},
            "password": {"type": "str", "no_log": True},
            "size": {"type": "int", "default": 3},
        }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        told = f"{self.name} uses {params['password']}"
        if params["what"] == "fail":
            raise Failure("log in", "srv", told, "Try again", details={"used": params["password"]})
        return {"changed": self.check_mode, "told": [told, {"deep": params["password"]}], "size": params["size"]}


def run(check_mode: bool = False, **arguments: Any) -> dict[str, Any]:
    """What the action returns for these arguments."""
    task = SimpleNamespace(
        args=TaggedDict({key: Tagged(value) if isinstance(value, str) else value for key, value in arguments.items()}),
        async_val=0,
        check_mode=check_mode,
        action="example",
        diff=False,
        environment=[],
    )
    connection = SimpleNamespace(
        _shell=SimpleNamespace(tmpdir=None), transport="winrm", has_pipelining=False, always_pipeline_modules=False
    )
    parts: dict[str, Any] = {
        "task": task,
        "connection": connection,
        "play_context": SimpleNamespace(check_mode=check_mode, diff=False),
        "loader": None,
        "templar": None,
        "shared_loader_obj": None,
    }
    return Example(**parts).run(task_vars={"inventory_hostname": "dev01"})


SECRET = "c4n4ry"


def test_success_without_the_secret() -> None:
    result = run(what="echo", password=SECRET, size="5")
    assert result["size"] == 5
    assert result["told"][0].startswith("dev01 uses ")
    assert SECRET not in str(result)
    assert not result.get("failed")


def test_check_mode_is_passed_on() -> None:
    assert run(check_mode=True, what="echo")["changed"] is True
    assert run(what="echo")["changed"] is False


def test_failure_without_the_secret() -> None:
    result = run(what="fail", password=SECRET)
    assert result["failed"] is True
    assert result["msg"].startswith("Could not log in on srv: dev01 uses ")
    assert "Try again." in result["msg"]
    assert "used" in result
    assert SECRET not in str(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "missing required arguments: what"),
        ({"what": "nothing"}, "value of what must be one of: echo, fail, got: nothing"),
        ({"what": "echo", "bogus": 1}, "bogus"),
        ({"what": "echo", "size": "many"}, "size"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    result = run(**arguments, password=SECRET)
    assert result["failed"] is True
    assert message in result["msg"]
    assert SECRET not in str(result)
