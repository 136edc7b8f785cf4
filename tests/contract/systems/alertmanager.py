"""Silences at an Alertmanager behind a proxy that asks for a token."""

from __future__ import annotations

import secrets
import socket
import sys
from typing import Any

from contract import lab_system
from lab.rest.alertmanager import Daemon, Front


class LabSystem(lab_system.LabSystem):
    """A host whose alerts are silenced."""

    REFUSAL = "silences are for operators"

    def add(self) -> None:
        estate = self.lab.estate
        address, token = estate.address(), secrets.token_urlsafe(24)
        with socket.create_server((address, 0)) as free:
            port = free.getsockname()[1]
        daemon = Daemon(address, port, self.lab.folder / self.host)
        tls = estate.authority.server(address)
        self.front = Front(daemon, address, 19094, tls=tls, authorization=f"Bearer {token}")
        estate.add(self.front)
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "alertmanager_url": self.front.url,
            "alertmanager_token": token,
            "alertmanager_ca_path": str(estate.authority.ca_file),
            "alertmanager_matchers": [f'instance="{self.host}"'],
            "alertmanager_retry_timeout": "1s",
        }
        estate.add_to_inventory("alertmanager", self.host, variables)

    def in_maintenance(self) -> bool:
        return bool(self.front.daemon.silences("active"))

    def state(self) -> Any:
        return self.front.daemon.silences()

    def requests(self) -> int:
        return len(self.front.log)

    def writes(self) -> int:
        return self.front.writes

    def heard(self) -> str:
        return str(self.front.log)

    def refuse(self, on: bool) -> None:
        self.front.refusing = on

    def cut_off(self, on: bool) -> None:
        self.lab.loop.run(self.front.close() if on else self.front.open())

    def hold(self, on: bool) -> None:
        self.front.holding, self.front.held = on, False

    def held(self) -> bool:
        return self.front.held
