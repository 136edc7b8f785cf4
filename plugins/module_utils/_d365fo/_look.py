# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""One look at a system, whatever its kind: what the host says and what the database says."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _discovery, _script
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database, Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings, Question
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import (
    DISABLED,
    ENABLED,
    PREPARED,
    SETTLED,
    Record,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import RUNNING, W3SVC
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import Sqlcmd
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host


@dataclass(frozen=True)
class Seen:
    """What is known of a system. ``aos_objection`` says why the AOS can't be asked whether it is ready.

    ``former_instances`` are the ids of the AOS instances that run before a restart, ``missing_instances`` says in words
    which do not.
    """

    findings: Findings
    method: str
    aos_objection: str = ""
    former_instances: tuple[str, ...] = ()
    missing_instances: tuple[str, ...] = ()

    @property
    def reading(self) -> Reading:
        """What the database said. Raises ``Failure`` where it did not."""
        if self.findings.reading is None:
            raise Failure(
                "read the configuration mode", "", self.findings.sql_failure or "the database was not queried", ""
            )
        return self.findings.reading

    @property
    def record(self) -> Record | None:
        """The record, if it is one of this machine and of this copy of the database."""
        reading = self.findings.reading
        record = reading.record if reading else None
        return record if record and reading and is_own(record, self.findings.computer, reading.identity) else None

    @property
    def foreign_record(self) -> Record | None:
        """The record, if it came here with a copy of another database, or is another machine's."""
        return None if self.record or not self.findings.reading else self.findings.reading.record

    @property
    def settled(self) -> bool:
        """Whether what runs is known to be what database and record say."""
        record, mode = self.record, self.reading.mode
        return record.phase == SETTLED and record.target == mode if record else mode != ENABLED

    @property
    def never_set(self) -> bool:
        """Whether a run was cut off, or is at work, that has not set anything."""
        record = self.record
        return bool(record and record.windows and record.phase == PREPARED and self.reading.mode == DISABLED)

    def runs(self, name: str) -> bool:
        """Whether a service, or what depends on one of them, runs now."""
        services = self.findings.services
        if name in services:
            return services[name].runs
        return any(dict(service.dependents).get(name) in RUNNING for service in services.values())

    @property
    def aos_service_runs(self) -> bool:
        """Whether IIS, and with it the AOS, runs now."""
        return self.runs(W3SVC)


def is_own(record: Record, computer: str, identity: str) -> bool:
    """Whether a record was written for this machine and this database.

    A database is known by its recovery fork: each restore begins another one, the replicas of an availability group
    share it (Microsoft Learn, "sys.database_recovery_status"). Where it could not be read the date of creation, which
    a restore over the same database leaves alone, has to do. What is not known is no difference.
    """
    if record.host and computer and record.host.lower() != computer.lower():
        return False
    mine, theirs = identity.split(), record.database.split()
    if len(mine) == len(theirs) == 2:
        return mine[0] == theirs[0]
    return not mine or not theirs or bool({*mine} & {*theirs})


@dataclass(frozen=True)
class Way:
    """How one system is asked: on its host, and its database from there or (``odbc``) from the controller."""

    host: Host
    question: Question
    script: ScriptOptions | None = None
    odbc: Database | None = None

    def look(self) -> Findings:
        """Ask database and host. A database that does not answer is said in ``sql_failure``.

        The database comes first: what runs is then not older than what the record says, so that a run that saw an old
        state finds its record changed when it writes.
        """
        reading, sql_failure = self._ask_by_odbc()
        findings = self._node(self.script) if self.script else _discovery.look(self.host, self.question)
        return findings if self.odbc is None else replace(findings, reading=reading, sql_failure=sql_failure)

    def _ask_by_odbc(self) -> tuple[Reading | None, str]:
        if self.odbc is None:
            return None, ""
        try:
            return self.odbc.read(), ""
        except Failure as failure:
            return None, str(failure)

    def database(self, findings: Findings) -> Database:
        """Return the database that ``look`` asked. Raises ``Failure`` where it is not known."""
        if self.odbc is not None:
            return self.odbc
        if findings.sql is None:
            raise Failure("reach the database", self.host.name, findings.sql_failure or "it is not known", "")
        return Database(Sqlcmd(self.host, findings.sql))

    def _node(self, script: ScriptOptions) -> Findings:
        """Look at a node of an on-premises cluster: script and template, then the database that the template names."""
        node = _script.look_at(self.host, script)
        findings = Findings(
            settings={"DataAccess.DbServer": node.template.sql_server, "DataAccess.Database": node.template.database},
            elevated=node.elevated,
            template=node.template,
        )
        if self.question.sql is None:
            return findings
        findings = replace(findings, sql=_script.sql_of(self.question.sql, node.template))
        try:
            return replace(findings, reading=self.database(findings).read())
        except Unreachable:
            raise
        except Failure as failure:
            return replace(findings, sql_failure=str(failure))
