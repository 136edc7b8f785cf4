"""A simulated Windows host: accounts, environment, file system, processes, services, and the programs on it."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import itertools
import ntpath
import random
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.clock import Clock
from lab.windows.commandline import split_program
from lab.windows.environment import Environment
from lab.windows.errors import Win32Error
from lab.windows.filesystem import FileSystem, absolute
from lab.windows.languages import LANGUAGES
from lab.windows.processes import ProcessTable
from lab.windows.program import Call, Program, Write, not_simulated
from lab.windows.programs import STANDARD, SYSTEM32
from lab.windows.services import ServiceManager

if TYPE_CHECKING:
    from lab.aos import Aos
    from lab.sql import SqlServer
    from lab.windows.programs.setup_tool import SetupTool

PATH = (
    SYSTEM32,
    r"C:\Windows",
    SYSTEM32 + r"\WindowsPowerShell\v1.0",
    r"C:\Program Files\Microsoft SQL Server\Client SDK\ODBC\170\Tools\Binn",
)
KILLED = 1  # exit code of a process that TerminateProcess ended


@dataclass
class Account:
    """Somebody who may log on. ``elevated`` is the token's integrity level, not only the group."""

    name: str
    password: str
    elevated: bool = True
    may_query_services: bool = True
    may_control_services: bool = True
    may_end_processes: bool = True


@dataclass(frozen=True)
class Event:
    """An entry in the event log."""

    time: float
    source: str
    text: str


class WindowsHost:
    """One machine.

    ``address`` is the loopback address that its servers listen on. ``environment`` is what every new shell has.
    ``programs`` maps a file name, or the full path of one file (both in lower case), to what runs when it is
    started; a file that has no entry is there but can't be run. ``scripts`` does the same for PowerShell scripts, by
    path in lower case: they run inside powershell.exe. ``processes_started`` logs every start of a program
    by its name.
    """

    def __init__(self, name: str, address: str, clock: Clock, *, language: str = "en") -> None:
        self.name = name.upper()
        self.address = address
        self.clock = clock
        if language not in LANGUAGES:
            raise ValueError(f"no texts for the language {language!r}")
        self.language = language
        self.sqlcmd_flavour = "odbc17"  # "odbc18" or "go" (see sqlcmd.py)
        self.accounts: dict[str, Account] = {}
        self.files = FileSystem("C:")
        self.processes = ProcessTable()
        self.services = ServiceManager(clock, self.processes)
        self.programs: dict[str, Program] = {}
        self.scripts: dict[str, Program] = {}
        self.execution_policy = "RemoteSigned"  # Windows Server's default
        self.processes_started: list[str] = []
        self.program_start_seconds = 0.02
        self.events: list[Event] = []
        self.sql_servers: dict[str, SqlServer] = {}  # by the names under which they answer, in lower case
        self.trusts_sql_certificate = False  # whether sqlcmd -N works without -C
        # Whether a sign-in from the network can be passed on to a second machine (CredSSP, Kerberos delegation).
        self.delegates = True
        self.hosts_file: dict[str, str] = {}  # name -> address, the machine's only name service
        self.trusted_ca_files: list[Path] = []  # whose certificates its programs trust
        # Answers curl.exe instead of the network: URL -> (status, reason). Its exceptions are those of a client of
        # HTTP: socket.gaierror, ConnectionRefusedError, TimeoutError, ssl.SSLCertVerificationError, ssl.SSLError,
        # http.client.RemoteDisconnected, http.client.BadStatusLine.
        self.http_get: Callable[[str], Awaitable[tuple[int, str]]] | None = None
        self.random = random.Random(name)
        self.aos: Aos | None = None
        self.setup_tool: SetupTool | None = None
        self.before_boot: list[Callable[[], None]] = []  # what waits for the ports that are known only then
        self.environment = Environment(
            {
                "ALLUSERSPROFILE": r"C:\ProgramData",
                "COMPUTERNAME": self.name,
                "ComSpec": SYSTEM32 + r"\cmd.exe",
                "NUMBER_OF_PROCESSORS": "2",
                "OS": "Windows_NT",
                "Path": ";".join(PATH),
                "PATHEXT": ".COM;.EXE;.BAT;.CMD",
                "PROCESSOR_ARCHITECTURE": "AMD64",
                "ProgramData": r"C:\ProgramData",
                "ProgramFiles": r"C:\Program Files",
                "ProgramFiles(x86)": r"C:\Program Files (x86)",
                "SystemDrive": "C:",
                "SystemRoot": r"C:\Windows",
                "windir": r"C:\Windows",
            }
        )
        for image in ("csrss.exe", "services.exe", "lsass.exe"):
            self.processes.start(image).protected = True
        for path, program in STANDARD.items():
            self.install(path, program)

    def add_account(self, account: Account) -> Account:
        """Make an account known; its profile directory is created."""
        self.accounts[account.name] = account
        self.files.make_directory(rf"C:\Users\{account.name}\AppData\Local\Temp")
        return account

    def authenticate(self, user: str, password: str) -> Account | None:
        """The account, if name (with or without a domain) and password fit."""
        name = user.rpartition("\\")[2].partition("@")[0].lower()
        for account in self.accounts.values():
            if account.name.lower() == name and hmac.compare_digest(account.password.encode(), password.encode()):
                return account
        return None

    def identity_at(self, server: str, account: Account) -> str:
        """Whom a SQL Server of that name sees in an integrated login: nobody where the double hop is in the way."""
        here = server.lower() in (".", "(local)", "localhost", "127.0.0.1", self.name.lower())
        return f"{self.name}\\{account.name}" if here or self.delegates else r"NT AUTHORITY\ANONYMOUS LOGON"

    def install(self, path: str, program: Program | None = None) -> None:
        """Put a program's file on the host, and say what runs when it is started."""
        self.files.write(path, b"MZ")
        if program is not None:
            self.programs[path.lower()] = program

    def log_event(self, source: str, text: str) -> None:
        """Write to the event log."""
        self.events.append(Event(self.clock.time(), source, text))

    def resolve(self, name: str) -> str | None:
        """The address of a host name as this machine finds it: its hosts file, itself, or an address as it stands."""
        known = {key.lower(): address for key, address in self.hosts_file.items()}
        if name.lower() in known:
            return known[name.lower()]
        if name.lower() in ("localhost", self.name.lower()):
            return self.address
        try:
            return str(ipaddress.ip_address(name.strip("[]")))
        except ValueError:
            return None

    async def start(self) -> None:
        """Boot: automatic services run, the AOS listens."""
        if self.aos is not None:
            await self.aos.start()
        self._boot()
        if self.aos is not None:
            await self.aos.settle()

    async def boot_without_network(self) -> None:
        """Instead of ``start``, for a simulation within one process: no socket is opened, a ``VirtualLoop`` will do.

        ``run`` and everything else works; curl.exe asks the AOS itself, unless a test has set ``http_get``.
        """
        if self.aos is not None:
            self.aos.start_without_network()
        self.http_get = self.http_get or self._get_without_network
        self._boot()

    def _boot(self) -> None:
        for call in self.before_boot:
            call()
        self.services.boot()
        if self.aos is not None:
            self.aos.finish_loading()

    async def _get_without_network(self, url: str) -> tuple[int, str]:
        address = self.resolve(urlsplit(url).hostname or "")
        if address is None:
            raise socket.gaierror
        if self.aos is None or address != self.aos.address:
            raise ConnectionRefusedError
        return await self.aos.get(url)

    async def stop(self) -> None:
        """Switch the machine off."""
        await self.services.shut_down()
        if self.aos is not None:
            await self.aos.stop()

    async def run(
        self,
        line: str,
        *,
        account: Account,
        environment: Mapping[str, str],
        cwd: str | None,
        skip_cmd: bool,
        stdin: asyncio.StreamReader,
        write: Write,
    ) -> int:
        """Run one command line as a remote shell does and return the exit code.

        With ``skip_cmd`` the line's first word is started directly, and a program that does not exist raises
        Win32Error(2); otherwise ``cmd.exe /c "line"`` runs. A directory ``cwd`` that does not exist raises
        Win32Error(267).
        """
        profile = rf"C:\Users\{account.name}"
        variables = self.environment.copy()
        variables.update(
            {
                "LOCALAPPDATA": rf"{profile}\AppData\Local",
                "TEMP": rf"{profile}\AppData\Local\Temp",
                "USERDOMAIN": self.name,
                "USERNAME": account.name,
                "USERPROFILE": profile,
            }
        )
        variables.update(environment)
        directory = absolute(cwd, profile) if cwd else profile
        if not self.files.is_directory(directory):
            raise Win32Error(267)
        if skip_cmd:
            name, tail = split_program(line)
            path = self.find_program(name, directory, variables, ("", ".exe"))
            if path is None:
                raise Win32Error(2)
        else:
            path, tail = SYSTEM32 + r"\cmd.exe", f' /C "{line}"'
        return await self.execute(Call(self, account, variables, directory, path, tail, stdin, write))

    def find_program(
        self, name: str, cwd: str, environment: Mapping[str, str], extensions: tuple[str, ...]
    ) -> str | None:
        """The path of a program given by name or path: the current directory first, then %PATH%."""
        if not name.strip():
            return None
        if ntpath.splitext(name)[1]:
            extensions = ("", *extensions)
        directories = [cwd]
        if "\\" not in name and ":" not in name and "/" not in name:
            directories += [part.strip('"') for part in environment.get("Path", "").split(";") if part]
        for directory, extension in itertools.product(directories, extensions):
            path = absolute(name + extension, directory)
            entry = self.files.find(path)
            if entry is not None and not entry.is_directory and self.files.exists(path):
                return entry.path
        return None

    async def execute(self, call: Call) -> int:
        """Start the program ``call.image`` as a process of its own and wait for its end."""
        name = ntpath.basename(call.image)
        program = self.programs.get(call.image.lower()) or self.programs.get(name.lower())
        if program is None:
            return not_simulated(call, call.image)
        self.processes_started.append(name)
        work = asyncio.get_running_loop().create_task(self._life(program, call))
        killed = False

        def kill() -> None:
            nonlocal killed
            killed = True
            work.cancel()

        process = self.processes.start(name, f"{self.name}\\{call.account.name}", on_kill=kill)
        try:
            return await work
        except asyncio.CancelledError:
            if killed:
                return KILLED
            raise
        finally:
            self.processes.end(process.pid)

    async def _life(self, program: Program, call: Call) -> int:
        if self.program_start_seconds:
            await self.clock.sleep(self.program_start_seconds)
        return await program(call)
