r"""Set-MaintenanceMode.ps1, which Microsoft delivers with the infrastructure scripts for on-premises environments.

Nobody has published it. Known are its parameters, that it runs on any node, that it restarts all AOS instances, and
that the system is in maintenance mode once they run again. All else here is a guess [G]: that it needs an elevated
session, loads a module from its own folder by a relative path, writes the variable by an integrated login, and ends
without waiting for the AOS instances; its texts are inventions in the form that PowerShell gives such errors.
"""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from lab.servicefabric import Cluster
from lab.sql import Session, SqlError
from lab.windows.errors import Win32Error
from lab.windows.filesystem import absolute
from lab.windows.program import Call
from lab.windows.programs.powershell import ErrorRecord, complain
from lab.windows.programs.setup_tool import NO_SERVER, UNHANDLED, set_configuration_mode

NAME = "Set-MaintenanceMode.ps1"
MODULE = r"D365FO-OP\D365FO-OP.psd1"
PARAMETERS = ("ConfigurationFilePath", "Enable", "Disable")


@dataclass
class Faults:
    """What goes wrong with the script; a test sets it."""

    throws: str = ""  # the message of an exception, thrown before anything is written
    crashes: str = ""  # the same, but a .NET exception that nobody handles ends powershell.exe
    hangs: bool = False
    does_nothing: bool = False  # reports success; variable and AOS stay as they were
    writes_nothing: bool = False  # reports success and restarts every AOS; the variable stays as it was
    complains: str = ""  # an error record on stderr although it does its work and ends with 0
    throws_before_restart: str = ""  # the variable is written, then this exception: no AOS is restarted
    loses_node: str = ""  # this node dies while the AOS instances restart


@dataclass
class MaintenanceScript:
    """The script as it lies in one scripts folder. ``runs`` holds the arguments of each run."""

    cluster: Cluster
    faults: Faults = field(default_factory=Faults)
    runs: list[list[str]] = field(default_factory=list)
    seconds: float = 12.0

    async def __call__(self, call: Call) -> int:
        """Run the script in the powershell.exe of ``call``. Raises ErrorRecord for an exception that ends it."""
        self.runs.append(call.arguments)
        parameters = bind(call.arguments)
        self._require(call)
        if self.faults.crashes:
            call.err(f"\nUnhandled Exception: System.InvalidOperationException: {self.faults.crashes}\n")
            call.err("   at Microsoft.PowerShell.ConsoleShell.Start(String bannerText, String[] args)\n")
            return UNHANDLED
        config = _read_template(call, parameters["ConfigurationFilePath"])
        if self.faults.throws:
            raise _thrown(self.faults.throws)
        enable = "Enable" in parameters
        call.out(f"{'Enabling' if enable else 'Disabling'} maintenance mode...\n")
        if self.faults.hangs:
            await asyncio.Event().wait()
        await call.host.clock.sleep(self.seconds)
        if not self.faults.does_nothing:
            await self._switch(call, config, "1" if enable else "0")
        if self.faults.complains:
            complain(call, _written(self.faults.complains))
        call.out(f"Maintenance mode has been {'enabled' if enable else 'disabled'}.\n")
        return 0

    def _require(self, call: Call) -> None:
        if not call.account.elevated:
            raise ErrorRecord(
                f"{NAME} : The script '{NAME}' cannot be run because it contains a \"#requires\" statement for running"
                " as Administrator. The current Windows PowerShell session is not running as Administrator. Start"
                " Windows PowerShell by  using the Run as Administrator option, and then try running the script again.",
                f"PermissionDenied: ({NAME}:String) [], ScriptRequiresException",
                "ScriptRequiresElevation",
            )
        if not call.host.files.exists(absolute(MODULE, call.cwd)):
            raise ErrorRecord(
                rf"Import-Module : The specified module '.\{MODULE}' was not loaded because no valid module file was"
                " found in any module directory.",
                rf"ResourceUnavailable: (.\{MODULE}:String) [Import-Module], FileNotFoundException",
                "Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand",
            )

    async def _switch(self, call: Call, config: ET.Element, value: str) -> None:
        session = _sign_in(call, config)
        try:
            if not self.faults.writes_nothing:
                set_configuration_mode(session, value)
        except SqlError as error:
            raise _sql_failure(error.message) from error
        finally:
            session.close()
        if self.faults.throws_before_restart:
            raise _thrown(self.faults.throws_before_restart)
        for instance in self.cluster.placed:
            call.out(f"Restarting AXService on node {instance.node.name}\n")
        self.cluster.restart_all()
        if self.faults.loses_node:
            await self.cluster.lose_node(self.faults.loses_node)


def bind(words: list[str]) -> dict[str, str]:
    """Bind the arguments as PowerShell does: names in any case, shortened as far as they are clear.

    Raises ErrorRecord where they don't fit.
    """
    found: dict[str, str] = {}
    position = 0
    while position < len(words):
        word, colon, value = words[position].partition(":")
        matches = [each for each in PARAMETERS if len(word) > 1 and each.lower().startswith(word[1:].lower())]
        position += 1
        if not word.startswith("-"):
            what = f"A positional parameter cannot be found that accepts argument '{words[position - 1]}'."
            raise _binding(what, "PositionalParameterNotFound")
        if len(matches) != 1:
            what = f"A parameter cannot be found that matches parameter name '{word[1:]}'."
            raise _binding(what, "NamedParameterNotFound")
        if matches[0] == "ConfigurationFilePath" and not colon:
            if position == len(words) or words[position].startswith("-"):
                what = f"Missing an argument for parameter '{matches[0]}'. Specify a parameter of type 'System.String'"
                raise _binding(f"{what} and try again.", "MissingArgument")
            value = words[position]
            position += 1
        found[matches[0]] = value
    if ("Enable" in found) == ("Disable" in found):
        raise _binding(
            "Parameter set cannot be resolved using the specified named parameters.", "AmbiguousParameterSet"
        )
    if "ConfigurationFilePath" not in found:
        what = "Cannot process command because of one or more missing mandatory parameters: ConfigurationFilePath."
        raise _binding(what, "MissingMandatoryParameter")
    return found


def _binding(message: str, identity: str) -> ErrorRecord:
    category = f"InvalidArgument: (:) [{NAME}], ParameterBindingException"
    return ErrorRecord(f"{NAME} : {message}", category, f"{identity},{NAME}")


def _thrown(message: str) -> ErrorRecord:
    return ErrorRecord(message, f"OperationStopped: ({message}:String) [], RuntimeException", message)


def _written(message: str) -> ErrorRecord:
    category = "NotSpecified: (:) [Write-Error], WriteErrorException"
    identity = f"Microsoft.PowerShell.Commands.WriteErrorException,{NAME}"
    return ErrorRecord(f"{NAME} : {message}", category, identity)


def _read_template(call: Call, name: str) -> ET.Element:
    path = absolute(name, call.cwd)
    command = "Microsoft.PowerShell.Commands.GetContentCommand"
    try:
        text = call.host.files.read(path)
    except Win32Error as error:
        if error.code == 5:
            message = f"Get-Content : Access to the path '{path}' is denied."
            category = f"PermissionDenied: ({path}:String) [Get-Content], UnauthorizedAccessException"
            raise ErrorRecord(message, category, f"GetContentReaderUnauthorizedAccessError,{command}") from error
        message = f"Get-Content : Cannot find path '{path}' because it does not exist."
        category = f"ObjectNotFound: ({path}:String) [Get-Content], ItemNotFoundException"
        raise ErrorRecord(message, category, f"PathNotFound,{command}") from error
    try:
        return ET.fromstring(text)
    except ET.ParseError as error:
        raise ErrorRecord(
            f'Cannot convert value to type "System.Xml.XmlDocument". Error: "{error}"',
            "InvalidArgument: (:) [], RuntimeException",
            "InvalidCastToXmlDocument",
        ) from error


def _sign_in(call: Call, config: ET.Element) -> Session:
    database = config.find(".//Databases/Database[@refName='axDB']")
    listener = config.findtext(".//SQLCluster/ListenerName", "").strip()
    machine = config.find(".//SQLVMList/SQLVM")
    server_name = listener or ("" if machine is None else machine.get("name", ""))
    server = call.host.sql_servers.get(server_name.lower())
    if server is None or database is None:
        raise _sql_failure(NO_SERVER)
    try:
        return server.login_windows(call.host.identity_at(server_name, call.account), database.get("dbName", ""))
    except SqlError as error:
        raise _sql_failure(error.message) from error


def _sql_failure(message: str) -> ErrorRecord:
    return ErrorRecord(
        f"Invoke-Sqlcmd : {message}",
        "InvalidOperation: (:) [Invoke-Sqlcmd], SqlException",
        "SqlExceptionError,Microsoft.SqlServer.Management.PowerShell.GetScriptCommand",
    )
