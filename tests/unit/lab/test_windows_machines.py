"""A development machine with its AOS: what it runs with is what the database said when it started."""

from __future__ import annotations

import asyncio
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from lab.clock import Clock
from lab.pki import Authority
from lab.sql import Database, SqlServer, axdb
from lab.windows import Account, State, WindowsHost
from lab.windows.console import run
from lab.windows.machines import HOST_NAMES, TOOL, Layout, dev_machine, open_visual_studio, run_iis_express, web_config

BATCH = "DynamicsAxBatch"


class Machine(NamedTuple):
    host: WindowsHost
    database: Database

    async def restart(self) -> None:
        services = self.host.services
        await services.stop("W3SVC")
        await services.reached("W3SVC", State.STOPPED)
        await services.start("W3SVC")
        await services.reached("W3SVC", State.RUNNING)


def simulate(
    test: Callable[[Machine], Awaitable[None]], layout: Layout | None = None, tls: tuple[Path, Path] | None = None
) -> None:
    clock = Clock(1000)
    server = SqlServer("DEV01", clock)
    database = axdb(server, "AxDB")
    server.add_login("axdbadmin", "AOSWebSite@123")
    database.grant("axdbadmin", "db_owner")
    host = dev_machine("dev01", "127.0.0.1", clock, server, layout=layout, tls=tls)

    async def go() -> None:
        await host.start()
        try:
            await asyncio.wait_for(test(Machine(host, database)), 20)
        finally:
            await host.stop()

    asyncio.run(go())


async def get(url: str, ca_file: Path | None = None) -> int:
    """The status that a browser without a session gets, 0 where nobody listens."""
    context = ssl.create_default_context(cafile=ca_file)
    try:
        async with aiohttp.ClientSession() as client, client.get(url, ssl=context, allow_redirects=False) as answer:
            return answer.status
    except aiohttp.ClientConnectorError:
        return 0


async def ready(host: WindowsHost) -> None:
    assert host.aos is not None
    while not host.aos.ready:
        await host.clock.sleep(0.5)


def test_the_flag_is_taken_over_at_the_start_and_only_then(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def test(machine: Machine) -> None:
        aos = machine.host.aos
        assert aos is not None
        assert aos.url.startswith("https://127.0.0.1:")
        assert (await get(aos.url, authority.ca_file), aos.maintenance_mode, aos.starts) == (302, False, 1)
        machine.database.set_value("CONFIGURATIONMODE", "1")
        assert aos.maintenance_mode is False
        started = aos.started_at
        await machine.restart()
        await ready(machine.host)
        assert (await get(aos.url, authority.ca_file), aos.maintenance_mode, aos.starts) == (302, True, 2)
        assert started is not None
        assert aos.started_at is not None
        assert aos.started_at > started
        machine.database.set_value("CONFIGURATIONMODE", "0")
        aos.recycle()
        await ready(machine.host)
        assert (aos.maintenance_mode, aos.starts) == (False, 3)

    simulate(test, tls=authority.server("127.0.0.1"))


def test_nobody_listens_while_w3svc_is_stopped_and_503_while_it_loads() -> None:
    async def test(machine: Machine) -> None:
        aos = machine.host.aos
        assert aos is not None
        aos.warm_up = 3600
        await machine.host.services.stop("W3SVC")
        await machine.host.services.reached("W3SVC", State.STOPPED)
        await machine.host.clock.sleep(10)
        assert await get(aos.url) == 0
        assert aos.maintenance_mode is None
        assert machine.host.processes.named("w3wp.exe") == []
        await machine.host.services.start("W3SVC")
        await machine.host.services.reached("W3SVC", State.RUNNING)
        await machine.host.clock.sleep(10)
        assert await get(aos.url) == 503
        assert [process.pid for process in machine.host.processes.named("w3wp.exe")] == [aos.pid]

    simulate(test)


def test_an_aos_fails_in_the_ways_a_test_wants() -> None:
    async def test(machine: Machine) -> None:
        aos = machine.host.aos
        assert aos is not None
        aos.faults.status = 500
        assert await get(aos.url) == 500
        aos.faults.status = None
        aos.faults.never_comes_up = True
        await machine.restart()
        await machine.host.clock.sleep(200)
        assert await get(aos.url) == 503
        aos.faults.never_comes_up = False
        aos.faults.extra_warm_up = 3000  # three real seconds: time enough to see it loading
        await machine.restart()
        await machine.host.clock.sleep(60)
        assert await get(aos.url) == 503
        await ready(machine.host)
        assert await get(aos.url) == 302

    simulate(test)


def test_an_aos_does_not_start_without_its_database() -> None:
    async def test(machine: Machine) -> None:
        aos = machine.host.aos
        assert aos is not None
        machine.database.available = False
        await machine.restart()
        await machine.host.clock.sleep(60)
        assert (await get(aos.url), aos.maintenance_mode) == (503, None)
        assert "Cannot open database" in machine.host.events[-1].text
        machine.database.available = True
        await machine.restart()
        await ready(machine.host)
        assert aos.maintenance_mode is False

    simulate(test)


@pytest.mark.parametrize("fails", [True, False])
def test_the_batch_service_and_maintenance_mode(fails: bool) -> None:
    async def test(machine: Machine) -> None:
        services = machine.host.services
        batch = services[BATCH]
        assert batch.state is State.RUNNING
        machine.database.set_value("CONFIGURATIONMODE", "1")
        await services.stop(BATCH)
        await services.reached(BATCH, State.STOPPED)
        await services.start(BATCH)
        if not fails:
            await services.reached(BATCH, State.RUNNING)
            return
        await services.reached(BATCH, State.STOPPED)
        assert batch.exit_code == 1067
        assert "MaintenanceModeBatchStartupException" in machine.host.events[-1].text
        await services.reached(BATCH, State.START_PENDING)  # the recovery action
        machine.database.set_value("CONFIGURATIONMODE", "0")
        await services.reached(BATCH, State.RUNNING)

    simulate(test, Layout(batch_fails_in_maintenance=fails))


@pytest.mark.parametrize("kind", list(HOST_NAMES))
def test_files_of_each_kind_of_environment(kind: str) -> None:
    layout = Layout(drive="J:", service_drive=None, kind=kind, missing=("DataAccess.DbServer",), tool_in_packages=False)

    async def test(machine: Machine) -> None:
        files = machine.host.files
        settings = files.read(r"J:\AosService\WebRoot\web.config").decode("utf-8-sig")
        assert f'<add key="Infrastructure.HostName" value="{HOST_NAMES[kind].format(name="dev01")}" />' in settings
        assert "DataAccess.DbServer" not in settings
        assert machine.host.aos is not None
        assert machine.host.aos.url in settings
        assert files.exists(rf"{layout.web_root}\bin\{TOOL}")
        assert not files.exists(rf"{layout.packages}\bin\{TOOL}")
        assert "ServiceDrive" not in machine.host.environment

    simulate(test, layout)


def test_encrypted_settings_show_nothing() -> None:
    async def test(machine: Machine) -> None:
        settings = machine.host.files.read(r"K:\AosService\WebRoot\web.config").decode()
        assert "AxDB" not in settings
        assert "AOSWebSite@123" not in settings

    simulate(test, Layout(encrypted=True))


@pytest.mark.parametrize(
    "comments",
    [
        '    <!-- <add key="DataAccess.Database" value="OldDB" /> -->',
        (
            '    <!--\n    <add key="DataAccess.Database"\n      value="OldDB" />\n'
            '    <add key="More" value="x" />\n    -->'
        ),
    ],
    ids=["in one line", "over several"],
)
def test_settings_that_are_commented_out(comments: str) -> None:
    text = web_config(Layout(comments=comments), "dev01", "https://127.0.0.1/")
    settings = ET.fromstring(text.removeprefix("\ufeff").encode()).find("appSettings")
    assert settings is not None
    assert {each.get("key"): each.get("value") for each in settings}["DataAccess.Database"] == "AxDB"
    assert text.index("OldDB") < text.index('value="AxDB"')
    assert "\n" not in text.replace("\r\n", "")


def test_a_url_that_only_the_machine_itself_knows() -> None:
    url = "https://usnconeboxax1aos.cloud.onebox.dynamics.com:18443/"

    async def test(machine: Machine) -> None:
        host = machine.host
        assert host.hosts_file == {"usnconeboxax1aos.cloud.onebox.dynamics.com": "127.0.0.1"}
        settings = host.files.read(r"K:\AosService\WebRoot\web.config").decode("utf-8-sig")
        assert f'<add key="Infrastructure.HostUrl" value="{url}" />' in settings

    simulate(test, Layout(host_url=url))


def test_a_url_with_an_address_needs_no_hosts_file() -> None:
    async def test(machine: Machine) -> None:
        assert machine.host.hosts_file == {}

    simulate(test, Layout(host_url="https://127.0.0.1:18443/"))


def test_curl_on_the_machine_asks_its_aos(tmp_path: Path) -> None:
    name = "usnconeboxax1aos.cloud.onebox.dynamics.com"
    authority = Authority(tmp_path)

    async def test(machine: Machine) -> None:
        host, aos = machine.host, machine.host.aos
        assert aos is not None
        host.add_account(Account("admin", "secret"))
        host.trusted_ca_files.append(authority.ca_file)

        async def ask(limit: int = 10_000) -> tuple[int, str]:
            line = f"curl.exe -sS --ssl-no-revoke -m {limit} -o nul -D - https://{name}:{aos.port}/"
            ran = await run(host, line)
            return ran.code, ran.out.partition("\n")[0] or ran.err.strip()

        assert await ask() == (0, "HTTP/1.1 302 Found")
        aos.faults.status = 500
        assert await ask() == (0, "HTTP/1.1 500 Internal Server Error")
        aos.faults.drip = True
        assert await ask(300) == (28, "curl: (28) Operation timed out after 300000 milliseconds with 0 bytes received")
        aos.faults.drip = False
        aos.faults.not_http = True
        assert await ask() == (1, "curl: (1) Received HTTP/0.9 when not allowed")
        await host.services.stop("W3SVC")
        await host.services.reached("W3SVC", State.STOPPED)
        await aos.settle()
        assert (await ask())[0] == 7

    simulate(test, Layout(host_url=f"https://{name}:18443/"), authority.server(name))


def test_the_aos_may_run_in_iis_express() -> None:
    async def test(machine: Machine) -> None:
        process = run_iis_express(machine.host)
        assert machine.host.processes.named("iisexpress.exe") == [process]
        machine.host.processes.end(process.pid)
        assert machine.host.processes.named("iisexpress.exe") == []

    simulate(test)


def test_visual_studio_can_be_opened_and_closed() -> None:
    async def test(machine: Machine) -> None:
        process = open_visual_studio(machine.host)
        assert machine.host.processes.named("devenv.exe") == [process]
        machine.host.processes.end(process.pid)
        assert machine.host.processes.named("devenv.exe") == []

    simulate(test)
