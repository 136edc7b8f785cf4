"""Dynamics 365: values that make no sense are refused by the name that the reader gave them: a role's user has
``d365fo_expires``, a module's user ``expires``."""

from __future__ import annotations

import re
from typing import Any

import pytest

from playbook.estate import Lab
from playbook.one_run import OneRun, Part

MODULE = "quiesce.maintenance.d365fo_maintenance_mode"
DURATIONS = (
    "aos_interval",
    "aos_timeout",
    "busy_timeout",
    "script_timeout",
    "service_timeout",
    "setup_tool_timeout",
    "sql_connect_timeout",
    "sql_query_timeout",
    "sync_timeout",
)
# as from a vault: a task's source, which ansible-core 2.19 shows beside an error, holds the name of the variable only
CANARY = "{{ vault }}"
NO_DURATIONS = ("soon", "-5", "5 parsecs", "1e3", "nan", "inf", "5m30x", "0x10")

# variable, its value, what is said of it
VALUES: tuple[tuple[str, Any, str], ...] = (
    *((name, "soon", r'"soon".*(90s|5m|1h30m)') for name in DURATIONS),
    *(("service_timeout", value, rf"{re.escape(value)}.*(90s|5m|1h30m)") for value in NO_DURATIONS),
    ("expires", "2020-01-01T00:00:00Z", r"is in the past"),
    ("expires", "2020-01-01T00:00:00+02:00", r"is in the past"),
    ("expires", "0", r"0|past"),
    ("expires", "0s", r"0s|past"),
    ("expires", "-2h", r"-2h"),
    ("expires", "2099-11-24T22:00:00", r"zone"),
    ("expires", "2099-11-24", r"no time of day"),
    ("url", f"https://svc:{CANARY}@dev01/", r"user name or password"),
    ("expires", "tomorrow", r'"tomorrow".*2h'),
    ("expires", "2099-13-45T00:00:00Z", r"2099-13-45"),
    ("expires", "99999999999h", r"99999999999h"),
    ("expires", "10000-01-01T00:00:00Z", r"10000-01-01"),
    ("url", "htps://dev01", r"not an AOS address.*https://"),
    ("url", "dev01.example.com", r"not an AOS address.*https://"),
    ("url", "https://dev 01/", r"not an AOS address.*https://"),
    ("url", "https://dev01:99999/", r"not an AOS address.*https://"),
    ("url", "https://", r"not an AOS address.*https://"),
    ("url", 'https://dev01/"&del', r"not an AOS address.*https://|contains a"),
    ("window", "a\nb", r"not a valid id"),
    ("window", "x" * 65, r"not a valid id.*64"),
    ("method", "magic", r"must be one of: auto, sql, setup_tool, script"),
    ("via", "telepathy", r"must be one of: odbc, sqlcmd"),
    ("aos_from", "moon", r"must be one of: auto, controller, host"),
    ("aos_accept", ["two hundred"], r"two hundred"),
    ("sql_port", "ms-sql-s", r"ms-sql-s"),
    ("sync", "maybe", r"maybe"),
    ("kill_hung", "maybe", r"maybe"),
    ("sql_encrypt", False, r"via: odbc"),
    ("sql_login_user", "axdbadmin", r"sql_login_password: it is missing"),
    ("sql_login_password", CANARY, r"sql_login_user: it is missing"),
    ("setup_tool_arguments", {"setupmode": "sync"}, r"setupmode.*which the module sets"),
    ("sql_database", 'a"b', r"sql_database"),
    ("sql_database", "a%PATH%b", r"sql_database"),
    ("sql_server", 'a" & del', r"sql_server"),
    ("sqlcmd_path", 'C:\\x" & del', r"sqlcmd_path"),
    ("web_root", 'K:\\x" & del', r"web_root"),
    ("script", "Set-MaintenanceMode.ps1", r"script.*[Ff]ull path"),
    ("setup_tool_arguments", {"sqlpwd": CANARY}, r"sqlpwd.*sql_login_password"),
    ("setup_tool_arguments", {"SqlPwd": CANARY}, r"(?i)sqlpwd.*sql_login_password"),
    ("setup_tool_arguments", {"--sqlpwd": CANARY}, r"dash|sql_login_password"),
    ("setup_tool_arguments", {"a b": "c"}, r'"a b"'),
    ("setup_tool_arguments", "sqlserver", r"setup_tool_arguments"),
    ("cluster", "contoso", r"this option no longer exists.*d365fo_nodes"),
    ("sql_delegate", "jump01", r"this option no longer exists.*d365fo_via"),
)
BY_VARIABLE = {f"{name}={value}"[:60].replace(CANARY, "secret"): (name, value, said) for name, value, said in VALUES}
# of each option that is one of the module too, one value
BY_OPTION = {name: (value, said) for name, value, said in reversed(VALUES) if name not in ("cluster", "sql_delegate")}


def add(lab: Lab) -> None:
    by_variables, by_options = lab.add("by-variable"), lab.add("by-option")
    by_variables.variables |= {"vault": "s3cret-C4nary", "d365fo_reson": "a typing error"}
    by_options.variables["vault"] = "s3cret-C4nary"
    # who uses the module alone has no variable of the role
    for name in [name for name in by_options.variables if name.startswith("d365fo_")]:
        del by_options.variables[name]


def plays(_lab: Lab) -> list[dict[str, Any]]:
    """A task for each value, on the one machine as a variable, on the other one as an option."""
    variables = [
        {"name": f"variable {case}", MODULE: {"state": "enabled"}, "vars": {f"d365fo_{name}": value}}
        for case, (name, value, _said) in BY_VARIABLE.items()
    ]
    beside = {"name": "option beside variables", MODULE: {"state": "enabled", "expires": "soon"}}
    options = [
        {"name": f"option {name}", MODULE: {"state": "enabled", name: value}}
        for name, (value, _said) in BY_OPTION.items()
    ]
    others = [
        {"name": "misspelt", MODULE: {"state": "enabled", "kill_hang": True}},
        {"name": "no state", MODULE: {"reason": "CHG0042"}},
        {"name": "status is no state", MODULE: {"state": "status"}},
    ]
    return [
        {"hosts": "by-variable", "tasks": [*variables, beside]},
        {"hosts": "by-option", "tasks": [*options, *others]},
    ]


PART = Part(add, plays)


@pytest.mark.parametrize("case", BY_VARIABLE)
def test_a_variable(one_run: OneRun, case: str) -> None:
    name, _value, pattern = BY_VARIABLE[case]
    result = one_run.done.of(f"variable {case}")
    assert result["failed"], result
    assert re.search(pattern, result["msg"], re.DOTALL), result["msg"]
    # (a wrong choice or type is told in Ansible's own words)
    own_words = re.search(r"must be one of|unable to convert", result["msg"])
    assert own_words or f"d365fo_{name}" in result["msg"] or "d365fo_sql_login" in result["msg"], result["msg"]
    assert "Traceback" not in str(result)


@pytest.mark.parametrize("name", BY_OPTION)
def test_an_option(one_run: OneRun, name: str) -> None:
    _value, pattern = BY_OPTION[name]
    result = one_run.done.of(f"option {name}")
    assert result["failed"], result
    assert re.search(pattern, result["msg"], re.DOTALL), result["msg"]
    assert name in result["msg"] or "sql_login" in result["msg"], result["msg"]
    assert "d365fo_" not in result["msg"], result["msg"]


def test_an_option_misspelt_as_ansible_says_it(one_run: OneRun) -> None:
    said = one_run.done.of("misspelt")["msg"]
    assert re.search(r"Unsupported parameters for .*d365fo_maintenance_mode.*: kill_hang\. Supported parameters", said)
    assert "kill_hung" in said


def test_an_option_is_named_as_the_task_gives_it(one_run: OneRun) -> None:
    """The inventory holds variables of the role, as the documentation's examples have it too."""
    assert re.search(r'\bexpires: "soon"', one_run.done.of("option beside variables")["msg"])


def test_a_state_is_required(one_run: OneRun) -> None:
    assert "missing required arguments: state" in one_run.done.of("no state")["msg"]
    assert "must be one of: enabled, disabled, got: status" in one_run.done.of("status is no state")["msg"]


def test_a_variable_misspelt_is_warned_of(one_run: OneRun) -> None:
    assert re.search(
        r"d365fo_reson is not an option.*Did you mean d365fo_reason\?", one_run.done.output.replace("\n", " ")
    )


def test_nothing_was_touched(one_run: OneRun) -> None:
    for name in ("by-variable", "by-option"):
        assert one_run.after[name] == one_run.before[name]


def test_no_secret_is_in_the_messages(one_run: OneRun) -> None:
    assert "s3cret" not in one_run.done.output
    assert "s3cret" not in str(one_run.done.results)
