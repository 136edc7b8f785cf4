"""The Trend core against the lab's manager in one process: how many requests, what a failed run leaves and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._trend import _maintenance, _options

from lab.clock import Clock
from lab.pki import Authority
from lab.rest.trend import Computer, TrendManager
from lab.thread import LoopThread

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> tuple[Path, Path]:
    return authority.server("127.0.0.1")


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


@pytest.fixture
def manager(loop: LoopThread, tls: tuple[Path, Path]) -> Iterator[TrendManager]:
    """A manager with three computers whose agents do at once what they are asked to."""
    manager = TrendManager(tls=tls, clock=Clock(scale=2000))
    manager.requests_per_minute = 10**6
    for number in (1, 2, 3):
        manager.add(Computer(number, f"web0{number}.example.com", display_name=f"Web {number}", heartbeat=0))
    loop.run(manager.start())
    yield manager
    loop.run(manager.stop())


def options(manager: TrendManager, authority: Authority, **given: Any) -> dict[str, Any]:
    """Return a module's options with their defaults, as AnsibleModule hands them over."""
    defaults = {name: option.get("default") for name, option in _options.MODE.items()}
    lab = {"url": manager.url, "ca_path": str(authority.ca_file), "api_key": manager.key, "poll_interval": "1s"}
    return {**defaults, **lab, "requests_per_minute": 0, **given}


# --- which requests ---------------------------------------------------------------------------------------------------


@pytest.fixture
def estate(manager: TrendManager) -> TrendManager:
    """The manager with 1000 more computers; every second one is called srv-..., every second app-... ."""
    for number in range(1000, 2000):
        kind = ("srv", "app")[number % 2]
        manager.add(Computer(number, f"{kind}-{number}.example.com", display_name=f"Server {number}"))
    return manager


@pytest.mark.parametrize(
    ("names", "requests", "shown"),
    [
        (["web02.example.com"], 1, 1),
        (["web01.example.com", "web03.example.com"], 2, 2),
        (["web01.example.com", "2", "Web 3"], 6, 3),  # the ID; two as host names; one in both cases and as display name
        ([f"srv-{number}.example.com" for number in range(1000, 1020, 2)], 10, 10),
        # What many have in common has few computers more: a page of them, and the empty one that ends the paging.
        ([f"srv-{number}.example.com" for number in range(1000, 2000, 18)], 2, 500),
        ([f"srv-{number}.example.com" for number in range(1100, 1150, 2)], 2, 50),
        # It has many more: a search each, after a page that was one computer too long.
        ([f"srv-{number}.example.com" for number in range(1000, 2000, 46)], 23, 243),
        # They have nothing in common: a search each as host name, in the other case, and as display name.
        ([f"{kind}-{number}" for number in range(11) for kind in ("x", "y")], 66, 0),
        # IDs near to each other are one search.
        ([str(number) for number in (1, 2, 3, *range(1000, 1500), 1700)], 3, 504),
    ],
)
def test_names_do_not_read_the_estate(
    names: list[str], requests: int, shown: int, estate: TrendManager, authority: Authority
) -> None:
    params = options(estate, authority, computers=names)
    result = _maintenance.inform(_options.manager(params), _options.target(params))
    assert (result["requests"], estate.shown) == (requests, shown)
    assert len(result["computers"]) == (0 if shown == 0 else len(names))
    assert estate.reads == requests
    assert ("GET", "/api/computers") not in estate.log


@pytest.mark.parametrize("case_matters", [False, True])
def test_names_in_another_case(manager: TrendManager, authority: Authority, case_matters: bool) -> None:
    """Whether the search of a manager tells upper from lower case is not documented."""
    manager.case_matters = case_matters
    manager.computers[3].host_name = "WEB03.EXAMPLE.COM"
    params = options(manager, authority, computers=["WEB01.example.com", "web03.example.com", "web%"])
    result = _maintenance.inform(_options.manager(params), _options.target(params))
    assert [computer["id"] for computer in result["computers"]] == [1, 3]
    assert [problem["name"] for problem in result["unavailable"]] == ["web%"]
