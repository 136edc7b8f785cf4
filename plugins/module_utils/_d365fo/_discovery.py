# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One command line that asks a Finance + Operations host everything at once, and what its answer means.

A reading is one round of cmd.exe: the programs that Windows has, no PowerShell, nothing copied to the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _services, _sqlcmd, _tsql, _webconfig
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._mode import Reading, parse_reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import Template
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed, Host

DRIVES = ("J:", "K:", "C:", "F:", "G:")
"""Where the AosService folder lies when %ServiceDrive% does not say (source: d365fo.tools)."""

SETUP_TOOL = "Microsoft.Dynamics.AX.Deployment.Setup.exe"

_ELEVATED = "S-1-16-12288"  # the high mandatory level (Microsoft Learn, "Well-known SIDs")
_OPTIONS = "sql_server and sql_database (d365fo_sql_server and d365fo_sql_database of the role)"
_ROOT = r"\AosService\WebRoot"
_PACKAGES = r"\AosService\PackagesLocalDirectory"


@dataclass(frozen=True)
class Question:
    """What to ask for. Empty ``web_root`` and ``packages_directory``: look on the known drives.

    ``sql`` is how the database is asked on the host, None not at all; its empty ``server`` and ``database``
    are taken from web.config.
    """

    services: Sequence[str] = _services.FO_SERVICES
    web_root: str = ""
    packages_directory: str = ""
    sql: SqlcmdOptions | None = None


@dataclass(frozen=True)
class Findings:
    """What a host answered. An empty string is "not found"; ``sql_failure`` says why the database did not answer."""

    web_root: str = ""
    packages_directory: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    setup_tool: str = ""
    services: dict[str, Service] = field(default_factory=dict)
    visual_studio: bool = False
    elevated: bool = False
    configuration_mode: Reading | None = None
    sql_failure: str = ""
    template: Template | None = None

    @property
    def kind(self) -> str:
        """The kind of environment: one with a configuration template is on-premises, others tell by host name."""
        if self.template:
            return _webconfig.ON_PREMISES
        return _webconfig.kind_of(self.settings.get("Infrastructure.HostName", ""))

    def result(self) -> dict[str, Any]:
        """Return the findings as a task's result shows them."""
        return {
            "web_root": self.web_root or None,
            "packages_directory": self.packages_directory or None,
            "settings": {name: value for name, value in self.settings.items() if not _webconfig.is_encrypted(value)},
            "settings_state": _webconfig.state_of(self.settings),
            "environment_kind": self.kind,
            "setup_tool": self.setup_tool or None,
            "services": {name: service.result() for name, service in self.services.items()},
            "visual_studio_running": self.visual_studio,
            "elevated": self.elevated,
            "configuration_mode": self.configuration_mode.result() if self.configuration_mode else None,
            "sql_failure": self.sql_failure or None,
            "template": self.template.result() if self.template else None,
        }


def command_line(question: Question) -> str:
    """Return the line that asks everything. Raises ``Failure`` for a path that can't be given to cmd.exe."""
    for path in (question.web_root, question.packages_directory):
        if set(path) & set('"%^&|<>!\r\n'):
            raise Failure(
                "look at the host",
                path,
                "the path holds a character that cmd.exe would read as something else",
                "Give the folder by a plain path",
            )
    parts = [
        "echo #host",
        'tasklist.exe /FI "IMAGENAME eq devenv.exe" /FO CSV /NH',
        "whoami.exe /groups /FO CSV /NH",
        *([_services.read_command(question.services)] if question.services else []),
        _look_for_web_root(question),
    ]
    if question.sql and question.sql.server and question.sql.database:
        parts.append(f"echo #sql& {_sqlcmd.command_line(question.sql, _tsql.read())}")
    return "& ".join(parts)


def look(host: Host, question: Question) -> Findings:
    """Ask a host everything at once."""
    limit = 60.0
    if question.sql:
        limit += question.sql.connect_timeout + question.sql.query_timeout
    completed = host.run(command_line(question), doing="look at the host", limit=limit)
    return parse(completed, question)


def _look_for_web_root(question: Question) -> str:
    """The part that finds web.config and, with what stands in it, asks the database."""
    root = question.web_root or f"%d{_ROOT}"
    packages = question.packages_directory or (f"%d{_PACKAGES}" if not question.web_root else "")
    config = rf"{root}\web.config"
    tools = [rf"{folder}\bin\{SETUP_TOOL}" for folder in (root, packages) if folder]
    steps = [
        "set QUIESCE_FOUND=1",
        f'echo #webroot "{root}"',
        *([f'(if exist "{packages}" echo #packages "{packages}")'] if packages else []),
        *(f'(if exist "{tool}" echo #tool "{tool}")' for tool in tools),
        "echo #config",
        f'findstr.exe /i /l "{" ".join(_webconfig.SETTINGS)}" "{config}"',
    ]
    if question.sql and not (question.sql.server and question.sql.database):
        steps.append(_ask_database(question.sql, config))
    # The first drive that has it wins; later ones are not looked at.
    once = f'if not defined QUIESCE_FOUND if exist "{config}" ({"& ".join(steps)})'
    if question.web_root:
        return f"({once})"
    # cmd.exe leaves %ServiceDrive% as it stands where it is not set; no such folder exists then.
    return f"(for %d in (%ServiceDrive% {' '.join(DRIVES)}) do @{once})"


def _ask_database(sql: SqlcmdOptions, config: str) -> str:
    """The part that runs sqlcmd.exe with server and database from web.config where the task does not name them."""
    line = "echo #sql& " + _sqlcmd.command_line(
        sql, _tsql.read(), server=sql.server or "%s", database=sql.database or "%b"
    )
    line = f"({line})"
    # In <add key="NAME" value="VALUE" /> the fourth piece between quotes is the value; the dot stands for the quote.
    for variable, name, given in (("b", "DataAccess.Database", sql.database), ("s", "DataAccess.DbServer", sql.server)):
        if not given:
            line = (
                f'for /f tokens^=4^ delims^=^" %{variable} in '
                f'(\'findstr.exe /i /r /c:"{name}. value" "{config}"\') do @{line}'
            )
    return line


def parse(completed: Completed, question: Question) -> Findings:
    """Read the answer to ``command_line(question)``."""
    answer, _mark, sql = completed.stdout.partition("#sql")
    answer, _mark, found = answer.partition("#webroot ")
    host, _mark, services = answer.partition("#service ")
    web_root, _newline, found = found.partition("\n")
    lines = found.partition("#config")[0].splitlines()
    settings = _webconfig.parse_settings(found.partition("#config")[2])
    marked = [line.strip().partition(" ") for line in lines]
    packages = next((path for mark, _blank, path in marked if mark == "#packages"), "")
    reading, failure = _parse_sql(sql, completed, question, settings)
    return Findings(
        web_root=_unquoted(web_root),
        packages_directory=_unquoted(packages) or settings.get("Aos.PackageDirectory", ""),
        settings=settings,
        setup_tool=next((_unquoted(path) for mark, _blank, path in marked if mark == "#tool"), ""),
        services=_services.parse_services(f"#service {services}") if services else {},
        visual_studio="devenv.exe" in host.lower(),
        elevated=_ELEVATED in host,
        configuration_mode=reading,
        sql_failure=failure,
    )


def _parse_sql(
    sql: str, completed: Completed, question: Question, settings: dict[str, str]
) -> tuple[Reading | None, str]:
    if question.sql is None:
        return None, ""
    server = question.sql.server or settings.get("DataAccess.DbServer", "?")
    database = question.sql.database or settings.get("DataAccess.Database", "?")
    where = f"database {database} of SQL Server {server}"
    if not sql:
        return None, f"Did not ask {where}: web.config was not found or does not name both; give {_OPTIONS}."
    try:
        rows = _sqlcmd.parse_rows(sql)
        # The exit code of the whole line is not sqlcmd's: whether it succeeded shows in the rows.
        rc = 0 if "database" in dict(rows) else 1
        _sqlcmd.check(Completed(rc, sql, completed.stderr), f"read {_tsql.VARIABLE}", where)
        return parse_reading(rows, where), ""
    except Failure as failure:
        asked_by = (("DataAccess.DbServer", question.sql.server), ("DataAccess.Database", question.sql.database))
        encrypted = [name for name, given in asked_by if not given and _webconfig.is_encrypted(settings.get(name, ""))]
        if encrypted:
            return None, f"Can't ask the database: web.config has {' and '.join(encrypted)} encrypted; give {_OPTIONS}."
        return None, str(failure)


def _unquoted(text: str) -> str:
    return text.strip().strip('"')
