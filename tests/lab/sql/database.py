"""One database of the simulated SQL Server: its tables, its users, its lock, its identity.

It is one sqlite connection that all its sessions share, and a second one for who reads row versions.
"""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from . import catalog, collations, errors
from .catalog import Schema, Table
from .conversions import convert
from .errors import SqlError
from .locks import ApplicationLock, ApplicationLocks, Lock
from .permissions import PERMISSIONS, ROLES
from .translator import Query
from .types import Value, of_value, stored

if TYPE_CHECKING:
    from .engine import Login, SqlServer
    from .session import Session

Rows = list[tuple[Value, ...]]


@dataclass(frozen=True)
class Backup:
    """What ``Database.backup`` keeps: the tables with their committed rows, and where the history of the data forks."""

    database: str
    tables: tuple[Table, ...]
    rows: Mapping[str, tuple[tuple[Value, ...], ...]]
    family_guid: str
    recovery_fork_guid: str
    first_recovery_fork_guid: str


class Database:
    """One database. ``value`` and ``extended_property`` are what a test looks at; ``statements`` is every batch."""

    def __init__(
        self, server: SqlServer, name: str, number: int, *, tables: tuple[Table, ...] = (), versions: bool = False
    ) -> None:
        self.server = server
        self.name = name
        self.number = number
        self.users: dict[str, set[str]] = {}
        self.statements: list[str] = []
        # the next so many batches that write die as a deadlock's victim
        self.deadlock_next = 0
        # False: logins to it fail with 4060
        self.available = True
        # READ_COMMITTED_SNAPSHOT: a reader is not blocked by a writer and sees what was committed last
        self.read_committed_snapshot = versions
        self.application_locks = ApplicationLocks()
        self.lock: Lock | None = None
        self.mutex = threading.RLock()
        # the session whose statement runs now, for the functions that sqlite calls
        self.current: Session | None = None
        # the value that last went into a column: (table, column)
        self.last_stored: dict[tuple[str, str], Value] = {}
        # when it was made, and which database it is: GUIDs by name and number of restores, the same in every run
        self.create_date = datetime.datetime.fromtimestamp(server.clock.time(), datetime.timezone.utc)
        self.restores = 0
        self.database_guid = self._guid("database")
        self.family_guid = self._guid("family")
        self.recovery_fork_guid = self.first_recovery_fork_guid = self._guid("fork")
        self._failure: SqlError | None = None
        self.schema = Schema.of(name, (*catalog.SYSTEM, *tables))

    def _guid(self, what: str) -> str:
        text = f"{self.server.name}/{self.name}/{what}/{self.restores}"
        return str(uuid5(NAMESPACE_URL, text)).upper()

    @cached_property
    def sqlite(self) -> sqlite3.Connection:
        """The data. Opened when it is first asked for."""
        return self._open()

    @cached_property
    def _versions(self) -> sqlite3.Connection:
        """What a reader of row versions sees while somebody writes."""
        return self._open()

    def _open(self) -> sqlite3.Connection:
        from .functions import install

        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        collations.install(connection)
        install(self, connection)
        connection.executescript("".join(each.definition() for each in self.tables.values() if not each.computed))
        return connection

    @property
    def tables(self) -> Mapping[str, Table]:
        """Tables and system views by ``schema.name`` in lower case."""
        return self.schema.tables

    # building

    def create_table(self, table: Table) -> None:
        """Add a table (tests and seeds; CREATE TABLE itself is not simulated)."""
        with self.mutex:
            self.sqlite.executescript(table.definition())
            if "_versions" in self.__dict__:
                self._versions.executescript(table.definition())
            self.schema = Schema.of(self.name, (*self.tables.values(), table))

    def insert(self, table: str, *rows: tuple[object, ...]) -> None:
        """Insert rows behind every permission and lock (for tests and seeds)."""
        found = self.tables[f"dbo.{table}".lower()]
        with self.mutex:
            for row in rows:
                values = [self._fitting(value, column) for value, column in zip(row, found.columns, strict=True)]
                self.sqlite.execute(f"INSERT INTO `{found.place}` VALUES ({', '.join('?' * len(values))})", values)

    @staticmethod
    def _fitting(value: object, column: catalog.Column) -> Value:
        return convert(stored(value), of_value(value), column.type)

    def grant(self, login: str, *rights: str) -> None:
        """Make ``login`` a user of the database with permissions (SELECT, UPDATE, INSERT, DELETE on its tables, ALTER
        on the database) or roles (db_owner, db_datareader, db_datawriter). With no rights: it may just connect."""
        found = self.users.setdefault(login.lower(), set())
        for right in rights:
            if right in ROLES:
                found |= ROLES[right]
            elif right.upper() in PERMISSIONS:
                found.add(right.upper())
            else:
                raise ValueError(f"neither a permission nor a role that the lab knows: {right}")

    def revoke(self, login: str, *rights: str) -> None:
        """Take permissions away; with no rights named, the user itself."""
        if not rights:
            self.users.pop(login.lower(), None)
        for right in rights:
            self.users[login.lower()] -= ROLES.get(right, frozenset((right.upper(),)))

    def rights(self, login: Login) -> frozenset[str] | None:
        """The permissions of a login here, None if it may not even connect."""
        if login.sysadmin:
            return PERMISSIONS
        found = self.users.get(login.name.lower())
        return None if found is None else frozenset(found)

    # what tests look at

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """All rows of a table as they are now, uncommitted changes included."""
        with self.mutex:
            return list(self.sqlite.execute(f"SELECT * FROM `{self.tables[f'dbo.{table}'.lower()].place}`"))

    def value(self, parm: str) -> str | None:
        """VALUE of the SQLSYSTEMVARIABLES row ``parm``; KeyError if there is none, ValueError if there are several."""
        found = [row[1] for row in self.rows("SQLSYSTEMVARIABLES") if str(row[0]).lower() == parm.lower()]
        if not found:
            raise KeyError(parm)
        if len(found) > 1:
            raise ValueError(f"{len(found)} rows for {parm}")
        # a char column fills its values up with blanks
        return None if found[0] is None else str(found[0]).rstrip(" ")

    def set_value(self, parm: str, value: str | None) -> None:
        """Change VALUE behind everyone's back, as another administrator would (but not while a session has an open
        transaction that wrote: the change would become a part of it)."""
        column = self.tables["dbo.sqlsystemvariables"].column("VALUE")
        assert column is not None
        with self.mutex:
            self.sqlite.execute(
                "UPDATE `dbo.sqlsystemvariables` SET VALUE = ? WHERE PARM = ? COLLATE TSQL_CI_AS",
                (self._fitting(value, column), parm),
            )

    def extended_property(self, name: str) -> str | None:
        """The value of a property of the database itself, None if there is none."""
        with self.mutex:
            row = self.sqlite.execute(
                "SELECT value FROM `sys.extended_properties` WHERE class = 0 AND name = ? COLLATE TSQL_CI_AS", (name,)
            ).fetchone()
        return None if row is None else str(row[0])

    def set_extended_property(self, name: str, value: str | None) -> None:
        """Write (or with None remove) a property of the database behind everyone's back."""
        with self.mutex:
            self.sqlite.execute(
                "DELETE FROM `sys.extended_properties` WHERE class = 0 AND name = ? COLLATE TSQL_CI_AS", (name,)
            )
            if value is not None:
                self.sqlite.execute(
                    "INSERT INTO `sys.extended_properties` VALUES (0, 'DATABASE', 0, 0, ?, ?)", (name, value)
                )

    @contextlib.contextmanager
    def hold_lock(self) -> Iterator[None]:
        """Lock every table, as another session's open transaction would, for the time of a ``with``: nobody else can
        write, and without row versions nobody can read."""
        lock = Lock(object(), set(self.tables))
        with self.mutex:
            if self.lock is not None:
                raise RuntimeError("the database is locked already")
            self.lock = lock
        try:
            yield
        finally:
            with self.mutex:
                self.lock = None

    @contextlib.contextmanager
    def hold_application_lock(self, resource: str, mode: str = "Exclusive") -> Iterator[None]:
        """Hold a lock of sp_getapplock, as another session would, for the time of a ``with``."""
        lock = ApplicationLock(resource, mode, object())
        with self.mutex:
            if any(lock.conflicts(each) for each in self.application_locks.held):
                raise RuntimeError("somebody holds that application lock already")
            self.application_locks.held.append(lock)
        try:
            yield
        finally:
            with self.mutex:
                self.application_locks.release(lock)

    # backups

    def backup(self) -> Backup:
        """Everything that is committed."""
        with self.mutex:
            before = self.lock.before if self.lock is not None else {}
            places = [place for place, table in self.tables.items() if not table.computed]
            rows = {place: tuple(before[place] if place in before else self._all(place)) for place in places}
            own = tuple(each for each in self.tables.values() if not each.system)
            return Backup(
                self.name,
                own,
                rows,
                self.family_guid,
                self.recovery_fork_guid,
                self.first_recovery_fork_guid,
            )

    def restore(self, backup: Backup) -> None:
        """Put all rows of a backup, this database's or another's, back. Connections to the database break, and its
        history goes on in a fork of its own. Users and the date of its making stay as they are."""
        for session in list(self.server.sessions):
            if session.database is self:
                session.break_off()
        with self.mutex:
            if self.lock is not None:
                raise RuntimeError("a test holds the database's lock")
            for place, table in self.tables.items():
                if not table.system:
                    self.sqlite.execute(f"DROP TABLE `{place}`")
            self.schema = Schema.of(self.name, (*catalog.SYSTEM, *backup.tables))
            self.sqlite.executescript("".join(each.definition() for each in backup.tables))
            for place, rows in backup.rows.items():
                self._fill(self.sqlite, place, list(rows))
            self.__dict__.pop("_versions", None)
            self.restores += 1
            self.family_guid = backup.family_guid
            self.first_recovery_fork_guid = backup.first_recovery_fork_guid
            self.recovery_fork_guid = self._guid("fork")

    def _all(self, place: str) -> Rows:
        return self.sqlite.execute(f"SELECT * FROM `{place}`").fetchall()

    @staticmethod
    def _fill(sqlite: sqlite3.Connection, place: str, rows: Rows) -> None:
        sqlite.execute(f"DELETE FROM `{place}`")
        if rows:
            sqlite.executemany(f"INSERT INTO `{place}` VALUES ({', '.join('?' * len(rows[0]))})", rows)

    # for sessions

    def take_lock(self, session: Session, tables: set[str]) -> None:
        """Make a session the database's writer, or let the writer change these tables too."""
        with self.mutex:
            if self.lock is None:
                self.lock = Lock(session)
                if session.trancount:
                    self.sqlite.execute("BEGIN")
            for place in tables - self.lock.tables:
                if session.trancount and place in self.tables and not self.tables[place].computed:
                    self.lock.before[place] = self._all(place)
            self.lock.tables |= tables

    def end_transaction(self, session: Session, verb: str) -> None:
        """COMMIT or ROLLBACK what a session changed, and let others write."""
        with self.mutex:
            if self.lock is not None and self.lock.owner is session:
                if self.sqlite.in_transaction:
                    self.sqlite.execute(verb)
                self.lock = None

    def run(self, session: Session, query: Query, versioned: bool = False) -> tuple[Rows, int]:
        """Run a translated statement for ``session``; its rows and the number of rows changed. Raises the SqlError
        that a function raised meanwhile."""
        with self.mutex:
            self.current, self._failure = session, None
            try:
                sqlite = self._committed(session, query) if versioned else self.sqlite
                cursor = sqlite.execute(query.sql)
                return cursor.fetchall(), cursor.rowcount
            except sqlite3.IntegrityError as error:
                raise self._duplicate(str(error)) from None
            except sqlite3.Error as error:
                if self._failure is not None:
                    raise self._failure from None
                raise errors.not_simulated(f"{query.sql} ({error})") from error
            finally:
                self.current = None

    def _committed(self, session: Session, query: Query) -> sqlite3.Connection:
        """Where to read what was committed last: elsewhere only while somebody else has changed something."""
        lock = self.lock
        if lock is None or lock.owner is session or not lock.before.keys() & query.reads:
            return self.sqlite
        for place in query.reads:
            if not self.tables[place].computed:
                older = place in lock.before and place not in query.dirty
                self._fill(self._versions, place, lock.before[place] if older else self._all(place))
        return self._versions

    def _duplicate(self, message: str) -> SqlError:
        """2627 for sqlite's "UNIQUE constraint failed: dbo.table.column, ..."."""
        place = message.partition(": ")[2].rpartition(", ")[2].rpartition(".")[0]
        table = self.tables[place]
        # the last row on its way in is the one that was refused
        values = (self.last_stored[table.name, key] for key in table.key)
        return errors.duplicate(f"PK_{table.name}", table.name, ", ".join(str(each) for each in values))

    def guarded(self, call: Callable[..., Value]) -> Callable[..., Value]:
        """``call`` as a function for sqlite: an SqlError that it raises becomes the statement's."""

        def guarded(*arguments: Value) -> Value:
            try:
                return call(*arguments)
            except SqlError as error:
                self._failure = error
                raise

        return guarded

    # system views

    def system_rows(self, view: str, session: Session) -> list[tuple[Value, ...]]:
        """The rows of a computed view, as a session sees it."""
        if view == "sys.databases":
            return [
                (
                    *(each.name, each.number, each.create_date.strftime("%Y-%m-%d %H:%M:%S.000"), collations.DEFAULT),
                    *(0, 6 if self.server.is_offline(each) else 0),
                    *("OFFLINE" if self.server.is_offline(each) else "ONLINE", int(each.read_committed_snapshot)),
                )
                for each in self._visible(session, own=True)
            ]
        if view == "sys.database_recovery_status":
            return [each.recovery_status() for each in self._visible(session, own=False)]
        own = [each for each in self.tables.values() if not each.system]
        if view == "information_schema.tables":
            return [(self.name, each.schema, each.name, "BASE TABLE") for each in own]
        if view == "information_schema.columns":
            return [
                (
                    *(self.name, table.schema, table.name, each.name, place),
                    *("YES" if each.nullable else "NO", each.type.name, each.type.length or None),
                    (each.collation or collations.DEFAULT) if each.type.text else None,
                )
                for table in own
                for place, each in enumerate(table.columns, 1)
            ]
        return [(each.name, 2000 + at, 1, "U ", "USER_TABLE") for at, each in enumerate(own)]

    def _visible(self, session: Session, own: bool) -> list[Database]:
        """The databases of which a login sees the row: all, unless VIEW ANY DATABASE was taken from public; then
        master and, in sys.databases, the one that it is connected to."""
        everything = session.login.sysadmin or self.server.view_any_database
        return [
            each
            for each in self.server.databases.values()
            if everything or each.name == "master" or (own and each is self)
        ]

    def recovery_status(self) -> tuple[Value, ...]:
        """The row of sys.database_recovery_status."""
        if self.server.is_offline(self):
            return (self.number, None, None, None, None, None, None)
        forked = self.recovery_fork_guid != self.first_recovery_fork_guid
        return (
            *(self.number, self.database_guid, self.family_guid, None),
            *(self.recovery_fork_guid, self.first_recovery_fork_guid, 34 * 10**15 + self.restores if forked else None),
        )

    def object_id(self, name: tuple[str, ...]) -> int | None:
        """The id of a table: name, or schema and name, or with this database's name before them."""
        if not name or (len(name) == 3 and name[0].lower() != self.name.lower()) or len(name) > 3:
            return None
        schema = (name[-2] if len(name) > 1 else "") or "dbo"
        own = [each.place for each in self.tables.values() if not each.system]
        place = f"{schema}.{name[-1]}".lower()
        return 2000 + own.index(place) if place in own else None
