"""What a simulated program is given when it is started, and what it returns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.windows.commandline import split_arguments
from lab.windows.environment import Environment

if TYPE_CHECKING:
    from lab.windows.host import Account, WindowsHost

Write = Callable[[str, bytes], None]


@dataclass
class Call:
    """One start of a program."""

    host: WindowsHost
    account: Account
    environment: Environment
    cwd: str
    image: str  # the program's path
    tail: str  # the command line behind the program's name, untouched
    stdin: asyncio.StreamReader
    write: Write

    @property
    def arguments(self) -> list[str]:
        """The command line as the C run-time splits it."""
        return split_arguments(self.tail)

    def out(self, text: str) -> None:
        """Write text with line feeds to stdout, where Windows programs end lines with CR LF."""
        self.write("stdout", text.replace("\n", "\r\n").encode())

    def err(self, text: str) -> None:
        """The same for stderr."""
        self.write("stderr", text.replace("\n", "\r\n").encode())


# A program does its work and returns its exit code.
Program = Callable[[Call], Awaitable[int]]


def not_simulated(call: Call, what: str) -> int:
    """The lab's own failure: nothing that is not simulated may look like success."""
    call.err(f"lab: {what} is not simulated\n")
    return 120  # ERROR_CALL_NOT_IMPLEMENTED
