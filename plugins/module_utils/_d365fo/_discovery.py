# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One command line that asks a Finance + Operations machine everything at once, and what its answer means.

A reading is one round of cmd.exe: the programs that Windows has, no PowerShell, nothing copied to the host.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import check_plain
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _services, _sqlcmd, _tsql, _webconfig
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import (
    Database,
    Reading,
    parse_reading,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import Service
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import number_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import Sqlcmd, SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import Template
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed, Host

DRIVES = ("J:", "K:", "C:", "F:", "G:")
"""Where the AosService folder lies when %ServiceDrive% does not say (source: d365fo.tools)."""

SETUP_TOOL = "Microsoft.Dynamics.AX.Deployment.Setup.exe"

ELEVATED = "S-1-16-12288"
"""The high mandatory level (Microsoft Learn, "Well-known SIDs")."""

_LIMIT = 60.0
_SERVICES = re.compile(r"^#services\s*$", re.MULTILINE)
_ANSWERS = re.compile(r"^#sql ", re.MULTILINE)
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
    """What a host answered. An empty string is "not found"; ``sql_failure`` says why the database did not answer.

    ``sql`` is how the database is asked on the host now that web.config is known, None if it is not.
    """

    computer: str = ""
    web_root: str = ""
    packages_directory: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    setup_tool: str = ""
    services: dict[str, Service] = field(default_factory=dict)
    visual_studio: bool = False
    iis_express: bool = False
    elevated: bool = False
    sql: SqlcmdOptions | None = None
    reading: Reading | None = None
    sql_failure: str = ""
    template: Template | None = None

    @property
    def kind(self) -> str:
        """The kind of environment: one with a configuration template is on-premises, others tell by host name."""
        if self.template:
            return _webconfig.ON_PREMISES
        return _webconfig.kind_of(self.setting("Infrastructure.HostName"))

    def setting(self, name: str) -> str:
        """Return a setting of web.config, "" where it is missing or encrypted."""
        value = self.settings.get(name, "")
        return "" if _webconfig.is_encrypted(value) else value

    def result(self) -> dict[str, Any]:
        """Return the findings as a task's result shows them."""
        return {
            "computer": self.computer or None,
            "web_root": self.web_root or None,
            "packages_directory": self.packages_directory or None,
            "settings": {name: value for name, value in self.settings.items() if not _webconfig.is_encrypted(value)},
            "settings_state": _webconfig.state_of(self.settings),
            "environment_kind": self.kind,
            "setup_tool": self.setup_tool or None,
            "services": {name: service.result() for name, service in self.services.items()},
            "visual_studio_running": self.visual_studio,
            "iis_express_running": self.iis_express,
            "elevated": self.elevated,
            "configuration_mode": self.reading.result() if self.reading else None,
            "sql_failure": self.sql_failure or None,
            "template": self.template.result() if self.template else None,
        }


def command_line(question: Question) -> str:
    """Return the line that asks everything. Raises ``Failure`` for a path that can't be given to cmd.exe."""
    check_plain("web_root", question.web_root)
    check_plain("packages_directory", question.packages_directory)
    parts = [
        "echo #host %COMPUTERNAME%",
        *(f'tasklist.exe /FI "IMAGENAME eq {image}" /FO CSV /NH' for image in ("devenv.exe", "iisexpress.exe")),
        "whoami.exe /groups /FO CSV /NH",
        _look_for_web_root(question),
    ]
    if question.sql and question.sql.server and question.sql.database:
        parts.append(_ask(question.sql))
    if question.services:
        # Behind the database: what runs is then not older than what the record says, so that a run that saw an old
        # state finds its record changed when it writes.
        parts += ["echo #services", _services.read_command(question.services)]
    return "& ".join(parts)


def look(host: Host, question: Question) -> Findings:
    """Ask a host everything at once; a database that could not be asked in the same line is asked by another."""
    limit = _LIMIT + (question.sql.limit * 2 if question.sql else 0)
    completed = host.run(
        command_line(question),
        doing="look at the host",
        limit=limit,
        composite=True,
        secret=bool(question.sql and question.sql.user),
    )
    findings = parse(completed, question, host.name)
    if findings.sql and not findings.reading and not findings.sql_failure:
        return _ask_by_itself(host, question, findings, findings.sql)
    return findings


def _ask_by_itself(host: Host, question: Question, findings: Findings, sql: SqlcmdOptions) -> Findings:
    """Ask the database by a command of its own, and what runs after it."""
    try:
        findings = replace(findings, reading=Database(Sqlcmd(host, sql)).read())
    except Unreachable:
        raise
    except Failure as failure:
        return replace(findings, sql_failure=str(failure))
    if not question.services:
        return findings
    completed = host.run(
        _services.read_command(question.services), doing="read the services", limit=_LIMIT, composite=True
    )
    return replace(findings, services=_services.parse_services(completed.stdout, question.services))


def _look_for_web_root(question: Question) -> str:
    """The part that finds web.config and, with what stands in it, asks the database."""
    root = question.web_root or f"%d{_ROOT}"
    beside = rf"{ntpath.dirname(question.web_root)}\PackagesLocalDirectory" if question.web_root else f"%d{_PACKAGES}"
    packages = question.packages_directory or beside
    config = rf"{root}\web.config"
    tools = [rf"{folder}\bin\{SETUP_TOOL}" for folder in (root, packages) if folder]
    steps = [
        "set QUIESCE_FOUND=1",
        f'echo #webroot "{root}"',
        *([f'(if exist "{packages}" echo #packages "{packages}")'] if packages else []),
        *(f'(if exist "{tool}" echo #tool "{tool}")' for tool in tools),
        "echo #webconfig",
        f'findstr.exe /i /l "{" ".join((*_webconfig.SETTINGS, *_webconfig.COMMENTS))}" "{config}"',
    ]
    if question.sql and not (question.sql.server and question.sql.database):
        steps.append(_ask_by_web_config(question.sql, config))
    # The first drive that has it wins; later ones are not looked at.
    once = f'if not defined QUIESCE_FOUND if exist "{config}" ({"& ".join(steps)})'
    if question.web_root:
        return f"({once})"
    # cmd.exe leaves %ServiceDrive% as it stands where it is not set; no such folder exists then.
    return f"(for %d in (%ServiceDrive% {' '.join(DRIVES)}) do @{once})"


def _ask(sql: SqlcmdOptions, server: str = "", database: str = "") -> str:
    """The part that runs sqlcmd.exe, marked with server and database; ``server`` and ``database`` may be variables."""
    server, database = server or sql.server, database or sql.database
    line = _sqlcmd.command_line(sql, _tsql.read(), server=server, database=database)
    return f'echo #sql "{server}" "{database}"& {line} 2>&1'


def _ask_by_web_config(sql: SqlcmdOptions, config: str) -> str:
    """The part that runs sqlcmd.exe with server and database from web.config where the task does not name them.

    It takes every line that looks like the setting, one in a comment too; which answer counts is seen when the whole
    file is (``parse``). In <add key="NAME" value="VALUE" /> the fourth piece between quotes is the value; the dot
    stands for the quote.
    """
    line = f"({_ask(sql, sql.server or '%s', sql.database or '%b')})"
    for variable, name, given in (("b", "DataAccess.Database", sql.database), ("s", "DataAccess.DbServer", sql.server)):
        if not given:
            line = (
                f'for /f tokens^=4^ delims^=^" %{variable} in '
                f'(\'findstr.exe /i /r /c:"{name}. value" "{config}"\') do @{line}'
            )
    return line


def parse(completed: Completed, question: Question, name: str) -> Findings:
    """Read the answer to ``command_line(question)``. Raises ``Failure`` where the host did not answer."""
    answer, *services = _SERVICES.split(completed.stdout, maxsplit=1)
    answer, *answers = _ANSWERS.split(answer)
    host, _mark, found = answer.partition("#webroot ")
    if "#host" not in host:
        said = " ".join(f"{completed.stdout} {completed.stderr}".split())[:300]
        raise Failure("look at the host", name, said or "there was no output", "Check that cmd.exe works there")
    web_root, _newline, found = found.partition("\n")
    lines, _mark, config = found.partition("#webconfig")
    marked = [line.strip().partition(" ") for line in lines.splitlines()]
    settings = _webconfig.parse_settings(config)
    findings = Findings(
        computer=host.partition("#host")[2].partition("\n")[0].strip(),
        web_root=_unquoted(web_root),
        packages_directory=next((_unquoted(path) for mark, _blank, path in marked if mark == "#packages"), "")
        or settings.get("Aos.PackageDirectory", ""),
        settings=settings,
        setup_tool=next((_unquoted(path) for mark, _blank, path in marked if mark == "#tool"), ""),
        services=_services.parse_services("".join(services), question.services),
        visual_studio="devenv.exe" in host.lower(),
        iis_express="iisexpress.exe" in host.lower(),
        elevated=ELEVATED in host,
    )
    return _with_database(findings, question.sql, answers, completed) if question.sql else findings


def _with_database(findings: Findings, sql: SqlcmdOptions, answers: list[str], completed: Completed) -> Findings:
    """Take the answer of the database that the task or web.config names; none: it is still to be asked."""
    names = (("DataAccess.DbServer", sql.server), ("DataAccess.Database", sql.database))
    server, database = (given or findings.setting(name) for name, given in names)
    if not server or not database:
        open_names = [name for name, given in names if not given and not findings.setting(name)]
        reason = "encrypted" if set(open_names) & set(findings.settings) else "missing"
        told = (
            f"in web.config {' and '.join(open_names)} is {reason}" if findings.web_root else "web.config was not found"
        )
        return replace(
            findings,
            sql_failure=f"The database was not queried: {told}. Set O(sql_server) and O(sql_database).",
        )
    findings = replace(findings, sql=replace(sql, server=server, database=database))
    if _webconfig.is_microsofts_sql(server):
        return replace(findings, sql_failure=f"The database was not queried: Microsoft manages {server}.")
    for block in answers:
        title, _newline, text = block.partition("\n")
        if title.strip() == f'"{server}" "{database}"':
            return _with_reading(findings, text, f"database {database} of SQL Server {server}", sql.user)
    return findings


def _with_reading(findings: Findings, text: str, where: str, user: str) -> Findings:
    # The exit code of the whole line is not sqlcmd's. The last row alone does not tell: a statement that failed, for
    # want of a permission, does not end its batch.
    complete = (_tsql.END, "1") in _sqlcmd.parse_rows(text)
    rc = 0 if complete and not number_of(_sqlcmd.messages(text)) else 1
    try:
        rows = _sqlcmd.checked_rows(Completed(rc, text, ""), f"read {_tsql.VARIABLE}", where, user)
        return replace(findings, reading=parse_reading(rows, where))
    except Failure as failure:
        return replace(findings, sql_failure=str(failure))


def _unquoted(text: str) -> str:
    return text.strip().strip('"')
