# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Microsoft's setup tool, which sets the configuration mode on a VHD.

Its output is not published: exit code, stderr and the variable read back decide. The password stands on the tool's own
command line by the tool's design; it gets there from an environment variable of the shell, so that it is on no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _discovery
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings, Question, look
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._quoting import (
    argument,
    check_plain,
    escape,
    spellings,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import ENABLED
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._webconfig import is_encrypted
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed, Host
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Plan

PASSWORD_VARIABLE = "QUIESCE_SQLPWD"
"""Environment variable of our shell from which cmd.exe puts the password on the tool's command line."""

UNHANDLED_EXCEPTION = -532462766
"""0xE0434352: the exit code of a .NET program that ended by an exception."""

_NAME = re.compile(r"[A-Za-z]+", re.ASCII)
_TAIL = 1500


@dataclass(frozen=True)
class ToolOptions:
    """How the tool is called. ``arguments`` replaces or adds parameters, None takes one away. ``limit`` in seconds.

    An empty ``server`` or ``database`` is what web.config says.
    """

    tool: str = ""
    server: str = ""
    database: str = ""
    user: str = ""
    password: str = ""
    arguments: Mapping[str, str | None] = field(default_factory=dict)
    limit: float = 900.0


def parameters(findings: Findings, options: ToolOptions, mode: Mapping[str, str]) -> dict[str, str]:
    """Return the tool's parameters in the vendor's order; the password's value is left to the shell.

    The vendor's page has --metadatadir, --bindir, --sqlserver, --sqldatabase, --sqluser, --sqlpwd.
    """
    packages = findings.packages_directory
    settings = findings.settings
    wanted: dict[str, str | None] = {
        "metadatadir": packages,
        "bindir": rf"{packages}\bin" if packages else "",
        "sqlserver": options.server or _readable(settings, "DataAccess.DbServer") or ".",
        "sqldatabase": options.database or _readable(settings, "DataAccess.Database") or "AXDB",
        "sqluser": options.user,
        "sqlpwd": f"%{PASSWORD_VARIABLE}%" if options.password else "",
        **mode,
        **options.arguments,
    }
    for name in wanted:
        if not _NAME.fullmatch(name):
            raise Failure("run the setup tool", "the host", f"{name!r} is no name of a parameter", "Correct arguments")
    missing = [name for name, value in wanted.items() if value == ""]
    if missing:
        raise Failure(
            "run the setup tool",
            "the host",
            f"there is no value for {', '.join(f'--{name}' for name in missing)}",
            "Give sql_login_user, sql_login_password and packages_directory, or drop the parameter in arguments",
        )
    return {name: value for name, value in wanted.items() if value is not None}


def _readable(settings: Mapping[str, str], name: str) -> str:
    """Return a setting, "" where it is encrypted."""
    value = settings.get(name, "")
    return "" if is_encrypted(value) else value


def command_line(tool: str, values: Mapping[str, str]) -> str:
    """Return the command line; everything but the password's variable is escaped."""
    check_plain("the setup tool", tool)
    words = [f'@"{tool}"']
    for name, value in values.items():
        secret = name == "sqlpwd" and value == f"%{PASSWORD_VARIABLE}%"
        words += [f"--{name}", value if secret else escape(argument(value))]
    return " ".join(words)


def environment(password: str) -> dict[str, str]:
    """Return the environment of the shell that runs the tool: the password, quoted and escaped for its place."""
    if set(password) & set("\r\n"):
        raise Failure("run the setup tool", "the host", "the password holds a line break", "Use another password")
    return {PASSWORD_VARIABLE: escape(argument(password))} if password else {}


def judge(completed: Completed, doing: str, host: str, password: str) -> str:
    """Return the end of what the tool printed, without the password. Raises ``Failure`` where it failed.

    Microsoft's own scripts take a non-zero exit code, and elsewhere any text on stderr, for a failure.
    """
    output = f"{completed.stdout}\n{completed.stderr}".strip()
    for spelling in spellings(password):
        output = output.replace(spelling, "********")
    tail = output[-_TAIL:]
    if completed.rc == 0 and not completed.stderr.strip():
        return tail
    meaning = f"exit code {completed.rc}" if completed.rc else "exit code 0, but text on stderr"
    if completed.rc == UNHANDLED_EXCEPTION:
        meaning += " (an unhandled .NET exception)"
    raise Failure(
        doing,
        host,
        f"the setup tool ended with {meaning}: {tail or 'it printed nothing'}",
        "See what it says; login, database and elevation are what it needs. d365fo_method: sql does without the tool",
        details={"rc": completed.rc, "output": tail},
    )


@dataclass
class SetupTool:
    """The configuration mode of one host, set by the tool, as a ``System`` of the verb.

    ``elsewhere`` is what the database said to whom it is asked from elsewhere; reading it back is then theirs, too.
    """

    host: Host
    question: Question
    options: ToolOptions
    state: str
    tell: Callable[[str], None] = lambda line: None
    elsewhere: Reading | None = None
    output: str = ""
    _findings: Findings = field(default_factory=Findings)
    _ran: bool = False

    def describe(self) -> str:
        return f"the setup tool on {self.host.name}"

    def read(self) -> Reading:
        if self._ran and self.elsewhere:
            return replace(self.elsewhere, mode=self.state)
        self._findings = look(self.host, self.question)
        if self.elsewhere:
            return self.elsewhere
        if self._findings.configuration_mode is None:
            raise Failure(
                "read the configuration mode",
                self.host.name,
                self._findings.sql_failure or "the database was not asked",
                "The tool's success can't be seen without it; give sql_server, sql_database and a login",
            )
        return self._findings.configuration_mode

    def plan(self, reading: Reading) -> Plan[dict[str, str]]:
        before = {"configuration_mode": reading.mode or "missing"}
        if reading.mode == self.state:
            return Plan(before, before)
        mode = {
            "setupmode": "maintenancemode",
            "isinmaintenancemode": "true" if self.state == ENABLED else "false",
        }
        self._refuse()
        return Plan(before, {"configuration_mode": self.state}, (parameters(self._findings, self.options, mode),))

    def apply(self, plan: Plan[dict[str, str]]) -> None:
        for step in plan.steps:
            self.output = self.run(step, f"have the setup tool set maintenance mode {self.state}")
            self._ran = True

    def synchronise(self, *, check_mode: bool) -> str:
        """Synchronise the database after configuration keys were changed; return the end of the tool's output."""
        self._findings = look(self.host, self.question)
        self._refuse()
        values = parameters(self._findings, self.options, {"setupmode": "sync", "syncmode": "fullall"})
        return "" if check_mode else self.run(values, "have the setup tool synchronise the database")

    def run(self, values: Mapping[str, str], doing: str) -> str:
        """Run the tool with these parameters and return the end of its output. Raises ``Failure``."""
        completed = self.host.run(
            command_line(self._tool, values), doing=doing, limit=self.options.limit, tell=self.tell
        )
        return judge(completed, doing, self.host.name, self.options.password)

    @property
    def _tool(self) -> str:
        return self.options.tool or self._findings.setup_tool

    def _refuse(self) -> None:
        if not self._tool:
            raise Failure(
                "find the setup tool",
                self.host.name,
                f"{_discovery.SETUP_TOOL} is neither below the web root nor below the packages directory",
                "Give its path as setup_tool",
            )
        if not self._findings.elevated:
            raise Failure(
                "run the setup tool",
                self.host.name,
                "the connecting account is not elevated, and the tool works only elevated",
                "Connect with a member of the local Administrators group, or use d365fo_method: sql",
            )


def arguments_from(given: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the option ``arguments`` as parameters; true and false become words, an empty value takes one away."""
    return {
        str(name): None if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given.items()
    }
