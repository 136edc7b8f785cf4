"""Reading sc.exe in several languages: order and numbers count, words do not."""

from __future__ import annotations

import contextlib
import re

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._services import (
    FO_SERVICES,
    Service,
    check_names,
    describe_code,
    failure_code,
    listed,
    parse_services,
    read_command,
    remedy,
    status_command,
    wait_command,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import example, given
from hypothesis import strategies as st

ENGLISH = """#service "W3SVC"

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
#service "NoSuchSvc"
[SC] EnumQueryServicesStatus:OpenService FAILED 1060:

The specified service does not exist as an installed service.
#config
[SC] OpenService FAILED 1060:
#dependents
[SC] OpenService FAILED 1060:
"""
GERMAN = """#service "W3SVC"

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

#service "NoSuchSvc"
[SC] EnumQueryServicesStatus:OpenService FEHLER 1060:

Der angegebene Dienst ist kein installierter Dienst.
"""
FRENCH = """#service "W3SVC"

NOM_SERVICE: W3SVC
        TYPE               : 10  WIN32_OWN_PROCESS
        ÉTAT               : 1  STOPPED
        CODE_SORTIE_WIN32  : 1077  (0x435)
        CODE_SORTIE_SVC    : 0  (0x0)
        POINT_CONTRÔLE     : 0x0
        DÉLAI_ATTENTE      : 0x0
        PID                : 0
        INDICATEURS        :
#config
[SC] QueryServiceConfig réussite(s)

NOM_SERVICE: W3SVC
        TYPE               : 10  WIN32_OWN_PROCESS
        TYPE_DÉMARRAGE     : 4   DISABLED
        CONTRÔLE_ERREUR    : 1   NORMAL
#dependents
#service "NoSuchSvc"
[SC] EnumQueryServicesStatus:OpenService échec(s) 1060 :

Le service spécifié n'existe pas en tant que service installé.
"""
BOTH = ("W3SVC", "NoSuchSvc")
FOUND = {
    "English": (
        ENGLISH,
        Service("W3SVC", "running", "delayed_auto", 4711, 0, True, (("FtpSvc", "running"), ("IdleSvc", "stopped"))),
    ),
    "German": (GERMAN, Service("W3SVC", "stop_pending", "manual", 812, 1067)),
    "French": (FRENCH, Service("W3SVC", "stopped", "disabled", 0, 1077)),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("blank_lines", [True, False], ids=["as sc prints it", "without blank lines"])
@pytest.mark.parametrize("language", FOUND)
def test_parse(language: str, end: str, blank_lines: bool) -> None:
    """Output in one piece has no blank lines, neither between the blocks of dependents."""
    text, service = FOUND[language]
    text = text if blank_lines else re.sub(r"\n\n+", "\n", text)
    assert parse_services(text.replace("\n", end), BOTH) == {"W3SVC": service}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param("[SC] EnumQueryServicesStatus:OpenService FAILED 5:\n\nDenied.\n", r"access denied \(5\)", id="5"),
        pytest.param("[SC] OpenService échec(s) 5 :\n\nAccès refusé.\n", r"access denied \(5\)", id="5 in French"),
        pytest.param("[SC] OpenSCManager FEHLER 1722:\n", "Win32 error 1722", id="another error"),
        pytest.param("", "sc.exe printed nothing", id="an empty answer is not: no such service"),
        pytest.param("'sc.exe' is not recognized\n", "not recognized", id="no sc.exe"),
        pytest.param(ENGLISH.partition("WAIT_HINT")[0], "sc.exe printed", id="cut off"),
        pytest.param(ENGLISH.partition("STATE")[0], "sc.exe printed", id="cut off early"),
        pytest.param("A: 1\nB: 1\nC: 9  UNKNOWN\nD: 1\nE: 1\nF: 1\nG: 1\nH: 1\n", "sc.exe printed", id="no state"),
        pytest.param("A: 1\nB: 1\nC: x\nD: 1\nE: 1\nF: 1\nG: 1\nH: 1\n", "sc.exe printed", id="a state in words"),
    ],
)
def test_parse_refuses(body: str, message: str) -> None:
    body = body.replace('#service "W3SVC"\n', "")
    with pytest.raises(Failure, match=f"read the state of service X on the host: .*{message}"):
        parse_services(f'#service "X"\n{body}', ["X"])


def test_a_service_that_the_answer_does_not_name_is_a_failure() -> None:
    with pytest.raises(Failure, match=r"read the state of service Other on the host: sc\.exe printed nothing"):
        parse_services(ENGLISH, ["W3SVC", "Other"])


SOUP = st.text(alphabet=st.sampled_from(":#[]()\r\n 0123456789abcXYZ"))
PIECES = st.lists(
    st.sampled_from(
        [*ENGLISH.splitlines(), *FRENCH.splitlines(), "#config", "#dependents", "[SC] x FAILED 1060:", "[SC] 5 :", ":"]
    )
).map("\r\n".join)


@given(SOUP | PIECES | st.text())
@example("#config\n#config\n#dependents\n#dependents")
@example("A: X\nB: 1\nC: 4\nD: 0\nE: 0\nF: 0\nG: 0\nH: \n#config\n: : :\n#dependents\n:\n:\n:\n:\n:\n:\n:\n:")
def test_any_text_is_services_or_a_failure_and_nothing_else(text: str) -> None:
    with contextlib.suppress(Failure):
        assert set(parse_services(f'#service "X"\n{text}', ["X"])) <= {"X"}


@given(st.integers(0, len(ENGLISH)))
def test_however_it_is_cut_off_it_is_services_or_a_failure(length: int) -> None:
    with contextlib.suppress(Failure):
        found = parse_services(ENGLISH[:length], ["W3SVC"])
        assert found["W3SVC"].state == "running"


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
    service = parse_services(f'#service "X"\r\n{text}', ["X"])["X"]
    names = ["stopped", "start_pending", "stop_pending", "running", "continue_pending", "pause_pending", "paused"]
    assert (service.state, service.pid, service.exit_code) == (names[state - 1], pid, code)


@pytest.mark.parametrize(
    ("number", "word", "start_type"),
    [
        (2, "AUTO_START", "auto"),
        (2, "AUTO_START  (DELAYED)", "delayed_auto"),
        (2, "AUTO_START  (RETARDÉ)", "delayed_auto"),
        (3, "DEMAND_START", "manual"),
        (4, "DISABLED", "disabled"),
        (0, "BOOT_START", "boot"),
        (9, "WORD", "unknown"),
    ],
)
def test_start_types(number: int, word: str, start_type: str) -> None:
    text = ENGLISH.replace("2   AUTO_START  (DELAYED)", f"{number}   {word}")
    assert parse_services(text, ["W3SVC"])["W3SVC"].start_type == start_type


def test_a_start_type_that_may_not_be_read_is_unknown() -> None:
    text = f"{ENGLISH.partition('#config')[0]}#config\n[SC] OpenService FAILED 5:\n#dependents\n[SC] FAILED 5:\n"
    service = parse_services(text, ["W3SVC"])["W3SVC"]
    assert (service.start_type, service.dependents) == ("unknown", ())


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        ("running", True),
        ("start_pending", True),
        ("continue_pending", True),
        ("paused", False),
        ("pause_pending", False),
        ("stop_pending", False),
        ("stopped", False),
    ],
)
def test_runs(state: str, runs: bool) -> None:
    assert Service("X", state).runs is runs


@pytest.mark.parametrize(
    "text",
    [
        "[SC] ControlService FAILED 1051:\r\n\r\nA stop",
        "[SC] ControlService FEHLER 1051:\n",
        "[SC] ControlService échec(s) 1051 :\r\n\r\nUne commande",
        "[SC] ControlService échec(s) 1051\u00a0:\r\n",
        "first\n[SC] StartService: OpenService FAILED 1051:",
    ],
)
def test_failure_code(text: str) -> None:
    assert failure_code(text) == 1051


@pytest.mark.parametrize(
    "text", ["", "[SC] ChangeServiceConfig SUCCESS", "STATE : 4 RUNNING", "[SC] EnumDependentServices: entriesread = 2"]
)
def test_no_failure_code(text: str) -> None:
    assert failure_code(text) == 0


@pytest.mark.parametrize("name", ["", 'a"b', "a&b", "a%b", "a\nb", "a|b", "Dienst^", "ä"])
def test_names_that_cmd_would_read_as_something_else(name: str) -> None:
    for use in (check_names, read_command, status_command, lambda names: wait_command(names, 5)):
        with pytest.raises(Failure, match=r"Invalid O\(names\): .* is not a service name"):
            use([name])


def test_long_names_are_named_by_their_ends() -> None:
    """The name of the data management service has 62 characters; a line of progress is read by people."""
    batch, _mr, dmf, web = FO_SERVICES
    assert listed([batch, web]) == f"{batch}, {web}"
    assert listed([dmf]) == "...DMF.SSISHelperService.exe"
    assert listed([]) == ""


def test_names() -> None:
    check_names([*FO_SERVICES, "MSSQL$AX", "My Service"])


@pytest.mark.parametrize("code", [0, 5, 1051, 1052, 1053, 1058, 1060, 1061, 1067, 1068, 1069])
def test_codes_have_words_and_a_way_out(code: int) -> None:
    assert code == 0 or f"({code})" in describe_code(code)
    assert remedy(code)


def test_a_service_that_ended_by_itself_without_an_error_did_not_crash() -> None:
    assert "1067" not in describe_code(0)
    assert "without an error" in describe_code(0)


def test_unknown_code() -> None:
    assert (describe_code(1234), remedy(1234)) == ("Win32 error 1234", "net helpmsg 1234 on the host explains it")
