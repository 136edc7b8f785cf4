# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""A playbook as the work of a change window: an ansible-playbook of its own. Whatever it loses, the way out runs.

It has what this run has: inventory, extra vars, vault, passwords, options; and the hosts of the window as its limit.
What may be secret goes through files that only this user can read, never on the command line.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.parsing.splitter import parse_kv
from ansible.utils.collection_loader._collection_finder import _get_collection_playbook_path
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain, show
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._task_file import documents
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._wave import CONTROLLER

_CHECK_LIMIT = 120.0  # seconds to read a playbook and its inventory
_LOOK_EVERY = 1.0  # seconds until it is looked for whether somebody still waits for the playbook
_OPTIONS = {
    "forks": "--forks",
    "remote_user": "--user",
    "connection": "--connection",
    "timeout": "--timeout",
    "private_key_file": "--private-key",
    "ssh_common_args": "--ssh-common-args",
    "ssh_extra_args": "--ssh-extra-args",
    "sftp_extra_args": "--sftp-extra-args",
    "scp_extra_args": "--scp-extra-args",
    "become_method": "--become-method",
    "become_user": "--become-user",
}
_FLAGS = {"become": "--become", "check": "--check", "diff": "--diff", "force_handlers": "--force-handlers"}
_TAGS = {"tags": "--tags", "skip_tags": "--skip-tags"}
_CODES = {1: "it could not run", 2: "a host failed", 4: "a host could not be reached", 99: "it was interrupted"}
_PLAY = re.compile(r"^ +pattern: \[(.*)\]\n +hosts \(\d+\):((?:\n {6}.+)*)", re.MULTILINE)
# Not with -m, which looks for modules in the working directory first: a project may hold a getpass.py of its own.
# What it forks ends with it: Ansible passes a signal on to its workers, but not to one that begins in that moment, and
# nothing at all if it is killed. Until a worker has a handler of its own, that of Ansible fails in it, and Python only
# reports what fails in there: the signal would be lost.
_MAIN = """\
import sys
sys.path = [each for each in sys.path if each]
import ctypes, os, signal, threading
control = getattr(ctypes.CDLL(None), "prctl", None)
forking = []
def remember():
    # To Linux the parent is a thread, and one that ends early would take what it forked with it.
    forking[:] = [os.getpid()] if threading.current_thread() is threading.main_thread() else []
def end_with_it():
    if not forking:
        return
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    control(1, signal.SIGTERM)
    if os.getppid() != forking[0]:
        os._exit(1)
if control:
    os.register_at_fork(before=remember, after_in_child=end_with_it)
from ansible.cli.playbook import main
main()
"""
START = ("-c", _MAIN)
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


class ChildPlaybook:
    """Runs playbooks for the task ``action`` on ``hosts`` and the controller, with ``variables`` besides its own."""

    def __init__(self, action: MaintenanceAction, hosts: Sequence[str], variables: Mapping[str, Any]) -> None:
        self._action = action
        self._hosts = hosts
        self._variables = variables

    def check(self, playbook: str) -> None:
        """Raise ``Invalid`` for a playbook (a path or a name in a collection) that cannot be read, that none of the
        hosts takes part in, that would work on the controller like on the hosts, or that asks for something: nobody
        could answer."""
        if (file := playbook_file(playbook)) and (asked := list(self._asked(file))):
            raise Invalid(
                "work", f"{playbook} asks for {', '.join(asked)} (vars_prompt)", "Give the answers as extra vars"
            )
        with _folder() as folder:
            try:
                done = subprocess.run(
                    [*self._command(playbook, folder), "--list-hosts"],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=_CHECK_LIMIT,
                    check=False,
                    env=_environment(),
                )
            except subprocess.TimeoutExpired:
                raise Invalid("work", f"{playbook} could not be read in {_CHECK_LIMIT:.0f} seconds") from None
        if done.returncode:
            said = " ".join(done.stderr.split())[:300]
            raise Invalid("work", f"{playbook} cannot be read as a playbook: {said}", "Correct it, or its name")
        plays = [(pattern.replace("'", ""), hosts.split()) for pattern, hosts in _PLAY.findall(done.stdout)]
        if not any(hosts for _pattern, hosts in plays):
            raise Invalid("work", f"no host of the window takes part in {playbook}", "Look at its hosts")
        for pattern, hosts in plays:
            self._spare_the_controller(playbook, pattern, hosts)

    def _spare_the_controller(self, playbook: str, pattern: str, hosts: Sequence[str]) -> None:
        """Raise ``Invalid`` for a play that takes the controller for one of its hosts, because the inventory has it."""
        if CONTROLLER in hosts and CONTROLLER not in self._hosts and CONTROLLER not in pattern:
            raise Invalid(
                "work",
                f'a play with "hosts: {pattern}" of {playbook} would also run on {CONTROLLER}, which the inventory has '
                "but which is no system of the window",
                f'Write "hosts: {pattern}:!{CONTROLLER}", or "hosts: {CONTROLLER}" if the play is for the controller',
            )

    def run(self, playbook: str) -> None:
        """Run a playbook to its end, and show what it says. Raises ``Failure`` if it failed."""
        with _folder() as folder:
            process = subprocess.Popen(
                self._command(playbook, folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,  # so that all of it can be ended, the workers of an old Ansible too
                preexec_fn=end_with(os.getpid()),
            )
            try:
                for line in self._lines(process):
                    show(f"  | {self._action.said(line)}")
                    if line.startswith("PLAY ["):  # by now it has read them
                        shutil.rmtree(folder, ignore_errors=True)
                code = process.wait()
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait()
        if code:
            why = _CODES.get(code) or ("it was killed" if code < 0 else "it failed")
            raise Failure("do the work", "", f"{playbook} ended with {code}: {why}", "Its output is above")

    def _lines(self, process: subprocess.Popen[bytes]) -> Iterator[str]:
        """Yield what the playbook says. Raises ``Abandoned`` once the ansible-playbook of this task has ended."""
        if (stream := process.stdout) is None:  # never, with a pipe
            return
        waiting, rest = select.poll(), b""
        waiting.register(stream, select.POLLIN)
        while True:
            ended = process.poll() is not None
            if not waiting.poll(_LOOK_EVERY * 1000):
                if ended:
                    break  # a program that it left running holds its output
                self._action.check_parent()
                continue
            if not (read := os.read(stream.fileno(), 65536)):
                break
            *lines, rest = (rest + read).split(b"\n")
            yield from (line.decode(errors="replace").rstrip() for line in lines)
        if rest:
            yield rest.decode(errors="replace").rstrip()

    def _asked(self, playbook: Path) -> Iterator[str]:
        """Yield the variables for which a playbook asks, or one that it imports."""
        known = self._action.task_vars["hostvars"]._variable_manager.extra_vars
        for play in documents(self._action, "work", str(playbook)):
            if not isinstance(play, Mapping):
                continue
            asked = (str(each.get("name")) for each in play.get("vars_prompt") or () if isinstance(each, Mapping))
            yield from (name for name in asked if name not in known)
            for key, value in play.items():
                imports = str(key).rpartition(".")[2] == "import_playbook"
                if imports and (file := playbook_file(str(value), playbook.parent)):
                    yield from self._asked(file)

    def _command(self, playbook: str, folder: Path) -> list[str]:
        options = [*self._same(), *self._secrets(folder), *self._extra_vars(folder)]
        limit = _written(folder / "limit", "\n".join(dict.fromkeys([*self._hosts, CONTROLLER])))
        return [sys.executable, *START, *options, f"--limit=@{limit}", playbook]

    def _same(self) -> Iterator[str]:
        given = context.CLIARGS
        yield from (f"--inventory={each}" for each in given.get("inventory") or ())
        yield from (f"--module-path={each}" for each in given.get("module_path") or ())
        yield from (f"{option}={given[name]}" for name, option in _OPTIONS.items() if given.get(name) is not None)
        yield from (option for name, option in _FLAGS.items() if given.get(name))
        yield from (f"{option}={','.join(given[name])}" for name, option in _TAGS.items() if given.get(name))
        if verbosity := given.get("verbosity"):
            yield "-" + "v" * verbosity

    def _secrets(self, folder: Path) -> Iterator[str]:
        for number, (label, secret) in enumerate(getattr(self._action._loader._vault, "secrets", None) or ()):
            yield f"--vault-id={label}@{_written(folder / f'vault{number}', secret.bytes)}"
        played = self._action._play_context
        for name, value in (("connection", played.password), ("become", played.become_pass)):
            asked = "ask_pass" if name == "connection" else "become_ask_pass"
            if value and (context.CLIARGS.get(asked) or context.CLIARGS.get(f"{name}_password_file")):
                yield f"--{name}-password-file={_written(folder / name, str(value))}"

    def _extra_vars(self, folder: Path) -> Iterator[str]:
        yield f"--extra-vars=@{_written(folder / 'own.yml', _as_yaml(plain(self._variables)))}"
        for number, given in enumerate(context.CLIARGS.get("extra_vars") or ()):
            text = str(given)
            if not text.startswith("@"):
                content = text if text[:1] in ("[", "{") else json.dumps(plain(parse_kv(text)))
                text = f"@{_written(folder / f'extra{number}.yml', content)}"
            yield f"--extra-vars={text}"


def playbook_file(playbook: str, folder: Path | None = None) -> Path | None:
    """Return the file of a playbook, given by its path (a relative one begins at ``folder``) or by its name in a
    collection; None if there is none."""
    path = (folder or Path()) / playbook
    if path.is_file():
        return path
    in_a_collection = _get_collection_playbook_path(playbook)
    return Path(in_a_collection[1]) if in_a_collection else None


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for files that nobody else can read, in Ansible's own for such files."""
    folder = Path(tempfile.mkdtemp(prefix="quiesce-", dir=vars(constants)["DEFAULT_LOCAL_TMP"]))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _written(path: Path, content: str | bytes) -> Path:
    """Write a file that only this user can read."""
    data = content if isinstance(content, bytes) else content.encode()
    path.touch(0o600, exist_ok=False)
    path.write_bytes(data)
    return path


def _as_yaml(value: Any) -> str:
    """Return data as YAML in which no text is a template: a reason is what somebody wrote."""
    if isinstance(value, str):
        return f"!unsafe {json.dumps(value)}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)}: {_as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_as_yaml, value))}]"
    return json.dumps(value)


def _environment() -> dict[str, str]:
    """Return ours, with the usual output: that of AWX speaks to AWX, which hears our own."""
    given = {name: value for name, value in os.environ.items() if name != "ANSIBLE_FORCE_COLOR"}
    return {**given, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default", "ANSIBLE_NOCOLOR": "1"}


def end_with(parent: int) -> Callable[[], None]:
    """Return what lets the process that calls it end when ``parent`` has: where that is killed, nobody else would."""
    # Loaded here: after the fork is no time for it.
    control = getattr(ctypes.CDLL(None), "prctl", None)

    def end_with_it() -> None:
        if control:  # Linux
            control(_DEATH_SIGNAL, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return end_with_it
