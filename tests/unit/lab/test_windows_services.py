"""The simulated service control manager and the programs that ask it: sc, tasklist, taskkill, whoami."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lab.clock import Clock
from lab.windows import Account, Call, Faults, Service, StartType, State, WindowsHost
from lab.windows.console import run

ADMIN = Account("admin", "secret")
OPERATOR = Account("operator", "secret", elevated=False, may_control_services=False, may_end_processes=False)
STRANGER = Account("stranger", "secret", elevated=False, may_query_services=False)


def machine() -> WindowsHost:
    host = WindowsHost("dev01", "127.0.0.1", Clock(2000))
    for account in (ADMIN, OPERATOR, STRANGER):
        host.add_account(account)
    add = host.services.add
    add(Service("WAS", "Process Activation", StartType.DEMAND, shared_process="iissvcs"))
    add(Service("W3SVC", "World Wide Web Publishing Service", dependencies=("WAS",), shared_process="iissvcs"))
    add(Service("Batch", "Batch Service", StartType.DELAYED_AUTO, image="Batch.exe", restart_after_crash=30.0))
    add(Service("Off", "Switched Off", StartType.DISABLED))
    add(Service("Lonely", "Depends on nothing there is", StartType.DEMAND, dependencies=("Nowhere",)))
    add(Service("Above", "Depends on Off", StartType.DEMAND, dependencies=("W3SVC", "Off")))
    return host


def simulate(test: Callable[[WindowsHost], Awaitable[None]], host: WindowsHost | None = None) -> WindowsHost:
    host = host or machine()

    async def go(host: WindowsHost) -> None:
        await host.start()
        try:
            await asyncio.wait_for(test(host), 10)
        finally:
            await host.stop()

    asyncio.run(go(host))
    return host


def fields(text: str) -> list[str]:
    """What stands behind the colons of sc's output, which is in no language."""
    return [line.partition(":")[2].strip() for line in text.splitlines() if " : " in line]


def test_query_prints_the_real_layout() -> None:
    async def test(host: WindowsHost) -> None:
        pid = host.services["W3SVC"].pid
        assert (await run(host, "sc queryex w3svc")).out == (
            "\nSERVICE_NAME: w3svc \n"
            "        TYPE               : 20  WIN32_SHARE_PROCESS  \n"
            "        STATE              : 4  RUNNING \n"
            "                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)\n"
            "        WIN32_EXIT_CODE    : 0  (0x0)\n"
            "        SERVICE_EXIT_CODE  : 0  (0x0)\n"
            "        CHECKPOINT         : 0x0\n"
            "        WAIT_HINT          : 0x0\n"
            f"        PID                : {pid}\n"
            "        FLAGS              : \n"
        )
        assert fields((await run(host, "sc query Off")).out) == [
            "20  WIN32_SHARE_PROCESS" if host.services["Off"].shared_process else "10  WIN32_OWN_PROCESS",
            "1  STOPPED",
            "1077  (0x435)",
            "0  (0x0)",
            "0x0",
            "0x0",
        ]
        assert (await run(host, "sc qc W3SVC")).out == (
            "[SC] QueryServiceConfig SUCCESS\n\nSERVICE_NAME: W3SVC\n"
            "        TYPE               : 20  WIN32_SHARE_PROCESS \n"
            "        START_TYPE         : 2   AUTO_START\n"
            "        ERROR_CONTROL      : 1   NORMAL\n"
            "        BINARY_PATH_NAME   : C:\\Windows\\System32\\svchost.exe -k netsvcs\n"
            "        LOAD_ORDER_GROUP   : \n"
            "        TAG                : 0\n"
            "        DISPLAY_NAME       : World Wide Web Publishing Service\n"
            "        DEPENDENCIES       : WAS\n"
            "        SERVICE_START_NAME : LocalSystem\n"
        )
        assert "        START_TYPE         : 2   AUTO_START  (DELAYED)\n" in (await run(host, "sc qc Batch")).out
        assert "DEPENDENCIES       : W3SVC\n                           : Off\n" in (await run(host, "sc qc above")).out
        listed = await run(host, "sc EnumDepend WAS")
        assert listed.out.startswith("[SC] EnumDependentServices: entriesread = 2\n\nSERVICE_NAME: Above\n")
        assert (await run(host, "sc enumdepend Batch")).out == "[SC] EnumDependentServices: entriesread = 0\n"

    simulate(test)


def test_what_sc_can_do_and_the_lab_not_is_said_so() -> None:
    async def test(host: WindowsHost) -> None:
        ran = await run(host, "sc delete W3SVC")
        assert (ran.code, ran.err) == (120, "lab: sc delete is not simulated\n")

    simulate(test)


@pytest.mark.parametrize(
    ("line", "account", "code", "first"),
    [
        ("sc query nosuch", ADMIN, 1060, "[SC] EnumQueryServicesStatus:OpenService FAILED 1060:"),
        ("sc qc nosuch", ADMIN, 1060, "[SC] OpenService FAILED 1060:"),
        ("sc EnumDepend nosuch", ADMIN, 1060, "[SC] OpenService FAILED 1060:"),
        ("sc start nosuch", ADMIN, 1060, "[SC] StartService: OpenService FAILED 1060:"),
        ("sc stop nosuch", ADMIN, 1060, "[SC] OpenService FAILED 1060:"),
        ("sc start W3SVC", ADMIN, 1056, "[SC] StartService FAILED 1056:"),
        ("sc stop Off", ADMIN, 1062, "[SC] ControlService FAILED 1062:"),
        ("sc stop WAS", ADMIN, 1051, "[SC] ControlService FAILED 1051:"),
        ("sc start Off", ADMIN, 1058, "[SC] StartService FAILED 1058:"),
        ("sc start Above", ADMIN, 1068, "[SC] StartService FAILED 1068:"),
        ("sc start Lonely", ADMIN, 1075, "[SC] StartService FAILED 1075:"),
        ("sc stop W3SVC", OPERATOR, 5, "[SC] OpenService FAILED 5:"),
        ("sc start Off", OPERATOR, 5, "[SC] StartService: OpenService FAILED 5:"),
        ("sc config W3SVC start= disabled", OPERATOR, 5, "[SC] OpenService FAILED 5:"),
        ("sc query W3SVC", STRANGER, 5, "[SC] OpenSCManager FAILED 5:"),
        (r"sc \\other query W3SVC", ADMIN, 1722, "[SC] OpenSCManager FAILED 1722:"),
        ("sc", ADMIN, 1639, "DESCRIPTION:"),
        ("sc erase W3SVC", ADMIN, 1639, "DESCRIPTION:"),
        ("sc config W3SVC start=disabled", ADMIN, 1639, "DESCRIPTION:"),
    ],
)
def test_sc_fails_as_the_real_one(line: str, account: Account, code: int, first: str) -> None:
    async def test(host: WindowsHost) -> None:
        ran = await run(host, line, account)
        assert (ran.code, ran.out.splitlines()[0], ran.err) == (code, first, "")
        if code != 1639:
            assert ran.out.count("\n") == 4  # the line, an empty one, the sentence, an empty one

    simulate(test)


def test_stop_and_start_go_through_the_pending_states() -> None:
    async def test(host: WindowsHost) -> None:
        host.services["Batch"].stop_seconds = host.services["Batch"].start_seconds = 100.0
        stopping = await run(host, "sc stop Batch")
        assert stopping.code == 0
        assert "STATE              : 3  STOP_PENDING \n" in stopping.out
        assert (await run(host, "sc stop Batch")).code == 1061
        assert (await run(host, "sc start Batch")).code == 1056
        await host.services.reached("Batch", State.STOPPED)
        assert host.services["Batch"].pid == 0
        starting = await run(host, "sc start Batch")
        assert "STATE              : 2  START_PENDING \n" in starting.out
        assert (await run(host, "sc stop Batch")).code == 1061
        await host.services.reached("Batch", State.RUNNING)

    batch = simulate(test).services["Batch"]
    assert [event for _time, event in batch.log] == [
        "start pending",
        "running",
        "stop pending",
        "stopped",
        "start pending",
        "running",
    ]
    assert (batch.starts, batch.stops, batch.start_type) == (2, 1, StartType.DELAYED_AUTO)


def test_a_start_takes_its_dependencies_along() -> None:
    async def test(host: WindowsHost) -> None:
        for name in ("W3SVC", "WAS"):
            await host.services.stop(name)
            await host.services.reached(name, State.STOPPED)
        assert (await run(host, "sc start W3SVC")).code == 0
        await host.services.reached("W3SVC", State.RUNNING)
        assert host.services["WAS"].state is State.RUNNING
        assert host.services["WAS"].pid == host.services["W3SVC"].pid != 0

    simulate(test)


@pytest.mark.parametrize(
    ("faults", "code", "state", "exit_code"),
    [
        (Faults(crash_on_start=True), 0, State.STOPPED, 1067),
        (Faults(stops_by_itself=True), 0, State.STOPPED, 0),
        (Faults(no_answer_on_start=True), 1053, State.STOPPED, 1053),
        (Faults(access_denied=True), 5, State.STOPPED, 1077),
        (Faults(hang_on_start=True), 0, State.START_PENDING, 0),
    ],
)
def test_start_failures(faults: Faults, code: int, state: State, exit_code: int) -> None:
    async def test(host: WindowsHost) -> None:
        service = host.services.add(Service("Bad", "Bad", StartType.DEMAND, faults=faults))
        assert (await run(host, "sc start Bad")).code == code
        await host.clock.sleep(20)
        assert (service.state, service.exit_code) == (state, exit_code)
        assert (service.pid == 0) == (state is State.STOPPED)

    simulate(test)


def test_a_hanging_stop_ends_with_its_process_and_the_recovery_action_follows() -> None:
    async def test(host: WindowsHost) -> None:
        batch = host.services["Batch"]
        batch.faults.hang_on_stop = True
        await run(host, "sc stop Batch")
        await host.clock.sleep(100)
        assert batch.state is State.STOP_PENDING
        pid = batch.pid
        assert (await run(host, f"taskkill /PID {pid}")).code == 1
        denied = await run(host, f"taskkill /F /PID {pid}", OPERATOR)
        assert (denied.code, denied.err.splitlines()[1]) == (1, "Reason: Access is denied.")
        killed = await run(host, f"taskkill /F /PID {pid}")
        assert (killed.code, killed.out) == (0, f"SUCCESS: The process with PID {pid} has been terminated.\n")
        assert (batch.state, batch.exit_code) == (State.STOPPED, 1067)
        assert (await run(host, f"taskkill /F /PID {pid}")).code == 128
        await host.services.reached("Batch", State.RUNNING)
        assert batch.starts == 2

    simulate(test)


def test_a_process_that_services_share_takes_them_all_down() -> None:
    async def test(host: WindowsHost) -> None:
        pid = host.services["WAS"].pid
        assert f'"svchost.exe","{pid}","WAS,W3SVC"\n' in (await run(host, "tasklist /svc /fo csv /nh")).out
        host.services.crash("WAS")
        assert host.services["W3SVC"].state is host.services["WAS"].state is State.STOPPED

    simulate(test)


def test_config_changes_the_start_type_and_nothing_else_does() -> None:
    async def test(host: WindowsHost) -> None:
        assert (await run(host, "sc config W3SVC start= demand")).out == "[SC] ChangeServiceConfig SUCCESS\n"
        assert host.services["W3SVC"].start_type is StartType.DEMAND
        assert host.services["W3SVC"].state is State.RUNNING

    simulate(test)


@pytest.mark.parametrize(
    ("line", "out", "err", "code"),
    [
        (
            'tasklist /FI "IMAGENAME eq devenv.exe" /FO CSV /NH',
            "INFO: No tasks are running which match the specified criteria.\n",
            "",
            0,
        ),
        ('tasklist /FI "PID eq 4" /FO CSV /NH', '"System","4","Services","0","148 K"\n', "", 0),
        (
            'tasklist /FI "imagename eq BATCH.exe"',
            (
                "\nImage Name                     PID Session Name        Session#    Mem Usage\n"
                "========================= ======== ================ =========== ============\n"
                "Batch.exe                     1220 Services                   0     12,345 K\n"
            ),
            "",
            0,
        ),
        (
            'tasklist /FI "WHAT eq 1"',
            "",
            'ERROR: The search filter cannot be recognized.\nType "TASKLIST /?" for usage.\n',
            1,
        ),
        ("tasklist /x", "", "ERROR: Invalid argument/option - '/x'.\nType \"TASKLIST /?\" for usage.\n", 1),
        ("taskkill /F /IM nosuch.exe", "", 'ERROR: The process "nosuch.exe" not found.\n', 128),
        (
            "taskkill /F",
            "",
            'ERROR: Invalid syntax. Neither /FI nor /PID nor /IM were specified.\nType "TASKKILL /?" for usage.\n',
            1,
        ),
        (
            'taskkill /F /FI "SERVICES eq Off"',
            "INFO: No tasks running with the specified criteria.\n",
            "",
            0,
        ),
        (
            'taskkill /F /FI "SERVICES eq batch" /IM svchost.exe',
            "INFO: No tasks running with the specified criteria.\n",
            "",
            0,
        ),
        (
            'taskkill /F /FI "WHAT eq batch"',
            "",
            'ERROR: The search filter cannot be recognized.\nType "TASKKILL /?" for usage.\n',
            1,
        ),
        (
            'taskkill /FI "SERVICES eq batch"',
            "",
            (
                "ERROR: The process with PID 1220 could not be terminated.\n"
                "Reason: This process can only be terminated forcefully (with /F option).\n"
            ),
            1,
        ),
        (
            'taskkill /F /FI "SERVICES eq batch"',
            "SUCCESS: The process with PID 1220 has been terminated.\n",
            "",
            0,
        ),
        (
            'taskkill /F /FI "SERVICES eq batch" /IM batch.exe',
            'SUCCESS: The process "Batch.exe" with PID 1220 has been terminated.\n',
            "",
            0,
        ),
        ('tasklist /FI "SERVICES eq w3svc" /SVC /FO CSV /NH', '"svchost.exe","1216","WAS,W3SVC"\n', "", 0),
        ('tasklist /FI "SERVICES eq Batch" /FO CSV /NH', '"Batch.exe","1220","Services","0","12,345 K"\n', "", 0),
        (
            "taskkill /F /PID 4",
            "",
            "ERROR: The process with PID 4 could not be terminated.\nReason: Access is denied.\n",
            1,
        ),
    ],
)
def test_tasklist_and_taskkill(line: str, out: str, err: str, code: int) -> None:
    async def test(host: WindowsHost) -> None:
        ran = await run(host, line)
        assert (ran.out, ran.err, ran.code) == (out, err, code)

    simulate(test)


def test_everything_that_runs_is_listed() -> None:
    async def test(host: WindowsHost) -> None:
        ran = await run(host, "tasklist.exe /FO CSV /NH")
        images = [line.split(",")[0].strip('"') for line in ran.out.splitlines()]
        assert images[:2] == ["System Idle Process", "System"]
        assert images[-4:] == ["svchost.exe", "Batch.exe", "cmd.exe", "tasklist.exe"]
        assert all(line.count('","') >= 4 for line in ran.out.splitlines())

    simulate(test)


def test_killing_by_service_takes_down_what_shares_the_process() -> None:
    async def test(host: WindowsHost) -> None:
        assert (await run(host, 'taskkill /F /FI "SERVICES eq W3SVC"')).code == 0
        assert [host.services[name].state for name in ("WAS", "W3SVC")] == [State.STOPPED] * 2
        assert host.services["Batch"].state is State.RUNNING

    simulate(test)


def test_a_running_program_can_be_ended_and_a_cancelled_one_disappears() -> None:
    async def test(host: WindowsHost) -> None:
        started = asyncio.Event()

        async def forever(_call: Call) -> int:
            started.set()
            await asyncio.Event().wait()
            return 0

        host.install(r"C:\tools\forever.exe", forever)
        running = asyncio.ensure_future(run(host, r"C:\tools\forever.exe || echo ended"))
        await started.wait()
        await run(host, "taskkill /F /IM forever.exe")
        assert (await running).out == "ended\n"
        started.clear()
        running = asyncio.ensure_future(run(host, r"C:\tools\forever.exe"))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert not host.processes.named("forever.exe")
        assert not host.processes.named("cmd.exe")

    simulate(test)


def test_whoami_tells_who_is_elevated() -> None:
    async def test(host: WindowsHost) -> None:
        assert "S-1-16-12288" in (await run(host, "whoami /groups")).out
        assert "S-1-16-12288" not in (await run(host, "whoami /groups", OPERATOR)).out
        assert (await run(host, "whoami /groups /fo csv /nh | findstr S-1-16-", OPERATOR)).out == (
            '"Mandatory Label\\Medium Mandatory Level","Label","S-1-16-8192",""\n'
        )

    simulate(test)


def test_accounts() -> None:
    host = machine()
    assert host.authenticate("ADMIN", "secret") is host.authenticate("DEV01\\admin", "secret") is ADMIN
    assert host.authenticate("admin", "Secret") is None
    assert host.authenticate("nobody", "secret") is None
