"""Runs one command line on a simulated host and keeps what it printed: for tests and simulations in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from lab.windows.host import Account, WindowsHost


@dataclass(frozen=True)
class Ran:
    """What a command line printed, with plain line feeds, and its exit code."""

    out: str
    err: str
    code: int


async def run(
    host: WindowsHost,
    line: str,
    account: Account | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    cwd: str | None = None,
    skip_cmd: bool = False,
    stdin: bytes = b"",
) -> Ran:
    """Run a line as a remote shell of ``account`` does, or of the host's first account."""
    printed = {"stdout": bytearray(), "stderr": bytearray()}
    reader = asyncio.StreamReader()
    reader.feed_data(stdin)
    reader.feed_eof()
    code = await host.run(
        line,
        account=account or next(iter(host.accounts.values())),
        environment=environment or {},
        cwd=cwd,
        skip_cmd=skip_cmd,
        stdin=reader,
        write=lambda stream, data: printed[stream].extend(data),
    )
    out, err = (bytes(printed[stream]).decode().replace("\r\n", "\n") for stream in ("stdout", "stderr"))
    return Ran(out, err, code)
