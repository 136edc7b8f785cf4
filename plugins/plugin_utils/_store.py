# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Opens the files with the records: on the controller, or on a host of the inventory through its own connection."""

from __future__ import annotations

import inspect
import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display
from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._deadline import TooLong, within
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import Ask, FileStore
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain

_display = Display()

_LIMIT = 60.0
"""Seconds for one command on the host of the files, its connection included."""

# It gets the program and what to do on its standard input: a record may be longer than a command line. It reads to the
# end, since ssh takes a program that ends before for a connection that broke.
_PROGRAM = (
    "import json,sys; given=json.load(sys.stdin); names={}; "
    'exec(given["source"],names); print(json.dumps(names["serve"](given["request"])))'
)


@contextmanager
def open_store(action: MaintenanceAction, params: Mapping[str, Any], name: str) -> Iterator[FileStore]:
    """Open the file called ``name`` for the time of a ``with``. Nothing is asked yet.

    Raises ``Invalid`` for a host or a path that cannot be used.
    """
    with open_stores(action, params, name) as (store,):
        yield store


@contextmanager
def open_stores(action: MaintenanceAction, params: Mapping[str, Any], *names: str) -> Iterator[list[FileStore]]:
    """Open several files of one place, through one connection; see ``open_store``."""
    folder, host = params["store_path"] or "", params["store_host"] or ""
    if folder and not folder.startswith(("/", "~")):
        raise Invalid("store_path", f'"{folder}" is no absolute path', "Use one like /var/lib/quiesce.maintenance")
    if not (folder or host) and params.get("state") == "enabled" and action.in_a_job:
        _display.warning(
            "Windows are recorded in the execution environment, which is gone when the job ends: the next job takes "
            "the mode for somebody else's. Set quiesce_store_host (or quiesce_store_path, if the path outlives the job)"
        )
    connection = _connect(action, host) if host else None
    if connection is None:
        yield [FileStore(name, folder) for name in names]
        return
    variables = action.task_vars["hostvars"][host]
    python = str(plain(variables.get("ansible_python_interpreter")) or "python3")
    if python.startswith("auto"):
        python = "python3"
    ask = _over(connection, host, python, action.check_parent)
    try:
        yield [FileStore(name, folder, ask, host) for name in names]
    finally:
        connection.close()


def _connect(action: MaintenanceAction, host: str) -> Any:
    """Return the connection of an inventory host, None if it is the controller itself."""
    known = action.task_vars["hostvars"]
    if host not in known:
        raise Invalid("store_host", f'"{host}" is no host of the inventory', "Leave it out to use the controller")
    variables = known[host]
    transport = str(
        plain(variables.get("ansible_connection")) or constants.config.get_config_value("DEFAULT_TRANSPORT")
    )
    if transport == "local":
        return None
    context = action._play_context.copy()
    context.remote_addr = str(plain(variables.get("ansible_host")) or host)
    context.shell = None
    connection = connection_loader.get("ssh" if transport == "smart" else transport, context, new_stdin=None)
    if connection is None:
        raise Invalid("store_host", f'the connection "{transport}" of "{host}" was not found')
    shell = str(plain(variables.get("ansible_shell_type")) or connection._shell.SHELL_FAMILY)
    if shell in ("powershell", "cmd") or not connection.has_pipelining:
        raise Invalid(
            "store_host",
            f'"{host}" cannot keep records: it is Windows, or its connection "{transport}" passes nothing to a program',
            "Use a POSIX host with Python 3.7 or newer and ssh, or leave it out to use the controller",
        )
    options = constants.config.get_plugin_vars("connection", connection._load_name)
    connection.set_options(var_options={option: plain(variables[option]) for option in options if option in variables})
    return connection


def _over(connection: Any, host: str, python: str, check: Callable[[], None]) -> Ask:
    """Return how to have a request done through a connection: one command each."""
    command = f"{shlex.quote(python)} -c {shlex.quote(_PROGRAM)}"
    source = inspect.getsource(_store_file)

    def ask(request: dict[str, Any]) -> dict[str, Any]:
        given = json.dumps({"source": source, "request": request})
        try:
            rc, out, err = within(
                _LIMIT, lambda: connection.exec_command(command, in_data=given.encode(), sudoable=False), tick=check
            )
        except TooLong:
            raise _failed(host, f"no answer within {_LIMIT:.0f} s") from None
        except (AnsibleError, OSError) as error:
            raise _failed(host, str(error)) from error
        try:
            answer: dict[str, Any] = json.loads(out.decode("utf-8").splitlines()[-1])
        except (ValueError, IndexError):
            said = (err or out).decode("utf-8", "replace").strip()[-300:]
            raise _failed(host, f"{python} ended with {rc}: {said}") from None
        return answer

    return ask


def _failed(host: str, why: str) -> Failure:
    return Failure(
        "reach the records",
        f"the host {host}",
        why,
        "O(store_host) must be a POSIX host that can be reached with the connection of the inventory and has Python "
        "3.7 or newer (ansible_python_interpreter)",
    )
