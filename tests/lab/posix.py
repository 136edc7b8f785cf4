"""OpenSSH in front of a POSIX host: this machine, where the commands of clients really run, with a home of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncssh


class PosixHost:
    """One host on one address; ``commands`` are the lines that clients sent. Its one account signs in with ``key``."""

    def __init__(self, home: Path, address: str = "127.0.0.1", path: str = "/usr/bin:/bin") -> None:
        self.home = home
        self.address = address
        self.port = 0
        self.commands: list[str] = []
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self._environment = {"HOME": str(home), "PATH": path}
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._listener: asyncssh.SSHAcceptor | None = None

    @property
    def known_hosts(self) -> str:
        """The host's line in a known_hosts file."""
        return f"[{self.address}]:{self.port} {self._host_key.export_public_key().decode().strip()}\n"

    async def start(self) -> None:
        """Listen; ``port`` is the real one afterwards."""
        keys = asyncssh.import_authorized_keys(self.key.export_public_key().decode())
        self._listener = await asyncssh.listen(
            self.address,
            0,
            server_host_keys=[self._host_key],
            authorized_client_keys=keys,
            process_factory=self._command,
            encoding=None,
            line_editor=False,
            allow_pty=False,
        )
        self.port = self._listener.get_port()

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()

    async def _command(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        self.commands.append(process.command or "")
        shell = await asyncio.create_subprocess_shell(
            process.command or "",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            cwd=self.home,
        )
        # Everything is passed on before the end is told: a client that was told looks for no more.
        output, errors = await shell.communicate(await process.stdin.read())
        process.stdout.write(output)
        process.stderr.write(errors)
        process.exit(shell.returncode or 0)
