"""Whole machines in virtual time, without network: minutes of a machine's life cost milliseconds."""

from __future__ import annotations

import time

import pytest

from lab.clock import VirtualClock
from lab.onpremises import OnPremises, onprem_cluster
from lab.sql import SqlServer, axdb
from lab.windows import Account, Service, StartType, State, WindowsHost
from lab.windows.console import run
from lab.windows.machines import Layout, dev_machine
from lab.windows.virtual import in_virtual_time, on_host

PASSWORD = "AOSWebSite@123"
STATUS = 'curl -s -o nul -w "%{http_code}" '


def machine(clock: VirtualClock) -> WindowsHost:
    server = SqlServer("DEV01", clock)
    database = axdb(server, "AxDB")
    server.add_login("axdbadmin", PASSWORD)
    database.grant("axdbadmin", "db_owner")
    database.set_value("CONFIGURATIONMODE", "1")
    url = "https://usnconeboxax1aos.cloud.onebox.dynamics.com:18443/"
    host = dev_machine(
        "dev01", "127.20.0.11", clock, server, layout=Layout(host_url=url, batch_fails_in_maintenance=False), port=18443
    )
    host.add_account(Account("admin", "secret"))
    return host


def test_w3svc_is_restarted_through_cmd() -> None:
    async def test(host: WindowsHost) -> tuple[float, list[str]]:
        aos = host.aos
        assert aos is not None
        begin = host.clock.time()
        seen = []
        assert (aos.ready, aos.maintenance_mode, aos.starts) == (True, True, 1)
        asking = STATUS + "http://usnconeboxax1aos.cloud.onebox.dynamics.com:18443/"
        seen.append((await run(host, asking, skip_cmd=True)).out)
        assert (await run(host, "sc stop W3SVC")).code == 0
        await host.services.reached("W3SVC", State.STOPPED)
        assert (aos.ready, aos.maintenance_mode) == (False, None)
        seen.append((await run(host, asking, skip_cmd=True)).out)
        assert (await run(host, "sc start W3SVC")).code == 0
        await host.services.reached("W3SVC", State.RUNNING)
        seen.append((await run(host, asking, skip_cmd=True)).out)
        while not aos.ready:
            await host.clock.moment()
        seen.append((await run(host, asking, skip_cmd=True)).out)
        assert (aos.maintenance_mode, aos.starts) == (True, 2)
        return host.clock.time() - begin, seen

    begin = time.perf_counter()
    took, seen = on_host(machine, test)
    assert time.perf_counter() - begin < 0.5
    assert seen == ["302", "000", "503", "302"]
    assert 4 + 1.5 + 20 < took < 40


def test_a_wait_of_hours_costs_nothing() -> None:
    async def test(host: WindowsHost) -> float:
        host.services["DynamicsAxBatch"].faults.hang_on_stop = True
        begin = host.clock.time()
        await run(host, "sc stop DynamicsAxBatch")
        ran = await run(
            host,
            "for /l %i in (1,1,120) do @ping -n 61 127.0.0.1 >nul & sc query DynamicsAxBatch | findstr STOP_PENDING",
        )
        assert ran.out.count("STOP_PENDING") == 120
        return host.clock.time() - begin

    begin = time.perf_counter()
    assert on_host(machine, test) > 7200
    assert time.perf_counter() - begin < 2


def test_a_service_on_top_of_the_batch_service() -> None:
    async def test(host: WindowsHost) -> None:
        host.services.add(Service("Above", "Depends on batch", StartType.DEMAND, dependencies=("DynamicsAxBatch",)))
        await host.services.start("Above")
        await host.services.reached("Above", State.RUNNING)
        refused = await run(host, "sc stop DynamicsAxBatch")
        assert (refused.code, refused.out.splitlines()[0]) == (1051, "[SC] ControlService FAILED 1051:")
        assert "SERVICE_NAME: Above\n" in (await run(host, "sc EnumDepend DynamicsAxBatch")).out

    on_host(machine, test)


def environment(clock: VirtualClock) -> OnPremises:
    return onprem_cluster(
        "prod", ["127.20.0.11", "127.20.0.12", "127.20.0.13"], clock, Account("admin", "a"), sql_password="p"
    )


def test_an_on_premises_environment() -> None:
    async def work(clock: VirtualClock) -> float:
        onprem = environment(clock)
        await onprem.boot_without_network()
        node = onprem.hosts["sf01"]
        url = "https://ax.contoso.com/namespaces/AXSF/"
        begin = clock.time()
        assert [each.maintenance_mode for each in onprem.cluster.placed] == [False] * 3
        assert (await run(node, f"{STATUS}{url}", skip_cmd=True)).out == "302"
        line = rf"cd /d {onprem.folder} & powershell -NoProfile -File Set-MaintenanceMode.ps1"
        ran = await run(node, rf"{line} -ConfigurationFilePath .\ConfigTemplate.xml -Enable")
        assert (ran.code, ran.err) == (0, "")
        assert (await run(node, f"{STATUS}{url}", skip_cmd=True)).out == "503"
        while not all(each.healthy for each in onprem.cluster.placed):
            await clock.moment()
        assert [each.maintenance_mode for each in onprem.cluster.placed] == [True] * 3
        assert (await run(node, f"{STATUS}{url}", skip_cmd=True)).out == "302"
        assert (await run(node, f"{STATUS}https://ax.contoso.com/", skip_cmd=True)).out == "404"
        await onprem.cluster.lose_node("SF02")
        assert len(onprem.cluster.placed) == 2
        took = clock.time() - begin
        await onprem.cluster.stop()
        return took

    begin = time.perf_counter()
    assert 50 < in_virtual_time(work) < 120
    assert time.perf_counter() - begin < 0.5


def test_waiting_for_what_never_happens_is_found_out() -> None:
    async def test(host: WindowsHost) -> None:
        assert host.setup_tool is not None
        host.setup_tool.faults.hangs = True
        tool = rf"{Layout().packages}\bin\Microsoft.Dynamics.AX.Deployment.Setup.exe"
        await run(
            host,
            rf"{tool} --metadatadir {Layout().packages} --bindir {Layout().packages} --sqlserver . --sqldatabase AxDB"
            rf" --sqluser axdbadmin --sqlpwd {PASSWORD} --setupmode maintenancemode --isinmaintenancemode true",
        )

    with pytest.raises(RuntimeError, match="everything waits for something that can never happen"):
        on_host(machine, test)
