"""An AWX of the lab that extensions/awx/setup.yml sets up, and an estate on which its jobs run."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from awxkit.api.client import Connection
from awxkit.api.pages.api import ApiV2

from contract.lab_system import LabSystem, lab_system
from contract.runs import NAMES
from lab.awx import Awx
from lab.awx.private_data import Injected, extra_vars, inject, slice_of
from lab.estate import SQL_LOGIN
from lab.posix import PosixHost
from playbook import ROOT, Done, run_playbook
from playbook.estate import Lab
from playbook.runner import lay_out

REPOSITORY = "https://git.example.com/ops/maintenance.git"
IMAGE = "registry.example.com/quiesce-ee:1"
MAIL = {
    "host": "smtp.example.com",
    "port": 25,
    "username": "",
    "password": "",
    "use_tls": False,
    "use_ssl": False,
    "sender": "awx@example.com",
    "recipients": ["duty@example.com"],
}


@dataclass(frozen=True)
class SetUp:
    """Both runs of the setup, and what each wrote."""

    first: Done
    written: list[str]
    second: Done
    written_again: list[str]


class Site:
    """A server, systems of each kind, and a host that keeps their records; the secrets are in credentials alone."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        address = lab.estate.address()
        self.awx = Awx(address, tls=lab.estate.authority.server(address, "awx"), clock=lab.estate.clock)
        self.awx.repositories[REPOSITORY] = ROOT / "extensions/awx/project"
        self.store = PosixHost(
            lab.folder / "store", lab.estate.address(), path=f"{Path(sys.executable).parent}:/usr/bin:/bin"
        )
        self.store.home.mkdir(parents=True)
        self.systems: dict[str, LabSystem] = {name: lab_system(name)(lab, f"{name}01") for name in NAMES}
        lab.estate.add(self.awx, self.store)
        self.credentials = self._credentials()
        lab.start()
        self._jobs = 0

    # --- the setup ---

    def set_up(self, *arguments: str) -> Done:
        """Run the playbook that sets the server up."""
        variables = {
            "quiesce_awx_project_url": REPOSITORY,
            "quiesce_awx_image": IMAGE,
            "quiesce_awx_credentials": [each["name"] for each in self.credentials],
            "quiesce_awx_notifications": ["On duty"],
            "controller_credentials": self.credentials,
            "controller_notifications": [
                {
                    "name": "On duty",
                    "organization": "Default",
                    "notification_type": "email",
                    "notification_configuration": MAIL,
                }
            ],
        }
        file = self.lab.folder / "setup.json"
        file.write_text(json.dumps(variables), encoding="utf-8")
        environment = {
            "CONTROLLER_HOST": self.awx.url,
            "CONTROLLER_OAUTH_TOKEN": self.awx.token,
            "SSL_CERT_FILE": str(self.lab.estate.authority.ca_file),
        }
        playbook = ROOT / "extensions/awx/setup.yml"
        return run_playbook(self.lab.folder, playbook, "-e", f"@{file}", *arguments, environment=environment)

    @cached_property
    def api(self) -> Any:
        """The server as AWX's own client sees it."""
        connection = Connection(self.awx.url, verify=str(self.lab.estate.authority.ca_file))
        connection.login(self.awx.user, self.awx.password)
        return ApiV2(connection).get()

    def _credentials(self) -> list[dict[str, Any]]:
        """What the inventory held as secrets, as credentials."""
        variables = {name: self.lab.estate.variables(system.host) for name, system in self.systems.items()}
        platform = {name: variables["powerplatform"][f"powerplatform_{name}"] for name in ("tenant_id", "client_id")}
        key = self.store.key.export_private_key().decode()
        inputs: dict[str, dict[str, str]] = {
            "SQL Server": {"username": SQL_LOGIN, "password": self.lab.estate.machines["d365fo01"].sql_password},
            "Trend Micro": {"api_key": variables["trend"].pop("trend_api_key")},
            "HCL Launch": {"token": variables["launch"].pop("launch_token")},
            "Power Platform": {**platform, "client_secret": variables["powerplatform"]["powerplatform_client_secret"]},
            "Lifecycle Services": {"cookies": variables["lcs"].pop("lcs_cookies"), "api_token": ""},
            "Store": {"host": "records01", "path": "~/records", "ssh_key": key},
        }
        for name in ("tenant_id", "client_id", "client_secret"):
            del variables["powerplatform"][f"powerplatform_{name}"]
        del variables["lcs"]["lcs_api_token"]
        return [
            {
                "name": f"Estate {name}",
                "organization": "Default",
                "credential_type": f"Maintenance - {name}",
                "inputs": given,
            }
            for name, given in inputs.items()
        ]

    def secrets(self) -> set[str]:
        """Every secret of the credentials, and the password of the Windows host."""
        secret = {"password", "api_key", "token", "client_secret", "cookies"}
        found = {value for each in self.credentials for name, value in each["inputs"].items() if name in secret}
        return found | {str(self.lab.estate.variables("d365fo01")["ansible_password"]), *self._key_lines()}

    def _key_lines(self) -> list[str]:
        return self.store.key.export_private_key().decode().splitlines()[1:-1]

    # --- jobs ---

    def launch(
        self, template: str, answers: Mapping[str, Any], workflow: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Launch a job template as a person does who answers its survey; return the job.

        ``workflow`` is what a workflow was asked: AWX gives it to every node, also what its template does not ask.
        """
        found = self.api.job_templates.get(name=template).results.pop()
        job = self.awx.items["jobs"][found.launch({"extra_vars": dict(answers)}).id]
        job["extra_vars"] = json.dumps({**json.loads(job["extra_vars"]), **(workflow or {})})
        return job

    def prepare(
        self, job: Mapping[str, Any], work: str, part: tuple[int, int] = (1, 1), **variables: Any
    ) -> tuple[Path, Injected]:
        """Lay out what ansible-runner needs for a job, or for a slice of it: ``part`` is its number, and how many.

        ``variables`` go into the inventory, for all hosts.
        """
        self._jobs += 1
        template = self.awx.items["job_templates"][job["job_template"]]
        trusted = yaml.safe_load(template["extra_vars"] or "{}")
        folder = self.lab.folder / f"job{self._jobs}"
        lay_out(folder, work, slice_of(self.inventory(**variables), *part), extra_vars(dict(job), trusted))
        return folder, inject(self.awx.credentials_of(template), folder / "env")

    def inventory(self, **variables: Any) -> dict[str, Any]:
        """The inventory, without secrets: those that are left come with the credentials."""
        whole: dict[str, Any] = copy.deepcopy(yaml.safe_load(self.lab.estate.inventory.read_text(encoding="utf-8")))
        known = self.lab.folder / "known"
        known.write_text(self.store.known_hosts, encoding="utf-8")
        del whole["all"]["vars"]["quiesce_store_path"]
        whole["all"]["vars"] |= variables
        whole["all"]["children"]["stores"] = {
            "hosts": {
                "records01": {
                    "ansible_host": self.store.address,
                    "ansible_port": self.store.port,
                    "ansible_user": "quiesce",
                    "ansible_ssh_private_key_file": "{{ quiesce_store_key_file }}",
                    "ansible_ssh_common_args": f"-o UserKnownHostsFile='{known}' -F none",
                    "ansible_ssh_args": "",
                }
            }
        }
        return whole

    def states(self) -> dict[str, Any]:
        """Every system as it really is."""
        return {name: (system.in_maintenance(), system.state()) for name, system in self.systems.items()}
