# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Opens the task's Windows host for commands, through the connection that the inventory gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Host
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Run
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._exec import open_exec
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._winrm import open_winrm


@contextmanager
def open_host(
    connection: Any,
    *,
    name: str,
    run: Run,
    addresses: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    way: str = "auto",
    become: bool = False,
) -> Iterator[Host]:
    """Open the task's host for commands and close what was opened for it.

    ``connection`` is the action plugin's connection, ``name`` the inventory name for messages; ``addresses`` are the
    nodes of a cluster, of which the first that answers is used. ``environment`` is given to the shell (the way a
    password reaches a program without a command line). ``secrets`` are taken out of what is shown of a program's output
    while it runs, or when it times out. ``way`` is "auto" (a shell of its own on winrm, ``exec_command`` elsewhere) or
    "exec_command". Raises ``Failure`` where this connection can't do what is asked, ``Unreachable`` where it breaks.
    """
    transport = getattr(connection, "transport", "unknown")
    if become:
        raise Failure(
            "use become",
            name,
            "the commands run in a shell of the connecting account, which become does not reach",
            "Connect with an account that has the rights and remove become from the task",
        )
    opened: AbstractContextManager[Host] = (
        open_winrm(connection, name, addresses, environment or {}, secrets, run)
        if transport == "winrm" and way == "auto"
        else nullcontext(open_exec(connection, name, addresses, run))
    )
    with opened as host:
        yield host
