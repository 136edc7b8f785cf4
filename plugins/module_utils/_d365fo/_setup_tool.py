# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Microsoft.Dynamics.AX.Deployment.Setup.exe: how it is called and how its end is judged.

Its output is not published: exit code, stderr and the variable read back decide. The password stands on the tool's own
command line by the tool's design; it gets there from an environment variable of the shell, so that it is on no other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import (
    argument,
    check_plain,
    escape,
    masked,
    spellings,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import SETUP_TOOL, Findings
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import ENABLED
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed, Host

PASSWORD_VARIABLE = "QUIESCE_SQLPWD"
"""Environment variable of our shell from which cmd.exe puts the password on the tool's command line."""

UNHANDLED_EXCEPTION = -532462766
"""0xE0434352: the exit code of a .NET program that ended by an exception."""

SYNCHRONISE = {"setupmode": "sync", "syncmode": "fullall"}
"""Parameters for the synchronisation that configuration keys need after they were changed."""

_NAME = re.compile(r"[A-Za-z]+", re.ASCII)
_TAIL = 1500


@dataclass(frozen=True)
class ToolOptions:
    """How the tool is called. ``arguments`` replaces or adds parameters, None takes one away. Limits in seconds.

    An empty ``server`` or ``database`` is what web.config says.
    """

    tool: str = ""
    server: str = ""
    database: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    arguments: Mapping[str, str | None] = field(default_factory=dict)
    limit: float = 900.0
    sync_limit: float = 7200.0

    @property
    def has_login(self) -> bool:
        """Whether a login is given: the tool has no integrated one."""
        return bool(self.user or self.arguments.get("sqluser"))


def arguments_from(given: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the option ``setup_tool_arguments`` as parameters; true and false become words, "" takes one away.

    Raises ``Invalid`` for a password, which would be seen on more command lines than the tool's own.
    """
    for name in given:
        if not _NAME.fullmatch(str(name)):
            raise Invalid(
                "setup_tool_arguments", f'"{name}" is not the name of a parameter', "Use names without dashes"
            )
    if ours := [name for name in given if str(name).lower() in ("setupmode", "isinmaintenancemode", "syncmode")]:
        raise Invalid("setup_tool_arguments", f"it contains {ours[0]}, which the module sets", "Leave it out")
    if any(str(name).lower() == "sqlpwd" and value for name, value in given.items()):
        raise Invalid("setup_tool_arguments", "it contains sqlpwd", "Give the password as O(sql_login_password)")
    return {
        str(name): None if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }


def mode_parameters(state: str) -> dict[str, str]:
    """Return the parameters that set the mode "enabled" or "disabled"."""
    return {"setupmode": "maintenancemode", "isinmaintenancemode": "true" if state == ENABLED else "false"}


def objections(findings: Findings, options: ToolOptions, keeps_secrets: bool, way_round: str = "") -> list[str]:
    """Return why the tool can't be run on this host, each with its way out (``Host.keeps_secrets``). Pure.

    ``way_round`` says how the caller does without the tool.
    """
    reasons = []
    if not (options.tool or findings.setup_tool):
        reasons.append(f"The setup tool was not found on the host ({SETUP_TOOL}): give its path as O(setup_tool).")
    if missing := [name for name, value in _parameters(findings, options, {}).items() if value == ""]:
        reasons.append(
            f"The setup tool requires a value for {', '.join(f'--{name}' for name in missing)} and does not support "
            "integrated login: set O(sql_login_user), O(sql_login_password) and O(packages_directory), or remove the "
            "parameter with O(setup_tool_arguments)."
        )
    if options.password and not keeps_secrets:
        reasons.append("The connection has no safe place for the setup tool's password. Use ansible_connection: winrm.")
    if not findings.elevated:
        reasons.append(
            "The setup tool requires an elevated account. Connect with a member of the local Administrators group."
        )
    return [*reasons, *([way_round] if reasons and way_round else [])]


def _parameters(findings: Findings, options: ToolOptions, mode: Mapping[str, str]) -> dict[str, str | None]:
    """Return the tool's parameters in the vendor's order; the password's value is left to the shell.

    The vendor's page has --metadatadir, --bindir, --sqlserver, --sqldatabase, --sqluser, --sqlpwd.
    """
    packages = findings.packages_directory
    return {
        "metadatadir": packages,
        "bindir": rf"{packages}\bin" if packages else "",
        "sqlserver": options.server or findings.setting("DataAccess.DbServer") or ".",
        "sqldatabase": options.database or findings.setting("DataAccess.Database") or "AXDB",
        "sqluser": options.user,
        "sqlpwd": f"%{PASSWORD_VARIABLE}%" if options.password else "",
        **mode,
        **options.arguments,
    }


def command_line(findings: Findings, options: ToolOptions, mode: Mapping[str, str]) -> str:
    """Return the command line; everything but the password's variable is escaped."""
    tool = options.tool or findings.setup_tool
    check_plain("setup_tool", tool)
    words = [f'@"{tool}"']
    for name, value in _parameters(findings, options, mode).items():
        if value is not None:
            secret = name == "sqlpwd" and value == f"%{PASSWORD_VARIABLE}%"
            words += [f"--{name}", value if secret else escape(argument(value))]
    return " ".join(words)


def environment(password: str) -> dict[str, str]:
    """Return the environment of the shell that runs the tool: the password, quoted and escaped for its place."""
    if set(password) & set("\r\n"):
        raise Invalid("sql_login_password", "it contains a line break, which cannot be passed to the setup tool")
    return {PASSWORD_VARIABLE: escape(argument(password))} if password else {}


def run_tool(host: Host, findings: Findings, options: ToolOptions, mode: Mapping[str, str], doing: str) -> str:
    """Run the tool and return the end of what it printed, without the password. Raises ``Failure``."""
    limit = options.sync_limit if mode == SYNCHRONISE else options.limit
    completed = host.run(command_line(findings, options, mode), doing=doing, limit=limit, secret=bool(options.password))
    return judge(completed, doing, host.name, options.password)


def judge(completed: Completed, doing: str, host: str, password: str) -> str:
    """Return the end of what the tool printed, without the password. Raises ``Failure`` where it failed.

    Microsoft's own scripts take a non-zero exit code, and elsewhere any text on stderr, for a failure.
    """
    output = masked(f"{completed.stdout}\n{completed.stderr}".strip(), spellings(password))
    tail = output[-_TAIL:]
    if completed.rc == 0 and not completed.stderr.strip():
        return tail
    raise Failure(
        doing,
        host,
        f"the setup tool ended with {meaning_of(completed)}: {tail or 'it printed nothing'}",
        "Check its output, login and database, and that the account is elevated. O(method=sql) does not use the tool",
        details={"rc": completed.rc, "output": tail},
    )


def meaning_of(completed: Completed) -> str:
    """Say how a program that should have ended silently and with 0 ended."""
    meaning = f"exit code {completed.rc}" if completed.rc else "exit code 0, but text on stderr"
    return meaning + (" (an unhandled .NET exception)" if completed.rc == UNHANDLED_EXCEPTION else "")
