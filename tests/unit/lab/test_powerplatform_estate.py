"""Environments in an estate: found, and switched, with nothing but what their inventory says."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import requests
import yaml

from lab.estate import Estate
from lab.powerplatform import FinOps
from lab.powerplatform.environment_json import ADMIN
from lab.thread import LoopThread

ON = {"properties": {"states": {"runtime": {"id": "AdminMode"}}}}


def test_as_the_inventory_says(tmp_path: Path, loop: LoopThread) -> None:
    estate = Estate(tmp_path, network="127.21.8", scale=2400)
    sandbox = estate.add_powerplatform_environment("contoso-uat")
    estate.add_powerplatform_environment("contoso-old", finops=FinOps("Linked"))
    loop.run(estate.start())
    hosts = yaml.safe_load(estate.inventory.read_text())["all"]["children"]["powerplatform"]["hosts"]
    assert list(hosts) == ["contoso-uat", "contoso-old"]
    variables: dict[str, Any] = hosts["contoso-uat"]
    session = requests.Session()
    session.trust_env, session.verify = False, variables["powerplatform_ca_path"]
    form = {
        "grant_type": "client_credentials",
        "client_id": variables["powerplatform_client_id"],
        "client_secret": variables["powerplatform_client_secret"],
        "scope": "https://service.powerapps.com/.default",
    }
    login = f"{variables['powerplatform_login_url']}/{variables['powerplatform_tenant_id']}/oauth2/v2.0/token"
    token = session.post(login, data=form, timeout=5).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    url = f"{variables['powerplatform_bap_url']}{ADMIN}/{variables['powerplatform_environment']}"
    version = {"api-version": "2021-04-01"}
    answer = session.patch(url, params=version, json=ON, timeout=5)
    assert answer.status_code == 202
    (trusted,) = variables["powerplatform_trusted_hosts"]
    operation = answer.headers["Operation-Location"]
    assert operation.startswith(f"https://{trusted}/")
    # 20 simulated minutes take half a second
    deadline = time.monotonic() + 10
    while (state := session.get(operation, timeout=5).json()["state"]["id"]) != "Succeeded":
        assert state == "Running"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    found = session.get(url, params=version, timeout=5).json()["properties"]
    assert found["states"]["runtime"]["id"] == "AdminMode"
    assert list(estate.status()) == [
        f"contoso-uat ({sandbox.id}): administration mode",
        f"contoso-old ({hosts['contoso-old']['powerplatform_environment']}): normal mode",
    ]
    loop.run(estate.stop())
