"""The simulated SQL Server: logins, databases, permissions, locks and the faults that a test can set.

A database is one sqlite connection that all its sessions share. What is simplified, and how:

- There is one writer at a time per database. A session that changed something in a transaction keeps every other
  session from writing anywhere in that database and from reading the tables that it changed (READ COMMITTED with
  locks). SQL Server locks rows, but a table without an index is scanned and meets the locked row all the same.
- Deadlocks do not come about by themselves; ``Database.deadlock_next`` makes them.
"""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from . import catalog, errors
from .catalog import Table
from .errors import SqlError
from .types import Value

if TYPE_CHECKING:
    from .session import Session

ROLES = {
    "db_owner": frozenset(("SELECT", "UPDATE", "INSERT", "DELETE", "ALTER")),
    "db_datareader": frozenset(("SELECT",)),
    "db_datawriter": frozenset(("UPDATE", "INSERT", "DELETE")),
}
PERMISSIONS = frozenset(("SELECT", "UPDATE", "INSERT", "DELETE", "ALTER"))
VERSION = "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64) (quiesce.maintenance lab: not the real one)"


class Clock(Protocol):
    """What the engine needs of ``lab.clock.Clock``."""

    scale: float

    def time(self) -> float: ...


@dataclass
class Login:
    r"""Who may sign in: with a password, or as a Windows account (``DOMAIN\user``).

    A Windows account's password is its domain's: only NTLM looks at it.
    """

    name: str
    password: str | None = field(default=None, repr=False)
    windows: bool = False
    sysadmin: bool = False
    disabled: bool = False


@dataclass
class Lock:
    """What keeps others out: a session's open transaction, or a test (``Database.hold_lock``)."""

    owner: object
    tables: set[str] = field(default_factory=set)


class Database:
    """One database. ``value`` and ``extended_property`` are what a test looks at; ``statements`` is every batch."""

    def __init__(self, server: SqlServer, name: str, number: int) -> None:
        self.server = server
        self.name = name
        self.number = number
        self.tables: dict[str, Table] = {}
        self.users: dict[str, set[str]] = {}
        self.statements: list[str] = []
        # the next so many batches that write die as a deadlock's victim
        self.deadlock_next = 0
        # False: logins to it fail with 4060
        self.available = True
        self.lock: Lock | None = None
        self.mutex = threading.RLock()
        # the session whose statement runs now, for the functions that sqlite calls
        self.current: Session | None = None
        self._failure: SqlError | None = None
        # the value that last went into a column: (table, column)
        self.last_stored: dict[tuple[str, str], Value] = {}
        self.sqlite = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        from .functions import install

        install(self)
        for table in catalog.SYSTEM:
            self._create(table)

    # building

    def create_table(self, table: Table) -> None:
        """Add a table (tests and seeds; CREATE TABLE itself is not simulated)."""
        self._create(table)
        number = 2000 + len(self.tables)
        columns = [
            (
                *(self.name, table.schema, table.name, each.name, place),
                *("YES" if each.nullable else "NO", each.type.name, each.type.length or None),
            )
            for place, each in enumerate(table.columns, 1)
        ]
        with self.mutex:
            for view in ("sys.objects", "sys.tables"):
                self.sqlite.execute(f"INSERT INTO `{view}` VALUES (?, ?, 1, 'U ', 'USER_TABLE')", (table.name, number))
            self.sqlite.execute(
                "INSERT INTO `information_schema.tables` VALUES (?, ?, ?, 'BASE TABLE')",
                (self.name, table.schema, table.name),
            )
            self.sqlite.executemany("INSERT INTO `information_schema.columns` VALUES (?, ?, ?, ?, ?, ?, ?, ?)", columns)

    def _create(self, table: Table) -> None:
        self.tables[table.place] = table
        self.sqlite.executescript(table.definition())

    def insert(self, table: str, *rows: tuple[object, ...]) -> None:
        """Insert rows behind every permission and lock (for tests and seeds)."""
        place = self.tables[f"dbo.{table}".lower()].place
        with self.mutex:
            for row in rows:
                self.sqlite.execute(f"INSERT INTO `{place}` VALUES ({', '.join('?' * len(row))})", row)

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
        return None if found[0] is None else str(found[0])

    def set_value(self, parm: str, value: str | None) -> None:
        """Change VALUE behind everyone's back, as another administrator would (but not while a session has an open
        transaction that wrote: the change would become a part of it)."""
        with self.mutex:
            self.sqlite.execute(
                "UPDATE `dbo.sqlsystemvariables` SET VALUE = ? WHERE PARM = ? COLLATE TSQL", (value, parm)
            )

    def extended_property(self, name: str) -> str | None:
        """The value of a property of the database itself, None if there is none."""
        with self.mutex:
            row = self.sqlite.execute(
                "SELECT value FROM `sys.extended_properties` WHERE class = 0 AND name = ? COLLATE TSQL", (name,)
            ).fetchone()
        return None if row is None else str(row[0])

    def set_extended_property(self, name: str, value: str | None) -> None:
        """Write (or with None remove) a property of the database behind everyone's back."""
        with self.mutex:
            self.sqlite.execute(
                "DELETE FROM `sys.extended_properties` WHERE class = 0 AND name = ? COLLATE TSQL", (name,)
            )
            if value is not None:
                self.sqlite.execute(
                    "INSERT INTO `sys.extended_properties` VALUES (0, 'DATABASE', 0, 0, ?, ?)", (name, value)
                )

    @contextlib.contextmanager
    def hold_lock(self) -> Iterator[None]:
        """Lock every table, as another session's open transaction would, for the time of a ``with``."""
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

    # for sessions

    def run(self, session: Session, sql: str) -> tuple[list[tuple[Value, ...]], int]:
        """Run translated SQL for ``session``; its rows and the number of rows changed. Raises the SqlError that a
        function raised meanwhile."""
        with self.mutex:
            self.current, self._failure = session, None
            try:
                cursor = self.sqlite.execute(sql)
                return cursor.fetchall(), cursor.rowcount
            except sqlite3.IntegrityError as error:
                raise self._duplicate(str(error)) from None
            except sqlite3.Error as error:
                if self._failure is not None:
                    raise self._failure from None
                raise errors.not_simulated(f"{sql} ({error})") from error
            finally:
                self.current = None

    def _duplicate(self, message: str) -> SqlError:
        """2627 for sqlite's "UNIQUE constraint failed: dbo.table.column, ..."."""
        place = message.partition(": ")[2].rpartition(", ")[2].rpartition(".")[0]
        table = self.tables[place]
        # the last row on its way in is the one that was refused
        values = (self.last_stored[table.name, key] for key in table.key)
        return errors.duplicate(f"PK_{table.name}", table.name, ", ".join(str(each) for each in values))

    def function(self, name: str, call: Callable[..., Value]) -> None:
        """Make ``call`` a function of sqlite's SQL; an SqlError that it raises becomes the statement's."""

        def guarded(*arguments: Value) -> Value:
            try:
                return call(*arguments)
            except SqlError as error:
                self._failure = error
                raise

        self.sqlite.create_function(name, -1, guarded)


class SqlServer:
    """A SQL Server instance.

    ``clock`` gives the time and its scale: LOCK_TIMEOUT, WAITFOR and ``slow_by`` are simulated seconds.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.databases: dict[str, Database] = {}
        self.logins: dict[str, Login] = {}
        # every attempt: (login, database asked for, whether it got in)
        self.logins_seen: list[tuple[str, str, bool]] = []
        # every batch takes so many seconds longer
        self.slow_by = 0.0
        self.offline_databases: set[str] = set()
        # A guess that a test can turn: does an error inside sp_addextendedproperty and its like end the batch under
        # XACT_ABORT ON (True), or does it go on to the next statement as after RAISERROR (False)?
        self.procedure_errors_abort = True
        self._spid = 50
        self.add_database("master")

    def add_database(self, name: str) -> Database:
        """Create an empty database."""
        database = Database(self, name, len(self.databases) + 1)
        self.databases[name.lower()] = database
        with contextlib.ExitStack() as stack:
            for each in self.databases.values():
                stack.enter_context(each.mutex)
                each.sqlite.execute("DELETE FROM `sys.databases`")
                created = datetime.datetime.fromtimestamp(self.clock.time(), datetime.timezone.utc)
                each.sqlite.executemany(
                    "INSERT INTO `sys.databases` VALUES (?, ?, ?, 0, 'ONLINE', 0)",
                    [
                        (other.name, other.number, created.strftime("%Y-%m-%d %H:%M:%S.000"))
                        for other in self.databases.values()
                    ],
                )
        return database

    def add_login(self, name: str, password: str | None = None, windows: bool = False, sysadmin: bool = False) -> Login:
        """Create a login. Without ``Database.grant`` it may enter no database but master (sysadmin: everything)."""
        if not windows and password is None:
            raise ValueError("a SQL login needs a password")
        self.logins[name.lower()] = login = Login(name, password, windows, sysadmin)
        self.databases["master"].grant(name)
        return login

    def login(self, user: str, password: str, database: str = "") -> Session:
        """Sign in with a password. Raises SqlError 18456 or 4060 (which SQL Server follows up with 18456)."""
        login = self.logins.get(user.lower())
        if login is None or login.windows or login.disabled or login.password != password:
            self.logins_seen.append((user, database, False))
            raise errors.login_failed(user)
        return self._enter(login, database)

    def login_windows(self, account: str, database: str = "") -> Session:
        r"""Sign in as an authenticated Windows account (``DOMAIN\user``). Raises SqlError 18456 or 4060."""
        login = self.logins.get(account.lower())
        if login is None or not login.windows or login.disabled:
            self.logins_seen.append((account, database, False))
            raise errors.login_failed(account)
        return self._enter(login, database)

    def open(self, name: str, login: Login) -> Database:
        """The database for a login. Raises SqlError 911 (none of that name), 916 (not a user of it) or 942."""
        database = self.databases.get(name.lower())
        if database is None:
            raise errors.no_database(name)
        if self.is_offline(database):
            raise SqlError(942, f"Database '{database.name}' cannot be opened because it is offline.", 14, 4)
        if database.rights(login) is None:
            raise errors.no_access(login.name, database.name)
        return database

    def is_offline(self, database: Database) -> bool:
        offline = {each.lower() for each in self.offline_databases}
        return not database.available or database.name.lower() in offline

    def _enter(self, login: Login, name: str) -> Session:
        from .session import Session

        try:
            database = self.open(name or "master", login)
        except SqlError:
            self.logins_seen.append((login.name, name, False))
            raise errors.cannot_open(name) from None
        self.logins_seen.append((login.name, name, True))
        self._spid += 1
        return Session(self, database, login, self._spid)
