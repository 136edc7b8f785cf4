"""The simulated SQL Server: its logins and databases, and the faults that a test can set."""

from __future__ import annotations

import re
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from uuid import NAMESPACE_URL, uuid5

from . import errors
from .catalog import Table
from .database import Backup, Database
from .errors import SqlError

if TYPE_CHECKING:
    from .session import Session

__all__ = ["VERSION", "Backup", "Clock", "Database", "Login", "SqlServer"]

VERSION = "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64) (quiesce.maintenance lab: not the real one)"


class Clock(Protocol):
    """What the engine needs of ``lab.clock.Clock``."""

    def time(self) -> float: ...
    def monotonic(self) -> float: ...
    async def moment(self) -> None: ...


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


class SqlServer:
    """A SQL Server instance.

    ``clock`` gives the time: LOCK_TIMEOUT, WAITFOR and ``slow_by`` are simulated seconds.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.databases: dict[str, Database] = {}
        self.logins: dict[str, Login] = {}
        # every attempt: (login, database asked for, whether it got in)
        self.logins_seen: list[tuple[str, str, bool]] = []
        self.sessions: weakref.WeakSet[Session] = weakref.WeakSet()
        # every batch takes so many seconds longer
        self.slow_by = 0.0
        self.offline_databases: set[str] = set()
        # whether everybody sees every database (VIEW ANY DATABASE, which public has)
        self.view_any_database = True
        # once: the next batch in which this regular expression is found runs to its end, then its connection breaks
        # and the answer is lost
        self.lose_connection_on = ""
        self._spid = 50
        self._guids = 0
        self.add_database("master")

    def add_database(self, name: str, *tables: Table, read_committed_snapshot: bool = False) -> Database:
        """Create a database with these tables."""
        number = len(self.databases) + 1
        database = Database(self, name, number, tables=tables, versions=read_committed_snapshot)
        self.databases[name.lower()] = database
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

    def loses_connection(self, batch: str) -> bool:
        """Whether the fault ``lose_connection_on`` is meant for this batch; it strikes once."""
        if not self.lose_connection_on or not re.search(self.lose_connection_on, batch, re.IGNORECASE):
            return False
        self.lose_connection_on = ""
        return True

    def new_guid(self) -> str:
        """NEWID(): another one each time, the same ones in every run."""
        self._guids += 1
        return str(uuid5(NAMESPACE_URL, f"{self.name}/newid/{self._guids}")).upper()

    def _enter(self, login: Login, name: str) -> Session:
        from .session import Session

        try:
            database = self.open(name or "master", login)
        except SqlError:
            self.logins_seen.append((login.name, name, False))
            raise errors.cannot_open(name) from None
        self.logins_seen.append((login.name, name, True))
        self._spid += 1
        session = Session(self, database, login, self._spid)
        self.sessions.add(session)
        return session
