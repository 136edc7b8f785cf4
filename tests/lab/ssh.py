"""OpenSSH for Windows in front of a simulated host, with cmd.exe or PowerShell as the accounts' default shell.

Each command is one process of the default shell: ``cmd.exe /c "LINE"``, or ``powershell.exe -c "LINE"`` with the quotes
inside LINE escaped, as win32-openssh builds it. No terminal, no SFTP, no variables from the client (sshd_config takes
none by default). A command whose client has gone runs on [G].
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import asyncssh

from lab.clock import Clock
from lab.windows.errors import Win32Error
from lab.windows.host import Account, WindowsHost

Write = Callable[[str, bytes], None]
Shell = Literal["cmd", "powershell"]
CHUNK = 65_536


@dataclass
class Faults:
    """What a test lets go wrong; what strikes once resets itself."""

    refuse_connections: bool = False  # connections are closed as soon as they are there
    drop_in_command: int = 0  # the connection of the n-th command from now on is cut (1 = the next one)
    drop_after: float = 0.1  # simulated seconds that such a command has run before

    def counts_command(self) -> bool:
        """One more command starts; true if it is the one to lose its connection."""
        if self.drop_in_command == 0:
            return False
        self.drop_in_command -= 1
        return self.drop_in_command == 0


class SSHServer:
    """SSH for one host on one address.

    ``allow_key`` puts a public key into an account's authorized_keys. ``known_hosts`` is the line that a client
    needs to verify the server. ``commands`` are the lines that clients sent, ``logins`` the accounts that came in.
    """

    def __init__(
        self,
        host: WindowsHost,
        address: str,
        port: int,
        clock: Clock,
        *,
        default_shell: Shell = "cmd",
        host_key: asyncssh.SSHKey | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.host = host
        self.address = address
        self.port = port
        self.clock = clock
        self.default_shell: Shell = default_shell
        self.host_key = host_key or asyncssh.generate_private_key("ssh-ed25519")
        self.faults = faults or Faults()
        self.commands: list[str] = []
        self.logins: list[str] = []
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._keys: dict[str, set[bytes]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._listener: asyncssh.SSHAcceptor | None = None

    @property
    def known_hosts(self) -> str:
        """The server's line in a known_hosts file."""
        return f"[{self.address}]:{self.port} {self.host_key.export_public_key().decode().strip()}\n"

    def allow_key(self, account: Account, public_key: asyncssh.SSHKey) -> None:
        """Let an account sign in with a key."""
        self._keys.setdefault(account.name.lower(), set()).add(public_key.public_data)

    def knows_key(self, account: Account, key: asyncssh.SSHKey) -> bool:
        """Whether an account may sign in with a key."""
        return key.public_data in self._keys.get(account.name.lower(), ())

    async def start(self) -> None:
        """Listen; ``port`` is the real one afterwards."""
        self._listener = await asyncssh.listen(
            self.address,
            self.port,
            server_factory=lambda: _Session(self),
            server_host_keys=[self.host_key],
            process_factory=self._command,
            encoding=None,
            line_editor=False,
            allow_pty=False,
            agent_forwarding=False,
        )
        self.port = self._listener.get_port()

    async def stop(self) -> None:
        """Stop listening; end connections and what runs."""
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
        for connection in list(self.connections):
            connection.abort()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def find_account(self, user: str) -> Account | None:
        r"""The account of ``user``, ``DOMAIN\user`` or ``user@domain``."""
        name = user.rpartition("\\")[2].partition("@")[0].lower()
        return next((each for each in self.host.accounts.values() if each.name.lower() == name), None)

    async def _command(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        # a task of its own: asyncssh cancels this one when the client goes
        task = asyncio.create_task(self._run(process))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        account = self.find_account(str(process.get_extra_info("username")))
        line = process.command
        if account is None or not line:
            process.stderr.write(b"lab: an interactive shell is not simulated\r\n")
            process.exit(120)
            return
        self.commands.append(line)
        cut = asyncio.create_task(self._cut(process)) if self.faults.counts_command() else None
        stdin = asyncio.StreamReader()
        feeding = asyncio.create_task(_feed(process, stdin))
        streams = {"stdout": process.stdout, "stderr": process.stderr}

        def write(stream: str, data: bytes) -> None:
            if not process.channel.is_closing():
                streams[stream].write(data)

        try:
            code = await self._start(line, account, stdin, write)
        finally:
            feeding.cancel()
        if cut is not None:
            await cut
        if not process.channel.is_closing():
            process.exit(code & 0xFFFFFFFF)  # exit-status is unsigned; clients keep the lowest byte of it

    async def _start(self, line: str, account: Account, stdin: asyncio.StreamReader, write: Write) -> int:
        environment: Mapping[str, str] = {"SSH_CONNECTION": f"127.0.0.1 50000 {self.address} {self.port}"}
        cmd = self.default_shell == "cmd"
        if not cmd:
            line = f"powershell.exe -c {_quoted(line)}"
        try:
            return await self.host.run(
                line,
                account=account,
                environment=environment,
                cwd=None,
                skip_cmd=not cmd,
                stdin=stdin,
                write=write,
            )
        except Win32Error as error:
            write("stderr", f"{error.text}\r\n".encode())
            return 1

    async def _cut(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        await self.clock.sleep(self.faults.drop_after)
        process.channel.get_connection().abort()


class _Session(asyncssh.SSHServer):
    """Who may come in, for one connection."""

    def __init__(self, server: SSHServer) -> None:
        self.server = server
        self.connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn
        self.server.connections.add(conn)
        if self.server.faults.refuse_connections:
            conn.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        if self.connection is not None:
            self.server.connections.discard(self.connection)

    def begin_auth(self, _username: str) -> bool:
        return True

    def auth_completed(self) -> None:
        if self.connection is not None:
            self.server.logins.append(str(self.connection.get_extra_info("username")))

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return self.server.host.authenticate(username, password) is not None

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        account = self.server.find_account(username)
        return account is not None and self.server.knows_key(account, key)


async def _feed(process: asyncssh.SSHServerProcess[bytes], stdin: asyncio.StreamReader) -> None:
    """Pass the client's input on until its end, or the end of the connection."""
    try:
        while data := await process.stdin.read(CHUNK):
            stdin.feed_data(data)
    except asyncssh.Error:
        pass  # the client has gone: for the program that is the end of its input
    stdin.feed_eof()


def _quoted(line: str) -> str:
    """``line`` as one argument, quotes and the backslashes before them escaped as the C run-time reads them."""
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', line)
    end = len(escaped) - len(escaped.rstrip("\\"))
    return f'"{escaped}{escaped[len(escaped) - end :]}"'
