"""An estate: machines of several kinds on addresses of their own, the servers in front of them, an inventory.

Each machine has its own loopback address; the ports are the same everywhere, and not the usual ones, so that nothing
else on a developer's machine is in the way.
"""

from __future__ import annotations

import secrets
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol

import asyncssh
import yaml

from lab.clock import Clock
from lab.onpremises import OnPremises, onprem_cluster
from lab.pki import Authority
from lab.powerplatform import Environment as PowerPlatformEnvironment
from lab.powerplatform import Site
from lab.rest.launch import LaunchServer
from lab.rest.trend import Computer, TrendManager
from lab.servicefabric import Frontend, Gateway
from lab.sql import SqlServer, axdb
from lab.sql.engine import Database
from lab.ssh import Shell, SSHServer
from lab.tds.server import TdsServer
from lab.windows.host import Account, WindowsHost
from lab.windows.machines import Layout, dev_machine, vhd_layout
from lab.winrm.server import WinRMServer

WINRM_HTTP_PORT = 15985
WINRM_HTTPS_PORT = 15986
TDS_PORT = 14330
AOS_PORT = 18443
SSH_PORT = 15022
SERVICE_FABRIC_PORT = 19080
TREND_PORT = 14119
LAUNCH_PORT = 18444
CLOUD_PORT = 18446

ADMINISTRATOR = "opsadmin"
SQL_LOGIN = "axdbadmin"


class Server(Protocol):
    """Anything of the lab that can be switched on and off."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@dataclass
class Machine:
    """A Finance + Operations one-box with its SQL Server, and how it is reached."""

    name: str
    host: WindowsHost
    sql: SqlServer
    database: Database
    winrm: WinRMServer
    tds: TdsServer
    account: Account
    sql_password: str
    variables: dict[str, Any] = field(default_factory=dict)

    def status(self) -> list[str]:
        """What the machine really does, for a person."""
        aos = self.host.aos
        running = {True: "maintenance mode", False: "normal mode", None: "not running"}
        lines = [f"{self.name} ({self.host.address})"]
        if aos is not None:
            lines.append(f"  AOS runs in: {running[aos.maintenance_mode]}{'' if aos.ready else ' (not ready)'}")
        lines.append(f"  CONFIGURATIONMODE: {self.database.value('CONFIGURATIONMODE')}")
        lines += [f"  {service.name}: {service.state.name.lower()}" for service in self.host.services]
        return lines


@dataclass
class Environment:
    """An on-premises environment and how it is reached. ``variables`` are those of its inventory host."""

    name: str
    onprem: OnPremises
    gateway: Gateway
    frontend: Frontend
    tds: TdsServer
    winrm: dict[str, WinRMServer]
    account: Account
    sql_password: str
    variables: dict[str, Any] = field(default_factory=dict)

    def status(self) -> list[str]:
        """What the environment really does, for a person."""
        running = {True: "maintenance mode", False: "normal mode", None: "not running"}
        lines = [self.name, f"  CONFIGURATIONMODE: {self.onprem.database.value('CONFIGURATIONMODE')}"]
        for instance in self.onprem.cluster.instances.values():
            node = instance.node
            state = f"{instance.status}, {running[instance.maintenance_mode]}" if node.up else "lost"
            lines.append(f"  {node.name} ({node.address}): {state}")
        return lines


class Estate:
    """Machines and servers that are switched on and off together. Files (certificates, inventory) go to ``folder``."""

    def __init__(self, folder: Path, *, network: str = "127.20.0", scale: float = 10.0) -> None:
        self.folder = folder
        self.network = network
        self.clock = Clock(scale)
        self.authority = Authority(folder / "pki")
        self.machines: dict[str, Machine] = {}
        self.environments: dict[str, Environment] = {}
        self.managers: dict[str, TrendManager] = {}
        self.launch_servers: dict[str, LaunchServer] = {}
        self.power_platform: Site | None = None
        self.reports: list[Callable[[], Iterable[str]]] = []
        self._servers: list[Server] = []
        self._groups: dict[str, dict[str, dict[str, Any]]] = {}
        self._addresses = 10

    def address(self) -> str:
        """Return the next free address; a large estate goes on in the network after its own."""
        self._addresses += 1
        return str(ip_address(f"{self.network}.0") + self._addresses)

    def add(self, *servers: Server) -> None:
        """Take servers in, in the order in which they are to start."""
        self._servers.extend(servers)

    def add_to_inventory(self, group: str, name: str, variables: dict[str, Any]) -> None:
        """Give a system a place in the inventory."""
        self._groups.setdefault(group, {})[name] = variables

    def variables(self, host: str) -> dict[str, Any]:
        """The variables of a host in the inventory, to read or change before that is written."""
        return next(hosts[host] for hosts in self._groups.values() if host in hosts)

    def add_dev_machine(
        self, name: str, *, via: str = "sqlcmd", transport: str = "basic", layout: Layout | None = None
    ) -> Machine:
        """Add a development machine.

        ``via`` is how its database is reached ("sqlcmd" on the host, "odbc" from the controller), ``transport`` how
        WinRM is spoken: "basic" over HTTPS or "ntlm" with message encryption over HTTP.
        """
        address = self.address()
        layout = layout or Layout()
        layout.sql_password = secrets.token_urlsafe(12)
        certificate = self.authority.server(address, name)
        sql = SqlServer(name.upper(), self.clock)
        database = axdb(sql, layout.database)
        sql.add_login(SQL_LOGIN, layout.sql_password)
        database.grant(SQL_LOGIN, "db_owner")
        host = dev_machine(name, address, self.clock, sql, layout=layout, tls=certificate, port=AOS_PORT)
        account = host.add_account(Account(ADMINISTRATOR, secrets.token_urlsafe(12)))
        sql.add_login(f"{host.name}\\{account.name}", windows=True)
        database.grant(f"{host.name}\\{account.name}", "db_owner")
        winrm = self._winrm(host, transport, certificate)
        tds = TdsServer(sql, address, TDS_PORT, certificate=certificate, clock=self.clock)
        machine = Machine(name, host, sql, database, winrm, tds, account, layout.sql_password)
        machine.variables = self._dev_variables(machine, via, transport)
        self.machines[name] = machine
        self.add(host, winrm, tds)
        self.add_to_inventory("d365fo", name, machine.variables)
        return machine

    def add_vhd(self, name: str, *, transport: str = "basic") -> Machine:
        """Add a machine from Microsoft's VHD; its setup tool wants a SQL login."""
        machine = self.add_dev_machine(name, transport=transport, layout=vhd_layout())
        machine.variables |= {
            "d365fo_sql_login_user": SQL_LOGIN,
            "d365fo_sql_login_password": machine.sql_password,
        }
        return machine

    def add_cluster(self, name: str, *, nodes: int = 3, transport: str = "basic", prefix: str = "sf") -> Environment:
        """Add an on-premises environment, one host of the inventory, with its AOS nodes ``sf01``, ``sf02``...

        The nodes' sign-ins may go on to SQL Server; ``onprem.allow_delegation(False)`` takes that away.
        """
        addresses = [self.address() for _node in range(nodes)]
        gateway_address = self.address()
        certificate = self.authority.server(gateway_address, name, *addresses)
        client = self.authority.client(f"{name}-client")
        account = Account(ADMINISTRATOR, secrets.token_urlsafe(12))
        password = secrets.token_urlsafe(12)
        onprem = onprem_cluster(name, addresses, self.clock, account, sql_password=password, prefix=prefix)
        gateway = Gateway(
            onprem.cluster,
            gateway_address,
            SERVICE_FABRIC_PORT,
            certificate,
            self.authority.ca_file,
            f"{name}-client",
        )
        frontend = Frontend(onprem.cluster, gateway_address, AOS_PORT, certificate)
        tds = TdsServer(onprem.sql, gateway_address, TDS_PORT, certificate=certificate, clock=self.clock)
        environment = Environment(name, onprem, gateway, frontend, tds, {}, account, password)
        self.environments[name] = environment
        self.add(onprem.cluster, gateway, frontend, tds)
        for node, host in onprem.hosts.items():
            winrm = self._winrm(host, transport, certificate)
            environment.winrm[node] = winrm
            onprem.cluster.nodes[host.name].when_changed.append(winrm.reachable)
            self.add(winrm)
        environment.variables = self._winrm_variables(winrm, account, transport) | {
            "d365fo_nodes": addresses,
            "d365fo_script": onprem.script_path,
            "d365fo_url": frontend.url,
            "d365fo_url_ca_path": str(self.authority.ca_file),
            "d365fo_aos_interval": "1s",
            "d365fo_cluster_url": gateway.url,
            "d365fo_cluster_ca_path": str(self.authority.ca_file),
            "d365fo_cluster_client_cert": str(client[0]),
            "d365fo_cluster_client_key": str(client[1]),
        }
        del environment.variables["ansible_host"]
        self.add_to_inventory("d365fo", name, environment.variables)
        return environment

    def add_trend_manager(self, name: str, computers: int = 3, *, heartbeat: float = 20.0) -> TrendManager:
        """Add a Trend Micro manager with some computers ``web01``...; their agents ask every ``heartbeat`` seconds."""
        address = self.address()
        certificate = self.authority.server(address, name)
        key = secrets.token_urlsafe(24)
        manager = TrendManager(address, TREND_PORT, tls=certificate, clock=self.clock, key=key)
        for number in range(1, computers + 1):
            manager.add(Computer(number, f"web{number:02}", heartbeat=heartbeat))
        self.managers[name] = manager
        self.add(manager)
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "trend_url": manager.url,
            "trend_api_key": key,
            "trend_ca_path": str(self.authority.ca_file),
            "trend_computers": [computer.host_name for computer in manager.computers.values()],
            "trend_poll_interval": "1s",
        }
        self.add_to_inventory("trend", name, variables)
        return manager

    def only_a_manager(self, name: str) -> None:
        """Let a manager be named by others, and be no system by itself."""
        self.add_to_inventory("managers", name, self._groups["trend"].pop(name))

    def add_launch_server(self, name: str, *, version: str = "8.0.1.3") -> LaunchServer:
        """Add an HCL Launch server with an administrator's token."""
        address = self.address()
        server = LaunchServer(
            address, LAUNCH_PORT, tls=self.authority.server(address, name), clock=self.clock, version=version
        )
        token = secrets.token_urlsafe(24)
        server.add_user("admin", secrets.token_urlsafe(12), token=token)
        self.launch_servers[name] = server
        self.add(server)
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "launch_url": f"https://{address}:{LAUNCH_PORT}",
            "launch_token": token,
            "launch_ca_path": str(self.authority.ca_file),
            "launch_drain_interval": "1s",
            "launch_sees_all_activity": True,
        }
        self.add_to_inventory("launch", name, variables)
        return server

    def add_powerplatform_environment(self, name: str, **facts: Any) -> PowerPlatformEnvironment:
        """Add an environment to the tenant in Microsoft's cloud, which comes with the first one.

        ``facts`` are those of ``lab.powerplatform.Environment``.
        """
        if self.power_platform is None:
            self.power_platform = Site(self.authority, self.clock, self.address, CLOUD_PORT)
            self.add(self.power_platform)
        environment = self.power_platform.add(PowerPlatformEnvironment(name, **facts))
        self.add_to_inventory("powerplatform", name, self.power_platform.variables(environment))
        return environment

    def add_ssh(self, machine: Machine, *, default_shell: Shell = "cmd") -> SSHServer:
        """Put OpenSSH in front of a machine and let its inventory entry use it, by key and with a verified server."""
        key_file, known_hosts = self.folder / "ssh_key", self.folder / "known_hosts"
        if not key_file.exists():
            key_file.touch(mode=0o600)
            asyncssh.generate_private_key("ssh-ed25519").write_private_key(key_file)
        ssh = SSHServer(machine.host, machine.host.address, SSH_PORT, self.clock, default_shell=default_shell)
        ssh.allow_key(machine.account, asyncssh.read_private_key(key_file))
        with known_hosts.open("a") as lines:
            lines.write(ssh.known_hosts)
        for name in [name for name in machine.variables if name.startswith("ansible_")]:
            del machine.variables[name]
        machine.variables |= {
            "ansible_host": machine.host.address,
            "ansible_connection": "ssh",
            "ansible_port": SSH_PORT,
            "ansible_shell_type": default_shell,
            "ansible_user": machine.account.name,
            "ansible_ssh_private_key_file": str(key_file),
            # no connection is kept for the next run: another lab may listen there then
            "ansible_ssh_args": "",
            "ansible_ssh_common_args": f"-F none -o UserKnownHostsFile='{known_hosts}' -o StrictHostKeyChecking=yes",
        }
        self.add(ssh)
        return ssh

    def _winrm(self, host: WindowsHost, transport: str, certificate: tuple[Path, Path]) -> WinRMServer:
        if transport == "ntlm":
            return WinRMServer(host, host.address, WINRM_HTTP_PORT, None, self.clock)
        return WinRMServer(host, host.address, WINRM_HTTPS_PORT, certificate, self.clock)

    def _winrm_variables(self, winrm: WinRMServer, account: Account, transport: str) -> dict[str, Any]:
        return {
            "ansible_host": winrm.address,
            "ansible_connection": "winrm",
            "ansible_port": winrm.port,
            "ansible_winrm_scheme": "http" if transport == "ntlm" else "https",
            "ansible_winrm_transport": transport,
            "ansible_winrm_ca_trust_path": str(self.authority.ca_file),
            "ansible_user": account.name,
            "ansible_password": account.password,
        }

    def _dev_variables(self, machine: Machine, via: str, transport: str) -> dict[str, Any]:
        certificate = str(self.authority.ca_file)
        variables = self._winrm_variables(machine.winrm, machine.account, transport) | {
            "d365fo_url_ca_path": certificate,
            "d365fo_aos_interval": "1s",
            "d365fo_via": via,
        }
        if via == "odbc":
            variables |= {
                "d365fo_sql_server": machine.host.address,
                "d365fo_sql_port": TDS_PORT,
                "d365fo_sql_login_user": SQL_LOGIN,
                "d365fo_sql_login_password": machine.sql_password,
                "d365fo_sql_ca_path": certificate,
            }
        return variables

    async def start(self) -> None:
        """Switch everything on and write the inventory (``inventory.yml``)."""
        for server in self._servers:
            await server.start()
        shutil.rmtree(self.folder / "records", ignore_errors=True)  # of a lab that was here before
        self.write_inventory()

    async def stop(self) -> None:
        """Switch everything off, the last one first."""
        for server in reversed(self._servers):
            await server.stop()

    @property
    def inventory(self) -> Path:
        """The inventory file. It holds the lab's passwords, so only its owner may read it."""
        return self.folder / "inventory.yml"

    def write_inventory(self, extra: dict[str, Any] | None = None) -> Path:
        """Write the inventory; ``extra`` are variables for all hosts."""
        children = {group: {"hosts": hosts} for group, hosts in self._groups.items()}
        whole = {
            "all": {"children": children, "vars": {"quiesce_store_path": str(self.folder / "records"), **(extra or {})}}
        }
        self.inventory.touch(mode=0o600)
        self.inventory.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
        return self.inventory

    def status(self) -> Iterable[str]:
        """What the systems really do, for a person."""
        for machine in self.machines.values():
            yield from machine.status()
        for environment in self.environments.values():
            yield from environment.status()
        for name, manager in self.managers.items():
            states = [f"{each.host_name} {manager.state(each)}" for each in manager.computers.values()]
            yield f"{name} ({manager.address}): {', '.join(states)}"
        for name, server in self.launch_servers.items():
            mode = "maintenance mode" if server.maintenance else "normal mode"
            yield f"{name} ({server.address}): {mode}, {len(server.running)} running"
        if self.power_platform:
            yield from self.power_platform.status()
        for report in self.reports:
            yield from report()
