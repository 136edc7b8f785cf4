"""The lab's Trend manager, asked by the vendor's own Python SDK and by plain requests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deepsecurity as sdk
import pytest
import requests

from lab.clock import Clock
from lab.pki import Authority
from lab.rest.trend import Computer, TrendManager
from lab.thread import LoopThread

VERSION = "v1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> tuple[Path, Path]:
    return authority.server("127.0.0.1")


@pytest.fixture
def manager(tls: tuple[Path, Path]) -> Iterator[TrendManager]:
    with LoopThread() as loop:
        manager = TrendManager(tls=tls, clock=Clock(scale=6000))
        for number in range(1, 26):
            manager.add(Computer(number, f"srv{number:02}.example.com", display_name=f"Server_{number}"))
        loop.run(manager.start())
        yield manager
        loop.run(manager.stop())


@pytest.fixture
def computers(manager: TrendManager, authority: Authority) -> Any:
    """The vendor's client, made as in the vendor's samples."""
    configuration = sdk.Configuration()
    configuration.host = manager.url
    configuration.api_key["api-secret-key"] = manager.key
    configuration.verify_ssl = True
    configuration.ssl_ca_cert = str(authority.ca_file)
    return sdk.ComputersApi(sdk.ApiClient(configuration))


def until(expected: str, computers: Any, computer_id: int) -> Any:
    deadline = time.monotonic() + 10
    while True:
        computer = computers.describe_computer(computer_id, VERSION, expand=["applicationControl"])
        if computer.application_control.maintenance_mode_status == expected:
            return computer
        assert time.monotonic() < deadline, computer
        time.sleep(0.02)


def ask(computers: Any, computer_id: int, status: str, duration: int | None = None) -> Any:
    """The vendor's documented step: a Computer object with an ApplicationControlComputerExtension object."""
    application_control = sdk.ApplicationControlComputerExtension()
    application_control.maintenance_mode_status = status
    if duration:
        application_control.maintenance_mode_duration = duration
    computer = sdk.Computer()
    computer.application_control = application_control
    return computers.modify_computer(computer_id, computer, VERSION, overrides=False)


def test_the_documented_sequence(manager: TrendManager, computers: Any) -> None:
    """Turn on for 10 minutes, verify that it is on, turn off; the SDK refuses values it does not know."""
    answer = ask(computers, 7, "on", 10)
    assert answer.application_control.maintenance_mode_status == "start-requested"
    on = until("on", computers, 7).application_control
    assert on.maintenance_mode_duration == 10
    assert on.maintenance_mode_end_time - on.maintenance_mode_start_time == 600_000
    assert ask(computers, 7, "on", 20).application_control.maintenance_mode_status == "reset-duration-requested"
    assert until("on", computers, 7).application_control.maintenance_mode_duration == 20
    assert ask(computers, 7, "off").application_control.maintenance_mode_status == "stop-requested"
    until("off", computers, 7)
    assert manager.writes == 3


def test_the_duration_turns_it_off(manager: TrendManager, computers: Any) -> None:
    ask(computers, 7, "on", 10)
    until("on", computers, 7)
    manager.clock.advance(599)
    assert until("on", computers, 7)
    manager.clock.advance(2)
    assert until("off", computers, 7)


def test_paging_as_in_the_vendors_sample(computers: Any) -> None:
    found: list[int] = []
    pages = 0
    while True:
        criteria = sdk.SearchCriteria(id_value=found[-1] if found else 0, id_test="greater-than")
        wanted = sdk.SearchFilter(10, [criteria])
        wanted.sort_by_object_id = True
        page = computers.search_computers(VERSION, search_filter=wanted, expand=["none"]).computers
        pages += 1
        if not page:
            break
        assert all(computer.application_control is None for computer in page)
        found += [computer.id for computer in page]
    assert found == list(range(1, 26))
    assert pages == 4


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ({"field_name": "hostName", "string_value": "SRV0%"}, list(range(1, 10))),
        ({"field_name": "hostName", "string_value": "srv0_.example.com"}, list(range(1, 10))),
        ({"field_name": "hostName", "string_value": "srv0%", "string_wildcards": False}, []),
        ({"field_name": "displayName", "string_value": "Server_7", "string_wildcards": False}, [7]),
        ({"field_name": "groupID", "numeric_value": 5, "numeric_test": "equal"}, [3, 4]),
        ({"id_value": 23, "id_test": "greater-than"}, [24, 25]),
    ],
)
def test_search(manager: TrendManager, computers: Any, criteria: dict[str, Any], found: list[int]) -> None:
    manager.computers[3].group_id = manager.computers[4].group_id = 5
    wanted = sdk.SearchFilter(None, [sdk.SearchCriteria(**criteria)])
    assert [computer.id for computer in computers.search_computers(VERSION, search_filter=wanted).computers] == found


def test_all_criteria_must_hold(computers: Any) -> None:
    both = [
        sdk.SearchCriteria(field_name="hostName", string_value="srv0%"),
        sdk.SearchCriteria(id_value=8, id_test="greater-than"),
    ]
    answer = computers.search_computers(VERSION, search_filter=sdk.SearchFilter(None, both))
    assert [computer.id for computer in answer.computers] == [9]


def test_errors_as_the_sdk_sees_them(manager: TrendManager, computers: Any) -> None:
    manager.computers[2].may_modify = False
    expected = {
        2: (403, "Not authorized to modify computers or the requested modification is not permitted."),
        99: (404, "The computer does not exist."),
    }
    for computer_id, (status, message) in expected.items():
        with pytest.raises(sdk.rest.ApiException) as caught:
            ask(computers, computer_id, "on")
        assert caught.value.status == status
        assert json.loads(caught.value.body) == {"message": message}
    manager.key = "another"
    with pytest.raises(sdk.rest.ApiException) as caught:
        computers.list_computers(VERSION)
    assert caught.value.status == 401


def test_the_rate_limit_slides(manager: TrendManager, computers: Any) -> None:
    manager.clock.scale = 120  # a minute is half a second
    manager.requests_per_minute = 3
    for _unused in range(3):
        computers.describe_computer(1, VERSION)
    with pytest.raises(sdk.rest.ApiException) as caught:
        computers.describe_computer(1, VERSION)
    assert (caught.value.status, json.loads(caught.value.body)) == (429, {"message": "Too many API requests"})
    time.sleep(0.6)
    assert computers.describe_computer(1, VERSION).id == 1


def test_a_hidden_module_and_an_agent_that_is_away(manager: TrendManager, computers: Any) -> None:
    manager.computers[1].application_control = None
    assert computers.describe_computer(1, VERSION, expand=["applicationControl"]).application_control is None
    manager.computers[2].go_offline()
    assert ask(computers, 2, "on").application_control.maintenance_mode_status == "start-requested"
    time.sleep(0.3)
    seen = computers.describe_computer(2, VERSION)
    assert seen.application_control.maintenance_mode_status == "start-requested"
    assert (seen.computer_status.agent_status, seen.computer_status.agent_status_messages) == ("error", ["Offline"])
    manager.computers[2].come_back()
    until("on", computers, 2)


@pytest.mark.parametrize(
    ("header", "value", "version", "path", "status"),
    [
        ("Authorization", "ApiKey lab-trend-key", "v1", "/computers/1?expand=none", 200),
        ("Authorization", "lab-trend-key", "v1", "/computers/1", 401),
        ("api-secret-key", "lab-trend-key", "v1", "/computers/1", 401),
        ("Authorization", "ApiKey lab-trend-key", "v2", "/computers/1", 400),
        ("Authorization", "ApiKey lab-trend-key", "v1", "/computers/1?expand=everything", 400),
        ("Authorization", "ApiKey lab-trend-key", "v1", "/policies", 404),
    ],
)
def test_cloud_one_style(
    manager: TrendManager, authority: Authority, header: str, value: str, version: str, path: str, status: int
) -> None:
    manager.key_header = "Authorization"
    headers = {header: value, "api-version": version}
    answer = requests.get(manager.url + path, headers=headers, verify=str(authority.ca_file), timeout=10)
    assert answer.status_code == status
    assert ("message" in answer.json()) == (status != 200)


def test_restart_keeps_the_state(manager: TrendManager, authority: Authority, computers: Any) -> None:
    ask(computers, 1, "on")
    manager.restart_at = (len(manager.log) + 1, 0.3)
    for _unused in ("cut off in the middle", "nobody listens"):
        with pytest.raises(requests.ConnectionError):
            requests.get(manager.url + "/computers", verify=str(authority.ca_file), timeout=10)
    time.sleep(0.6)
    until("on", computers, 1)
