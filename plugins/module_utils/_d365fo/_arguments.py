# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options of the Dynamics 365 modules, in one place, and what they mean to the code.

An option is called the same in every module, so that one variable ("d365fo_sql_server") serves them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _method, _services, _setup_tool
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._aos import AUTO, CONTROLLER, HOST, check_url
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import (
    APPLICATION,
    SERVICE,
    ClusterOptions,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Question
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._odbc import OdbcOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import BEFORE_RESTART, NOTHING, Wish
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._refusals import Consent
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import ToolOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._switch import SwitchOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import AOS_NODE_TYPES
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._webconfig import is_microsofts_sql
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import WINDOW, opening

CHECKED, IGNORED = "checked", "ignored"
"""What a task does about the role's task files on its host."""

Spec = dict[str, Any]
Params = Mapping[str, Any]


# --- specs ---

_POLICY = {"type": "str", "choices": ["AllSigned", "Bypass", "RemoteSigned", "Unrestricted"]}


def host_spec() -> Spec:
    """Return the options of everything that runs commands on a Windows host (fragment ``d365fo``)."""
    return {"run_by": {"type": "str", "choices": ["auto", "exec_command"], "default": "auto"}}


def sqlcmd_spec() -> Spec:
    """Return the options of sqlcmd.exe on the host (fragment ``d365fo.sql``)."""
    return {
        "sql_server": {"type": "str"},
        "sql_database": {"type": "str"},
        "sql_login_user": {"type": "str"},
        "sql_login_password": {"type": "str", "no_log": True},
        "sql_encrypt": {"type": "bool"},
        "sql_validate_certs": {"type": "bool", "default": True},
        "sql_connect_timeout": {"type": "str", "default": "15s"},
        "sql_query_timeout": {"type": "str", "default": "1m"},
        "sqlcmd_path": {"type": "path", "default": "sqlcmd.exe"},
    }


def database_spec() -> Spec:
    """Return the options of both ways to the database (fragments ``d365fo.sql`` and ``d365fo.odbc``)."""
    return {
        "via": {"type": "str", "choices": ["odbc", "sqlcmd"], "default": "sqlcmd"},
        **sqlcmd_spec(),
        "sql_port": {"type": "int", "default": 1433},
        "sql_ca_path": {"type": "path"},
        "sql_hostname_in_certificate": {"type": "str"},
        "odbc_driver": {"type": "str"},
    }


def machine_spec() -> Spec:
    """Return the options that say where things are on a machine (fragment ``d365fo.machine``)."""
    return {"web_root": {"type": "str"}, "packages_directory": {"type": "str"}}


def tool_spec() -> Spec:
    """Return the options of the setup tool (fragment ``d365fo.tool``)."""
    return {"setup_tool": {"type": "str"}, "setup_tool_arguments": {"type": "dict", "default": {}}}


def node_spec() -> Spec:
    """Return the options of an on-premises environment (fragment ``d365fo.node``)."""
    return {
        "nodes": {"type": "list", "elements": "str", "default": []},
        "script": {"type": "str"},
        "template": {"type": "str"},
    }


def cluster_spec() -> Spec:
    """Return the options of a Service Fabric cluster (fragment ``d365fo.cluster``)."""
    return {
        "cluster_url": {"type": "str"},
        "cluster_client_cert": {"type": "path"},
        "cluster_client_key": {"type": "path", "no_log": False},
        "cluster_ca_path": {"type": "path"},
        "cluster_validate_certs": {"type": "bool", "default": True},
        "cluster_application": {"type": "str", "default": APPLICATION},
        "cluster_service": {"type": "str", "default": SERVICE},
        "cluster_node_types": {"type": "list", "elements": "str", "default": list(AOS_NODE_TYPES)},
    }


def look_spec() -> Spec:
    """Return the options of everything that looks at a whole system."""
    return {
        "system": {"type": "str"},
        "method": {"type": "str", "choices": list(_method.METHODS), "default": _method.AUTO},
        **host_spec(),
        **database_spec(),
        **machine_spec(),
        **node_spec(),
        **cluster_spec(),
    }


def switch_spec() -> Spec:
    """Return the options of d365fo_maintenance_mode."""
    return {
        **_mode_spec(),
        **WINDOW,
        "stop_before": {"type": "str", "choices": [BEFORE_RESTART, NOTHING], "default": NOTHING},
        "continues": {"type": "str"},
        "task_files": {"type": "str", "choices": [CHECKED, IGNORED], "default": IGNORED},
        "create_missing": {"type": "bool", "default": False},
        "stop_background_services": {"type": "bool", "default": True},
        "service_timeout": {"type": "str", "default": "5m"},
        "kill_hung": {"type": "bool", "default": False},
        "wait_for_aos": {"type": "bool", "default": True},
        "url": {"type": "str"},
        "url_validate_certs": {"type": "bool", "default": True},
        "url_ca_path": {"type": "path"},
        "aos_from": {"type": "str", "choices": [AUTO, CONTROLLER, HOST], "default": AUTO},
        "aos_timeout": {"type": "str", "default": "15m"},
        "aos_interval": {"type": "str", "default": "5s"},
        "aos_accept": {"type": "list", "elements": "int", "default": [200, 302]},
        "expect_new_instances": {"type": "bool", "default": True},
        **tool_spec(),
        "setup_tool_timeout": {"type": "str", "default": "15m"},
        "sync": {"type": "bool", "default": False},
        "sync_timeout": {"type": "str", "default": "2h"},
        "execution_policy": _POLICY,
        "script_timeout": {"type": "str", "default": "1h"},
        "confirm_restart": {"type": "bool", "default": False},
        "restart_consent": {"type": "bool", "default": False},
        **look_spec(),
    }


def _mode_spec() -> Spec:
    return {"state": {"type": "str", "choices": ["enabled", "disabled"], "required": True}}


def variable_spec() -> Spec:
    """Return the options of d365fo_configuration_mode."""
    return {**_mode_spec(), "create_missing": {"type": "bool", "default": False}, **host_spec(), **database_spec()}


def setup_tool_spec() -> Spec:
    """Return the options of d365fo_setup_tool."""
    return {
        **_mode_spec(),
        **tool_spec(),
        "setup_tool_timeout": {"type": "str", "default": "15m"},
        **machine_spec(),
        **host_spec(),
        **database_spec(),
    }


def script_spec() -> Spec:
    """Return the options of d365fo_maintenance_script."""
    return {
        **_mode_spec(),
        **node_spec(),
        "script": {"type": "str", "required": True},
        "execution_policy": _POLICY,
        "script_timeout": {"type": "str", "default": "1h"},
        **host_spec(),
        **database_spec(),
    }


def sync_spec() -> Spec:
    """Return the options of d365fo_database_sync."""
    return {
        **tool_spec(),
        "sync_timeout": {"type": "str", "default": "2h"},
        **machine_spec(),
        **host_spec(),
        **sqlcmd_spec(),
    }


def services_spec() -> Spec:
    """Return the options of d365fo_services."""
    return {
        "names": {"type": "list", "elements": "str", "required": True},
        "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "required": True},
        "service_timeout": {"type": "str", "default": "5m"},
        "kill_hung": {"type": "bool", "default": False},
        **host_spec(),
    }


def info_spec() -> Spec:
    """Return the options of d365fo_info."""
    return {
        "services": {"type": "list", "elements": "str", "default": list(_services.FO_SERVICES)},
        "ask_sql": {"type": "bool", "default": True},
        **machine_spec(),
        **host_spec(),
        **sqlcmd_spec(),
    }


OPTIONS = frozenset().union(
    *(
        spec()
        for spec in (
            switch_spec,
            look_spec,
            info_spec,
            variable_spec,
            setup_tool_spec,
            script_spec,
            sync_spec,
            services_spec,
        )
    )
)
"""The options of all modules: a variable named after one of them is no mistake in a task of another."""


# --- what they mean ---


def question(params: Params) -> Question:
    """Return what to ask a machine; its database too where it is asked by sqlcmd.exe on the host."""
    return Question(
        services=params.get("services") or _services.FO_SERVICES,
        web_root=params.get("web_root") or "",
        packages_directory=params.get("packages_directory") or "",
        sql=sqlcmd_options(params, server="", database="") if params.get("via", "sqlcmd") == "sqlcmd" else None,
    )


def sqlcmd_options(params: Params, *, server: str = ".", database: str = "AXDB") -> SqlcmdOptions:
    """Return how sqlcmd.exe is called; ``server`` and ``database`` stand in where the task names none."""
    _check_sql(params)
    if params["sql_encrypt"] is False:
        raise Invalid(
            "sql_encrypt",
            "sqlcmd.exe has no option to turn encryption off; the default depends on its version",
            "Remove the option, or use O(via=odbc)",
        )
    return SqlcmdOptions(
        server=params["sql_server"] or server,
        database=params["sql_database"] or database,
        user=params["sql_login_user"] or "",
        # On the host the connection usually does not leave it, and older versions have no certificate to show.
        encrypt=bool(params["sql_encrypt"]),
        validate_certs=params["sql_validate_certs"],
        program=params["sqlcmd_path"],
        connect_timeout=int(seconds(params, "sql_connect_timeout")),
        query_timeout=int(seconds(params, "sql_query_timeout")),
    )


def odbc_options(params: Params) -> OdbcOptions:
    """Return how the database is reached by ODBC. Raises ``Invalid`` where the server is not named."""
    _check_sql(params)
    if not params["sql_server"]:
        raise Invalid(
            "sql_server", "it is required for O(via=odbc)", "Name the SQL Server as the controller reaches it"
        )
    _check_file(params, "sql_ca_path")
    return OdbcOptions(
        server=params["sql_server"],
        database=params["sql_database"] or "AXDB",
        port=params["sql_port"],
        user=params["sql_login_user"] or "",
        password=params["sql_login_password"] or "",
        driver=params["odbc_driver"] or "",
        encrypt=params["sql_encrypt"] is not False,
        validate_certs=params["sql_validate_certs"],
        ca_path=params["sql_ca_path"] or "",
        hostname_in_certificate=params["sql_hostname_in_certificate"] or "",
        connect_timeout=int(seconds(params, "sql_connect_timeout")),
        query_timeout=int(seconds(params, "sql_query_timeout")),
    )


def _check_sql(params: Params) -> None:
    if bool(params["sql_login_user"]) != bool(params["sql_login_password"]):
        missing = "sql_login_password" if params["sql_login_user"] else "sql_login_user"
        raise Invalid(
            missing, "it is missing", "Set both user and password for a SQL login, or neither for integrated login"
        )
    for name in ("sql_server", "sql_database", "sql_login_user"):
        if set(params[name] or "") & set("\r\n;{}"):
            raise Invalid(name, "it contains a line break or one of ; { }, which no name can contain")
    if is_microsofts_sql(params["sql_server"] or ""):
        raise Invalid(
            "sql_server",
            f"{params['sql_server']} is a database that Microsoft manages",
            "Set O(sql_server) and O(sql_database) to the system's own",
        )


def _check_file(params: Params, name: str) -> None:
    if params[name] and not Path(params[name]).is_file():
        raise Invalid(
            name, f"there is no file {params[name]} on the controller", "Give the path of a file in PEM format"
        )


def tool_options(params: Params) -> ToolOptions:
    """Return how the setup tool is called."""
    # Where the database is reached from elsewhere the server's name from there is not the host's.
    here = params.get("via", "sqlcmd") == "sqlcmd"
    return ToolOptions(
        tool=params["setup_tool"] or "",
        server=(params["sql_server"] or "") if here else "",
        database=params["sql_database"] or "",
        user=params["sql_login_user"] or "",
        password=params["sql_login_password"] or "",
        arguments=_setup_tool.arguments_from(params["setup_tool_arguments"]),
        limit=seconds(params, "setup_tool_timeout") if "setup_tool_timeout" in params else 900.0,
        sync_limit=seconds(params, "sync_timeout") if "sync_timeout" in params else 7200.0,
    )


def script_options(params: Params) -> ScriptOptions | None:
    """Return where the script is and how it is run, None where the task names none."""
    if not params["script"]:
        if params["nodes"]:
            raise Invalid(
                "script", "it is required with O(nodes)", "Give the path of Set-MaintenanceMode.ps1 on the nodes"
            )
        return None
    options = ScriptOptions(
        script=params["script"],
        template=params["template"] or "",
        execution_policy=params.get("execution_policy") or "",
        limit=seconds(params, "script_timeout") if "script_timeout" in params else 3600.0,
    )
    options.check()
    return options


def cluster_options(params: Params) -> ClusterOptions | None:
    """Return how the cluster is reached, None where the task names none."""
    if not params["cluster_url"]:
        return None
    return ClusterOptions(
        url=params["cluster_url"],
        client_cert=params["cluster_client_cert"] or "",
        client_key=params["cluster_client_key"] or "",
        ca_path=params["cluster_ca_path"] or "",
        validate_certs=params["cluster_validate_certs"],
        application=params["cluster_application"],
        service=params["cluster_service"],
        node_types=tuple(params["cluster_node_types"]),
    )


def wish(params: Params, owner: str) -> Wish:
    """Return what the task asks for. Raises ``Invalid`` for a synchronisation that there is no tool for."""
    if params["sync"] and params["script"]:
        raise Invalid(
            "sync",
            "the setup tool synchronises development machines, and this is an on-premises environment",
            "Remove the option; on-premises the database is synchronised when the environment is serviced",
        )
    return Wish(
        state=params["state"],
        opening=opening(params, owner),
        all_windows=params["all_windows"],
        stop_background_services=params["stop_background_services"],
        synchronise=params["sync"],
        stop_before=params["stop_before"],
        tool_limit=seconds(params, "setup_tool_timeout"),
        sync_limit=seconds(params, "sync_timeout"),
        script_limit=seconds(params, "script_timeout"),
    )


def consent(params: Params) -> Consent:
    """Return what the task allows."""
    return Consent(
        tool=tool_options(params),
        create_missing=params["create_missing"],
        wait=params["wait_for_aos"],
        restart_all=params["restart_consent"] or not params["confirm_restart"],
    )


def switch_options(params: Params, name: str) -> SwitchOptions:
    """Return how the switch goes about its work. Refuses an address or a file that is none."""
    if params["url"]:
        check_url(params["url"])
    _check_file(params, "url_ca_path")
    return SwitchOptions(
        system=params["system"] or name,
        method=params["method"],
        busy_limit=seconds(params, "busy_timeout", zero=True),
        take_over=params["take_over"],
        service_limit=seconds(params, "service_timeout"),
        kill_hung=params["kill_hung"],
        aos_limit=seconds(params, "aos_timeout"),
        aos_interval=seconds(params, "aos_interval"),
        wait=params["wait_for_aos"],
        expect_new_instances=params["expect_new_instances"],
        continues=params["continues"] or "",
    )
