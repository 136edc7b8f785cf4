"""Dynamics 365: the database by ODBC from the controller, with FreeTDS and with Microsoft's driver: certificates,
logins, errors. Each case is a host of its own, all in one run, shared
with other files, that changes nothing.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from lab.pki import Authority
from playbook.estate import Lab, microsoft_driver
from playbook.one_run import OneRun, Part

MODULE = "quiesce.maintenance.d365fo_configuration_mode"
UNTRUSTED = r"certificate (verify failed|cannot be verified).*sql_ca_path|sql_ca_path.*certificate"
BOTH = ("tds", "ms")
# A login that only those offer who must not trust the server's certificate.
CAREFUL = {"sql_login_user": "careful", "sql_login_password": "pw"}


@dataclass(frozen=True)
class Case:
    """Options beside the usual ones, and what is said (nothing: it works); ``server`` is the machine that is asked."""

    says: str = ""
    server: str = "good"
    drivers: tuple[str, ...] = BOTH
    options: dict[str, Any] = field(default_factory=dict)


CASES = {
    "fine": Case(),
    "other-authority": Case(UNTRUSTED, options={**CAREFUL, "sql_ca_path": "OTHER"}),
    "systems-authorities": Case(UNTRUSTED, options={**CAREFUL, "sql_ca_path": None}),
    "other-name": Case(UNTRUSTED, server="misnamed", options=CAREFUL),
    "other-name-not-verified": Case(server="misnamed", options={"sql_validate_certs": False, "sql_ca_path": None}),
    "other-name-given": Case(
        server="misnamed", drivers=("ms",), options={"sql_hostname_in_certificate": "sql.example.com"}
    ),
    "other-name-given-to-freetds": Case(
        r"FreeTDS compares the certificate only with the server name.*Microsoft's driver",
        server="misnamed",
        drivers=("tds",),
        options={"sql_hostname_in_certificate": "sql.example.com"},
    ),
    "not-encrypted": Case(options={"sql_encrypt": False}),
    "wrong-password": Case(
        r"login failed \(error 18456\).*sql_login_password", options={"sql_login_password": "wr0ng-C4n"}
    ),
    "no-database": Case(r"(4060|18456).*sql_database", options={"sql_database": "AxDW"}),
    "no-table": Case(r"no table SQLSYSTEMVARIABLES \(error 208\)", options={"sql_database": "master"}),
    "no-rights": Case(
        r"permission.*\(error 229\).*SELECT", options={"sql_login_user": "nobody", "sql_login_password": "pw"}
    ),
    "closed-port": Case(
        r"(?i)connect.*that SQL Server is running", options={"sql_port": 1, "sql_connect_timeout": "3s"}
    ),
    "no-driver": Case(
        r"ODBC driver Nope.*neither a file nor one of the installed.*odbc_driver", options={"odbc_driver": "Nope"}
    ),
    "no-odbc-driver-at-all": Case(r"/bin/sh.*(neither|driver)", drivers=("tds",), options={"odbc_driver": "/bin/sh"}),
    "half-a-login": Case(r"sql_login_password: it is missing", drivers=("tds",), options={"sql_login_password": None}),
    "no-server": Case(r"sql_server: it is required", drivers=("tds",), options={"sql_server": None}),
    "injected-server": Case(r"sql_server", drivers=BOTH, options={"sql_server": "x;UID=sa"}),
    "injected-database": Case(
        r"sql_database|4060|18456|cannot open the database", options={"sql_database": "x};UID={sa"}
    ),
    "drops": Case(r"\S", server="dropping", drivers=("tds",)),
    "slow": Case(r"(?i)time", server="slow", options={"sql_query_timeout": "1s"}),
}
HOSTS = {f"{name}-{driver}": (case, driver) for name, case in CASES.items() for driver in case.drivers}


def options(lab: Lab, case: Case, driver: str, other: Authority) -> dict[str, Any]:
    machine = lab.estate.machines[case.server]
    given = {
        "via": "odbc",
        "sql_server": machine.host.address,
        "sql_port": machine.tds.port,
        "sql_login_user": "axdbadmin",
        "sql_login_password": machine.sql_password,
        "sql_ca_path": str(lab.estate.authority.ca_file),
        "odbc_driver": microsoft_driver() if driver == "ms" else "FreeTDS",
        **{key: str(other.ca_file) if value == "OTHER" else value for key, value in case.options.items()},
    }
    return {key: value for key, value in given.items() if value is not None}


SERVERS = ("good", "misnamed", "dropping", "slow")


def add(lab: Lab) -> None:
    machines = {name: lab.add(name, via="odbc") for name in SERVERS}
    machines["misnamed"].tds.certificate = lab.estate.authority.server("sql.example.com")
    other = Authority(lab.folder / "other")
    for name, (case, driver) in HOSTS.items():
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        lab.estate.add_to_inventory("cases", name, {**local, "options": options(lab, case, driver, other)})


def plays(lab: Lab) -> list[dict[str, Any]]:
    machines = lab.estate.machines
    machines["good"].sql.add_login("nobody", "pw")
    machines["good"].database.grant("nobody")
    machines["dropping"].tds.faults.drop, machines["dropping"].tds.faults.drop_on = "before", "CONFIGURATIONMODE"
    machines["slow"].sql.slow_by = 3000.0
    args = "{{ options | combine({'state': 'enabled'}) }}"
    return [{"hosts": "cases", "tasks": [{"name": "Look", MODULE: None, "args": args, "check_mode": True}]}]


PART = Part(add, plays)


@pytest.mark.parametrize("host", HOSTS)
def test_what_comes_of_it(one_run: OneRun, host: str) -> None:
    case, _driver = HOSTS[host]
    result = one_run.done.of("Look", host)
    if case.says:
        assert result["failed"], result
        assert re.search(case.says, result["msg"], re.DOTALL), result["msg"]
        assert "Traceback" not in result["msg"]
    else:
        assert not result["failed"], result["msg"]
        assert (result["mode_before"], result["changed"]) == ("disabled", True)


def test_nothing_was_changed(one_run: OneRun) -> None:
    assert {name: one_run.after[name] for name in SERVERS} == {name: one_run.before[name] for name in SERVERS}


def test_no_login_arrives_where_the_certificate_is_not_trusted(one_run: OneRun) -> None:
    """What is verified is verified before the password is sent."""
    seen = {login[0] for name in ("good", "misnamed") for login in one_run.lab.estate.machines[name].sql.logins_seen}
    assert "axdbadmin" in seen
    assert "careful" not in seen


def test_no_password_is_in_the_messages(one_run: OneRun) -> None:
    assert "wr0ng-C4n" not in one_run.done.output
