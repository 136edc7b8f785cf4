"""The clients that the Trend benchmark compares, each a process of its own: ``trend_clients.py vendor|product``.

They read a JSON object (url, ca, key, ids, names, requests_per_minute) and print the seconds that the work took,
without the start of Python.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import deepsecurity as sdk
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Patience
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _maintenance, _options, _run


def vendor(given: dict[str, Any]) -> None:
    """The vendor's documented steps, as its sample does them: one computer after the other, a client for each call."""
    configuration = sdk.Configuration()
    configuration.host = given["url"]
    configuration.api_key["api-secret-key"] = given["key"]
    configuration.verify_ssl = True
    configuration.ssl_ca_cert = given["ca"]
    for computer_id in given["ids"]:
        application_control = sdk.ApplicationControlComputerExtension()
        application_control.maintenance_mode_status = "on"
        application_control.maintenance_mode_duration = 60
        computer = sdk.Computer()
        computer.application_control = application_control
        sdk.ComputersApi(sdk.ApiClient(configuration)).modify_computer(computer_id, computer, "v1")
        seen = sdk.ComputersApi(sdk.ApiClient(configuration)).describe_computer(computer_id, "v1", expand=["none"])
        assert seen.id == computer_id


def product(given: dict[str, Any]) -> None:
    """What trend_maintenance_mode does, without Ansible around it."""
    params = {
        **{name: option.get("default") for name, option in _options.MODE.items()},
        "url": given["url"],
        "ca_path": given["ca"],
        "api_key": given["key"],
        "computers": given["names"],
        "duration": "60",
        "requests_per_minute": given["requests_per_minute"],
    }
    system = _maintenance.Maintenance(
        _options.manager(params), _options.target(params), _options.wish(params), skip=False, wait=True
    )
    result = _run.run(system, check_mode=False, patience=Patience(limit=60, interval=0.1), rollback=False)
    assert {computer["status"] for computer in result["computers"]} == {"on"}


if __name__ == "__main__":
    options = json.load(sys.stdin)
    began = time.monotonic()
    {"vendor": vendor, "product": product}[sys.argv[1]](options)
    print(time.monotonic() - began)
