# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""Microsoft's Set-MaintenanceMode.ps1, which sets the mode of an on-premises environment and restarts its AOS.

No public copy of the script exists: what it prints, its exit code and what it does when the mode is already set are
unknown. Exit code, stderr and the variable read back decide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ntpath import basename, dirname, join

from ansible_collections.quiesce.maintenance.plugins.module_utils._cmd import check_plain
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _template
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import ELEVATED
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import ENABLED
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._setup_tool import meaning_of
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._template import Template
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed, Host

SCRIPT = "Set-MaintenanceMode.ps1"
TEMPLATE = "ConfigTemplate.xml"

LOOK_LIMIT = 60
_TAIL = 1500


@dataclass(frozen=True)
class ScriptOptions:
    """Where the script is and how it is run. ``limit`` in seconds; an empty policy is the host's own."""

    script: str
    template: str = ""
    execution_policy: str = ""
    limit: float = 3600.0

    @property
    def folder(self) -> str:
        """The script's own folder, in which it has to run."""
        folder = dirname(self.script)
        return folder.rstrip("\\") if folder.startswith("\\\\") else folder  # of a share itself dirname keeps it

    @property
    def template_path(self) -> str:
        """The template's file, by default beside the script."""
        return self.template or join(self.folder, TEMPLATE)

    def check(self) -> None:
        """Refuse what can't be given to cmd.exe. Raises ``Failure``."""
        for name, path in (("script", self.script), ("template", self.template_path)):
            check_plain(name, path)
        if not self.folder or not basename(self.script).lower().endswith(".ps1"):
            raise Invalid("script", f'"{self.script}" is not the full path of a .ps1 file')


@dataclass(frozen=True)
class Look:
    """What the node says of script and template."""

    template: Template
    elevated: bool


def look_command(options: ScriptOptions) -> str:
    """Return the command line that looks whether the script is there and prints the template."""
    options.check()
    return (
        f'whoami.exe /groups /FO CSV /NH& echo #script& (if exist "{options.script}" echo found)& '
        f'echo #template& type "{options.template_path}"'
    )


def parse_look(completed: Completed, options: ScriptOptions, host: str) -> Look:
    """Read the answer to ``look_command``. Raises ``Failure`` where script or template can't be used."""
    groups, _mark, rest = completed.stdout.partition("#script")
    found, _mark, template = rest.partition("#template")
    if not _mark and not completed.stderr.strip():
        said = " ".join(completed.stdout.split())[:300] or "there was no output"
        raise Failure("look at the maintenance script", host, said, "Check that cmd.exe works there")
    if "found" not in found:
        raise _not_there(options.script, host, completed.stderr)
    if not template.strip():
        raise _not_there(options.template_path, host, completed.stderr)
    return Look(_template.parse(template, f"{options.template_path} on {host}"), ELEVATED in groups)


def look_at(host: Host, options: ScriptOptions) -> Look:
    """Ask a node for script and template. Raises ``Failure`` where they can't be used."""
    completed = host.run(
        look_command(options), doing="look at the maintenance script", limit=LOOK_LIMIT, composite=True
    )
    return parse_look(completed, options, host.name)


def _not_there(path: str, host: str, said: str) -> Failure:
    if path.startswith("\\\\"):
        return Failure(
            f"read {path}",
            host,
            " ".join(said.split()) or "it does not exist, or this login may not see it",
            "It is on another machine. A WinRM login with NTLM, Basic or a certificate cannot be passed on to a second "
            "machine (double hop): connect with CredSSP or with Kerberos and delegation, or copy the scripts to the "
            "node and give the local path",
        )
    return Failure(
        f"read {path}",
        host,
        " ".join(said.split()) or "it does not exist",
        "Give the path of the infrastructure scripts (2.18.2 or later) on this node (O(script), O(template))",
    )


def run_command(options: ScriptOptions, state: str) -> str:
    """Return the command line that runs the script in its own folder; ``pushd`` also goes to a share."""
    policy = f"-ExecutionPolicy {options.execution_policy} " if options.execution_policy else ""
    return (
        f'pushd "{options.folder}" && powershell.exe -NoProfile -NonInteractive {policy}'
        f'-File ".\\{basename(options.script)}" -ConfigurationFilePath "{options.template_path}" '
        f"{'-Enable' if state == ENABLED else '-Disable'}"
    )


def judge(completed: Completed, doing: str, host: str) -> str:
    """Return the end of what the script printed. Raises ``Failure`` where it failed."""
    tail = f"{completed.stdout}\n{completed.stderr}".strip()[-_TAIL:]
    if completed.rc == 0 and not completed.stderr.strip():
        return tail
    remedy = "Check its output, and whether the AOS instances are running; fix the cause and run again"
    if "SecurityError" in tail:  # PowerShell's category, the same in every language
        remedy = (
            "The host's execution policy does not allow the script; use O(execution_policy=RemoteSigned) or V(Bypass)"
        )
    raise Failure(
        doing,
        host,
        f"the script ended with {meaning_of(completed)}: {tail or 'it printed nothing'}",
        remedy,
        details={"rc": completed.rc, "output": tail},
    )


def run_script(host: Host, options: ScriptOptions, state: str, doing: str) -> str:
    """Run the script and return the end of what it printed. Raises ``Failure``."""
    completed = host.run(run_command(options, state), doing=doing, limit=options.limit)
    return judge(completed, doing, host.name)


def sql_of(options: SqlcmdOptions, template: Template) -> SqlcmdOptions:
    """Return the options with server and database from the template where the task names none."""
    return replace(
        options, server=options.server or template.sql_server, database=options.database or template.database
    )
