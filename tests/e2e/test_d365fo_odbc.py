"""Dynamics 365: the database by ODBC with both drivers: certificates, logins, errors; refusals of bad input."""

from __future__ import annotations

import re
import sys
from typing import Any

from lab.pki import Authority
from playbook.estate import PROPERTY, Lab, message, microsoft_driver, state_of

FREETDS = "FreeTDS"


def test_certificates_logins_and_errors(lab: Lab) -> None:
    """Each case is a host of its own, so that one run tries all."""
    good, wrong_name, locked, victim, once = (
        lab.add(name, via="odbc") for name in ("good", "wrongname", "locked", "victim", "once")
    )
    microsoft = microsoft_driver()
    another = Authority(lab.folder / "another")
    wrong_name.tds.certificate = lab.estate.authority.server("sql.example.com")
    # a user of the database without any right, and one that may only read
    for machine in (good,):
        machine.sql.add_login("nobody", "pw")
        machine.database.grant("nobody")
        machine.sql.add_login("reader", "pw")
        machine.database.grant("reader", "db_datareader")
    victim.database.deadlock_next = 3
    once.database.deadlock_next = 1
    cases: dict[str, tuple[str, str]] = {}

    def case(name: str, pattern: str, machine: Any = good, module: str = "info", **options: Any) -> None:
        """For both drivers, unless the case names one; an empty pattern is a success."""
        drivers = [options.pop("odbc_driver")] if "odbc_driver" in options else [microsoft, FREETDS]
        for driver in drivers:
            kind = "ms" if driver == microsoft else "tds"
            host = f"{name}-{kind}"
            cases[host] = (pattern, module)
            given = {
                "via": "odbc",
                "sql_server": machine.host.address,
                "sql_port": machine.tds.port,
                "sql_login_user": "axdbadmin",
                "sql_login_password": machine.sql_password,
                "sql_ca_path": str(lab.estate.authority.ca_file),
                "odbc_driver": driver,
                **options,
            }
            variables = {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "options": {key: value for key, value in given.items() if value is not None},
            }
            lab.estate.add_to_inventory(module, host, variables)

    case("fine", "")
    unknown = r"certificate verify failed|where the certificate can't be verified.*sql_ca_path"
    case("unknownca", unknown, sql_ca_path=str(another.ca_file))
    case("systemcas", unknown, sql_ca_path=None)
    case("wrongname", unknown, wrong_name)
    case("notverified", "", wrong_name, sql_validate_certs=False, sql_ca_path=None)
    case("othername", "", wrong_name, odbc_driver=microsoft, sql_hostname_in_certificate="sql.example.com")
    case(
        "othername",
        r"FreeTDS compares the certificate with the server name only.*Microsoft's driver",
        wrong_name,
        odbc_driver=FREETDS,
        sql_hostname_in_certificate="sql.example.com",
    )
    case("plain", "", sql_encrypt=False)
    case("login", r"login failed \(error 18456\)", sql_login_password="wr0ng")
    case("noaccess", r"4060|18456", sql_database="AxDW")
    case("notable", r"no table SQLSYSTEMVARIABLES \(error 208\)", sql_database="master")
    case("denied", r"no permission \(error 229\).*Grant it", sql_login_user="nobody", sql_login_password="pw")
    case("readonly", r"no permission \(error 229\)", module="change", sql_login_user="reader", sql_login_password="pw")
    case("locked", r"lock time-out.*blocking_session_id", locked)
    case(
        "deaf",
        r"(?i)connect on database AXDB of SQL Server.*Check that SQL Server runs",
        sql_port=1,
        sql_connect_timeout=3,
    )
    case("nodriver", r"use the ODBC driver Nope .*no such driver among", odbc_driver="Nope")
    case("strange", r"neither Microsoft's driver nor FreeTDS", odbc_driver="/bin/sh")
    case("half", r"only one of sql_login_user and sql_login_password", odbc_driver=FREETDS, sql_login_password=None)
    case("noserver", r"sql_server is not given", odbc_driver=FREETDS, sql_server=None)
    case("injected", r"sql_server holds a character that no name has", odbc_driver=FREETDS, sql_server="x;UID=sa")
    case("victim", r"deadlock victim again and again \(error 1205\)", victim, "change", odbc_driver=FREETDS)
    case("once", "", once, "change", odbc_driver=microsoft)
    lab.start()
    before = state_of(good)
    with locked.database.hold_lock():
        done = lab.task(
            {
                "name": "Look",
                "quiesce.maintenance.d365fo_configuration_mode_info": None,
                "args": "{{ options }}",
                "when": "'info' in group_names",
            },
            {
                "name": "Change",
                "quiesce.maintenance.d365fo_configuration_mode": None,
                "args": "{{ options | combine({'state': 'enabled'}) }}",
                "when": "'change' in group_names",
            },
            hosts="info:change",
        )
    wrong = []
    for host, (pattern, module) in cases.items():
        result = done.of("Look" if module == "info" else "Change", host)
        if bool(pattern) != result["failed"] or (pattern and not re.search(pattern, str(result.get("msg")))):
            wrong.append(f"{host}: {pattern!r}: {result.get('msg') or result}")
    assert wrong == []
    assert state_of(good) == before
    assert victim.database.extended_property(PROPERTY) is None
    assert once.database.value("CONFIGURATIONMODE") == "1"
    # What is encrypted was verified: with the wrong name or authority no login ever arrived.
    assert [login for login in wrong_name.sql.logins_seen if not login[2]] == []
    # (looked at without verification by both drivers, by another name by Microsoft's)
    assert len([login for login in wrong_name.sql.logins_seen if login[0] == "axdbadmin" and login[1] == "AXDB"]) == 3
    assert "wr0ng" not in done.output


def test_bad_input(lab: Lab) -> None:
    """Refused before the host or the database is reached."""
    machine = lab.add("dev01")
    lab.start()
    before, asked = state_of(machine), len(machine.database.statements)
    mode = "quiesce.maintenance.d365fo_configuration_mode"
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "on Windows": (
            {"via": "odbc", "sql_server": "."},
            r"run Python with pyodbc on dev01: it is a Windows host.*delegate_to",
        ),
        "no end": ({"expires": "soon"}, r"'soon' is neither a time.*Correct expires"),
        "no zone": ({"expires": "2026-11-24T22:00:00"}, r"has no time zone"),
        "service": ({"services": ["a&b"]}, r"service name holds letters"),
        "state": ({"state": "on"}, r"value of state must be one of: enabled, disabled, got: on"),
        "option": ({"bogus": 1}, r"bogus\. Supported parameters include"),
        "database": ({"sql_database": 'a"b'}, r"option for the SQL database holds a quote"),
        "half a login": ({"sql_login_user": "x"}, r"only one of"),
        "too long": ({"reason": "x" * 2600}, r"2500 is the most"),
    }
    done = lab.task(
        *({"name": name, mode: {"state": "enabled", **options}} for name, (options, _pattern) in cases.items())
    )
    wrong = [
        f"{name}: {done.of(name).get('msg')}"
        for name, (_options, pattern) in cases.items()
        if not (done.of(name)["failed"] and re.search(pattern, str(done.of(name).get("msg"))))
    ]
    assert wrong == []
    assert state_of(machine) == before
    # all but the last were refused without a question to the database
    assert len(machine.database.statements) - asked <= 1
    assert message(done, "dev01")
