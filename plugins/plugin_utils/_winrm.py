# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Commands on a Windows host in one WinRM shell: native programs, no PowerShell, nothing copied to the host."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Any, TypeVar

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import in_one_piece, masked
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._command import (
    SAY_AFTER,
    check_line,
    last_line,
    lost,
    signed,
    too_long,
)

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
_LOST: tuple[type[Exception], ...] = (*_BROKEN, *_NOTHING_YET, OSError)

_MARGIN = 15
"""Seconds beyond pywinrm's own limit, which is one for each piece that is read, not for the whole answer."""

_UTF_8 = 65001

T = TypeVar("T")


@contextmanager
def open_winrm(
    connection: Any,
    name: str,
    addresses: Sequence[str],
    environment: Mapping[str, str],
    secrets: Sequence[str],
    run: Run,
) -> Iterator[WinRMHost]:
    """Open a shell on the connection's host, or on the first of ``addresses`` that answers, and close it at the end.

    Raises ``Unreachable`` where none of them answers.
    """
    reached = _connect(connection, name, addresses, run)
    host = WinRMHost(connection, reached, environment, secrets, run)
    try:
        yield host
    finally:
        host.close()


def _connect(connection: Any, name: str, addresses: Sequence[str], run: Run) -> str:
    """Connect, which opens a shell; return the name of what was reached."""
    told = []
    for address in addresses or [""]:
        if address:
            connection.set_option("remote_addr", address)
            connection.protocol = connection.shell_id = None
        try:
            within(_limit(connection), connection._connect, tick=run.check)
            return address or name
        except (AnsibleConnectionFailure, AnsibleError, TimeoutError) as error:
            # The plugin reports its own connect time-out as an ordinary failure; the host is unreachable all the same.
            told.append(f"{address}: {error}" if address else str(error))
            connection.protocol = connection.shell_id = None
    raise Unreachable(
        "connect", name, "; ".join(told), "Check the credentials, and that the host is running and accepts WinRM"
    )


def _limit(connection: Any) -> float:
    """Seconds for one request, the answer included; before a connection there is only the inventory to say."""
    protocol = connection.protocol
    extras = connection.get_option("_extras") if protocol is None else {}
    return (
        float(getattr(protocol, "read_timeout_sec", None) or extras.get("ansible_winrm_read_timeout_sec") or 30)
        + _MARGIN
    )


class WinRMHost:
    """Native commands in one WinRM shell (three requests a command: Command, Receive, Signal)."""

    keeps_secrets = True

    def __init__(
        self, connection: Any, name: str, environment: Mapping[str, str], secrets: Sequence[str], run: Run
    ) -> None:
        self.name = name
        self._environment = dict(environment)
        self._private_shell = ""
        self._connection = connection
        self._secrets = secrets
        self._run = run

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        """Run one command line (``Host``)."""
        shell_id = self._private(doing) if secret and self._environment else self._connection.shell_id
        line = in_one_piece(line) if composite else line
        check_line(line, doing, self.name)
        protocol = self._connection.protocol
        usual = protocol.operation_timeout_sec
        began = time.monotonic()
        narrator = self._run.narrator(doing, limit)
        try:
            command_id = self.call(lambda: protocol.run_command(shell_id, line), doing)
            stdout, stderr, rc = b"", b"", None
            while rc is None:
                left = limit - (time.monotonic() - began)
                if left <= 0:
                    self.call(lambda: protocol.cleanup_command(shell_id, command_id), doing)
                    raise too_long(doing, self.name, limit, self._seen(stdout) + self._seen(stderr))
                # The server holds a Receive open this long: until there is something to say, or our limit is over.
                protocol.operation_timeout_sec = max(1, min(usual, ceil(left)))
                out, err, code, done = self.call(lambda: self._receive(protocol, shell_id, command_id), doing)
                stdout, stderr = stdout + out, stderr + err
                rc = code if done else None
                if rc is None and narrator.waited >= SAY_AFTER:
                    narrator.say(last_line(self._seen(stdout)))
            self.call(lambda: protocol.cleanup_command(shell_id, command_id), doing)
        finally:
            protocol.operation_timeout_sec = usual
        return Completed(signed(rc), to_text(stdout, errors="replace"), to_text(stderr, errors="replace"))

    def _receive(self, protocol: Any, shell_id: str, command_id: str) -> tuple[bytes, bytes, int | None, bool]:
        try:
            out, err, code, done = protocol._raw_get_command_output(shell_id, command_id)
        except _NOTHING_YET:
            return b"", b"", None, False
        return out, err, code, done

    def _private(self, doing: str) -> str:
        """Return the shell that has the secrets: an environment can only be given to a shell when it is created."""
        if not self._private_shell:
            self._private_shell = self.call(
                lambda: self._connection.protocol.open_shell(codepage=_UTF_8, env_vars=self._environment), doing
            )
        return self._private_shell

    def close(self) -> None:
        """Close the shell that has the secrets; the other one is the connection's own."""
        protocol = self._connection.protocol
        if not self._private_shell or protocol is None:  # None: the connection broke, there is nothing left to close
            return
        try:
            # The session stays open: closing it would cost NTLM three requests.
            self.call(lambda: protocol.close_shell(self._private_shell, close_session=False), "close the shell")
        except Unreachable:
            # The work is done; Windows drops a shell that nobody uses by itself.
            self._connection.protocol = self._connection.shell_id = None

    def call(self, request: Callable[[], T], doing: str) -> T:
        """Send one request. Raises ``Unreachable`` where the connection breaks or the answer never ends."""
        try:
            return within(_limit(self._connection), request, tick=self._run.check)
        except _LOST as error:
            # Forget the broken session, so that Ansible does not try to close a shell on it and masks the reason.
            self._connection.protocol = self._connection.shell_id = None
            raise lost(self.name, doing, error) from error

    def _seen(self, output: bytes) -> str:
        """Return what may be shown of an output that has not ended: half a line may hold half a secret."""
        text: str = to_text(output, errors="replace")
        if self._secrets:
            text = text[: text.rfind("\n") + 1]
        return masked(text, self._secrets)
