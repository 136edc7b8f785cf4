"""One look at a system: whose record it is, what is known to be in effect, and who is asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Database, Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._discovery import Findings, Question
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Way, is_own
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._script import ScriptOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sqlcmd import SqlcmdOptions
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure, Unreachable
from ansible_collections.quiesce.maintenance.plugins.module_utils._host import Completed

from fakes.system import IDENTITY, RAN, findings, foreign, on_premises, reading, record, seen, service, services

# --- whose record ---

FORK, CREATED = IDENTITY.split()


@pytest.mark.parametrize(
    ("host", "database", "own"),
    [
        pytest.param("DEV01", IDENTITY, True, id="this machine, this database"),
        pytest.param("dev01", IDENTITY, True, id="names of machines have no case"),
        pytest.param("TEST09", IDENTITY, False, id="another machine"),
        pytest.param("DEV01", "other-fork 2025-05-05T05:05:05", False, id="a restored copy differs in both"),
        pytest.param("DEV01", f"{FORK} 2025-05-05T05:05:05", True, id="another replica of an availability group"),
        pytest.param("DEV01", f"other-fork {CREATED}", False, id="restored over itself"),
        pytest.param("DEV01", CREATED, True, id="the fork could not be read then"),
        pytest.param("DEV01", "", True, id="nothing was known of the database then"),
        pytest.param("", IDENTITY, True, id="no machine: on-premises"),
        pytest.param("", "other-fork 2025-05-05T05:05:05", False, id="no machine, a copy"),
        pytest.param("TEST09", "", False, id="another machine, nothing known of the database"),
    ],
)
def test_whose_record_it_is(host: str, database: str, own: bool) -> None:
    assert is_own(record(host=host, database=database), "DEV01", IDENTITY) is own


@pytest.mark.parametrize(("computer", "identity"), [("", IDENTITY), ("DEV01", ""), ("DEV01", FORK)])
def test_what_is_not_known_now_is_no_difference(computer: str, identity: str) -> None:
    assert is_own(record(), computer, identity)


def test_a_record_of_another_is_no_record_of_ours() -> None:
    other = foreign(record())
    found = seen(findings(reading("enabled", other)))
    assert (found.record, found.foreign_record) == (None, other)
    own = seen(findings(reading("enabled", record())))
    assert (own.record, own.foreign_record) == (record(), None)
    assert seen(findings(reading())).foreign_record is None


# --- what is in effect ---


@pytest.mark.parametrize(
    ("of", "settled", "never_set"),
    [
        pytest.param(reading("disabled"), True, False, id="off, no record"),
        pytest.param(reading("enabled"), False, False, id="on by somebody else: nobody knows"),
        pytest.param(reading("enabled", foreign(record())), False, False, id="on, another machine's record"),
        pytest.param(reading("enabled", record("settled")), True, False, id="on and verified"),
        pytest.param(reading("enabled", record("set")), False, False, id="on, cut off before it was verified"),
        pytest.param(reading("enabled", record("prepared")), False, False, id="the tool has set it, nobody said so"),
        pytest.param(reading("disabled", record("prepared")), False, True, id="cut off before anything was set"),
        pytest.param(reading("disabled", record("settled")), False, False, id="off by hand during the window"),
        pytest.param(reading("disabled", record("set")), False, False, id="off by hand before it was verified"),
        pytest.param(reading("disabled", record("set", ())), False, False, id="the way out, cut off"),
        pytest.param(reading("disabled", record("prepared", ())), False, False, id="the way out by the tool, cut off"),
        pytest.param(reading("disabled", record("settled", ())), True, False, id="out, but a service did not start"),
        pytest.param(reading("enabled", record("settled", ())), False, False, id="on by hand after that"),
        pytest.param(reading("missing"), True, False, id="no row, no record"),
    ],
)
def test_what_is_in_effect(of: Reading, settled: bool, never_set: bool) -> None:
    found = seen(findings(of))
    assert (found.settled, found.never_set) == (settled, never_set)


@pytest.mark.parametrize(
    ("state", "runs"), [("running", True), ("start_pending", True), ("stopped", False), ("paused", False)]
)
def test_whether_the_aos_runs(state: str, runs: bool) -> None:
    assert seen(findings(running=services(web=state))).aos_service_runs is runs


def test_a_service_that_is_not_there_does_not_run() -> None:
    assert not seen(findings(running={"X": service("X")})).aos_service_runs


def test_a_database_that_did_not_answer_is_a_failure_to_whoever_needs_it() -> None:
    found = replace(findings(), reading=None, sql_failure="SQL said no.")
    with pytest.raises(Failure, match="read the configuration mode: SQL said no"):
        assert seen(found).settled
    assert (seen(found).record, seen(found).foreign_record) == (None, None)


# --- who is asked ---

XML = (
    '<Config><Database refName="axDB" dbName="AXPROD"/><ListenerName>sql-ls</ListenerName>'
    '<NodeType name="AOSNodeType"><VM name="SF01"/></NodeType></Config>'
)
NODE = f'"High","Label","S-1-16-12288",""\n#script\nfound\n#template\n{XML}\n'
ROWS = "value 1\nnow 2026-11-24T21:00:00\nmay_update 1\nmay_alter 1\nend 1\n"
SCRIPT = ScriptOptions(r"C:\s\Set-MaintenanceMode.ps1")
ASK = Question((), sql=SqlcmdOptions(server="", database=""))


@dataclass
class Host:
    """A host that answers one line after the other."""

    answers: list[str | Exception]
    name: str = "sf01"
    keeps_secrets: bool = True
    lines: list[str] = field(default_factory=list)

    def run(self, line: str, *, doing: str, limit: float, composite: bool = False, secret: bool = False) -> Completed:
        self.lines.append(line)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Completed(0, answer.replace("\n", "\r\n"), "")


class Odbc(Database):
    """A database by ODBC that says what it is told to say."""

    def __init__(self, answer: Reading | Failure) -> None:
        self.answer = answer

    def describe(self) -> str:
        return "database AXDB"

    def read(self) -> Reading:
        if isinstance(self.answer, Failure):
            raise self.answer
        return self.answer


def test_a_node_is_asked_for_its_template_and_then_the_database_that_this_names() -> None:
    host = Host([NODE, ROWS])
    found = Way(host, ASK, SCRIPT).look()
    assert (found.kind, found.elevated, found.computer, found.services) == ("on_premises", True, "", {})
    assert found.reading
    assert found.reading.mode == "enabled"
    assert '-S "sql-ls" -d "AXPROD"' in host.lines[1]


def test_a_node_whose_database_does_not_answer() -> None:
    found = Way(Host([NODE, "Msg 229, Level 14, State 5, Server X, Line 1\n"]), ASK, SCRIPT).look()
    assert found.reading is None
    assert "no permission" in found.sql_failure


def test_a_connection_that_breaks_is_no_answer_of_the_database() -> None:
    host = Host([NODE, Unreachable("read", "sf01", "the connection broke", "Run again")])
    with pytest.raises(Unreachable):
        Way(host, ASK, SCRIPT).look()


ODBC_ONLY = Question(())
MACHINE = "#host DEV01\nx\n"


@pytest.mark.parametrize("script", [None, SCRIPT], ids=["machine", "node"])
def test_by_odbc_the_host_is_not_asked_for_the_database(script: ScriptOptions | None) -> None:
    host = Host([NODE if script else MACHINE])
    found = Way(host, ODBC_ONLY, script, Odbc(reading("enabled"))).look()
    assert (found.reading, found.sql_failure) == (reading("enabled"), "")
    assert not any("sqlcmd" in line for line in host.lines)


def test_a_database_that_does_not_answer_by_odbc() -> None:
    refused = SqlFailure("read", "db", 18456, "text")
    found = Way(Host([MACHINE]), ODBC_ONLY, None, Odbc(refused)).look()
    assert (found.reading, found.sql_failure) == (None, str(refused))


def test_the_database_that_is_written_is_the_one_that_was_read() -> None:
    odbc = Odbc(reading())
    assert Way(Host([]), ODBC_ONLY, odbc=odbc).database(Findings()) is odbc
    found = Way(Host([]), ASK).database(findings(sql=SqlcmdOptions("sql01", "AX")))
    assert found.describe() == "database AX of SQL Server sql01 at sf01"
    with pytest.raises(Failure, match=r"reach the database on sf01: web\.config was not found"):
        Way(Host([]), ASK).database(Findings(sql_failure="web.config was not found"))


def test_a_node_has_no_services_and_no_name_of_its_own() -> None:
    found = seen(on_premises(reading("enabled", record(host="", ran=RAN[:0]))), "script")
    assert (found.settled, found.aos_service_runs) == (True, False)
