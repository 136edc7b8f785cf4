# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Runs command lines on the task's Windows host, through the connection that the inventory gives it.

On winrm the commands run as native programs in a shell on the connection's own pywinrm ``Protocol``: no PowerShell
start, nothing copied to the host. Elsewhere (ssh, psrp) the connection's ``exec_command`` carries them.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.release import __version__ as ansible_version
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed, Host

_BROKEN: tuple[type[Exception], ...]
_NOTHING_YET: tuple[type[Exception], ...]
try:
    from requests.exceptions import RequestException
    from winrm.exceptions import WinRMError, WinRMOperationTimeoutError, WinRMTransportError
except ImportError:  # without pywinrm there is no winrm connection either
    _BROKEN = _NOTHING_YET = ()
else:
    _BROKEN = (RequestException, WinRMError, WinRMTransportError)
    _NOTHING_YET = (WinRMOperationTimeoutError,)
_FAILED: tuple[type[Exception], ...] = (AnsibleError, OSError, *_BROKEN)

_RC = "#rc "
# OpenSSH passes on only the lowest byte of an exit code, so the line says it itself. The caret keeps cmd.exe from
# putting in the code at the time when it reads the line; "call" reads its part again when it is run.
_TELL_RC = f"& call echo {_RC}%^ERRORLEVEL%"
_ENCODED_PREFIX = "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "

_SAY_EVERY = 5
"""Seconds between two lines about a long command."""

MAX_LINE = 8191
"""Longest command line that cmd.exe takes, in characters (Microsoft Learn: "Command prompt line string limitation")."""


@contextmanager
def open_host(
    connection: Any,
    *,
    name: str,
    environment: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    way: str = "auto",
    become: bool = False,
) -> Iterator[Host]:
    """Open the task's host for commands and close what was opened for it.

    ``connection`` is the action plugin's connection, ``name`` the inventory name for messages. ``environment`` is
    given to the shell (the way a password reaches a program without a command line). ``secrets`` are taken out of
    what is shown of a program's output while it runs, or when it is given up. ``way`` is "auto" (a shell of its own on
    winrm, ``exec_command`` elsewhere) or "exec_command".
    Raises ``Failure`` where this connection can't do what is asked, ``AnsibleConnectionFailure`` where it breaks.
    """
    if become:
        raise Failure(
            "use become",
            name,
            "the commands run in a shell of the connecting account, which become does not reach",
            "Connect with an account that has the rights and remove become from the task",
        )
    if getattr(connection, "transport", "") == "winrm" and way == "auto":
        yield from _winrm_host(connection, name, environment or {}, secrets)
    else:
        if environment:
            raise Failure(
                "pass a password to a program safely",
                name,
                f"the {getattr(connection, 'transport', 'unknown')} connection has no way to set an environment "
                "variable for one command",
                "Use integrated login (leave the SQL login empty), via: odbc from a host that reaches the SQL Server, "
                "or ansible_connection: winrm",
            )
        yield _ExecHost(connection, name)


def _winrm_host(connection: Any, name: str, environment: Mapping[str, str], secrets: Sequence[str]) -> Iterator[Host]:
    try:
        connection._connect()
    except AnsibleConnectionFailure:
        raise
    except AnsibleError as error:
        # The plugin reports its own connect time-out as an ordinary failure; the host is unreachable all the same.
        raise AnsibleConnectionFailure(f"Could not connect to {name} by WinRM: {error}") from error
    if not environment:
        yield _WinRMHost(connection, name, connection.shell_id, secrets)
        return
    # An environment can only be given to a shell when it is created, so this task gets a second one.
    try:
        shell_id = connection.protocol.open_shell(codepage=65001, env_vars=dict(environment))
    except (*_BROKEN, *_NOTHING_YET) as error:
        raise _unreachable(connection, name, "open a shell", error) from error
    try:
        yield _WinRMHost(connection, name, shell_id, secrets)
    finally:
        if connection.protocol is not None:  # None: the connection broke, there is nothing left to close
            try:
                # The session stays open: closing it would cost NTLM three requests.
                connection.protocol.close_shell(shell_id, close_session=False)
            except (*_BROKEN, *_NOTHING_YET):
                # The work is done; Windows drops a shell that nobody uses by itself.
                connection.protocol = connection.shell_id = None


class _WinRMHost:
    """Native commands in one WinRM shell (three requests a command: Command, Receive, Signal)."""

    def __init__(self, connection: Any, name: str, shell_id: str, secrets: Sequence[str]) -> None:
        self.name = name
        self._connection = connection
        self._shell_id = shell_id
        self._secrets = secrets

    def run(self, line: str, *, doing: str, limit: float, tell: Callable[[str], None] | None = None) -> Completed:
        _check(line, doing, self.name)
        protocol = self._connection.protocol
        usual = protocol.operation_timeout_sec
        began = said = time.monotonic()
        try:
            command_id = protocol.run_command(self._shell_id, line)
            stdout, stderr, rc = b"", b"", None
            while rc is None:
                waited = time.monotonic() - began
                left = limit - waited
                if left <= 0:
                    protocol.cleanup_command(self._shell_id, command_id)
                    raise _too_long(doing, self.name, limit, self._seen(stdout) + self._seen(stderr))
                # The server holds a Receive open this long: until there is something to say, or our limit is over.
                protocol.operation_timeout_sec = max(1, min(usual, ceil(left), _SAY_EVERY if tell else usual))
                try:
                    out, err, code, done = protocol._raw_get_command_output(self._shell_id, command_id)
                except _NOTHING_YET:
                    out, err, code, done = b"", b"", None, False
                stdout, stderr = stdout + out, stderr + err
                rc = code if done else None
                now = time.monotonic()
                if tell and rc is None and now - said >= _SAY_EVERY:
                    said = now
                    tell(_progress(doing, now - began, limit, self._seen(stdout)))
            protocol.cleanup_command(self._shell_id, command_id)
        except (*_BROKEN, *_NOTHING_YET) as error:
            raise _unreachable(self._connection, self.name, doing, error) from error
        finally:
            protocol.operation_timeout_sec = usual
        return Completed(_signed(rc), to_text(stdout, errors="replace"), to_text(stderr, errors="replace"))

    def _seen(self, output: bytes) -> str:
        """Return what may be shown of an output that has not ended: half a line may hold half a secret."""
        text: str = to_text(output, errors="replace")
        if self._secrets:
            text = text[: text.rfind("\n") + 1]
        for secret in self._secrets:
            text = text.replace(secret, "********")
        return text


class _ExecHost:
    """Commands through the connection's ``exec_command``, wrapped so that cmd.exe gets the line as it is."""

    def __init__(self, connection: Any, name: str) -> None:
        self.name = name
        self._connection = connection

    def run(self, line: str, *, doing: str, limit: float, tell: Callable[[str], None] | None = None) -> Completed:
        line += _TELL_RC
        _check(line, doing, self.name)
        transport = self._connection.transport
        command = wrap_for_exec(line, transport, self._connection._shell.SHELL_FAMILY)
        encoded = len(_ENCODED_PREFIX) + len(_encode(command))
        if transport == "winrm" and encoded > MAX_LINE:
            raise Failure(
                doing,
                self.name,
                f"the encoded command has {encoded} characters, cmd.exe takes {MAX_LINE}",
                "Shorten reason, owner or paths, or use the winrm connection without forcing exec_command",
            )
        answers: queue.Queue[tuple[int, bytes, bytes] | Exception] = queue.Queue()

        def work() -> None:
            try:
                answers.put(self._connection.exec_command(command, sudoable=False))
            except _FAILED as error:
                answers.put(error)

        # exec_command has no time limit of its own, so it runs beside us and is left alone when the limit is over.
        threading.Thread(target=work, daemon=True).start()
        began = time.monotonic()
        while True:
            left = limit - (time.monotonic() - began)
            if left <= 0:
                raise _too_long(doing, self.name, limit, "")
            try:
                answer = answers.get(timeout=min(left, _SAY_EVERY))
                break
            except queue.Empty:
                if tell:
                    tell(_progress(doing, time.monotonic() - began, limit, ""))
        if isinstance(answer, Exception):
            raise _lost(self.name, doing, answer) from answer
        rc, out, err = answer
        stdout, mark, told = to_text(out, errors="replace").rpartition(_RC)
        # Without the mark cmd.exe did not get to the line's end; then the connection's word has to do.
        if mark and re.match(r"-?\d+", told):
            rc = int(told.split()[0])
        return Completed(_signed(rc), stdout if mark else told, to_text(err, errors="replace"))


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


def _progress(doing: str, waited: float, limit: float, seen: str) -> str:
    last = next((line.strip() for line in reversed(seen.split("\n")) if line.strip()), "")
    return f"still busy to {doing}, {waited:.0f} s of {limit:.0f} s" + (f": {last[:100]}" if last else "")


def _check(line: str, doing: str, name: str) -> None:
    """Refuse what cmd.exe would cut or reinterpret (a leading quote may be stripped by ``cmd.exe /c``)."""
    if len(line) > MAX_LINE or line.startswith('"') or "\n" in line:
        raise Failure(
            doing,
            name,
            f"the command line of {len(line)} characters can't be given to cmd.exe unaltered",
            "Shorten reason, owner or paths",
        )


def _signed(rc: int | None) -> int:
    """Return an exit code as Windows documents it: WinRM sends 3762504530 for -532462766."""
    rc = -1 if rc is None else rc
    return rc - (1 << 32) if rc >= 1 << 31 else rc


def _too_long(doing: str, name: str, limit: float, seen: str) -> Failure:
    tail = seen.strip()[-200:]
    return Failure(
        doing,
        name,
        f"no end after {limit:.0f} s, so the command was given up" + (f"; last output: {tail}" if tail else ""),
        "See on the host what it waits for, or raise the time limit",
    )


def _unreachable(connection: Any, name: str, doing: str, error: Exception) -> AnsibleConnectionFailure:
    """Forget the broken session, so that Ansible does not try to close a shell on it and masks the reason."""
    connection.protocol = connection.shell_id = None
    return _lost(name, doing, error)


def _lost(name: str, doing: str, error: BaseException) -> AnsibleConnectionFailure:
    return AnsibleConnectionFailure(
        f"The connection to {name} broke while trying to {doing}: {error}. What was started may have finished on the "
        "host or not; run again, the next run looks first and finishes the work."
    )
