"""The base of the action plugins: options from task and variables, one shape of failure, no secret in what is said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import (
    Failure,
    Invalid,
    Refused,
    Unreachable,
    spoken,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._run import Abandoned
from ansible_collections.quiesce.maintenance.plugins.plugin_utils import _action
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._action import MaintenanceAction, plain
from hypothesis import given
from hypothesis import strategies as st

from fakes.actions import Tagged, TaggedDict, action, run

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_plain_keeps_the_value(value: Any) -> None:
    assert plain(value) == value


def test_plain_leaves_no_type_of_ansible_behind() -> None:
    value = plain(TaggedDict({Tagged("key"): [Tagged("a"), (Tagged("b"), 1, None, True)]}))
    assert value == {"key": ["a", ["b", 1, None, True]]}
    ((key, (first, rest)),) = value.items()
    assert [type(each) for each in (value, key, first, rest[0])] == [dict, str, str, str]


class Example(MaintenanceAction):
    """Does what its option says."""

    variables = "d365fo_"
    own = frozenset({"state", "names", "status", "before_restart"})
    replaced: ClassVar[dict[str, str]] = {"cluster": "Give its nodes as O(nodes)"}
    fails: Sequence[BaseException] = ()

    @staticmethod
    def argument_spec() -> dict[str, Any]:
        return {
            "state": {"type": "str", "choices": ["enabled", "disabled"]},
            "names": {"type": "list", "elements": "str"},
            "reason": {"type": "str"},
            "sync": {"type": "bool", "default": False},
            "size": {"type": "int", "default": 3},
            "password": {"type": "str", "no_log": True},
            "token": {"type": "str", "no_log": True},
        }

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        for failure in self.fails:
            raise failure
        return {"changed": self.check_mode, "params": params}


def params(arguments: dict[str, Any], variables: dict[str, Any] | None = None) -> dict[str, Any]:
    result = run(Example, arguments, variables)
    assert not result.get("failed"), result
    found: dict[str, Any] = result["params"]
    return found


def failed(arguments: dict[str, Any], variables: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    result: dict[str, Any] = run(Example, arguments, variables, **more)
    assert result["failed"] is True
    return result


# --- options ---


@pytest.mark.parametrize(
    ("arguments", "variables", "reason"),
    [
        pytest.param({}, {}, None, id="nobody says anything"),
        pytest.param({"reason": "a"}, {}, "a", id="the task"),
        pytest.param({}, {"d365fo_reason": "b"}, "b", id="the variable"),
        pytest.param({"reason": "a"}, {"d365fo_reason": "b"}, "a", id="the task wins"),
        pytest.param({}, {"reason": "b"}, None, id="only with the prefix"),
        pytest.param({}, {"quiesce_reason": "d"}, "d", id="for all systems"),
        pytest.param({}, {"quiesce_reason": "d", "d365fo_reason": "b"}, "b", id="the system's own wins"),
        pytest.param({}, {"quiesce_reason": "d", "d365fo_reason": " "}, "d", id="the system's own left blank"),
        pytest.param({"reason": "a"}, {"quiesce_reason": "d"}, "a", id="the task wins over that for all systems"),
        pytest.param({}, {"d365fo_reason": "{{ why }}", "why": "c"}, "c", id="a variable with another one in it"),
        pytest.param({}, {"d365fo_reason": 4711}, "4711", id="a number"),
        pytest.param({}, {"d365fo_reason": ""}, None, id="left blank, as in a survey"),
        pytest.param({}, {"d365fo_reason": None}, None, id="nothing"),
        pytest.param({"reason": ""}, {}, None, id="left blank in the task"),
        pytest.param({"reason": ""}, {"d365fo_reason": "b"}, None, id="left blank in the task: the task wins"),
    ],
)
def test_where_an_option_comes_from(arguments: dict[str, Any], variables: dict[str, Any], reason: str | None) -> None:
    found = params(arguments, variables)["reason"]
    assert found == reason
    assert type(found) in (str, type(None))


@pytest.mark.parametrize(
    ("text", "value"), [("false", False), ("no", False), ("0", False), ("true", True), (False, False), ("", False)]
)
@pytest.mark.parametrize("way", ["task", "variable"])
def test_booleans_that_are_text(way: str, text: Any, value: bool) -> None:
    found = params({"sync": text}) if way == "task" else params({}, {"d365fo_sync": text})
    assert found["sync"] is value


@pytest.mark.parametrize(("text", "size"), [("5", 5), ("", 3), (7, 7)])
def test_numbers_that_are_text(text: Any, size: int) -> None:
    """A blank one is not given: its default holds."""
    assert params({}, {"d365fo_size": text})["size"] == size


@pytest.mark.parametrize("name", ["state", "names"])
def test_what_a_task_is_for_is_said_by_the_task_alone(name: str) -> None:
    """d365fo_state is the role's, and means another thing there."""
    assert params({}, {f"d365fo_{name}": "enabled"})[name] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"state": "nothing"}, "value of state must be one of: enabled, disabled, got: nothing"),
        ({"size": "many"}, "size"),
        ({"sync": "sometimes"}, "sync"),
    ],
)
def test_bad_options(arguments: dict[str, Any], message: str) -> None:
    result = failed({**arguments, "password": "c4n4ry"})
    assert message in result["msg"]
    assert "c4n4ry" not in str(result)


def test_a_misspelt_option_is_refused_in_ansibles_own_words() -> None:
    """As ``ActionBase.validate_argument_spec`` says it, with the module's name."""
    message = failed({"resaon": "x"})["msg"]
    assert message.startswith("Unsupported parameters for (quiesce.maintenance.example) module: resaon")
    assert "Supported parameters include: " in message


# --- variables that are misspelt ---


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(_action._display, "warning", found.append)
    return found


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        pytest.param("d365fo_resaon", "d365fo_reason", id="letters turned round"),
        pytest.param("d365fo_reasons", "d365fo_reason", id="a letter too many"),
        pytest.param("d365fo_paswords", "d365fo_password", id="a secret"),
        pytest.param("d365fo_reason", "", id="an option"),
        pytest.param("d365fo_status", "", id="one of ours that is no option"),
        pytest.param("d365fo_before_restart", "", id="the role's"),
        pytest.param("d365fo_state", "", id="the role's state"),
        pytest.param("d365fo_favourite_colour", "", id="nothing like an option"),
        pytest.param("trend_reasons", "", id="another product's"),
        pytest.param("reasons", "", id="anything else"),
    ],
)
def test_a_misspelt_variable_is_warned_of(warnings: list[str], variable: str, meant: str) -> None:
    params({}, {variable: "s3cret"})
    assert len(warnings) == bool(meant)
    if meant:
        assert variable in warnings[0]
        assert f"Did you mean {meant}?" in warnings[0]
        assert "s3cret" not in warnings[0]


@pytest.mark.parametrize("role", [False, True])
def test_what_was_replaced_is_refused_with_what_replaces_it(role: bool) -> None:
    """Silence would do something else than the inventory says."""
    result = failed({"password": "c4n4ry"}, {"d365fo_cluster": "c4n4ry"}, role=role)
    prefix = "d365fo_" if role else ""
    assert result["msg"].startswith(f"Invalid {prefix}cluster: ")
    assert f"{prefix}nodes" in result["msg"]
    assert "c4n4ry" not in str(result)


def test_a_misspelt_variable_for_all_systems_is_warned_of(warnings: list[str]) -> None:
    params({}, {"quiesce_resaon": "x", "quiesce_windw": "no option here", "quiesce_store_key_file": "x"})
    assert len(warnings) == 1
    assert "quiesce_resaon is not an option and is ignored. Did you mean quiesce_reason?" in warnings[0]


def test_what_is_warned_of_is_not_used(warnings: list[str]) -> None:
    assert params({}, {"d365fo_resaon": "x"})["reason"] is None
    assert warnings


# --- messages ---


@pytest.mark.parametrize(
    ("text", "prefix", "shown"),
    [
        ("Give O(url)", "", "Give url"),
        ("Give O(url)", "d365fo_", "Give d365fo_url"),
        ("O(kill_hung=true) ends it", "", "kill_hung: true ends it"),
        ("O(kill_hung=true) ends it", "d365fo_", "d365fo_kill_hung: true ends it"),
        ("O(via=odbc), or V(Bypass)", "", "via: odbc, or Bypass"),
        ("Invalid O(expires): it is zero.", "d365fo_", "Invalid d365fo_expires: it is zero."),
        ("Invalid O(systems of dev01): no", "quiesce_", "Invalid quiesce_systems of dev01: no"),
        ("Invalid O(d365fo_expire): no", "", "Invalid d365fo_expire: no"),
        ("see (O) and NO(THING) f(x)", "d365fo_", "see (O) and NO(THING) f(x)"),
        ("", "d365fo_", ""),
    ],
)
def test_options_as_their_user_calls_them(text: str, prefix: str, shown: str) -> None:
    assert spoken(text, prefix) == shown


@pytest.mark.parametrize(
    ("arguments", "variables", "role", "shown"),
    [
        pytest.param({"reason": "x"}, {}, False, "kill_hung: true ends it", id="a module's user"),
        pytest.param({}, {"d365fo_reason": "x"}, False, "d365fo_kill_hung: true ends it", id="a user of variables"),
        pytest.param({}, {}, True, "d365fo_kill_hung: true ends it", id="a role's user"),
    ],
)
def test_a_message_names_the_option_that_the_reader_has(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], variables: dict[str, Any], role: bool, shown: str
) -> None:
    monkeypatch.setattr(Example, "fails", [Failure("stop X", "dev01", "it hangs", "O(kill_hung=true) ends it")])
    assert shown in failed(arguments, variables, role=role)["msg"]


def test_a_message_names_the_variable_for_all_systems_if_that_gave_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Example, "fails", [Invalid("reason", "it is odd", "See O(kill_hung)")])
    said = failed({}, {"quiesce_reason": "x"})["msg"]
    assert said == "Invalid quiesce_reason: it is odd. See d365fo_kill_hung."
    monkeypatch.setattr(Example, "fails", [Invalid("reason", "it is odd")])
    assert failed({}, {"quiesce_reason": "x", "d365fo_reason": "y"})["msg"] == "Invalid d365fo_reason: it is odd."


def test_a_failure_has_one_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = Failure("log in", "srv", "refused", "Try again", details={"sql_error": 18456, "changed": True})
    failure.state = "State now: nothing"
    monkeypatch.setattr(Example, "fails", [failure])
    result = failed({})
    assert result["msg"] == "Could not log in on srv: refused. Try again. State now: nothing."
    assert (result["sql_error"], result["changed"]) == (18456, True)


def test_a_refusal_is_a_failure_of_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Example, "fails", [Refused("dev01", ["It is busy. Wait."])])
    assert failed({})["msg"] == "Refused, nothing was touched on dev01. It is busy. Wait."


def test_a_broken_connection_makes_the_host_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Unreachable("stop X", "dev01", "the connection broke: c4n4ry", "Run again, O(take_over=true)")
    lost.state = "State now: maintenance mode is set"
    monkeypatch.setattr(Example, "fails", [lost])
    lost.details = {"steps": ["stopped Y"], "output": "it said c4n4ry"}
    result = run(Example, {"password": "c4n4ry"})
    assert (result["unreachable"], result["steps"]) == (True, ["stopped Y"]), "what was done is told all the same"
    assert "failed" not in result
    text = str(result)
    assert "Could not stop X on dev01" in text
    assert "take_over: true" in text
    assert "State now: maintenance mode is set" in text
    assert "c4n4ry" not in text


# --- secrets ---


class Talkative(Example):
    """Says its password everywhere, and returns what later tasks decide on."""

    def work(self, params: dict[str, Any]) -> dict[str, Any]:
        secret = params["password"]
        self.tell(f"working with {secret}")
        return {
            "changed": True,
            "msg": f"it is {secret}!",
            "output": f"a\n{secret} b",
            "mode": secret,
            "rc": 1,
            "services": {secret: {"state": secret, "start_type": "auto"}},
            "steps": [{"step": f"started {secret}", "seconds": 1.0}],
            "status": {"mode": secret, "owner": secret, "notes": [f"note of {secret}", "another"]},
            "sql_failure": f"{secret} refused",
            "reasons": [f"since {secret}"],
            "warnings": [f"mind {secret}\x1b[2J"],
        }


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(_action._display, "display", lambda line, **_how: found.append(line))
    return found


@pytest.mark.parametrize("secret", ["running", "e", "1", "enabled", "c4n4ry", "a.b*", "on"])
def test_secrets_are_masked_in_free_text_and_nowhere_else(shown: list[str], secret: str) -> None:
    """A password ``running`` left IIS stopped once: a task decides on states and names."""
    result = run(Talkative, {"password": secret})
    mask = "********"
    assert (result["mode"], result["services"]) == (secret, {secret: {"state": secret, "start_type": "auto"}})
    assert (result["status"]["mode"], result["status"]["owner"], result["rc"]) == (secret, secret, 1)
    assert result["steps"] == [{"step": f"started {secret}", "seconds": 1.0}]
    assert (result["msg"], result["output"]) == (f"it is {mask}!", f"a\n{mask} b")
    assert result["status"]["notes"] == [f"note of {mask}", "another"]
    assert result["warnings"] == [f"mind {mask}[2J"]
    assert (result["sql_failure"], result["reasons"]) == (f"{mask} refused", [f"since {mask}"])
    assert shown == [f"dev01: working with {mask}"]


def test_a_secret_from_a_variable_is_one_too(shown: list[str]) -> None:
    result = run(Talkative, {}, {"d365fo_password": "{{ vault }}", "vault": "c4n4ry"})
    assert "c4n4ry" not in f"{result['msg']}{result['output']}{shown}"


@pytest.mark.parametrize("details", [{"output": "c4n4ry"}, {"notes": ["c4n4ry"]}, {"status": {"notes": ["c4n4ry"]}}])
def test_no_secret_in_a_failure(monkeypatch: pytest.MonkeyPatch, details: dict[str, Any]) -> None:
    failure = Failure("log in as c4n4ry", "c4n4ry", "c4n4ry", "c4n4ry", details=details)
    failure.state = "c4n4ry"
    monkeypatch.setattr(Example, "fails", [failure])
    assert "c4n4ry" not in str(failed({"password": "c4n4ry"}))


def test_nor_one_whose_blanks_a_message_draws_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Example, "fails", [Failure("log in", "srv", "refused c4n  4ry!", "")])
    assert "c4n 4ry!" not in failed({"password": "c4n  4ry!"})["msg"]


@pytest.mark.parametrize("value", [["c4n4ry"], {"a": "c4n4ry"}])
def test_nor_where_it_is_of_a_wrong_type(value: Any) -> None:
    result = run(Example, {"password": value, "size": "many"})
    assert result["failed"]
    assert "c4n4ry" not in str(result)


# --- the run ---


def test_check_mode_is_passed_on() -> None:
    assert run(Example, {}, check_mode=True)["changed"] is True
    assert run(Example, {})["changed"] is False


def ready(**more: Any) -> Example:
    """An action that has worked, so that it knows its host and parent."""
    made = action(Example, {"password": "c4n4ry"}, **more)
    made.run(task_vars={"inventory_hostname": "dev01"})
    return made


def test_a_run_has_a_name_of_its_own() -> None:
    made = ready()
    first, second = made.new_run("ann"), made.new_run()
    assert first.id != second.id
    assert (first.owner, second.owner) == ("ann", "")
    assert first.controller


def test_a_run_speaks_with_the_hosts_name(shown: list[str]) -> None:
    ready().new_run().tell("stopped X with c4n4ry (3 s)")
    assert shown == ["dev01: stopped X with ******** (3 s)"]


def test_a_run_goes_on_while_its_parent_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of ansible-core 2.19 and later outlive a kill -9 of the process group."""
    made = ready()
    made.new_run().check()
    monkeypatch.setattr(os, "getppid", lambda: 1)
    with pytest.raises(Abandoned):
        made.new_run().check()
    with pytest.raises(Abandoned):
        made.check_parent()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"state": "enabled", "size": "4"}, None),
        ({"state": "enabled", "size": "four"}, "size"),
        ({"state": "on"}, "state"),
    ],
)
def test_judging_refuses_options_and_does_nothing(arguments: dict[str, Any], said: str | None) -> None:
    class Busy(Example):
        judging = True
        fails = (AssertionError("it works"),)

    result = run(Busy, arguments)
    assert (said is None) == (not result.get("failed"))
    assert said is None or said in result["msg"]
