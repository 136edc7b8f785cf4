"""500 computers at 20 ms simulated latency: this module, a loop of ansible.builtin.uri, the vendor's sequential sample.

Like is compared with like: playbook with playbook, Python with Python. Run by ``make bench``. The loop, whose every
round is the same work, does a fifth of the computers and its time counts five times (and so does its start, which is a
second or two of minutes).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.clock import Clock
from lab.pki import Authority
from lab.rest.trend import Computer, TrendManager
from lab.thread import LoopThread
from playbook import ROOT, run_play

COMPUTERS = 500
LOOPED = COMPUTERS // 5
LATENCY = 0.02
CONCURRENCY = 10  # the module's default
KEY = "bench-key"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[TrendManager]:
    """A manager whose agents answer at once: what is measured is the way to it."""
    with LoopThread() as loop:
        tls = Authority(tmp_path / "ca").server("127.0.0.1")
        manager = TrendManager(tls=tls, clock=Clock(), key=KEY)
        manager.latency = LATENCY
        manager.requests_per_minute = 10**6
        for number in range(1, COMPUTERS + 1):
            manager.add(Computer(number, f"srv{number}.example.com", heartbeat=0))
        loop.run(manager.start())
        yield manager
        loop.run(manager.stop())


def start_again(manager: TrendManager) -> None:
    for computer in manager.computers.values():
        computer.status, computer.start, computer.duration = "off", None, None
    manager.forget()


def options(manager: TrendManager, tmp_path: Path, requests_per_minute: int = 0) -> dict[str, Any]:
    return {
        "url": manager.url,
        "ca": str(tmp_path / "ca/ca.pem"),
        "key": KEY,
        "ids": list(manager.computers),
        "names": [computer.host_name for computer in manager.computers.values()],
        "requests_per_minute": requests_per_minute,
    }


def python(client: str, given: dict[str, Any]) -> float:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("trend_clients.py")), client],
        input=json.dumps(given),
        env={**os.environ, "PYTHONPATH": str(ROOT / ".cache/collections")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def playbook(manager: TrendManager, tmp_path: Path, task: dict[str, Any]) -> float:
    began = time.monotonic()
    done = run_play(tmp_path / "play", [{"name": "Work", **task}], timeout=1800)
    assert done.code == 0, done.output[-2000:]
    return time.monotonic() - began


def test_speed(manager: TrendManager, tmp_path: Path) -> None:
    given = options(manager, tmp_path)
    uri = playbook(
        manager,
        tmp_path,
        {
            "ansible.builtin.uri": {
                "url": manager.url + "/computers/{{ item }}?expand=none",
                "method": "POST",
                "ca_path": given["ca"],
                "headers": {"api-version": "v1", "api-secret-key": KEY},
                "body_format": "json",
                "body": {"applicationControl": {"maintenanceModeStatus": "on", "maintenanceModeDuration": 60}},
            },
            "loop": given["ids"][:LOOPED],
        },
    )
    uri *= COMPUTERS / LOOPED
    assert [manager.state(computer) for computer in manager.computers.values()].count("on") == LOOPED
    start_again(manager)
    module = playbook(
        manager,
        tmp_path,
        {
            "quiesce.maintenance.trend_maintenance_mode": {
                "url": manager.url,
                "ca_path": given["ca"],
                "api_key": KEY,
                "computers": given["names"],
                "duration": "60",
                "requests_per_minute": 0,
            }
        },
    )
    assert {manager.state(computer) for computer in manager.computers.values()} == {"on"}
    start_again(manager)
    vendor = python("vendor", given)
    start_again(manager)
    # The best of three: what is longer is the machine's other work.
    product = python("product", given)
    for _unused in range(2):
        start_again(manager)
        product = min(product, python("product", given))
    # A page of the list and its end, the writes side by side, the same list once more.
    reads, writes = manager.reads, manager.writes
    possible = (reads + math.ceil(writes / CONCURRENCY)) * LATENCY
    print(
        f"\n{COMPUTERS} computers at {LATENCY * 1000:.0f} ms"
        f"\n  playbooks: uri loop {uri:7.2f} s, module  {module:5.2f} s: {uri / module:5.1f} times faster"
        f"\n  Python:    vendor   {vendor:7.2f} s, product {product:5.2f} s: {vendor / product:5.1f} times faster"
        f"\n  possible with {writes} writes {CONCURRENCY} at a time and {reads} reads: {possible:.2f} s; "
        f"product {product / possible:.2f} times that; {manager.connections} connections"
    )
    assert writes == COMPUTERS
    assert uri / module >= 10
    assert vendor / product >= 10
    assert product / possible <= 1.5


def test_rate_limit(manager: TrendManager, tmp_path: Path) -> None:
    """With the defaults of both sides: never more than 450 requests in a minute, and hardly longer than that takes."""
    manager.requests_per_minute = 500
    product = python("product", options(manager, tmp_path, requests_per_minute=450))
    requests = len(manager.log)
    waits = (requests - 1) // 450
    possible = waits * 60 + math.ceil((requests - 450 * waits) / CONCURRENCY) * LATENCY
    print(
        f"\n{requests} requests, at most {manager.most_in_a_minute} in any minute, {manager.statuses[429]} refused: "
        f"{product:.1f} s; possible {possible:.1f} s, {product / possible:.2f} times that"
    )
    assert manager.statuses[429] == 0
    assert manager.most_in_a_minute <= 450
    assert product / possible <= 1.5
