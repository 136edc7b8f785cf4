"""The options of the modules and what they mean; given as text, as inventories, surveys and ``-e`` give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo import _arguments
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._plan import BEFORE_RESTART
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._time import seconds

SPECS: dict[str, Callable[[], dict[str, Any]]] = {
    "maintenance_mode": _arguments.switch_spec,
    "maintenance_mode_info": _arguments.look_spec,
    "configuration_mode": _arguments.variable_spec,
    "setup_tool": _arguments.setup_tool_spec,
    "maintenance_script": _arguments.script_spec,
    "database_sync": _arguments.sync_spec,
    "services": _arguments.services_spec,
    "info": _arguments.info_spec,
}
LOGIN = {"sql_login_user": "axdbadmin", "sql_login_password": "s3cret"}


def params(spec: Callable[[], dict[str, Any]] = _arguments.switch_spec, **given_: Any) -> dict[str, Any]:
    """What a module works with when a task gives these options."""
    required = {"state": "enabled"} if "state" in spec() else {}
    validation = ArgumentSpecValidator(spec()).validate({**required, **given_})
    assert validation.error_messages == []
    found: dict[str, Any] = validation.validated_parameters
    return found


# --- options that are text ---


@pytest.mark.parametrize("text", ["false", "False", "no", "0", "off"])
def test_booleans_that_are_text_are_false(text: str) -> None:
    """``-e d365fo_sync=false`` ran a synchronisation of half an hour once; ``restart_consent=false`` was consent."""
    found = params(
        sync=text,
        restart_consent=text,
        confirm_restart="true",
        stop_background_services=text,
        kill_hung=text,
        wait_for_aos=text,
        take_over=text,
        all_windows=text,
        create_missing=text,
        expect_new_instances=text,
    )
    wish, consent = _arguments.wish(found, "me"), _arguments.consent(found)
    options = _arguments.switch_options(found, "dev01")
    assert (wish.synchronise, wish.stop_background_services, wish.all_windows) == (False,) * 3
    assert (consent.restart_all, consent.wait, consent.create_missing) == (False,) * 3
    assert (options.kill_hung, options.wait, options.take_over, options.expect_new_instances) == (False,) * 4


@pytest.mark.parametrize("text", ["true", "True", "yes", "1", "on"])
def test_booleans_that_are_text_are_true(text: str) -> None:
    found = params(sync=text, restart_consent=text, confirm_restart=text, kill_hung=text)
    assert _arguments.wish(found, "me").synchronise
    assert _arguments.consent(found).restart_all
    assert _arguments.switch_options(found, "dev01").kill_hung


def test_numbers_where_texts_are_wanted_and_the_other_way_round() -> None:
    found = params(reason=4711, window=42, ticket=7, aos_accept="200, 401", aos_timeout=90, sql_port="1434")
    wish = _arguments.wish(found, "me")
    assert (wish.opening.reason, wish.opening.id, wish.opening.ticket) == ("4711", "42", "7")
    assert found["aos_accept"] == [200, 401]
    assert _arguments.switch_options(found, "dev01").aos_limit == 90
    assert found["sql_port"] == 1434


@pytest.mark.parametrize("text", ["sometimes", "2", "tru e"])
def test_what_is_no_boolean_is_refused(text: str) -> None:
    validation = ArgumentSpecValidator(_arguments.switch_spec()).validate({"state": "enabled", "sync": text})
    assert validation.error_messages


# --- durations ---

DURATIONS = sorted({name for spec in SPECS.values() for name in spec() if name.endswith(("_timeout", "_interval"))})


def test_all_of_them_are_known() -> None:
    assert "busy_timeout" in DURATIONS
    assert "aos_interval" in DURATIONS


@pytest.mark.parametrize("name", DURATIONS)
def test_durations_have_one_type_everywhere(name: str) -> None:
    for spec in SPECS.values():
        if name in spec():
            assert spec()[name]["type"] == "str"
            assert seconds({name: spec()[name]["default"]}, name) > 0


@pytest.mark.parametrize(
    ("name", "refused"),
    [("busy_timeout", False), ("service_timeout", True), ("aos_timeout", True), ("aos_interval", True)],
)
def test_only_another_run_may_be_waited_for_no_time_at_all(name: str, refused: bool) -> None:
    given_: dict[str, Any] = {name: "0"}
    found = params(**given_)
    if refused:
        with pytest.raises(Invalid, match=rf"^Invalid O\({name}\): it is zero"):
            _arguments.switch_options(found, "dev01")
    else:
        assert _arguments.switch_options(found, "dev01").busy_limit == 0


@pytest.mark.parametrize("name", ["setup_tool_timeout", "sync_timeout", "script_timeout"])
@pytest.mark.parametrize("text", ["0", "-1", "soon"])
def test_limits_of_programs_are_seen_before_anything_is_touched(name: str, text: str) -> None:
    given_: dict[str, Any] = {name: text}
    with pytest.raises(Invalid, match=rf"^Invalid O\({name}\)"):
        _arguments.wish(params(**given_), "me")


# --- the wish ---


def test_defaults() -> None:
    found = params()
    wish, consent, options = (
        _arguments.wish(found, "me"),
        _arguments.consent(found),
        _arguments.switch_options(found, "dev01"),
    )
    assert (wish.opening.id, wish.opening.owner, wish.stop_background_services) == ("default", "me", True)
    assert (wish.all_windows, wish.synchronise) == (False, False)
    assert wish.stop_before != BEFORE_RESTART
    assert (consent.restart_all, consent.wait) == (True, True)
    assert (options.system, options.method, options.busy_limit, options.take_over) == ("dev01", "auto", 240, False)


@pytest.mark.parametrize(
    ("confirm", "consent", "allowed"),
    [("false", "false", True), ("false", "true", True), ("true", "false", False), ("true", "true", True)],
)
def test_consent_is_needed_only_where_it_is_asked_for(confirm: str, consent: str, allowed: bool) -> None:
    assert _arguments.consent(params(confirm_restart=confirm, restart_consent=consent)).restart_all is allowed


def test_an_owner_may_be_named() -> None:
    assert _arguments.wish(params(owner="bob"), "me").opening.owner == "bob"


def test_an_end_is_no_matter_of_the_way_out() -> None:
    """One variable may serve both directions; a bad one would keep a system in maintenance."""
    assert _arguments.wish(params(state="disabled", expires="2020-01-01T00:00:00Z"), "me").opening.expires == ""
    assert _arguments.wish(params(expires="2h"), "me").opening.expires == "2h"


@pytest.mark.parametrize("url", ["dev01", "http://[::1", "https://dev 01/", "ftp://dev01/"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(url\)"):
        _arguments.switch_options(params(url=url), "dev01")


# --- the database ---


@pytest.mark.parametrize(
    ("given_", "option"),
    [
        pytest.param({"sql_login_user": "axdbadmin"}, "sql_login_password", id="no password"),
        pytest.param({"sql_login_password": "s3cret"}, "sql_login_user", id="no user"),
        pytest.param({"sql_server": "a;b"}, "sql_server", id="a semicolon"),
        pytest.param({"sql_database": "a{b"}, "sql_database", id="a brace"),
        pytest.param({**LOGIN, "sql_login_user": "a\nb"}, "sql_login_user", id="two lines"),
        pytest.param({"sql_connect_timeout": "0"}, "sql_connect_timeout", id="no time"),
        pytest.param({"sql_query_timeout": "soon"}, "sql_query_timeout", id="no duration"),
    ],
)
@pytest.mark.parametrize("via", ["sqlcmd", "odbc"])
def test_logins_and_names_that_cannot_be(via: str, given_: dict[str, Any], option: str) -> None:
    found = params(**{"sql_server": "sql01", **given_, "via": via})
    use = _arguments.odbc_options if via == "odbc" else _arguments.sqlcmd_options
    with pytest.raises(Invalid, match=rf"^Invalid O\({option}\)") as caught:
        use(found)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("text", ["false", "no", False])
def test_sqlcmd_cannot_be_told_not_to_encrypt_and_says_so(text: Any) -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(sql_encrypt\): .*O\(via=odbc\)"):
        _arguments.sqlcmd_options(params(sql_encrypt=text))
    assert _arguments.odbc_options(params(sql_encrypt=text, via="odbc", sql_server="x")).encrypt is False


@pytest.mark.parametrize(("given_", "sqlcmd", "odbc"), [({}, False, True), ({"sql_encrypt": "true"}, True, True)])
def test_encryption_by_default(given_: dict[str, Any], sqlcmd: bool, odbc: bool) -> None:
    assert _arguments.sqlcmd_options(params(**given_)).encrypt is sqlcmd
    assert _arguments.odbc_options(params(**given_, sql_server="x")).encrypt is odbc


def test_by_odbc_the_server_has_to_be_named() -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(sql_server\): it is required"):
        _arguments.odbc_options(params(via="odbc"))


@pytest.mark.parametrize(
    ("given_", "asked"),
    [
        ({}, ("", "")),
        ({"sql_server": "sql01", "sql_database": "AX"}, ("sql01", "AX")),
        ({"via": "odbc", "sql_server": "sql01"}, None),
    ],
)
def test_the_host_is_asked_for_the_database_only_where_it_reaches_it(
    given_: dict[str, Any], asked: tuple[str, str] | None
) -> None:
    sql = _arguments.question(params(**given_)).sql
    assert ((sql.server, sql.database) if sql else None) == asked


# --- tool, script, cluster ---


@pytest.mark.parametrize(
    ("given_", "server"),
    [
        ({"sql_server": "sql01"}, "sql01"),
        ({"sql_server": "sql01.example.com", "via": "odbc"}, ""),
        ({}, ""),
    ],
    ids=["the host's own name of it", "the controller's name of it is not the host's", "what web.config says"],
)
def test_the_tool_gets_the_server_as_the_host_knows_it(given_: dict[str, Any], server: str) -> None:
    assert _arguments.tool_options(params(**given_)).server == server


def test_the_tools_arguments_may_be_text_too() -> None:
    found = params(setup_tool_arguments='{"verbose": true, "bindir": ""}')
    assert _arguments.tool_options(found).arguments == {"verbose": "true", "bindir": None}
    found = params(setup_tool_arguments="logfilename=a.log verbose=true")
    assert _arguments.tool_options(found).arguments == {"logfilename": "a.log", "verbose": "true"}


def test_a_password_among_them_is_refused() -> None:
    with pytest.raises(Invalid, match=r"^Invalid O\(setup_tool_arguments\): it contains sqlpwd"):
        _arguments.consent(params(setup_tool_arguments={"sqlpwd": "s3cret"}))


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"nodes": ["sf01"]}, r"^Invalid O\(script\): it is required.*O\(nodes\)"),
        ({"script": "Set-MaintenanceMode.ps1"}, r"^Invalid O\(script\): .*full path"),
        ({"script": "C:\\a&b\\x.ps1"}, r"Invalid O\(script\)"),
    ],
)
def test_scripts_that_cannot_be(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message):
        _arguments.script_options(params(**given_))


def test_script_and_cluster() -> None:
    assert _arguments.script_options(params()) is None
    assert _arguments.cluster_options(params()) is None
    script = _arguments.script_options(params(script=r"C:\s\x.ps1", execution_policy="Bypass", script_timeout="2h"))
    assert script
    assert (script.script, script.template_path, script.limit) == (r"C:\s\x.ps1", r"C:\s\ConfigTemplate.xml", 7200)
    cluster = _arguments.cluster_options(
        params(cluster_url="https://sf:19080", cluster_ca_path="/ca.pem", url_ca_path="/url.pem")
    )
    assert cluster
    assert (cluster.application, cluster.service, cluster.ca_path) == ("AXSF", "AXSF~AXService", "/ca.pem")


# --- specs ---


@pytest.mark.parametrize("name", sorted({name for spec in SPECS.values() for name in spec()} - {"services", "names"}))
def test_an_option_means_the_same_in_every_module(name: str) -> None:
    """So that one variable serves them all."""
    found = [spec()[name] for spec in SPECS.values() if name in spec()]
    for each in found:
        assert {key: value for key, value in each.items() if key != "required"} == {
            key: value for key, value in found[0].items() if key != "required"
        } or name == "state"


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_passwords_are_not_logged(spec: Callable[[], dict[str, Any]]) -> None:
    assert all(option.get("no_log") for name, option in spec().items() if name.endswith("password"))
