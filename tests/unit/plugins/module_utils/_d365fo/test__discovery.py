"""The one question to a host and what its answer means. What cmd.exe makes of the question, the e2e tests show."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import (
    Findings,
    Question,
    command_line,
    look,
    parse,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed
from hypothesis import given
from hypothesis import strategies as st

from fakes.system import TEMPLATE, record

SQL = SqlcmdOptions(server="", database="")
BOTH = ("W3SVC", "NoSuchSvc")

HOST = r"""#host DEV01
INFO: No tasks are running which match the specified criteria.
INFO: No tasks are running which match the specified criteria.
"Everyone","Well-known group","S-1-1-0","Mandatory group"
"Mandatory Label\High Mandatory Level","Label","S-1-16-12288",""
"""
SERVICES = r"""#services
#service "W3SVC"
SERVICE_NAME: W3SVC
        TYPE               : 10  WIN32_OWN_PROCESS
        STATE              : 4  RUNNING
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
        PID                : 4711
        FLAGS              :
#config
[SC] QueryServiceConfig SUCCESS
SERVICE_NAME: W3SVC
        TYPE               : 10  WIN32_OWN_PROCESS
        START_TYPE         : 2   AUTO_START
#dependents
[SC] EnumDependentServices: entriesread = 0
#service "NoSuchSvc"
[SC] EnumQueryServicesStatus:OpenService FAILED 1060:
The specified service does not exist as an installed service.
#config
[SC] OpenService FAILED 1060:
#dependents
[SC] OpenService FAILED 1060:
"""
WEB_ROOT = r"""#webroot "K:\Aos Service\WebRoot"
#packages "K:\Aos Service\Packages"
#tool "K:\Aos Service\WebRoot\bin\Setup.exe"
#tool "K:\Aos Service\Packages\bin\Setup.exe"
#webconfig
    <add key="DataAccess.Database" value="AxDB" />
    <add key="DataAccess.DbServer" value="." />
    <add key="DataAccess.SqlPwd" value="s3cret" />
    <add key="Infrastructure.HostName" value="dev01.cloudax.dynamics.com" />
"""
ROWS = """value 0
now 2026-11-24T21:00:00.1234567
database AxDB
fork F1
created 2026-01-02T03:04:05.667
login DEV01\\ops
may_update 1
may_alter 1
"""
SQL_ANSWER = f'#sql "." "AxDB"\n{ROWS}end 1\n'


def answer(*, sql: str = SQL_ANSWER, web_root: str = WEB_ROOT) -> str:
    """What a host answers; the services come last, so that they are not older than what the database says."""
    return f"{HOST}{web_root}{sql}{SERVICES}"


ANSWER = answer()


def asked(text: str, question: Question | None = None) -> Findings:
    """What comes of an answer with Windows' line ends."""
    question = question or Question(BOTH, sql=SQL)
    return parse(Completed(0, text.replace("\n", "\r\n"), ""), question, "dev01")


def test_a_full_answer() -> None:
    found = asked(ANSWER)
    assert (found.computer, found.kind) == ("DEV01", "azure_one_box")
    assert (found.web_root, found.packages_directory) == (r"K:\Aos Service\WebRoot", r"K:\Aos Service\Packages")
    assert found.setup_tool == r"K:\Aos Service\WebRoot\bin\Setup.exe"
    assert (found.elevated, found.visual_studio, found.iis_express) == (True, False, False)
    assert list(found.services) == ["W3SVC"]
    assert (found.services["W3SVC"].pid, found.services["W3SVC"].start_type) == (4711, "auto")
    assert found.sql == SqlcmdOptions(".", "AxDB")
    assert found.reading
    assert (found.reading.mode, found.reading.login, found.sql_failure) == ("disabled", r"DEV01\ops", "")
    assert found.reading.identity == "F1 2026-01-02T03:04:05.667"


def test_no_password_comes_back() -> None:
    found = asked(ANSWER)
    assert "s3cret" not in f"{found.result()}{found}"


DEVENV = '"devenv.exe","4242","Console","1","645,120 K"\n'
IISEXPRESS = '"iisexpress.exe","4243","Console","1","99,120 K"\n'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("INFO:", f"{DEVENV}INFO:", {"visual_studio": True, "iis_express": False}, id="Visual Studio"),
        pytest.param("INFO:", f"{IISEXPRESS}INFO:", {"visual_studio": False, "iis_express": True}, id="IIS Express"),
        pytest.param("S-1-16-12288", "S-1-16-8192", {"elevated": False}, id="not elevated"),
        pytest.param('#packages "K:\\Aos Service\\Packages"\n', "", {"packages_directory": ""}, id="no packages"),
        pytest.param(
            '#packages "K:\\Aos Service\\Packages"\n#tool',
            "#tool",
            {"packages_directory": ""},
            id="no packages, but a tool",
        ),
        pytest.param(
            '<add key="DataAccess.SqlPwd" value="s3cret" />',
            '<add key="Infrastructure.HostUrl" value="https://dev01.cloudax.dynamics.com/" />',
            {"kind": "azure_one_box"},
            id="an address",
        ),
    ],
)
def test_variations(old: str, new: str, expected: dict[str, object]) -> None:
    assert old in ANSWER
    found = asked(ANSWER.replace(old, new, 1))
    assert {name: getattr(found, name) for name in expected} == expected


def test_packages_may_stand_in_web_config_only() -> None:
    text = ANSWER.replace('#packages "K:\\Aos Service\\Packages"\n', "").replace(
        "#webconfig\n", '#webconfig\n<add key="Aos.PackageDirectory" value="P:\\Packages" />\n'
    )
    assert asked(text).packages_directory == r"P:\Packages"


def test_no_web_root() -> None:
    found = asked(answer(web_root="", sql=""))
    assert (found.web_root, found.settings, found.setup_tool, found.reading, found.sql) == ("", {}, "", None, None)
    assert found.sql_failure == (
        "The database was not queried: web.config was not found. Set O(sql_server) and O(sql_database)."
    )
    assert list(found.services) == ["W3SVC"]


# --- the database ---


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param("Msg 229, Level 14, State 5, Server DEV01, Line 1\nDenied\n", "no permission", id="229"),
        pytest.param("Sqlcmd: Error: Login failed for user 'x'.\n", "login failed", id="login"),
        pytest.param(
            "'sqlcmd.exe' is not recognized as an internal\n", "sqlcmd.exe is not on the search path", id="no sqlcmd"
        ),
        pytest.param("", "no answer", id="nothing"),
        pytest.param(ROWS, "no answer", id="no last row"),
        pytest.param(f"{ROWS}mssql: Timeout expired\n", "Timeout expired", id="a time-out of the sqlcmd in Go"),
        pytest.param(f"{ROWS.replace('value 0', 'value x')}end 1\n", "neither 0 nor 1", id="odd value"),
        pytest.param(f"value 1\n{ROWS}end 1\n", "2 rows of it", id="two rows"),
    ],
)
def test_the_database_does_not_answer(rows: str, message: str) -> None:
    found = asked(answer(sql=f'#sql "." "AxDB"\n{rows}'))
    assert found.reading is None
    assert message in found.sql_failure
    assert "database AxDB of SQL Server ." in found.sql_failure


@pytest.mark.parametrize(
    "reason", ["Login failed for user 'sa'", "Cannot open database", "Msg 229, Level 14, State 5,"]
)
def test_a_reason_that_quotes_an_error_is_none(reason: str) -> None:
    text = replace(record(), windows=tuple(replace(w, reason=reason) for w in record().windows)).text()
    found = asked(answer(sql=f'#sql "." "AxDB"\n{ROWS}record {text}\nend 1\n'))
    assert found.sql_failure == ""
    assert found.reading
    assert found.reading.record
    assert found.reading.record.windows[0].reason == reason


def test_a_broken_record_is_read() -> None:
    found = asked(answer(sql=f'#sql "." "AxDB"\n{ROWS}record {{}}\nend 1\n'))
    assert found.reading
    assert found.reading.broken


OLD = '<add key="DataAccess.Database" value="OLD" />'
OLD_ANSWER = '#sql "." "OLD"\nMsg 4060, Level 11, State 1, Server DEV01, Line 1\nCannot open database\n'


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(f"    <!-- {OLD} -->\n", id="in one line"),
        pytest.param(f"    <!--\n    {OLD}\n    -->\n", id="over several lines"),
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_a_database_in_a_comment_is_none(config: str, first: bool) -> None:
    """Lines are all that the host's loops see, so that database was asked too; its answer does not count."""
    marker = "#webconfig\n" if first else '<add key="DataAccess.SqlPwd" value="s3cret" />\n'
    web_root = WEB_ROOT.replace(marker, marker + config)
    for answers in (OLD_ANSWER + SQL_ANSWER, SQL_ANSWER + OLD_ANSWER):
        found = asked(answer(sql=answers, web_root=web_root))
        assert found.sql == SqlcmdOptions(".", "AxDB")
        assert found.reading
        assert found.sql_failure == ""


def test_encrypted_settings_are_said_to_be_so() -> None:
    web_root = WEB_ROOT.replace('"AxDB"', f'"{"A" * 60}"')
    assert asked(answer(sql="", web_root=web_root)).sql_failure == (
        "The database was not queried: in web.config DataAccess.Database is encrypted. Set O(sql_server) and "
        "O(sql_database)."
    )
    given_ = Question(BOTH, sql=replace(SQL, database="AXDB"))
    found = asked(answer(sql=SQL_ANSWER.replace("AxDB", "AXDB", 1), web_root=web_root), given_)
    assert (found.sql_failure, found.sql) == ("", SqlcmdOptions(".", "AXDB"))


def test_not_asked() -> None:
    found = asked(answer(sql=""), Question(BOTH, sql=None))
    assert (found.reading, found.sql_failure, found.sql) == (None, "", None)


# --- answers that are none ---


@pytest.mark.parametrize("text", ["", "\n\n", "whatever\n", "Access is denied.\n"])
def test_a_host_that_answers_nothing_is_not_one_without_services(text: str) -> None:
    with pytest.raises(Failure, match="Could not look at the host on dev01: ") as caught:
        asked(text)
    assert "1060" not in str(caught.value)


@pytest.mark.parametrize("length", range(0, len(ANSWER), 37))
def test_an_answer_that_was_cut_off(length: int) -> None:
    """Whatever is missing is missing, or said; nothing is made up."""
    try:
        found = asked(ANSWER[:length])
    except Failure:
        return
    assert found.services or found.sql_failure


@given(st.text())
def test_rubbish_is_findings_or_a_failure(text: str) -> None:
    found = asked(f"#host\n{text}\n#webroot {text}\n#webconfig\n{text}\n#sql\n{text}\n{SERVICES}")
    assert found.reading is None


# --- the question ---


@pytest.mark.parametrize("path", [r'K:\a"b', r"K:\a%b", r"K:\a&b", "K:\\a\nb", r"K:\a!b"])
@pytest.mark.parametrize("name", ["web_root", "packages_directory"])
def test_paths_that_cmd_would_read_as_something_else(name: str, path: str) -> None:
    changes: dict[str, Any] = {name: path}
    with pytest.raises(Failure, match=rf"Invalid O\({name}\).*special meaning to cmd\.exe"):
        command_line(replace(Question(), **changes))


@pytest.mark.parametrize("question", [Question(), Question(sql=SQL), Question(web_root=r"D:\x", sql=SQL)])
def test_the_question_is_one_line_that_cmd_takes(question: Question) -> None:
    line = command_line(question)
    assert "\n" not in line
    assert not line.startswith('"')
    assert len(line) < 8191 - 1000
    assert "SqlPwd" not in line


@pytest.mark.parametrize(
    ("sql", "asks"),
    [
        (None, []),
        (SQL, ['-S "%s" -d "%b"']),
        (replace(SQL, server="sql01"), ['-S "sql01" -d "%b"']),
        (replace(SQL, database="AX"), ['-S "%s" -d "AX"']),
        (replace(SQL, server="sql01", database="AX"), ['-S "sql01" -d "AX"']),
    ],
    ids=["not at all", "as web.config says", "the server is given", "the database is given", "both are given"],
)
def test_how_the_database_is_asked(sql: SqlcmdOptions | None, asks: list[str]) -> None:
    line = command_line(Question((), sql=sql))
    assert re.findall(r'-S "[^"]+" -d "[^"]+"', line) == asks
    assert ("for /f tokens" in line) is any("%" in ask for ask in asks)


@pytest.mark.parametrize("services", [(), ("A", "B c")])
def test_only_the_services_that_are_asked_for(services: tuple[str, ...]) -> None:
    line = command_line(Question(services))
    assert re.findall(r"for %n in \((.*?)\)", line) == (
        [" ".join(f'"{name}"' for name in services)] if services else []
    )


# --- the look ---


@dataclass
class Host:
    """A host that answers one line after the other."""

    answers: list[str | Exception]
    name: str = "dev01"
    keeps_secrets: bool = True
    asked: list[tuple[str, bool, bool]] = field(default_factory=list)

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        self.asked.append((line, composite, secret))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Completed(0, answer.replace("\n", "\r\n"), "")


@pytest.mark.parametrize(("user", "secret"), [("", False), ("axdbadmin", True)])
def test_everything_is_asked_in_one_round_trip(user: str, secret: bool) -> None:
    host = Host([ANSWER])
    assert look(host, Question(BOTH, sql=replace(SQL, user=user))).reading
    assert [(composite, secret) for _line, composite, secret in host.asked] == [(True, secret)]


ROWS_ALONE = f"{ROWS}end 1\n"
SERVICES_ALONE = SERVICES.replace("#services\n", "").replace("4  RUNNING", "1  STOPPED")


def test_a_database_that_was_not_asked_along_is_asked_by_itself() -> None:
    """The line in which it is named spans two, for instance. What runs is looked at again after it."""
    host = Host([answer(sql=""), ROWS_ALONE, SERVICES_ALONE])
    found = look(host, Question(BOTH, sql=SQL))
    assert found.reading
    assert '-S "." -d "AxDB"' in host.asked[1][0]
    assert found.services["W3SVC"].state == "stopped"


def test_where_no_service_is_asked_for_none_is_looked_at_again() -> None:
    host = Host([answer(sql=""), ROWS_ALONE])
    assert look(host, Question((), sql=SQL)).reading
    assert len(host.asked) == 2


def test_and_may_not_answer_then() -> None:
    host = Host([answer(sql=""), "Msg 4060, Level 11, State 1, Server X, Line 1\n"])
    found = look(host, Question(BOTH, sql=SQL))
    assert found.reading is None
    assert "4060" in found.sql_failure


def test_a_connection_that_breaks_is_no_answer_of_the_database() -> None:
    host = Host([answer(sql=""), Unreachable("read", "dev01", "the connection broke", "Run again")])
    with pytest.raises(Unreachable):
        look(host, Question(BOTH, sql=SQL))


def test_microsofts_database_is_not_asked_again() -> None:
    """It is refused anyway."""
    host = Host([answer(sql="", web_root=WEB_ROOT.replace('value="."', 'value="uat.database.windows.net"'))])
    found = look(host, Question(BOTH, sql=SQL))
    assert found.sql
    assert found.sql.server == "uat.database.windows.net"
    assert found.reading is None


# --- the result ---


def test_the_result_says_what_is_not_there() -> None:
    found = Findings().result()
    for name in ("computer", "web_root", "packages_directory", "setup_tool", "configuration_mode", "sql_failure"):
        assert found[name] is None
    assert (found["environment_kind"], found["services"], found["elevated"]) == ("unknown", {}, False)


def test_encrypted_values_are_not_in_the_result() -> None:
    found = replace(asked(ANSWER), settings={"DataAccess.DbServer": "A" * 60}).result()
    assert found["settings"] == {}
    assert found["settings_state"]["DataAccess.DbServer"] == "encrypted"


def test_a_template_makes_an_environment_on_premises() -> None:
    found = replace(asked(ANSWER), template=TEMPLATE)
    assert found.kind == "on_premises"
    assert found.result()["template"]["sql_server"] == "sql-ls"
