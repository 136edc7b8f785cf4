"""Dynamics 365: values as text, as ``-e key=value``, INI inventories and AWX surveys give them; and blank ones.

Two runs from an INI inventory with extra variables as text: on, and back.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.windows.machines import DMF
from playbook import Done
from playbook.estate import BACKGROUND, Lab, System, failed, is_normal, message, record_of, row, running, steps

WRONG_CA = "/etc/ssl/certs/ca-certificates.crt"
BLANKS = (
    "aos_accept",
    "aos_from",
    "aos_timeout",
    "busy_timeout",
    "expires",
    "kill_hung",
    "method",
    "owner",
    "packages_directory",
    "service_timeout",
    "setup_tool_arguments",
    "sql_database",
    "sql_encrypt",
    "sql_login_password",
    "sql_login_user",
    "sql_port",
    "sql_server",
    "sqlcmd_path",
    "stop_background_services",
    "take_over",
    "ticket",
    "url",
    "wait_for_aos",
    "window",
)
# Host variables as they stand in the INI file, and what comes of them.
MACHINES: dict[str, dict[str, str]] = {
    "plain": {},
    "runs-on-false": {"stop_background_services": "false"},
    "runs-on-no": {"stop_background_services": "no"},
    "runs-on-0": {"stop_background_services": "0"},
    "runs-on-off": {"stop_background_services": "OFF"},
    "unwaited": {"wait_for_aos": "False"},
    "unverified-certificate": {"url_validate_certs": "no", "url_ca_path": WRONG_CA},
    "accepts": {"aos_accept": "302,200"},
    "numbers": {"service_timeout": "300", "aos_timeout": "600", "aos_interval": "1", "ticket": "42", "window": "7"},
    "blank": dict.fromkeys(BLANKS, ""),
    "blanks": dict.fromkeys(BLANKS, "  "),
    "waits": {"wait_for_aos": "yes", "stop_background_services": "1"},
}
SYNCS = {"sync-false": "false", "sync-no": "no", "sync-0": "0", "sync-blank": "", "sync-yes": "yes"}
CONSENTS = {"consent-false": "false", "consent-no": "no", "consent-blank": "", "consent-true": "True"}
# What is no text any more: a survey's answers that were left out, as AWX passes them on.
ON = ("-e", "d365fo_reason=4711", "-e", '{"d365fo_sql_hostname_in_certificate": null, "d365fo_template": ""}')
BACK = ("-e", "d365fo_all_windows=true", "-e", "d365fo_expires=", "-e", "d365fo_kill_hung=false")


def ini(lab: Lab, path: Path, hosts: dict[str, dict[str, Any]]) -> Path:
    """The inventory as INI: everything is text there but what looks like a Python literal."""

    def text(value: object) -> str:
        written = value if isinstance(value, str) else json.dumps(value)
        return "'" + written.replace("'", "'\"'\"'") + "'"

    lines = [
        f"{name} " + " ".join(f"{key}={text(value)}" for key, value in each.items()) for name, each in hosts.items()
    ]
    path.touch(mode=0o600)
    path.write_text("[d365fo]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@dataclass(frozen=True)
class Text:
    lab: Lab
    before: dict[str, dict[str, tuple[str, str]]]
    on: Done
    records: dict[str, dict[str, Any] | None]
    ran: dict[str, dict[str, tuple[str, str]]]
    back: Done


def own(lab: Lab, name: str, system: System, given: dict[str, str]) -> None:
    system.variables.update({f"d365fo_{key}": value for key, value in given.items()})
    if name.startswith("blank"):
        # what the lab needs to be reached at all
        system.variables["d365fo_url_ca_path"] = str(lab.estate.authority.ca_file)


@pytest.fixture(scope="module")
def text(shared_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Text:
    lab = shared_lab
    for name, given in MACHINES.items():
        own(lab, name, lab.add(name), given)
    odbc = lab.add("odbc-port", via="odbc")
    odbc.variables["d365fo_sql_port"] = str(odbc.tds.port)
    for name, value in SYNCS.items():
        machine = lab.vhd(name, d365fo_sync=value)
        assert machine.host.setup_tool is not None
        machine.host.setup_tool.seconds["sync"] = 10.0
    for name, value in CONSENTS.items():
        lab.cluster(name, nodes=1, d365fo_confirm_restart="true", d365fo_restart_consent=value)
    lab.start()
    before = {name: running(system) for name, system in lab.systems.items()}
    inventory = ini(
        lab, tmp_path_factory.mktemp("ini") / "hosts.ini", {name: each.variables for name, each in lab.systems.items()}
    )
    on = lab.run_from(inventory, "enable", *ON)
    records = {name: record_of(system) for name, system in lab.systems.items()}
    ran = {name: running(system) for name, system in lab.systems.items()}
    back = lab.run_from(inventory, "disable", *BACK)
    return Text(lab, before, on, records, ran, back)


REFUSED = [name for name in CONSENTS if name != "consent-true"]
SWITCHED = [*MACHINES, "odbc-port", *SYNCS, "consent-true"]


@pytest.mark.parametrize("name", SWITCHED)
def test_there_and_back(text: Text, name: str) -> None:
    assert not failed(text.on, name), message(text.on, name)
    assert text.records[name] is not None
    assert not failed(text.back, name), message(text.back, name)
    system = text.lab.systems[name]
    assert record_of(system) is None
    assert name == "unwaited" or is_normal(system, text.before[name]) == []


@pytest.mark.parametrize("name", [name for name in MACHINES if name.startswith("runs-on")])
def test_services_that_are_not_to_be_stopped_are_not(text: Text, name: str) -> None:
    assert [text.ran[name][service][0] for service in (*BACKGROUND, DMF)] == ["RUNNING"] * 4
    assert "stopped" not in " / ".join(steps(text.on, name))


@pytest.mark.parametrize("name", ["plain", "blank", "blanks", "waits", "numbers"])
def test_services_are_stopped_by_default(text: Text, name: str) -> None:
    assert [text.ran[name][service][0] for service in BACKGROUND] == ["STOPPED"] * 3


def test_not_to_wait_is_not_to_wait(text: Text) -> None:
    assert row(text.on, "unwaited")["verified"] is None
    assert row(text.on, "waits")["verified"] is True


@pytest.mark.parametrize("name", SYNCS)
def test_no_is_no_synchronisation(text: Text, name: str) -> None:
    """It takes half an hour and can drop columns."""
    machine = text.lab.estate.machines[name]
    assert machine.host.setup_tool is not None
    assert machine.host.setup_tool.syncs == (1 if name == "sync-yes" else 0)
    assert text.back.results


@pytest.mark.parametrize("name", REFUSED)
def test_no_is_no_consent(text: Text, name: str) -> None:
    assert re.search(r"restarts all AOS.*d365fo_restart_consent", message(text.on, name))
    assert text.lab.estate.environments[name].onprem.script.runs == []


@pytest.mark.parametrize("name", ["plain", "blank", "numbers"])
def test_a_number_is_a_reason(text: Text, name: str) -> None:
    assert [window["reason"] for window in (text.records[name] or {})["windows"]] == ["4711"]


def test_numbers_are_ids_and_durations(text: Text) -> None:
    window = (text.records["numbers"] or {})["windows"][0]
    assert (window["id"], window["ticket"]) == ("7", "42")


@pytest.mark.parametrize("name", ["blank", "blanks"])
def test_what_is_left_blank_is_not_set(text: Text, name: str) -> None:
    window = (text.records[name] or {})["windows"][0]
    assert (window["id"], window["owner"], window["ticket"], window["expires"]) == ("default", "tester", "", "")
    assert row(text.on, name)["verified"] is True
