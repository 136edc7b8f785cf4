"""Driver, connection string, freetds.conf, and the numbers in what drivers say."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._odbc import (
    OdbcOptions,
    connection_string,
    family,
    find_driver,
    freetds_conf,
    native_number,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from hypothesis import given
from hypothesis import strategies as st

V18, V17, FREETDS = "ODBC Driver 18 for SQL Server", "ODBC Driver 17 for SQL Server", "FreeTDS"
OPTIONS = OdbcOptions("sql01", user="axdbadmin", password="s3cret")


@pytest.mark.parametrize(
    ("wanted", "installed", "driver"),
    [
        ("", [FREETDS, V17, V18], V18),
        ("", [FREETDS, V17], V17),
        ("", ["SQLite3", FREETDS], FREETDS),
        (FREETDS, [FREETDS, V18], FREETDS),
        (__file__, [], __file__),
    ],
)
def test_find_driver(wanted: str, installed: list[str], driver: str) -> None:
    assert find_driver(wanted, installed) == driver


@pytest.mark.parametrize(
    ("wanted", "installed", "message"),
    [
        ("", [], r"find an ODBC driver .*installed: none"),
        ("", ["SQLite3"], r"no driver for SQL Server is installed \(installed: SQLite3\)"),
        (
            V18,
            [FREETDS],
            rf"use the ODBC driver {V18} .*neither a file nor one of the installed.*\(FreeTDS\).*O\(via=sqlcmd\)",
        ),
    ],
)
def test_no_driver(wanted: str, installed: list[str], message: str) -> None:
    with pytest.raises(Failure, match=message):
        find_driver(wanted, installed)


@pytest.mark.parametrize(
    ("driver", "kind"),
    [
        (V18, "microsoft"),
        (V17, "microsoft"),
        ("/opt/microsoft/lib/libmsodbcsql-18.6.so.2.1", "microsoft"),
        (FREETDS, "freetds"),
        ("/usr/lib/x86_64-linux-gnu/odbc/libtdsodbc.so", "freetds"),
    ],
)
def test_family(driver: str, kind: str) -> None:
    assert family(driver) == kind


@pytest.mark.parametrize("driver", ["SQLite3", "/tmp/freetds/libother.so", "SQL Server"])
def test_unknown_family(driver: str) -> None:
    with pytest.raises(Failure, match="neither Microsoft's driver nor FreeTDS"):
        family(driver)


def parts(text: str) -> dict[str, str]:
    """Take a connection string apart as ODBC defines it: braces around a value, a closing one doubled."""
    found = {}
    while text:
        match = re.match(r"(\w+)=(?:\{((?:[^}]|\}\})*)\}|([^;]*));", text)
        assert match, text
        found[match[1]] = match[2].replace("}}", "}") if match[2] is not None else match[3]
        text = text[match.end() :]
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"Encrypt": "yes", "TrustServerCertificate": "no", "SERVER": "tcp:sql01,1433", "UID": "axdbadmin"}),
        ({"port": 14330}, {"SERVER": "tcp:sql01,14330"}),
        ({"encrypt": False}, {"Encrypt": "no"}),
        ({"validate_certs": False}, {"TrustServerCertificate": "yes"}),
        ({"hostname_in_certificate": "cn"}, {"HostnameInCertificate": "cn"}),
        ({"user": "", "password": ""}, {"Trusted_Connection": "yes"}),
    ],
)
def test_microsoft(changes: dict[str, Any], expected: dict[str, str]) -> None:
    found = parts(connection_string(replace(OPTIONS, **changes), V18, "microsoft"))
    assert {name: found.get(name) for name in expected} == expected
    assert ("UID" in found) == ("Trusted_Connection" not in found)


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_value_breaks_out_of_the_string(user: str, password: str) -> None:
    found = parts(connection_string(replace(OPTIONS, user=user, password=password), V18, "microsoft"))
    assert (found["UID"], found["PWD"]) == (user, password)
    assert " ".join(found) == "DRIVER DATABASE APP SERVER Encrypt TrustServerCertificate ConnectRetryCount UID PWD"


def test_freetds_is_addressed_by_its_configuration_only() -> None:
    text = connection_string(OPTIONS, FREETDS, "freetds")
    assert "SERVERNAME={quiesce};" in text
    assert not re.search(r"SERVER=|PORT=|sql01", text)


@pytest.mark.parametrize("password", ["a;b}", "{a}", " a}", "a} "])
def test_passwords_that_freetds_can_not_take(password: str) -> None:
    with pytest.raises(Failure, match=r"FreeTDS.*closing brace") as caught:
        connection_string(replace(OPTIONS, password=password), FREETDS, "freetds")
    assert password not in str(caught.value)


@pytest.mark.parametrize(("password", "part"), [("a;b", "PWD={a;b};"), ("a}b", "PWD=a}b;"), ("a=b", "PWD={a=b};")])
def test_passwords_that_freetds_takes(password: str, part: str) -> None:
    assert part in connection_string(replace(OPTIONS, password=password), FREETDS, "freetds")


@pytest.mark.parametrize(
    ("changes", "holds", "holds_not"),
    [
        ({}, ["encryption = require", "ca file = /etc/ssl", "check certificate hostname = yes"], []),
        ({"ca_path": "/ca.pem"}, ["ca file = /ca.pem"], ["/etc/ssl"]),
        ({"validate_certs": False}, ["encryption = require"], ["ca file"]),
        ({"encrypt": False}, ["encryption = off"], ["ca file"]),
        ({"port": 14330, "connect_timeout": 3, "query_timeout": 4}, ["port = 14330", "connect timeout = 3"], []),
        ({"validate_certs": False, "hostname_in_certificate": "cn"}, ["encryption = require"], []),
    ],
)
def test_freetds_conf(changes: dict[str, Any], holds: list[str], holds_not: list[str]) -> None:
    text = freetds_conf(replace(OPTIONS, **changes))
    for line in holds:
        assert line in text
    for line in holds_not:
        assert line not in text
    assert "s3cret" not in text


def test_freetds_can_not_verify_another_name() -> None:
    with pytest.raises(Failure, match="compares the certificate only with the server name"):
        freetds_conf(replace(OPTIONS, hostname_in_certificate="cn"))


MS = "[28000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]{0} (SQLDriverConnect)"
TDS = "[42000] [FreeTDS][SQL Server]{0} (SQLExecDirectW)"


@pytest.mark.parametrize("shape", [MS, TDS])
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Login failed for user 'x'. (18456)", 18456),
        ("The SELECT permission was denied on the object (229)", 229),
        ("Invalid object name (oops) 'x'. (208)", 208),
        ('Cannot open database "AX (2)" requested by the login; it failed. (4060)', 4060),
        ("Login failed for user 'me(7)'. (18456)", 18456),
        ("without a number", 0),
    ],
)
def test_native_number(shape: str, text: str, number: int) -> None:
    assert native_number(shape.format(text)) == number


def test_the_driver_itself_has_no_number() -> None:
    assert (
        native_number("[08001] [Microsoft][ODBC Driver 18 for SQL Server]TCP Provider: Error code 0x2AF9 (11001)") == 0
    )


@given(st.text())
def test_any_text_has_a_number_or_none(text: str) -> None:
    assert native_number(f"[SQL Server]{text}") >= 0
