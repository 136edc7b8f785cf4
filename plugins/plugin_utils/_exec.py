# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Commands on a Windows host through the connection's ``exec_command``: ssh, psrp, and winrm where that is forced."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.release import __version__ as ansible_version
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import TooLong, within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._command import (
    MAX_LINE,
    SAY_AFTER,
    check_line,
    lost,
    signed,
    too_long,
)

_FAILED: tuple[type[Exception], ...] = (AnsibleError, OSError)
try:
    from requests.exceptions import RequestException
    from winrm.exceptions import WinRMError, WinRMTransportError
except ImportError:  # without pywinrm there is no winrm connection either
    pass
else:
    _FAILED = (*_FAILED, RequestException, WinRMError, WinRMTransportError)

_RC = "#rc "
# OpenSSH passes on only the lowest byte of an exit code, so the line says it itself. The caret keeps cmd.exe from
# putting in the code at the time when it reads the line; "call" reads its part again when it is run.
_TELL_RC = f"& call echo {_RC}%^ERRORLEVEL%"
_ENCODED_PREFIX = "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "
_PROBE_LIMIT = 60.0


def open_exec(connection: Any, name: str, addresses: Sequence[str], run: Run) -> ExecHost:
    """Return the connection's host, or the first of ``addresses`` that answers. Raises ``Unreachable``."""
    told = []
    for address in addresses:
        _turn_to(connection, address)
        host = ExecHost(connection, address, run)
        try:
            host.run("cd .", doing="connect", limit=_PROBE_LIMIT)
        except Unreachable as failure:
            told.append(str(failure))
        else:
            return host
    if told:
        raise Unreachable(
            "connect", name, " ".join(told), "Check the credentials, and that one of the nodes is running"
        )
    return ExecHost(connection, name, run)


def _turn_to(connection: Any, address: str) -> None:
    """Let the connection's next command go to another address."""
    connection.set_option("host" if connection.transport == "ssh" else "remote_addr", address)
    connection._connected = False
    for session in ("protocol", "shell_id", "runspace"):
        if hasattr(connection, session):
            setattr(connection, session, None)


class ExecHost:
    """Commands through ``exec_command``, wrapped so that cmd.exe gets the line as it is."""

    keeps_secrets = False

    def __init__(self, connection: Any, name: str, run: Run) -> None:
        self.name = name
        self._connection = connection
        self._run = run

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        """Run one command line (``Host``)."""
        if secret:
            raise Failure(
                "pass a password to a program safely",
                self.name,
                f"the {self._connection.transport} connection cannot set an environment variable for one command",
                "Use integrated login (leave O(sql_login_user) empty), O(via=odbc) from a controller that reaches the "
                "SQL Server, or ansible_connection: winrm",
            )
        line += _TELL_RC
        check_line(line, doing, self.name)
        command = self._wrapped(line, doing)
        narrator = self._run.narrator(doing, limit)

        def tick() -> None:
            self._run.check()
            if narrator.waited >= SAY_AFTER:
                narrator.say()

        try:
            rc, out, err = within(limit, lambda: self._connection.exec_command(command, sudoable=False), tick=tick)
        except TooLong:
            raise too_long(doing, self.name, limit, "") from None
        except _FAILED as error:
            raise lost(self.name, doing, error) from error
        stdout, mark, told = to_text(out, errors="replace").rpartition(_RC)
        # Without the mark cmd.exe did not get to the line's end; then the connection's word has to do.
        found = re.match(r"-?\d+(?=\s|$)", told) if mark else None
        rc = int(found[0]) if found else rc
        return Completed(signed(rc), stdout if mark else told, to_text(err, errors="replace"))

    def _wrapped(self, line: str, doing: str) -> str:
        transport = self._connection.transport
        command = wrap_for_exec(line, transport, self._connection._shell.SHELL_FAMILY)
        if command != line and "|" in line:
            raise Failure(
                doing,
                self.name,
                "the command line contains a |, at which PowerShell splits it, even inside quotes",
                "Remove it, or use ansible_connection: winrm, or cmd.exe as the shell of ssh",
            )
        encoded = len(_ENCODED_PREFIX) + len(_encode(command))
        if transport == "winrm" and encoded > MAX_LINE:
            raise Failure(
                doing,
                self.name,
                f"the encoded command has {encoded} characters; cmd.exe allows {MAX_LINE}",
                "Shorten O(reason), O(owner) or paths, or use O(run_by=auto)",
            )
        return command


def wrap_for_exec(line: str, transport: str, shell_family: str, version: str = ansible_version) -> str:
    """Return what ``exec_command`` has to be given so that cmd.exe on the host runs ``line`` unaltered.

    With cmd.exe as the login shell (OpenSSH for Windows' default) that is the line itself. PowerShell gets one native
    call behind its stop-parsing token, base64-encoded where the connection does not do that by itself: winrm and psrp
    do, and ssh did before ansible-core 2.18, whatever the login shell is.
    """
    encodes = transport in ("winrm", "psrp") or (transport == "ssh" and _older(version, (2, 18)))
    if shell_family == "cmd" and not encodes:
        return line
    # "--%" hands the rest of the line to the program as it stands (about_Parsing); it ends at the line's end.
    script = f'cmd.exe --% /d /s /c "{line}"\nexit $LASTEXITCODE'
    return script if encodes else f"{_ENCODED_PREFIX}{_encode(script)}"


def _encode(script: str) -> str:
    return b64encode(script.encode("utf-16-le")).decode("ascii")


def _older(version: str, than: tuple[int, int]) -> bool:
    return tuple(int(part) for part in version.split(".")[:2]) < than
