# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The options that several Dynamics 365 modules share, and what becomes of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._cluster import (
    APPLICATION,
    SERVICE,
    ClusterOptions,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._odbc import OdbcOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import AOS_NODE_TYPES
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure


def host_arguments() -> dict[str, Any]:
    """Return the options of everything that runs commands on a Windows host (fragment ``windows_host``)."""
    return {"run_by": {"type": "str", "choices": ["auto", "exec_command"], "default": "auto"}}


def sqlcmd_arguments() -> dict[str, Any]:
    """Return the options of sqlcmd.exe on the host (fragment ``sql``)."""
    return {
        "sql_server": {"type": "str"},
        "sql_database": {"type": "str"},
        "sql_login_user": {"type": "str"},
        "sql_login_password": {"type": "str", "no_log": True},
        "sql_encrypt": {"type": "bool"},
        "sql_validate_certs": {"type": "bool", "default": True},
        "sql_connect_timeout": {"type": "int", "default": 15},
        "sql_query_timeout": {"type": "int", "default": 60},
        "sqlcmd_path": {"type": "path", "default": "sqlcmd.exe"},
    }


def database_arguments() -> dict[str, Any]:
    """Return the options of both ways to the database (fragments ``sql`` and ``odbc``)."""
    return {
        "via": {"type": "str", "choices": ["odbc", "sqlcmd"], "default": "sqlcmd"},
        **sqlcmd_arguments(),
        "sql_port": {"type": "int", "default": 1433},
        "sql_ca_path": {"type": "path"},
        "sql_hostname_in_certificate": {"type": "str"},
        "odbc_driver": {"type": "str"},
    }


def cluster_arguments() -> dict[str, Any]:
    """Return the options of everything that asks a Service Fabric cluster (fragment ``cluster``)."""
    return {
        "cluster_url": {"type": "str"},
        "client_cert": {"type": "path"},
        "client_key": {"type": "path", "no_log": False},
        "ca_path": {"type": "path"},
        "validate_certs": {"type": "bool", "default": True},
        "application": {"type": "str", "default": APPLICATION},
        "service": {"type": "str", "default": SERVICE},
        "aos_node_types": {"type": "list", "elements": "str", "default": list(AOS_NODE_TYPES)},
    }


def cluster_options(params: dict[str, Any]) -> ClusterOptions:
    """Return how the cluster is reached."""
    return ClusterOptions(
        url=params["cluster_url"],
        client_cert=params["client_cert"] or "",
        client_key=params["client_key"] or "",
        ca_path=params["ca_path"] or "",
        validate_certs=params["validate_certs"],
        application=params["application"],
        service=params["service"],
        node_types=tuple(params["aos_node_types"]),
    )


def sqlcmd_options(params: dict[str, Any], *, server: str = ".", database: str = "AXDB") -> SqlcmdOptions:
    """Return how sqlcmd.exe is called; ``server`` and ``database`` stand in where the task names none."""
    _check_login(params)
    return SqlcmdOptions(
        server=params["sql_server"] or server,
        database=params["sql_database"] or database,
        user=params["sql_login_user"] or "",
        # On the host the connection usually does not leave it, and older versions have no certificate to show.
        encrypt=bool(params["sql_encrypt"]),
        validate_certs=params["sql_validate_certs"],
        program=params["sqlcmd_path"],
        connect_timeout=params["sql_connect_timeout"],
        query_timeout=params["sql_query_timeout"],
    )


def odbc_options(params: dict[str, Any]) -> OdbcOptions:
    """Return how the database is reached by ODBC. Raises ``Failure`` where the server is not named."""
    _check_login(params)
    if not params["sql_server"]:
        raise Failure("reach SQL Server by ODBC", "the database", "sql_server is not given", "Name the SQL Server")
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
        connect_timeout=params["sql_connect_timeout"],
        query_timeout=params["sql_query_timeout"],
    )


def _check_login(params: dict[str, Any]) -> None:
    if bool(params["sql_login_user"]) != bool(params["sql_login_password"]):
        raise Failure(
            "log in to SQL Server",
            "the database",
            "only one of sql_login_user and sql_login_password is given",
            "Give both for a SQL login, neither for integrated login",
        )
    for name in ("sql_server", "sql_database", "sql_login_user"):
        if set(params[name] or "") & set("\r\n;{}"):
            raise Failure("reach SQL Server", "the database", f"{name} holds a character that no name has", "Check it")
