"""Reading sc.exe in two languages, and the order of stops and starts."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import (
    BACKGROUND,
    FO_SERVICES,
    W3SVC,
    Service,
    Step,
    check_names,
    describe_code,
    failure_code,
    parse_services,
    plan,
    read_command,
    remedy,
    status_command,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import given
from hypothesis import strategies as st

ENGLISH = """#service W3SVC

SERVICE_NAME: W3SVC
        TYPE               : 20  WIN32_SHARE_PROCESS
        STATE              : 4  RUNNING
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
        PID                : 4711
        FLAGS              :
#config
[SC] QueryServiceConfig SUCCESS

SERVICE_NAME: W3SVC
        TYPE               : 20  WIN32_SHARE_PROCESS
        START_TYPE         : 2   AUTO_START  (DELAYED)
        ERROR_CONTROL      : 1   NORMAL
        BINARY_PATH_NAME   : C:\\Windows\\system32\\svchost.exe -k iissvcs
        LOAD_ORDER_GROUP   :
        TAG                : 0
        DISPLAY_NAME       : World Wide Web Publishing Service
        DEPENDENCIES       : WAS
                           : HTTP
        SERVICE_START_NAME : localSystem
#dependents
[SC] EnumDependentServices: entriesread = 2

SERVICE_NAME: FtpSvc
DISPLAY_NAME: FTP: the service
        TYPE               : 10  WIN32_OWN_PROCESS
        STATE              : 4  RUNNING
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0

SERVICE_NAME: IdleSvc
DISPLAY_NAME: Idle
        TYPE               : 10  WIN32_OWN_PROCESS
        STATE              : 1  STOPPED
        WIN32_EXIT_CODE    : 1077  (0x435)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
#service NoSuchSvc
[SC] EnumQueryServicesStatus:OpenService FAILED 1060:

The specified service does not exist as an installed service.
"""
GERMAN = """#service W3SVC

DIENSTNAME: W3SVC
        TYP                : 10  WIN32_OWN_PROCESS
        STATUS             : 3  STOP_PENDING
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXITCODE     : 1067  (0x42b)
        SERVICE_EXITCODE   : 0  (0x0)
        PRÜFPUNKT          : 0x1
        WARTEHINWEIS       : 0x7530
        PID                : 812
        KENNZEICHEN        :
#config
[SC] QueryServiceConfig ERFOLG

DIENSTNAME: W3SVC
        TYP                : 10  WIN32_OWN_PROCESS
        STARTTYP           : 3   DEMAND_START
        FEHLERSTEUERUNG    : 1   NORMAL
        BINÄRPFADNAME      : C:\\x.exe
#dependents
[SC] EnumDependentServices: entriesread = 0

#service NoSuchSvc
[SC] EnumQueryServicesStatus:OpenService FEHLER 1060:

Der angegebene Dienst ist kein installierter Dienst.
"""


def windows(text: str) -> str:
    return text.replace("\n", "\r\n")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_parse_english(end: str) -> None:
    assert parse_services(ENGLISH.replace("\n", end)) == {
        "W3SVC": Service(
            "W3SVC", "running", "delayed_auto", 4711, 0, True, (("FtpSvc", "running"), ("IdleSvc", "stopped"))
        )
    }


def test_parse_german() -> None:
    assert parse_services(windows(GERMAN)) == {"W3SVC": Service("W3SVC", "stop_pending", "manual", 812, 1067)}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[SC] EnumQueryServicesStatus:OpenService FAILED 5:\n\nAccess is denied.\n", r"access denied \(5\)"),
        ("[SC] OpenSCManager FEHLER 1722:\n", "Win32 error 1722"),
        ("", "sc.exe printed ''"),
        ("'sc.exe' is not recognized\n", "not recognized"),
        ("A: 1\nB: 1\nC: 9  UNKNOWN\nD: 1\nE: 1\nF: 1\nG: 1\nH: 1\n", "sc.exe printed"),
    ],
)
def test_parse_refuses(body: str, message: str) -> None:
    with pytest.raises(Failure, match=f"read the state of service X on the host: .*{message}"):
        parse_services(f"#service X\n{body}")


@given(st.text(alphabet=st.sampled_from(":#[]()\r\n 0123456789abcXYZ")))
def test_rubbish_is_a_failure_and_nothing_else(text: str) -> None:
    with contextlib.suppress(Failure):
        assert set(parse_services(f"#service X\n{text}")) <= {"X"}


@given(
    st.integers(1, 7),
    st.integers(0, 99999),
    st.integers(0, 99999),
    st.lists(
        st.text(st.characters(exclude_characters=":\r\n[(#", exclude_categories=["C", "Z"]), min_size=1),
        min_size=8,
        max_size=8,
    ),
)
def test_labels_do_not_matter(state: int, pid: int, code: int, labels: list[str]) -> None:
    values = ["X", "10  WIN32", f"{state}  WORD", f"{code}  (0x0)", "0  (0x0)", "0x0", "0x0", str(pid)]
    text = "".join(f"        {label:<19}: {value}\r\n" for label, value in zip(labels, values, strict=True))
    service = parse_services(f"#service X\r\n{text}")["X"]
    assert (service.pid, service.exit_code) == (pid, code)
    assert service.state in (
        "stopped",
        "start_pending",
        "stop_pending",
        "running",
        "continue_pending",
        "pause_pending",
        "paused",
    )


@pytest.mark.parametrize(
    "text", ["[SC] ControlService FAILED 1051:\r\n\r\nA stop", "[SC] ControlService FEHLER 1051:\n"]
)
def test_failure_code(text: str) -> None:
    assert failure_code(text) == 1051


@pytest.mark.parametrize("text", ["", "[SC] ChangeServiceConfig SUCCESS", "STATE : 4 RUNNING"])
def test_no_failure_code(text: str) -> None:
    assert failure_code(text) == 0


@pytest.mark.parametrize("name", ["", 'a"b', "a&b", "a%b", "a\nb", "a|b", "Dienst^", "ä"])
def test_names_that_cmd_would_read_as_something_else(name: str) -> None:
    for use in (lambda: check_names([name]), lambda: read_command([name]), lambda: status_command([name])):
        with pytest.raises(Failure, match="a service name holds letters"):
            use()


def test_names() -> None:
    check_names([*FO_SERVICES, "MSSQL$AX", "My Service"])


def svc(name: str, state: str = "running", start_type: str = "auto", *dependents: tuple[str, str]) -> Service:
    return Service(name, state, start_type, 4, 0, False, tuple(dependents))


BATCH, MR, DMF = BACKGROUND
RUNNING = {name: svc(name) for name in FO_SERVICES}
STOPPED = {name: svc(name, "stopped") for name in FO_SERVICES}


@pytest.mark.parametrize(
    ("services", "names", "state", "steps"),
    [
        (RUNNING, FO_SERVICES, "started", ()),
        (STOPPED, FO_SERVICES, "stopped", ()),
        # background first, IIS last; and the other way round
        (RUNNING, (W3SVC, *BACKGROUND), "stopped", (Step("stop", BACKGROUND), Step("stop", (W3SVC,)))),
        (STOPPED, (*BACKGROUND, W3SVC), "started", (Step("start", (W3SVC,)), Step("start", BACKGROUND[::-1]))),
        (RUNNING, (W3SVC,), "restarted", (Step("stop", (W3SVC,)), Step("start", (W3SVC,)))),
        (STOPPED, (W3SVC,), "restarted", (Step("start", (W3SVC,)),)),
        (
            RUNNING,
            (MR, W3SVC),
            "restarted",
            (Step("stop", (MR,)), Step("stop", (W3SVC,)), Step("start", (W3SVC,)), Step("start", (MR,))),
        ),
        # named twice is named once
        (STOPPED, (MR, MR), "started", (Step("start", (MR,)),)),
        # on its way already
        ({MR: svc(MR, "start_pending")}, (MR,), "started", ()),
        ({MR: svc(MR, "stop_pending")}, (MR,), "stopped", (Step("stop", (MR,)),)),
        ({MR: svc(MR, "stop_pending")}, (MR,), "started", (Step("start", (MR,)),)),
        # running dependents go first and, on a restart, come back; stopped ones stay
        (
            {W3SVC: svc(W3SVC, "running", "auto", ("Ftp", "running"), ("Idle", "stopped"))},
            (W3SVC,),
            "restarted",
            (Step("stop", ("Ftp",)), Step("stop", (W3SVC,)), Step("start", (W3SVC,)), Step("start", ("Ftp",))),
        ),
        (
            {W3SVC: svc(W3SVC, "running", "auto", ("B", "running"), ("A", "running"))},
            (W3SVC,),
            "stopped",
            (Step("stop", ("B",)), Step("stop", ("A",)), Step("stop", (W3SVC,))),
        ),
        # a disabled service may stop, and may run on
        ({MR: svc(MR, "running", "disabled")}, (MR,), "stopped", (Step("stop", (MR,)),)),
        ({MR: svc(MR, "running", "disabled")}, (MR,), "started", ()),
    ],
)
def test_plan(services: dict[str, Service], names: tuple[str, ...], state: str, steps: tuple[Step, ...]) -> None:
    found = plan(services, names, state)
    assert found.steps == steps
    if not steps:
        assert found.before == found.after or found.pending


def test_pending() -> None:
    found = plan({MR: svc(MR, "start_pending")}, (MR,), "started")
    assert found.pending == (f"{MR} is start_pending",)


def test_restarted_is_done_once() -> None:
    assert plan(RUNNING, (W3SVC,), "restarted", frozenset([W3SVC])).steps == ()


def test_a_restart_shows_in_the_diff() -> None:
    diff = plan(RUNNING, (W3SVC,), "restarted").diff
    assert diff == {"before": {W3SVC: "running"}, "after": {W3SVC: "running (restarted)"}}


@pytest.mark.parametrize(
    ("services", "state", "message"),
    [
        ({}, "started", r"have MR2012ProcessService started.*\(1060\)"),
        ({}, "stopped", r"have MR2012ProcessService stopped.*\(1060\)"),
        ({MR: svc(MR, "stopped", "disabled")}, "started", r"start type is disabled \(1058\)"),
        ({MR: svc(MR, "stopped", "disabled")}, "restarted", r"start type is disabled \(1058\)"),
    ],
)
def test_plan_refuses(services: dict[str, Service], state: str, message: str) -> None:
    with pytest.raises(Failure, match=message):
        plan(services, (MR,), state)


@pytest.mark.parametrize("code", [5, 1051, 1052, 1053, 1058, 1060, 1061, 1067, 1068, 1069])
def test_codes_have_words(code: int) -> None:
    assert f"({code})" in describe_code(code)
    assert remedy(code)


def test_unknown_code() -> None:
    assert (describe_code(1234), remedy(1234)) == ("Win32 error 1234", "net helpmsg 1234 on the host explains it")


STATES = st.sampled_from(["running", "stopped", "start_pending", "stop_pending"])


@given(st.dictionaries(st.sampled_from(FO_SERVICES), STATES, min_size=1), st.sampled_from(["started", "stopped"]))
def test_every_service_moves_at_most_once(states: dict[str, str], state: str) -> None:
    services: dict[str, Any] = {name: svc(name, now) for name, now in states.items()}
    moved = [name for step in plan(services, list(services), state).steps for name in step.names]
    assert len(moved) == len(set(moved))
    there = "running" if state == "started" else "stopped"
    assert not [name for name in moved if states[name] == there]
