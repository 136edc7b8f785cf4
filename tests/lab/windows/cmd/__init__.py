"""A simulated cmd.exe, as far as one command line goes: no batch files, no interactive prompt."""

from __future__ import annotations

from lab.windows.cmd.shell import run_cmd

__all__ = ["run_cmd"]
