"""The base of the actions on a Windows host: where the password goes, which variables are options, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments, _odbc
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database
from ansible_collections.quiesce.maintenance.plugins.plugin_utils import _action
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._windows import (
    WindowsAction,
    database_of,
    odbc_database,
)

from fakes.actions import action, run

SPECS: dict[str, Callable[[], dict[str, Any]]] = {
    "maintenance_mode": _arguments.switch_spec,
    "maintenance_mode_info": _arguments.look_spec,
    "configuration_mode": _arguments.variable_spec,
    "setup_tool": _arguments.setup_tool_spec,
    "maintenance_script": _arguments.script_spec,
    "database_sync": _arguments.sync_spec,
    "services": _arguments.services_spec,
    "info": _arguments.info_spec,
}
OPTIONS = sorted({name for spec in SPECS.values() for name in spec()} | {"before_restart", "after_restart", "status"})


class Face(WindowsAction):
    """An action that does nothing."""

    argument_spec = staticmethod(_arguments.switch_spec)

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"params": params}


def params(**given: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(Face, {"state": "enabled", **given})["params"]
    return found


# --- variables ---


@pytest.mark.parametrize("module", SPECS)
def test_an_option_of_another_module_is_not_misspelt(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """One inventory serves all modules: what one of them does not know is another's, not a mistake."""
    warnings: list[str] = []
    monkeypatch.setattr(_action._display, "warning", warnings.append)

    class One(Face):
        argument_spec = staticmethod(SPECS[module])

    run(One, {}, {f"d365fo_{name}": "x" for name in OPTIONS})
    assert warnings == []


@pytest.mark.parametrize(
    ("variable", "words"),
    [("d365fo_cluster", "d365fo_nodes"), ("d365fo_sql_delegate", "d365fo_via: odbc")],
    ids=["hosts of a cluster", "a jump host"],
)
def test_the_old_inventory_form_is_refused_with_the_new_one_spelled_out(variable: str, words: str) -> None:
    result = run(Face, {"state": "enabled"}, {variable: "x"}, role=True)
    assert result["failed"]
    assert variable in result["msg"]
    assert words in result["msg"]


def test_variables_serve_every_option_but_the_tasks_own() -> None:
    found = run(
        Face,
        {"state": "enabled"},
        {
            "d365fo_state": "status",
            "d365fo_sql_login_user": "axdbadmin",
            "d365fo_restart_consent": "false",
            "d365fo_nodes": ["sf01", "sf02"],
            "d365fo_window": 42,
        },
    )["params"]
    assert (found["state"], found["sql_login_user"], found["restart_consent"]) == ("enabled", "axdbadmin", False)
    assert (found["nodes"], found["window"]) == (["sf01", "sf02"], "42")


# --- the password ---


@pytest.mark.parametrize(
    ("password", "environment"),
    [
        ("", {}),
        ("s3cret", {"SQLCMDPASSWORD": "s3cret", "QUIESCE_SQLPWD": "s3cret"}),
        ("a b&c", {"SQLCMDPASSWORD": "a b&c", "QUIESCE_SQLPWD": '^"a b^&c^"'}),
    ],
    ids=["none", "plain", "quoted for the tool's command line only"],
)
def test_where_programs_look_for_it(password: str, environment: dict[str, str]) -> None:
    made = action(Face, {"state": "enabled"})
    assert made.environment({"sql_login_password": password}) == environment
    assert made.environment({}) == {}


def test_a_password_of_two_lines_is_refused_without_saying_it() -> None:
    class Opens(Face):
        def work(self, params: dict[str, Any]) -> dict[str, Any]:
            with self.host(params):
                return {}

    result = run(Opens, {"state": "enabled", "sql_login_user": "x", "sql_login_password": "c4n4\nry"})
    assert result["failed"]
    assert "sql_login_password" in result["msg"]
    assert "c4n4" not in result["msg"]


# --- opening host and database ---


class Opening(Face):
    """Opens its host."""

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        with self.host(params) as host:
            return {"name": host.name, "keeps_secrets": host.keeps_secrets}


def ssh() -> Any:
    shell = SimpleNamespace(tmpdir=None, SHELL_FAMILY="cmd")
    return SimpleNamespace(
        _shell=shell,
        transport="ssh",
        has_pipelining=False,
        always_pipeline_modules=False,
        set_option=lambda *_: None,
        exec_command=lambda command, sudoable: (0, b"#rc 0\r\n", b""),
    )


def test_become_is_refused() -> None:
    result = run(Opening, {"state": "enabled"}, become=True)
    assert result["failed"]
    assert "become" in result["msg"]


def test_the_host_of_the_task() -> None:
    result = run(Opening, {"state": "enabled"}, connection=ssh())
    assert (result["name"], result["keeps_secrets"]) == ("dev01", False)


def test_or_the_first_of_its_nodes() -> None:
    assert run(Opening, {"state": "enabled", "nodes": ["sf01", "sf02"]}, connection=ssh())["name"] == "sf01"


@contextmanager
def opened(options: _odbc.OdbcOptions) -> Iterator[Any]:
    yield options


@pytest.mark.parametrize("via", ["sqlcmd", "odbc"])
def test_the_database_is_opened_from_here_only_where_the_task_says_so(
    monkeypatch: pytest.MonkeyPatch, via: str
) -> None:
    monkeypatch.setattr(_odbc, "connect", opened)
    with odbc_database(params(via=via, sql_server="sql01")) as database:
        assert (database is None) is (via == "sqlcmd")


def test_from_here_no_host_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_odbc, "connect", opened)
    made = action(Face, {"state": "enabled"}, connection=SimpleNamespace(transport="nowhere"))
    with database_of(made, params(via="odbc", sql_server="sql01")) as database:
        assert isinstance(database, Database)


def test_the_database_on_the_host_is_named_with_it() -> None:
    made = action(Face, {"state": "enabled"}, connection=ssh())
    made.run(task_vars={"inventory_hostname": "dev01"})
    with database_of(made, params(sql_server="sql01", sql_database="AX")) as database:
        assert database.describe() == "database AX of SQL Server sql01 at dev01"
