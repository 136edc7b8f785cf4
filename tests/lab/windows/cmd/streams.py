"""A command's input and outputs, and how a shell is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


class Exit(Exception):
    """The command ``exit``."""

    def __init__(self, code: int) -> None:
        self.code = code


@dataclass
class Streams:
    """Where a command's input comes from and its output goes to."""

    stdin: asyncio.StreamReader
    out: Callable[[bytes], None]
    err: Callable[[bytes], None]

    def print(self, text: str) -> None:
        """Write text with line feeds to stdout."""
        self.out(text.replace("\n", "\r\n").encode())

    def complain(self, text: str) -> None:
        """Write text with line feeds to stderr."""
        self.err(text.replace("\n", "\r\n").encode())
