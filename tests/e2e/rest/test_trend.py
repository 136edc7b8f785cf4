"""trend_maintenance_mode, its info twin, the role and the documentation, by real ansible-playbook against the lab."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from lab.rest.proxy import Proxy
from lab.rest.trend import Computer, Status
from playbook import ROOT
from playbook.courses import LOCAL, Course, course
from playbook.trend import INFO, KEY, Play

# --- the usual order --------------------------------------------------------------------------------------------------


@pytest.mark.smoke
@course(Play)
def test_one_computer(play: Play) -> Course:
    """Check mode, nothing changed, apply, seen changed, again, unchanged; on the way in and on the way out."""
    manager = play.manager
    agent = manager.computers[2]
    agent.online = False
    manager.at[6] = lambda: setattr(agent, "online", True)  # two checks, a search, a change and a look after it
    enable = {"computers": ["web02.example.com"], "duration": "2h"}
    disable = {"computers": ["WEB02.example.com"], "state": "disabled"}

    done = yield from play.run(("check", enable), ("check again", enable), check=True)
    assert done.of("check again")["changed"] is True
    assert done.of("check")["msg"] == "0 of 1 computers are in maintenance mode; would be enabled for 1"
    assert done.of("check")["diff"] == {
        "before": {"web02.example.com": "out of maintenance mode"},
        "after": {"web02.example.com": "in maintenance mode, 120 minutes left"},
    }
    assert (manager.writes, play.statuses) == (0, ["off", "off", "off"])
    assert done.of("check")["requests"] == 1

    done = yield from play.run(("on", enable), ("again", enable), ("info", {"computers": ["2"]}))
    assert (done.of("on")["changed"], done.of("again")["changed"]) == (True, False)
    assert done.of("again")["requests"] == 1
    assert (manager.writes, play.statuses) == (1, ["off", "on", "off"])
    (computer,) = done.of("info")["computers"]
    assert computer["status"] == "on"
    assert computer["duration"] == 120
    assert computer["minutes_left"] in (119, 120)
    assert computer["scheduled_end"] > computer["since"] > "2020"
    assert (computer["host_name"], computer["display_name"]) == ("web02.example.com", "Web 2")
    assert done.of("on")["computers"][0]["action"] == "enabled"
    # The lines of a wait reach the screen while it lasts.
    assert re.search(
        rf"{play.stage.name}: waiting for .* of 900 s, 0 of 1 computers are in maintenance mode; 1 start-requested",
        done.output,
    )

    done = yield from play.run(("check", disable), check=True)
    assert (done.of("check")["changed"], manager.writes, play.statuses[1]) == (True, 1, "on")
    done = yield from play.run(("off", disable), ("again", disable))
    assert (done.of("off")["changed"], done.of("again")["changed"]) == (True, False)
    assert (manager.writes, play.statuses) == (2, ["off", "off", "off"])
    assert done.code == 0


@course(Play)
def test_five_hundred_computers(play: Play) -> Course:
    manager = play.manager
    manager.requests_per_minute = 10**6
    manager.latency = 0.02  # long enough for requests to meet there, however busy this machine is
    for number in range(4, 501):
        manager.add(Computer(number, f"srv{number}.example.com", heartbeat=2 * number))
    agent = manager.computers[500]
    agent.online = False
    manager.at[507] = lambda: setattr(agent, "online", True)  # a check, a search, all changes and a look after them
    names = [computer.host_name for computer in manager.computers.values()]
    enable = {"computers": names, "duration": "4h", "requests_per_minute": 0}
    disable = {"computers": names, "state": "disabled", "requests_per_minute": 0}

    done = yield from play.run(("check", enable), check=True)
    assert (manager.writes, done.of("check")["changed"]) == (0, True)
    assert len(done.of("check")["diff"]["after"]) == 500

    done = yield from play.run(("on", enable), ("again", enable))
    assert done.of("on")["msg"] == "500 of 500 computers are in maintenance mode; enabled for 500"
    assert set(play.statuses) == {"on"}
    assert (manager.writes, done.of("again")["changed"]) == (500, False)
    # One page and the empty one that ends the paging.
    assert done.of("again")["requests"] == 2
    assert 2 <= manager.most_under_way <= 10
    assert manager.connections <= 25
    assert re.search(r", \d+ of 500 computers are in maintenance mode; \d+ start-requested; first ", done.output)
    (row,) = done.of("on")["status"]
    assert (row["system"], row["mode"], row["notes"]) == ("500 computers", "maintenance", [])

    done = yield from play.run(("off", disable), ("again", disable))
    assert (done.of("off")["changed"], done.of("again")["changed"]) == (True, False)
    assert (manager.writes, set(play.statuses)) == (1000, {"off"})


@course(Play)
def test_search(play: Play) -> Course:
    manager = play.manager
    manager.computers[2].platform = "Red Hat Enterprise Linux 9 (64 bit)"
    manager.computers[3].policy_id = 8
    manager.policies[8] = "Windows"

    def found(**search: str) -> tuple[str, dict[str, Any]]:
        return f"info {json.dumps(search)}", {"search": search}

    wanted = {
        found(group="Web servers")[0]: [1, 2, 3],
        found(group="4", platform="Microsoft Windows%")[0]: [1, 3],
        found(policy="Windows")[0]: [3],
        found(policy="1", platform="%Linux%")[0]: [2],
        found(group="Empty")[0]: [],
    }
    done = yield from play.run(*[(name, {"search": json.loads(name.removeprefix("info "))}) for name in wanted])
    assert {name: [computer["id"] for computer in done.of(name)["computers"]] for name in wanted} == wanted
    assert done.of(found(group="Empty")[0])["unavailable"][0]["reason"].startswith("no computer fulfils it")


# --- a mode that is on already, or on its way -------------------------------------------------------------------------


@course(Play)
def test_extend_and_expiry(play: Play) -> Course:
    """With a manager whose end time says nothing while the mode is on."""
    manager = play.manager
    manager.end_is_scheduled = False
    hour: dict[str, Any] = {"computers": ["1"], "duration": "60"}
    done = yield from play.run(("on", hour))
    assert done.of("on")["changed"] is True

    manager.clock.advance(20 * 60)
    done = yield from play.run(
        ("enough left", hour),
        ("longer", {**hour, "duration": "2h", "extend": "false"}),
        ("endless", {"computers": ["1"]}),
    )
    assert [done.of(name)["changed"] for name in ("enough left", "longer", "endless")] == [False, False, False]
    left = r"web01\.example\.com \(ends in (3[5-9]|40) minutes\)"
    warned = {
        "longer": f"Not extended, with less than half of the requested 120 minutes left: {left}",
        "endless": f"No duration was requested, but maintenance mode ends by itself for: {left}",
    }
    assert {name for name, text in warned.items() if not re.fullmatch(text, *done.of(name)["warnings"])} == set()

    manager.clock.advance(15 * 60)
    done = yield from play.run(("auto", hour), ("auto again", hour), ("true", {**hour, "extend": True}))
    assert [done.of(name)["changed"] for name in ("auto", "auto again", "true")] == [True, False, True]
    assert done.of("auto")["computers"][0]["action"] == "extended"
    assert done.of("true")["computers"][0]["minutes_left"] in (59, 60)

    manager.clock.advance(61 * 60)
    done = yield from play.run(("info", {"computers": ["1"]}), ("on", hour))
    assert done.of("info")["computers"][0]["status"] == "off"
    assert done.of("info")["computers"][0]["scheduled_end"] is None
    assert done.of("on")["changed"] is True
    assert manager.writes == 4


@course(Play)
def test_transitions_are_awaited_not_repeated(play: Play) -> Course:
    manager = play.manager
    course: dict[int, tuple[Status, Status]] = {
        1: ("start-requested", "on"),
        3: ("reset-duration-requested", "on"),
        2: ("stop-requested", "off"),
    }
    for number, (status, _until) in course.items():
        manager.computers[number].status, manager.computers[number].duration = status, 60

    async def finish() -> None:
        """Each is there after it has been looked at four times more, however long a task takes to begin."""
        for number, (_status, until) in course.items():
            looks = manager.reads + 4
            while manager.reads < looks:
                await manager.clock.moment()
            computer = manager.computers[number]
            computer.status, computer.start = until, int(manager.clock.time() * 1000)

    play.stage.loop.loop.call_soon_threadsafe(play.stage.loop.loop.create_task, finish())
    done = yield from play.run(
        ("on", {"computers": ["1", "3"], "duration": "1h"}), ("off", {"computers": ["2"], "state": "disabled"})
    )
    assert [done.of(name)["changed"] for name in ("on", "off")] == [False, False]
    assert {computer["action"] for computer in done.of("on")["computers"]} == {"awaited"}
    assert (manager.writes, play.statuses) == (0, ["on", "off", "on"])


@course(Play)
def test_without_waiting(play: Play) -> Course:
    manager = play.manager
    manager.computers[1].heartbeat = 10**6
    done = yield from play.run(("on", {"computers": ["1"], "wait": False}))
    assert done.of("on")["computers"][0]["status"] == "start-requested"
    assert (done.of("on")["changed"], manager.writes) == (True, 1)


# --- refusals: before anything is touched -----------------------------------------------------------------------------


@course(Play)
def test_every_refusal_names_the_computer_and_the_reason(play: Play) -> Course:
    manager = play.manager
    manager.computers[2].display_name = "Web 1"
    reasons = {
        10: "Application Control is off",
        11: "the manager shows no Application Control for it",
        12: "its Application Control module is not active (inactive: Driver missing)",
        13: "its agent is offline (Offline)",
        14: "its agent is inactive (No Agent)",
    }
    for number in reasons:
        manager.add(Computer(number, f"bad{number}"))
    manager.computers[10].application_control = "off"
    manager.computers[11].application_control = None
    manager.computers[12].module_status, manager.computers[12].module_message = "inactive", "Driver missing"
    manager.computers[13].go_offline()
    manager.computers[14].agent_status, manager.computers[14].agent_messages = "inactive", ["No Agent"]
    names = ["web03.example.com", *(f"bad{number}" for number in reasons), "Web 1", "web%", "4711"]
    wanted = {
        **{f"bad{number}": reason for number, reason in reasons.items()},
        "Web 1": "2 computers have that name (IDs 1, 2)",
        "web%": "no computer with that ID, host name, display name or GUID is visible",
        "4711": "no computer with that ID, host name, display name or GUID is visible",
    }
    done = yield from play.run(
        ("all", {"computers": names}),
        ("one", {"computers": ["bad13"]}),
        ("empty group", {"search": {"group": "Empty"}}),
        ("no group", {"search": {"group": "Nowhere"}}),
        ("two groups", {"search": {"group": "Twice"}}),
        ("all the others", {"computers": names, "on_unavailable": "skip"}),
    )
    assert done.of("all")["failed"]
    assert "nothing was changed" in done.of("all")["msg"]
    listed = {entry["name"]: entry["reason"] for entry in done.of("all")["unavailable"]}
    assert {name: reason for name, reason in wanted.items() if not listed.pop(name).startswith(reason)} == {}
    assert listed == {}
    assert "bad13: its agent is offline (Offline)" in done.of("one")["msg"]
    assert "no computer fulfils it" in done.of("empty group")["msg"]
    assert "none has that name" in done.of("no group")["msg"]
    assert "several have that name" in done.of("two groups")["msg"]
    # Until here no write was sent; skipping, one for the only computer that can be changed.
    assert done.of("all the others")["changed"] is True
    assert done.of("all the others")["warnings"][0].startswith("Continued without: ")
    assert (manager.writes, play.statuses[:3]) == (1, ["off", "off", "on"])


@course(Play)
def test_turning_off_does_what_it_can_and_fails_at_the_end(play: Play) -> Course:
    """One computer that can't be reached must not keep the mode on for the others."""
    manager = play.manager
    yield from play.run(("on", {"computers": ["1", "2", "3"]}))
    manager.computers[2].go_offline()
    every = {"computers": ["1", "2", "3"], "state": "disabled"}
    done = yield from play.run(
        ("off", {**every, "computers": ["1", "2", "3", "web99"]}), ("skip", {**every, "on_unavailable": "skip"})
    )
    assert done.of("off")["failed"]
    assert play.statuses == ["off", "stop-requested", "off"]
    assert [entry["name"] for entry in done.of("off")["unavailable"]] == ["web99", "web02.example.com"]
    assert (
        "Now 2 of 3 computers are out of maintenance mode, not: web02.example.com (stop-requested)"
        in done.of("off")["msg"]
    )
    assert done.of("off")["not_reached"] == ["web02.example.com", "web99"]
    assert (done.of("skip")["failed"], done.of("skip")["changed"]) == (False, False)
    assert done.of("skip")["warnings"] == ["Continued without: web02.example.com: its agent is offline (Offline)"]
    manager.computers[2].come_back()
    done = yield from play.run(("off", every))
    assert (done.of("off")["changed"], play.statuses) == (False, ["off", "off", "off"])
    assert manager.writes == 6


@course(Play)
def test_unusable_options(play: Play) -> Course:
    manager = play.manager
    one = {"computers": ["1"]}
    tasks: dict[str, tuple[dict[str, Any], str]] = {
        "seconds": ({**one, "duration": "90s"}, "not a whole number of minutes"),
        "empty": ({"computers": []}, "the list, or a name in it, is empty"),
        "everything": ({"search": {}}, "it would mean every computer"),
        "both": ({**one, "search": {"group": "4"}}, "mutually exclusive"),
        "neither": ({}, "one of the following is required"),
        "endless extension": ({**one, "extend": True}, "needs a duration"),
        "file": ({**one, "api_key_file": str(play.stage.folder / "none")}, "No such file"),
        "ca": ({**one, "ca_path": str(play.stage.folder / "none")}, "Invalid ca_path: "),
        "http": ({**one, "url": "http://127.0.0.1:1/api"}, "would be sent unencrypted"),
        "limit": ({**one, "wait_timeout": "a while"}, "not a duration"),
    }
    done = yield from play.run(*[(name, options) for name, (options, _unused) in tasks.items()])
    assert {name: text for name, (_unused, text) in tasks.items() if text not in done.of(name)["msg"]} == {}
    assert all(done.of(name)["failed"] for name in tasks)
    assert manager.log == []


# --- failures on the way ----------------------------------------------------------------------------------------------


@course(Play)
def test_partial_failure_is_reported_exactly_and_rolled_back(play: Play) -> Course:
    """web01 was on before, web02 is turned on, web03 promises to be there and never calls."""
    manager = play.manager
    manager.computers[3].online = False
    three = {"computers": ["1", "2", "3"], "wait_timeout": "5s"}
    done = yield from play.run(("before", {"computers": ["1"]}), ("on", three))
    result = done.of("on")
    assert (result["failed"], result["changed"]) == (True, True)
    assert (result["reached"], result["not_reached"]) == (
        ["web01.example.com", "web02.example.com"],
        ["web03.example.com"],
    )
    assert "2 of 3 computers are in maintenance mode, not: web03.example.com (start-requested)" in result["msg"]
    assert "Could not see the change in effect within 5 s" in result["msg"]
    assert (result["accepted"], result["unknown"], result["rolled_back"]) == (
        ["web02.example.com", "web03.example.com"],
        [],
        [],
    )
    assert play.statuses == ["on", "on", "start-requested"]

    manager.computers[3].status = "off"
    done = yield from play.run(
        ("off", {"computers": ["2"], "state": "disabled"}),
        ("on", {**three, "rollback": True}),
        ("info", {"computers": ["1", "2", "3"]}),
    )
    assert done.of("on")["rolled_back"] == ["web02.example.com", "web03.example.com"]
    assert "Maintenance mode was rolled back on web02.example.com, web03.example.com" in done.of("on")["msg"]
    assert [computer["status"] for computer in done.of("info")["computers"]] == ["on", "off", "stop-requested"]


@course(Play)
def test_not_authorised(play: Play) -> Course:
    manager = play.manager
    manager.computers[2].may_modify = False
    every = {"computers": ["1", "2", "3"]}
    done = yield from play.run(("fail", {**every, "rollback": True}), ("skip", {**every, "on_unavailable": "skip"}))
    result = done.of("fail")
    assert result["unavailable"][0]["name"] == "web02.example.com"
    assert "Not authorized to modify computers" in result["unavailable"][0]["reason"]
    assert sorted(result["rolled_back"]) == ["web01.example.com", "web03.example.com"]
    assert (done.of("skip")["failed"], play.statuses) == (False, ["on", "off", "on"])
    done = yield from play.run(("off", {**every, "state": "disabled"}), ("wrong key", {**every, "api_key": "another"}))
    assert play.statuses == ["off", "off", "off"]
    assert (
        "HTTP 401: Invalid API Key. Check the API key, which may be wrong or expired, and key_header"
        in done.of("wrong key")["msg"]
    )


@course(Play)
def test_a_duration_that_cannot_last_is_warned_of_also_where_the_task_fails(play: Play) -> Course:
    manager = play.manager
    for number in range(4, 131):
        manager.add(Computer(number, f"srv{number}", heartbeat=0 if number < 130 else 10**6))
    many = {"search": {"platform": "%"}, "duration": "1m", "max_concurrency": 1, "requests_per_minute": 0}
    manager.requests_per_minute = 10**6
    done = yield from play.run(("check", many), check=True)
    (warning,) = done.of("check")["warnings"]
    assert warning.startswith("The duration of 1 minutes is too short for 130 computers: sending the requests alone")
    manager.forget()
    manager.at[135] = lambda: manager.clock.advance(61)  # after the search, its empty page, all changes and one look
    done = yield from play.run(("on", many))
    assert done.of("on")["warnings"] == [warning]
    assert (
        "the duration was over for 129 of 130 computers before all of them were in maintenance mode"
        in (done.of("on")["msg"])
    )
    assert (done.of("on")["failed"], done.of("on")["changed"]) == (True, True)
    assert warning in done.output


@course(Play)
def test_a_write_that_is_ignored(play: Play) -> Course:
    """200 is not success: what counts is what the computer says."""
    manager = play.manager
    manager.ignore_writes = True
    done = yield from play.run(("on", {"computers": ["1"], "wait_timeout": "1s"}))
    assert done.of("on")["failed"]
    assert (
        "0 of 1 computers are in maintenance mode, not: web01.example.com (out of maintenance mode)"
        in done.of("on")["msg"]
    )


@course(Play)
def test_answers_that_are_none(play: Play) -> Course:
    """What passes is tried again, what does not pass is one clear message each."""
    manager = play.manager
    manager.faults.extend(["html", "redirect", "cut-json", "plain-error"])
    manager.faults.extend(["drop", "bad-gateway", "truncated", None])  # all for the fifth task
    manager.faults.extend(["hang"])
    one = {"computers": ["1"]}
    done = yield from play.run(
        ("info html", one),
        ("info redirect", one),
        ("info cut", one),
        ("info error", one),
        ("info recovers", one),
        ("info hangs", {**one, "request_timeout": "1s", "retry_timeout": "0"}),
        ("info nobody", {**one, "url": "https://127.0.0.1:1/api", "retry_timeout": "1s"}),
    )
    wanted = {
        "info html": 'HTTP 200 with an HTML page "Sign in to the web filter" instead of JSON',
        "info redirect": "HTTP 302, it redirects to https://elsewhere.example.com",
        "info cut": "a damaged or cut off body",
        "info error": 'HTTP 500: "java.lang.NullPointerException"',
        "info hangs": "no complete answer within 1 s",
        "info nobody": "it refuses connections",
    }
    assert {name: text for name, text in wanted.items() if text not in done.of(name)["msg"]} == {}
    assert done.of("info recovers")["requests"] == 4
    assert done.of("info recovers")["computers"][0]["status"] == "off"
    assert not manager.faults


@course(Play)
def test_a_manager_that_restarts_in_the_middle(play: Play) -> Course:
    manager = play.manager
    for number in range(4, 41):
        manager.add(Computer(number, f"srv{number}", heartbeat=0))
    manager.restart_at = (20, 1.0)
    done = yield from play.run(("on", {"search": {"platform": "%"}, "duration": "1h"}))
    assert (done.code, done.of("on")["changed"]) == (0, True)
    assert done.of("on")["msg"] == "40 of 40 computers are in maintenance mode; enabled for 40"
    assert set(play.statuses) == {"on"}
    assert re.search(rf"{play.stage.name}: .*trying again in", done.output)


@course(Play)
def test_too_many_requests(play: Play) -> Course:
    """A minute of the manager lasts three seconds, and lets only 25 of the 40 writes in."""
    manager = play.manager
    manager.clock.scale = 20
    manager.requests_per_minute = 25
    for number in range(4, 41):
        manager.add(Computer(number, f"srv{number}", heartbeat=0))
    done = yield from play.run(("on", {"search": {"platform": "%"}, "duration": "1h"}))
    assert done.of("on")["msg"] == "40 of 40 computers are in maintenance mode; enabled for 40"
    assert manager.statuses[429] > 0
    assert manager.writes == 40


# --- connection and credential ----------------------------------------------------------------------------------------


@course(Play)
def test_key_proxy_and_cloud_one(play: Play) -> Course:
    """Key by option and file, in the header of Cloud One, through a proxy; and never a word of it, at any verbosity."""
    manager = play.manager
    manager.key_header = "Authorization"
    manager.key = key = "s3cret-0wn-k3y"
    proxy = Proxy(user="me", password="pr0xy-passw0rd")
    play.stage.start(proxy)
    file = play.stage.folder / "key"
    file.write_text(key + "\n")
    address = f"http://me:pr0xy-passw0rd@127.0.0.1:{proxy.port}"
    common = {"computers": ["1"], "key_header": "authorization"}
    done = yield from play.run(
        ("option", {**common, "api_key": key, "proxy": address, "duration": "1h"}),
        ("info file", {**common, "api_key_file": str(file)}),
        ("info wrong", {**common, "api_key": key + "x", "proxy": address}),
        ("info header", {**common, "key_header": "api-secret-key", "api_key": key}),
        ("info no credential", {**common, "api_key": key, "proxy": f"http://127.0.0.1:{proxy.port}"}),
        ("info untrusted", {**common, "api_key": key, "ca_path": "/etc/ssl/certs/ca-certificates.crt"}),
        ("info unverified", {**common, "api_key": key, "validate_certs": False}),
        verbose=True,
    )
    assert done.of("option")["changed"] is True
    assert len(proxy.tunnels) >= 2
    assert done.of("info file")["computers"][0]["status"] == "on"
    assert done.of("info unverified")["computers"][0]["status"] == "on"
    wanted = {
        "info wrong": "HTTP 401: Invalid API Key",
        "info header": "Cloud One takes keys by authorization",
        "info no credential": "the proxy refused the CONNECT request (HTTP 407)",
        "info untrusted": "its certificate is not trusted",
    }
    assert {name: text for name, text in wanted.items() if text not in done.of(name)["msg"]} == {}
    assert "ansible-playbook [core" in done.output, "that was not verbose"
    for secret in (KEY, key, "pr0xy-passw0rd"):
        assert secret not in done.output
        assert secret not in json.dumps(done.results)


# --- role -------------------------------------------------------------------------------------------------------------


@course(Play)
def test_role(play: Play) -> Course:
    """A search and a duration as its variables; what every role owes is in tests/contract."""
    manager = play.manager
    given = {
        "trend_state": "enabled",
        "trend_url": manager.url,
        "trend_api_key": KEY,
        "trend_ca_path": play.stage.ca_file,
        "trend_search": {"group": "Web servers"},
        "trend_duration": "2h",
        "trend_poll_interval": "1s",
    }
    tasks = [
        {"name": "Role", "ansible.builtin.include_role": {"name": "quiesce.maintenance.trend"}},
        {"name": "Rows", "ansible.builtin.debug": {"var": "trend_status"}},
    ]
    play.stage.variables.update(given)
    done = yield from play.stage.play(*tasks)
    rows = done.of("Rows")["trend_status"]["status"]
    names = [computer.host_name for computer in manager.computers.values()]
    assert [(row["system"], row["mode"], row["verified"]) for row in rows] == [
        (name, "maintenance", True) for name in names
    ]
    assert rows[0]["expires"] > rows[0]["since"]
    assert rows[0]["host"] == "127.0.0.1"


# --- what the documentation shows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["trend_maintenance_mode", "trend_maintenance_mode_info"])
@course(Play)
def test_examples(play: Play, name: str) -> Course:
    """The modules' EXAMPLES as they are, but for the address and the files of this laboratory."""
    manager = play.manager
    source = (ROOT / f"plugins/modules/{name}.py").read_text()
    examples = re.search(r'EXAMPLES = r"""(.*?)"""', source, re.DOTALL)
    assert examples
    (play.stage.folder / "key").write_text(KEY)
    text = (
        examples.group(1)
        .replace("https://dsm.example.com:4119/api", manager.url)
        .replace("/etc/ansible/dsm-ca.pem", play.stage.ca_file)
        .replace("/etc/ansible/trend.key", str(play.stage.folder / "key"))
    )
    manager.computers[3].go_offline()
    play.stage.variables["vault_trend_key"] = KEY
    done = yield from play.stage.play(*yaml.safe_load(text))
    if name.endswith("_info"):
        assert len(done.results[-1]["result"]["msg"]) == 3
    else:
        assert play.statuses == ["on", "on", "off"]
        assert manager.writes == 6


@pytest.mark.parametrize(
    ("heading", "group"),
    [("Around a patch play", "web"), ("Disabling it whatever happens", "app")],
    ids=["Around a patch play", "Disabling it whatever happens"],
)
@course(Play)
def test_rolling_patch_play_of_the_documentation(play: Play, heading: str, group: str) -> Course:
    """The play from docs/trend.md, two hosts at a time; the third fails to be patched, the second is lost before."""
    manager = play.manager
    hosts: dict[str, Any] = {f"{group}0{number}.example.com": None for number in (1, 2, 3, 4)}
    for number, name in enumerate(hosts, 1):
        manager.add(Computer(number, name, group_id=4, heartbeat=0))
    _page, section = (ROOT / "docs/trend.md").read_text().split(f"## {heading}\n")
    block = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert block
    file = play.stage.folder / "patch.yml"
    text = (
        block.group(1)
        .replace("https://dsm.example.com:4119/api", manager.url)
        .replace("/etc/ansible/dsm-ca.pem", play.stage.ca_file)
        .replace("hosts: web", f"hosts: {group}")
        .replace("tasks/patch.yml", str(file))
    )
    # What a patch would see: the host's own status at that moment.
    look = {"url": manager.url, "ca_path": play.stage.ca_file, "search": {"group": "Web servers"}}
    file.write_text(
        json.dumps(
            [
                {"name": "Seen while patching", INFO: look, "delegate_to": "localhost"},
                {"name": "Break", "ansible.builtin.fail": None, "when": f"inventory_hostname is match('{group}03')"},
                {"name": "Reach the host", "ansible.builtin.ping": None},
            ]
        )
    )
    lost, broken = f"{group}02.example.com", f"{group}03.example.com"
    # Nobody listens there.
    hosts[lost] = {"ansible_connection": "psrp", "ansible_host": "127.0.0.1", "ansible_port": 1}
    play.stage.groups[group] = {"hosts": hosts, "vars": {**LOCAL, "vault_trend_key": KEY}}
    done = yield from play.stage.play(plays=yaml.safe_load(text))
    assert done.code != 0
    assert [name for name in hosts if re.search(rf"{name} .*(unreachable|failed)=1", done.output)] == [
        lost,
        broken,
    ], done.output
    seen = [
        [computer["status"] for computer in entry["result"]["computers"]]
        for entry in done.results
        if entry["task"] == "Seen while patching"
    ]
    assert seen == [["on", "on", "off", "off"]] * 2 + [["off", "off", "on", "on"]] * 2
    # One task a batch on the way in and one on the way out, and nobody is left in maintenance mode.
    assert play.statuses == ["off"] * 4
    assert manager.writes == 8
