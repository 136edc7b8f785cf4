"""An estate with a cluster and a machine behind SSH, reached as its inventory says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import requests
import yaml
from winrm.protocol import Protocol

from lab.estate import Estate
from lab.thread import LoopThread


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


def hosts_of(estate: Estate) -> dict[str, dict[str, Any]]:
    inventory = yaml.safe_load(estate.inventory.read_text())
    hosts: dict[str, dict[str, Any]] = inventory["all"]["children"]["d365fo"]["hosts"]
    return hosts


def run(variables: dict[str, Any], line: str) -> str:
    protocol = Protocol(
        f"{variables['ansible_winrm_scheme']}://{variables['ansible_host']}:{variables['ansible_port']}/wsman",
        transport=variables["ansible_winrm_transport"],
        username=variables["ansible_user"],
        password=variables["ansible_password"],
        ca_trust_path=variables["ansible_winrm_ca_trust_path"],
    )
    shell = protocol.open_shell()
    out, _err, _code = protocol.get_command_output(shell, protocol.run_command(shell, line))
    protocol.close_shell(shell)
    return str(out.decode().strip())


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_a_cluster_and_a_node_that_is_lost(tmp_path: Path, loop: LoopThread, transport: str) -> None:
    estate = Estate(tmp_path, network="127.21.0", scale=500)
    environment = estate.add_cluster("prod", transport=transport)
    loop.run(estate.start())
    hosts = hosts_of(estate)
    assert list(hosts) == ["prod"]
    first, variables, _third = ({**hosts["prod"], "ansible_host": node} for node in hosts["prod"]["d365fo_nodes"])
    assert run(variables, "hostname") == "SF02"
    assert run(variables, f"if exist {variables['d365fo_script']} echo there") == "there"
    client = (variables["d365fo_cluster_client_cert"], variables["d365fo_cluster_client_key"])
    trusted = variables["d365fo_url_ca_path"]
    nodes = f"{variables['d365fo_cluster_url']}/Nodes?api-version=6.0"
    assert requests.get(nodes, cert=client, verify=trusted, timeout=5).status_code == 200
    assert requests.get(variables["d365fo_url"], verify=trusted, allow_redirects=False, timeout=5).status_code == 302
    loop.run(environment.onprem.cluster.lose_node("SF02"))
    with pytest.raises(requests.ConnectionError):
        run(variables, "hostname")
    assert run(first, "hostname") == "SF01"
    assert "  SF02 (127.21.0.12): lost" in estate.status()
    loop.run(environment.onprem.cluster.bring_node_back("SF02"))
    assert run(variables, "hostname") == "SF02"
    loop.run(estate.stop())


@pytest.mark.parametrize("shell", ["cmd", "powershell"])
def test_a_machine_behind_ssh(tmp_path: Path, loop: LoopThread, shell: Any) -> None:
    estate = Estate(tmp_path, network="127.21.1", scale=500)
    estate.add_ssh(estate.add_dev_machine("dev01"), default_shell=shell)
    loop.run(estate.start())
    variables = hosts_of(estate)["dev01"]
    assert (variables["ansible_connection"], variables["ansible_shell_type"]) == ("ssh", shell)
    assert not [name for name in variables if "winrm" in name or "password" in name]

    async def whoami() -> str:
        async with asyncssh.connect(
            variables["ansible_host"],
            variables["ansible_port"],
            username=variables["ansible_user"],
            client_keys=[variables["ansible_ssh_private_key_file"]],
            known_hosts=str(tmp_path / "known_hosts"),
            config=[],
        ) as connection:
            return str((await connection.run("whoami")).stdout).strip()

    assert loop.run(whoami()) == "dev01\\opsadmin"
    loop.run(estate.stop())
