"""Dynamics 365: values as text, as ``-e key=value``, INI inventories and AWX surveys give them; and blank ones.

Two runs, shared with other files, from an INI inventory with extra variables as text: on, and back.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lab.windows.machines import DMF
from playbook.estate import BACKGROUND, Lab, System, failed, message, row, steps
from playbook.three_runs import REASON, Part, Run, ThreeRuns

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
    "stays": {"kill_hung": "no", "take_over": "0", "all_windows": "False"},
    "closes-all": {"all_windows": "true"},
    "blank": dict.fromkeys(BLANKS, ""),
    "blanks": dict.fromkeys(BLANKS, "  "),
    "waits": {"wait_for_aos": "yes", "stop_background_services": "1"},
}
SYNCS = {"sync-false": "false", "sync-no": "no", "sync-0": "0", "sync-blank": "", "sync-yes": "yes"}
CONSENTS = {"consent-false": "false", "consent-no": "no", "consent-blank": "", "consent-true": "True"}
# Extra variables of both runs, for everybody: text, and a survey's answers that were left out, as AWX passes
# them on.
EXTRA = (
    *("-e", "d365fo_create_missing=false", "-e", "d365fo_expires="),
    *("-e", '{"d365fo_sql_hostname_in_certificate": null, "d365fo_template": ""}'),
)


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


def own(lab: Lab, name: str, system: System, given: dict[str, str]) -> None:
    system.variables.update({f"d365fo_{key}": value for key, value in given.items()})
    if name.startswith("blank"):
        # what the lab needs to be reached at all
        system.variables["d365fo_url_ca_path"] = str(lab.estate.authority.ca_file)


def add(lab: Lab) -> None:
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


def arguments(lab: Lab) -> list[str]:
    """What stands in the INI file comes later than the other inventory, and is what counts."""
    path = ini(lab, lab.folder / "hosts.ini", {name: lab.systems[name].variables for name in ALL})
    return ["-i", str(path), *EXTRA]


REFUSED = [name for name in CONSENTS if name != "consent-true"]
SWITCHED = [*MACHINES, "odbc-port", *SYNCS, "consent-true"]
ALL = [*SWITCHED, *REFUSED]

PART = Part(add, arguments=arguments, second=lambda _lab: dict.fromkeys(SWITCHED, "disabled"))


@pytest.mark.parametrize("name", SWITCHED)
def test_there_and_back(first: Run, second: Run, name: str) -> None:
    assert not failed(first.done, name), message(first.done, name)
    assert first.after[name].record is not None
    assert not failed(second.done, name), message(second.done, name)
    assert second.after[name].record is None
    assert name == "unwaited" or second.differs(name) == []


@pytest.mark.parametrize("name", [name for name in MACHINES if name.startswith("runs-on")])
def test_services_that_are_not_to_be_stopped_are_not(first: Run, name: str) -> None:
    assert [first.after[name].services[service][0] for service in (*BACKGROUND, DMF)] == ["RUNNING"] * 4
    assert "stopped" not in " / ".join(steps(first.done, name))


@pytest.mark.parametrize("name", ["plain", "blank", "blanks", "waits", "numbers"])
def test_services_are_stopped_by_default(first: Run, name: str) -> None:
    assert [first.after[name].services[service][0] for service in BACKGROUND] == ["STOPPED"] * 3


def test_not_to_wait_is_not_to_wait(first: Run) -> None:
    assert row(first.done, "unwaited")["verified"] is None
    assert row(first.done, "waits")["verified"] is True


@pytest.mark.parametrize("name", SYNCS)
def test_no_is_no_synchronisation(three_runs: ThreeRuns, name: str) -> None:
    """It takes half an hour and can drop columns."""
    machine = three_runs.lab.estate.machines[name]
    assert machine.host.setup_tool is not None
    assert machine.host.setup_tool.syncs == (1 if name == "sync-yes" else 0)


@pytest.mark.parametrize("name", REFUSED)
def test_no_is_no_consent(first: Run, name: str) -> None:
    assert re.search(r"restarts all AOS.*d365fo_restart_consent", message(first.done, name))
    assert first.after[name].state["runs"] == []


@pytest.mark.parametrize("name", ["plain", "blank", "numbers"])
def test_a_number_is_a_reason(first: Run, name: str) -> None:
    assert [window["reason"] for window in (first.after[name].record or {})["windows"]] == [REASON]


def test_numbers_are_ids_and_durations(first: Run) -> None:
    window = (first.after["numbers"].record or {})["windows"][0]
    assert (window["id"], window["ticket"]) == ("7", "42")


@pytest.mark.parametrize("name", ["blank", "blanks"])
def test_what_is_left_blank_is_not_set(first: Run, name: str) -> None:
    window = (first.after[name].record or {})["windows"][0]
    assert (window["id"], window["owner"], window["ticket"], window["expires"]) == ("default", "tester", "", "")
    assert row(first.done, name)["verified"] is True
