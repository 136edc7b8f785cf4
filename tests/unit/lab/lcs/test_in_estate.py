"""Lifecycle Services in an estate, reached as its inventory says."""

from __future__ import annotations

from pathlib import Path

import requests
import yaml

from fakes.lcs_client import HEADERS
from lab.estate import Estate
from lab.lcs.in_estate import add_lcs, add_lcs_environment
from lab.thread import LoopThread


def test_the_inventory_leads_to_the_portal_and_to_the_api(tmp_path: Path, loop: LoopThread) -> None:
    estate = Estate(tmp_path, network="127.21.7", scale=500)
    site = add_lcs(estate, "lcs")
    prod = add_lcs_environment(estate, site, "contoso-prod", production=True)
    add_lcs_environment(estate, site, "contoso-uat")
    loop.run(estate.start())
    hosts = yaml.safe_load(estate.inventory.read_text())["all"]["children"]["lcs"]["hosts"]
    assert list(hosts) == ["contoso-prod", "contoso-uat"]
    given = hosts["contoso-prod"]
    cookies = f"{given['lcs_cookies']}; lcspid={given['lcs_project_id']}"
    details = requests.get(
        f"{given['lcs_url']}/ServiceFabricDeployment/GetEnvironmentDetails/{given['lcs_project_id']}",
        params={"environmentId": given["lcs_environment_id"]},
        headers={**HEADERS, "Cookie": cookies},
        verify=given["lcs_ca_path"],
        timeout=10,
    )
    assert details.json()["Data"]["EnvironmentName"] == "contoso-prod"
    metadata = requests.get(
        f"{given['lcs_api_url']}/environmentinfo/v1/detail/project/{given['lcs_project_id']}",
        headers={"Authorization": f"Bearer {given['lcs_api_token']}", "x-ms-version": "2017-09-15"},
        verify=given["lcs_ca_path"],
        timeout=10,
    )
    assert [entry["EnvironmentType"] for entry in metadata.json()["Data"]] == ["Production", "Sandbox"]
    prod.begin(True)
    status = "\n".join(site.status())
    assert "contoso-prod (project 1234567): normal mode, servicing" in status
    secrets = [site.api.token, site.session.key, site.session.token_key, prod.sql_password]
    assert not [secret for secret in secrets if secret in f"{status} {site.portal.log} {site.api.log}"]
    loop.run(estate.stop())
