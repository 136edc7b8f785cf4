"""Connections and batches by pyodbc: what the libraries in C see for a while, what a failure says, what is believed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _odbc
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._odbc import OdbcOptions, connect, system_cas
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._sql_errors import SqlFailure
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure

V18, FREETDS = "ODBC Driver 18 for SQL Server", "FreeTDS"
OPTIONS = OdbcOptions("sql01", user="axdbadmin", password="s3cret", ca_path="/ca.pem", query_timeout=7)
REACH, TRUST = "that SQL Server is running", "O(sql_ca_path)"

Results = list[list[tuple[str, Any]] | None]


class Error(Exception):
    """pyodbc.Error."""


@dataclass
class Cursor:
    """A cursor over some results (None: one without rows); an error is raised when its turn comes."""

    results: list[Any]

    def execute(self, batch: str) -> None:
        self._raise()

    def nextset(self) -> bool:
        self.results.pop(0)
        self._raise()
        return bool(self.results)

    def fetchall(self) -> Any:
        return self.results[0]

    @property
    def description(self) -> bool:
        return bool(self.results) and self.results[0] is not None

    def _raise(self) -> None:
        if self.results and isinstance(self.results[0], Exception):
            raise self.results[0]


@dataclass
class FakePyodbc:
    """The module pyodbc, as far as it is used."""

    installed: list[str]
    results: list[Any] = field(default_factory=list)
    refuses: str = ""
    seen: dict[str, str | None] = field(default_factory=dict)
    conf: str = ""
    timeout: int = 0
    closed: bool = False
    connections: int = 0
    waits: threading.Event | None = None
    Error = Error

    def drivers(self) -> list[str]:
        return self.installed

    def connect(self, text: str, *, autocommit: bool, timeout: int) -> FakePyodbc:
        assert autocommit
        self.seen = {name: os.environ.get(name) for name in ("FREETDSCONF", "SSL_CERT_FILE")}
        if path := self.seen["FREETDSCONF"]:
            self.conf = Path(path).read_text()
        if self.refuses:
            raise Error("state", self.refuses)
        self.connections += 1
        self._wait()
        return self

    def cursor(self) -> Cursor:
        self._wait()
        return Cursor(self.results)

    def _wait(self) -> None:
        if self.waits is not None:
            self.waits.wait(20)

    def close(self) -> None:
        self.closed = True


Fake = Callable[..., FakePyodbc]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    def install(*installed: str, **more: Any) -> FakePyodbc:
        found = FakePyodbc(list(installed), **more)
        monkeypatch.setattr(_odbc, "pyodbc", found)
        return found

    monkeypatch.setenv("SSL_CERT_FILE", "/before.pem")
    monkeypatch.delenv("FREETDSCONF", raising=False)
    return install


# --- connecting ---


def test_microsofts_driver_finds_its_authorities_in_the_environment(fake: Fake) -> None:
    pyodbc = fake(V18)
    with connect(OPTIONS):
        assert pyodbc.seen == {"FREETDSCONF": None, "SSL_CERT_FILE": "/ca.pem"}
    assert pyodbc.timeout == 7


def test_freetds_finds_them_in_its_configuration(fake: Fake) -> None:
    pyodbc = fake(FREETDS)
    with connect(OPTIONS):
        assert "ca file = /ca.pem" in pyodbc.conf
        assert "s3cret" not in pyodbc.conf


@pytest.mark.parametrize("driver", [V18, FREETDS])
@pytest.mark.parametrize("refuses", ["", "[08001] no"])
def test_afterwards_the_environment_is_as_it_was(fake: Fake, driver: str, refuses: str) -> None:
    """This process is the controller's: what is set there must not reach other tasks."""
    fake(driver, refuses=refuses)
    before = dict(os.environ)
    try:
        with connect(OPTIONS):
            assert dict(os.environ) == before
    except SqlFailure:
        assert refuses
    assert dict(os.environ) == before


def test_the_connection_is_closed_whatever_happens(fake: Fake) -> None:
    pyodbc = fake(V18)
    with pytest.raises(KeyError), connect(OPTIONS):
        raise KeyError
    assert pyodbc.closed


def test_it_names_what_it_reaches(fake: Fake) -> None:
    fake(V18)
    with connect(OPTIONS) as sql:
        assert sql.describe() == "database AXDB of SQL Server sql01,1433"


def test_no_pyodbc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_odbc, "pyodbc", None)
    with pytest.raises(Failure, match="pyodbc is not installed in its Python"), connect(OPTIONS):
        pass


def test_no_password_in_a_representation() -> None:
    assert "s3cret" not in repr(OPTIONS)


# --- what a refused connection says ---


def refused(fake: Fake, driver: str, text: str, **options: Any) -> SqlFailure:
    fake(driver, refuses=text)
    with pytest.raises(SqlFailure) as caught, connect(replace(OPTIONS, **options)):
        pass
    assert "s3cret" not in str(caught.value)
    assert not caught.value.unknown, "nothing was sent"
    return caught.value


TDS = "[FreeTDS][SQL Server]"
NOT_THERE = f"[08001] {TDS}Unable to connect to data source (0) (SQLDriverConnect)"


@pytest.mark.parametrize(("number", "words"), [(18470, "disabled"), (18486, "locked out"), (18456, "login failed")])
def test_what_sql_server_itself_said_is_no_matter_of_certificates(fake: Fake, number: int, words: str) -> None:
    failure = refused(fake, FREETDS, f"[42000] {TDS}Login failed for user 'x'. ({number}) (SQLDriverConnect)")
    assert failure.number == number
    assert words in failure.answer
    assert "ertificate" not in str(failure)


def test_freetds_says_the_same_of_a_server_that_is_down_and_of_a_certificate(fake: Fake) -> None:
    """So both have to be looked at."""
    text = str(refused(fake, FREETDS, NOT_THERE))
    assert TRUST in text
    assert REACH in text


@pytest.mark.parametrize("options", [{"encrypt": False}, {"validate_certs": False}])
def test_where_nothing_is_verified_it_is_not_the_certificate(fake: Fake, options: dict[str, Any]) -> None:
    text = str(refused(fake, FREETDS, NOT_THERE, **options))
    assert "ertificate" not in text
    assert REACH in text


def test_the_database_before_the_login(fake: Fake) -> None:
    ms = "[Microsoft][ODBC Driver 18 for SQL Server][SQL Server]"
    both = f"[28000] {ms}Login failed for user 'x'. (18456) (SQLDriverConnect); [42000] {ms}Cannot open database (4060)"
    failure = refused(fake, V18, both)
    assert failure.number == 4060
    assert str(failure).startswith("Could not connect on database AXDB of SQL Server sql01,1433 as axdbadmin: ")


# --- batches ---


def ask(fake: Fake, *results: Any) -> list[tuple[str, str]]:
    fake(V18, results=list(results))
    with connect(OPTIONS) as sql:
        return sql.query("SELECT 1", "set X")


ROWS = [("value", "1"), ("record", None)]
END = [("end", 1)]


@pytest.mark.parametrize(
    "results",
    [
        pytest.param((ROWS, END), id="two results"),
        pytest.param((None, None, ROWS, None, END), id="statements without rows between them"),
        pytest.param((ROWS + END,), id="one"),
    ],
)
def test_all_results_are_read(fake: Fake, results: tuple[Any, ...]) -> None:
    assert ask(fake, *results) == [("value", "1"), ("record", ""), ("end", "1")]


@pytest.mark.parametrize("results", [(ROWS,), (None,), (ROWS, None), (ROWS, [("end", 0)])])
def test_without_its_last_row_an_answer_was_cut_off(fake: Fake, results: tuple[Any, ...]) -> None:
    with pytest.raises(SqlFailure, match="the answer was cut off") as caught:
        ask(fake, *results)
    assert caught.value.unknown


ERROR = Error("42000", "[42000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]no (51001) (SQLExecDirectW)")
SLOW = Error("HYT00", "[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Query timeout expired (0) (SQLExecDirectW)")


@pytest.mark.parametrize("results", [(ERROR,), (ROWS, ERROR), (None, None, ERROR)])
def test_an_error_of_any_statement_is_one(fake: Fake, results: tuple[Any, ...]) -> None:
    with pytest.raises(SqlFailure) as caught:
        ask(fake, *results)
    assert (caught.value.number, caught.value.unknown) == (51001, False)


def test_after_a_time_out_it_may_have_been_done(fake: Fake) -> None:
    with pytest.raises(SqlFailure, match=r"Query timeout expired.*O\(sql_query_timeout\)") as caught:
        ask(fake, SLOW)
    assert caught.value.unknown


# --- trusted authorities ---


# --- a connection that broke, and one on which nothing comes ---

LOST = f"[08S01] {TDS}Unexpected EOF from the server (20017) (SQLExecDirectW)"


@pytest.mark.parametrize("text", [LOST, "[08S01] [Microsoft][ODBC Driver 18 for SQL Server]TCP Provider: 0x68 (104)"])
def test_after_a_connection_that_broke_another_one_is_opened(fake: Fake, text: str) -> None:
    """What was sent may have been done: the next question asks for it."""
    pyodbc = fake(V18, results=[Error("08S01", text)])
    with connect(OPTIONS) as sql:
        with pytest.raises(SqlFailure, match="the connection broke: ") as caught:
            sql.query("UPDATE", "set X")
        assert caught.value.unknown
        assert (pyodbc.closed, pyodbc.connections) == (True, 1)
        pyodbc.results = [ROWS + END]
        assert ("value", "1") in sql.query("SELECT", "read X")
    assert pyodbc.connections == 2


def test_what_sql_server_refuses_breaks_no_connection(fake: Fake) -> None:
    pyodbc = fake(V18, results=[Error("42000", f"[42000] {TDS}Permission denied (229) (SQLExecDirectW)")])
    with connect(OPTIONS) as sql:
        with pytest.raises(SqlFailure, match="229"):
            sql.query("SELECT", "read X")
        pyodbc.results = [ROWS + END]
        sql.query("SELECT", "read X")
    assert pyodbc.connections == 1


def test_a_login_behind_which_nothing_comes_has_an_end(fake: Fake) -> None:
    """The driver's own limit is one for the login; pyodbc asks the server for its types behind it."""
    stuck = threading.Event()
    fake(V18, waits=stuck)
    options = replace(OPTIONS, connect_timeout=0, query_timeout=0)
    with pytest.raises(SqlFailure, match="timed out, no end after 0 s") as caught, connect(options):
        pass
    stuck.set()
    assert not caught.value.unknown


def test_an_answer_that_never_ends_has_an_end(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that drips outlives the driver's own limit. A connection in use can't be closed."""
    monkeypatch.setattr(_odbc, "_MARGIN", 0.0)
    pyodbc = fake(V18, results=[ROWS + END])
    with connect(OPTIONS) as sql:
        sql.query("SELECT", "read X")
    pyodbc = fake(V18, results=[ROWS + END])
    with connect(replace(OPTIONS, query_timeout=1)) as sql:
        stuck = pyodbc.waits = threading.Event()
        with pytest.raises(SqlFailure, match=r"timeout expired: no end after 1 s.*O\(sql_query_timeout\)") as caught:
            sql.query("UPDATE", "set X")
        assert not pyodbc.closed
        stuck.set()
    assert caught.value.unknown


# --- authorities ---


def test_each_distribution_has_its_own_file_of_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Execution environments are built on Red Hat's UBI."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    for path in ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"):
        monkeypatch.setattr(Path, "is_file", lambda self, path=path: str(self) == path)
        assert system_cas() == path


def test_the_environment_names_another_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = tmp_path / "mine.pem"
    mine.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(mine))
    assert system_cas() == str(mine)


def test_without_any_nothing_is_verified_so_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_file", lambda self: False)
    with pytest.raises(Failure, match=r"verify the certificate of SQL Server on the controller.*Give O\(sql_ca_path\)"):
        system_cas()
