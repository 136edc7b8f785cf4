"""Microsoft.Dynamics.AX.Deployment.Setup.exe: setup modes maintenancemode and sync.

Parameters and setup modes are those seen in public sources. Nobody has published what it prints and which exit codes
it has; the lab's texts are inventions [G], apart from the form of an unhandled .NET exception.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from lab.sql import Session, SqlError
from lab.windows.program import Call, not_simulated

UNHANDLED = -532462766  # 0xE0434352, an unhandled .NET exception

PARAMETERS = frozenset(
    {"bindir", "metadatadir", "sqlserver", "sqldatabase", "sqluser", "sqlpwd", "sqlcredentialinenvironment"}
    | {"isazuresql", "isemulated", "verbose", "logfilename", "setupmode", "syncmode", "isinmaintenancemode"}
    | {"licensefilename", "classname", "methodname", "methodinputfile"}
)
SWITCHES = frozenset({"verbose", "sqlcredentialinenvironment"})  # may stand without a value
MODES = frozenset(
    {"maintenancemode", "sync", "servicesync", "postsync", "importlicensefile", "runstaticxppmethod"}
    | {"dimensionssynchronization"}
)
NO_SERVER = (
    "A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server"
    " was not found or was not accessible. Verify that the instance name is correct and that SQL Server is configured"
    " to allow remote connections. (provider: Named Pipes Provider, error: 40 - Could not open a connection to SQL"
    " Server)"
)


@dataclass
class Faults:
    """What goes wrong with the tool; a test sets it."""

    crashes: str = ""  # the message of an unhandled exception, thrown before anything is written
    hangs: bool = False
    does_nothing: bool = False  # reports success, the variable stays as it was
    complains: str = ""  # text on stderr although it did its work and exits with 0
    exit_code: int | None = None  # exits with this code after having done its work
    prints_arguments: bool = False  # shows its whole command line, the password included


class _Thrown(Exception):
    """A .NET exception that nobody catches."""

    def __init__(self, kind: str, message: str, more: str = "") -> None:
        super().__init__(message)
        self.text = f"Unhandled Exception: {kind}: {message}"
        self.more = more


@dataclass
class SetupTool:
    """The tool of one host. ``runs`` holds the parameters of each run, ``seconds`` its duration by setup mode."""

    faults: Faults = field(default_factory=Faults)
    runs: list[dict[str, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: {"maintenancemode": 15.0, "sync": 1800.0})
    syncs: int = 0

    async def __call__(self, call: Call) -> int:
        """Run the tool."""
        parameters = _parameters(call.arguments)
        if isinstance(parameters, str):
            call.err(f"{parameters}\n")
            return 1
        self.runs.append(parameters)
        mode = parameters.get("setupmode", "").lower()
        if mode not in MODES or "sqlcredentialinenvironment" in parameters:
            return not_simulated(call, "this use of the setup tool")
        if mode not in self.seconds:
            return not_simulated(call, f"setup mode {mode}")
        if self.faults.prints_arguments:
            call.out(f"Arguments: {call.tail.strip()}\n")
        try:
            session = self._prepared(call, parameters)
            try:
                return await self._run(call, mode, parameters, session)
            finally:
                session.close()
        except _Thrown as thrown:
            frames = ("Initialize(SetupParameters parameters)", "Main(String[] args)")
            stack = "".join(f"   at Microsoft.Dynamics.AX.Deployment.Setup.Program.{frame}\n" for frame in frames)
            call.err(f"\n{thrown.text}\n{stack}{thrown.more}")
            return UNHANDLED
        except SqlError as error:
            call.err(f"\nUnhandled Exception: {_sql_exception(error)}")
            return UNHANDLED

    def _prepared(self, call: Call, parameters: dict[str, str]) -> Session:
        """Check everything and sign in to the database."""
        if not call.account.elevated:
            raise _Thrown("System.UnauthorizedAccessException", "Attempted to perform an unauthorized operation.")
        if self.faults.crashes:
            raise _Thrown("System.InvalidOperationException", self.faults.crashes)
        for name in ("metadatadir", "bindir"):
            path = parameters.get(name, "")
            if not path:
                raise _Thrown("System.ArgumentNullException", f"Value cannot be null.\nParameter name: {name}")
            if not call.host.files.is_directory(path):
                raise _Thrown("System.IO.DirectoryNotFoundException", f"Could not find a part of the path '{path}'.")
        server = call.host.sql_servers.get(parameters.get("sqlserver", "").lower())
        if server is None:
            raise _Thrown(
                "System.Data.SqlClient.SqlException (0x80131904)", NO_SERVER, "Error Number:53,State:0,Class:20\n"
            )
        return server.login(
            parameters.get("sqluser", ""), parameters.get("sqlpwd", ""), parameters.get("sqldatabase", "")
        )

    async def _run(self, call: Call, mode: str, parameters: dict[str, str], session: Session) -> int:
        if self.faults.hangs:
            await asyncio.Event().wait()
        if mode == "sync":
            await self._synchronise(call, parameters)
        else:
            wanted = parameters.get("isinmaintenancemode", "").lower()
            if wanted not in ("true", "false"):
                raise _Thrown("System.FormatException", "String was not recognized as a valid Boolean.")
            await call.host.clock.sleep(self.seconds[mode])
            if not self.faults.does_nothing:
                set_configuration_mode(session, "1" if wanted == "true" else "0")
        call.out(f"Setup mode {parameters['setupmode']} completed.\n")
        if self.faults.complains:
            call.err(self.faults.complains + "\n")
        return self.faults.exit_code or 0

    async def _synchronise(self, call: Call, parameters: dict[str, str]) -> None:
        if parameters.get("syncmode", "").lower() != "fullall":
            raise _Thrown("System.ArgumentException", f"Invalid sync mode '{parameters.get('syncmode', '')}'.")
        for percent in range(0, 100, 10):
            call.out(f"Database synchronization: {percent}% of tables and views\n")
            await call.host.clock.sleep(self.seconds["sync"] / 10)
        self.syncs += 1
        call.out("Database synchronization: 100% of tables and views\n")


def _parameters(words: list[str]) -> dict[str, str] | str:
    """The parameters by name in lower case, or what is wrong with them."""
    found: dict[str, str] = {}
    position = 0
    while position < len(words):
        name = words[position].lstrip("-").lower()
        if not words[position].startswith("-") or name not in PARAMETERS:
            return f"Invalid argument: {words[position]}"
        following = words[position + 1] if position + 1 < len(words) else None
        if following is None and name not in SWITCHES:
            return f"Argument {words[position]} needs a value"
        if following is None or (name in SWITCHES and following.startswith("-")):
            found[name] = "true"
            position += 1
        else:
            found[name] = following
            position += 2
    return found


def set_configuration_mode(session: Session, value: str) -> None:
    """Set the variable; where the row is missing it is inserted, by the pattern of Microsoft's own scripts [G]."""
    update = f"UPDATE SQLSYSTEMVARIABLES SET VALUE = '{value}' WHERE PARM = 'CONFIGURATIONMODE'"
    insert = (
        f"INSERT INTO SQLSYSTEMVARIABLES (PARM, VALUE, IPARM, IVALUE) VALUES ('CONFIGURATIONMODE', '{value}', 20, NULL)"
    )
    changed = sum(getattr(result, "rows", 0) for result in session.execute(update))
    if not changed:
        for _result in session.execute(insert):
            pass


def _sql_exception(error: SqlError) -> str:
    frames = (
        "System.Data.SqlClient.SqlInternalConnection.OnError(SqlException exception, Boolean breakConnection)",
        "Microsoft.Dynamics.AX.Deployment.Setup.Program.Main(String[] args)",
    )
    return (
        f"System.Data.SqlClient.SqlException (0x80131904): {error.message}\n"
        + "".join(f"   at {frame}\n" for frame in frames)
        + f"Error Number:{error.number},State:{error.state},Class:{error.severity}\n"
    )
