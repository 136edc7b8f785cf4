"""Alertmanager: real playbooks against the real daemon, in the order check, on, again, longer, off; and failures."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml
from ansible_collections.quiesce.maintenance.plugins.module_utils._alertmanager._options import SILENCE, open_server
from ansible_collections.quiesce.maintenance.plugins.module_utils._maintenance import Stale

from lab.pki import Authority
from lab.rest.alertmanager import PROGRAM, Daemon
from lab.thread import LoopThread
from playbook import ROOT
from playbook.alertmanager import MATCHERS, TOKEN, Play, adapted, free_port
from playbook.courses import ADDRESS, Course, Task, course

PASSWORD = "s3cret pa:ss"
HASH = "$2b$04$.DIzprwjbmtCbbMHgxj75uYo7hv.QrGPTyX977x4Qr/GCxbbspl2G"  # of the password, as the daemon wants it
ALERT = {"alertname": "HostDown", "instance": "dev01"}
LIST, CREATE, ALERTS = ("GET", "/silences"), ("POST", "/silences"), ("GET", "/alerts")


def until(silence: dict[str, Any]) -> timedelta:
    """How long a silence lasts from now on."""
    return datetime.fromisoformat(silence["endsAt"].replace("Z", "+00:00")) - datetime.now(timezone.utc)


def check_row(result: dict[str, Any]) -> dict[str, Any]:
    """The row of a result, which is as its schema says."""
    found: dict[str, Any] = result["status"]
    schema = json.loads((ROOT / "docs/row.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, schema, format_checker=jsonschema.FormatChecker())
    return found


# --- there and back ---------------------------------------------------------------------------------------------------


@pytest.mark.smoke
@course(Play)
def test_usual_order(play: Play) -> Course:
    front = play.front()
    daemon = front.daemon
    daemon.fire(**ALERT)
    on: dict[str, Any] = {"state": "enabled", "reason": "Keys", "ticket": "CHG0042", "owner": "mary", "expires": "2h"}

    done = yield from play.run(play.task(front, "silence_info"), play.check(front, **on))
    look = done.of("silence_info")
    assert check_row(look)["mode"] == "normal"
    assert (look["silences"], look["alerts"], look["loud"]) == ([], 1, ["HostDown (instance=dev01)"])

    assert done.last["changed"]
    assert done.last["diff"]["before"] == {"silences": []}
    assert re.match(r"default \(mary, Keys, CHG0042\) until .*alertname=~", done.last["diff"]["after"]["silences"][0])
    assert (front.writes, daemon.silences()) == (0, [])

    front.log.clear()
    done = yield from play.run(
        play.task(front, task="on", **on),
        play.task(front, task="again", **on),
        play.task(front, task="bare", state="enabled"),
    )
    # Asked, the matchers tried, written, read back, with the alerts that fire; then only asked.
    assert front.log == [LIST, ALERTS, CREATE, LIST, ALERTS, LIST, LIST]
    assert [done.of(task)["changed"] for task in ("on", "again", "bare")] == [True, False, False]
    (silence,) = daemon.silences()
    shown = check_row(done.of("on"))
    assert [shown[key] for key in ("system", "kind", "mode", "verified", "managed", "owner", "reason")] == [
        play.stage.name,
        "Alertmanager",
        "maintenance",
        True,
        True,
        "mary",
        "Keys",
    ]
    assert done.of("on")["silences"][0]["id"] == silence["id"]
    assert silence["createdBy"] == "mary"
    assert silence["comment"].startswith("Keys (CHG0042)\n")
    assert silence["status"] == {"state": "active"}
    assert timedelta(minutes=115) < until(silence) <= timedelta(hours=2)
    assert daemon.suppressed(**ALERT)

    done = yield from play.run(play.task(front, **{**on, "expires": "3h"}))
    longer = daemon.silences()
    assert done.last["changed"]
    assert [each["id"] for each in longer] == [silence["id"]]  # the same one
    assert until(longer[0]) > timedelta(minutes=175)
    assert check_row(done.last)["expires"] == longer[0]["endsAt"][:19] + "Z"

    done = yield from play.run(
        play.task(front, task="second", state="enabled", window="CHG0043", owner="joe", reason="Disk"),
        play.task(front, task="first out", state="disabled"),
        play.task(front, task="again", state="disabled"),
        play.task(front, "silence_info", task="left"),
    )
    assert [done.of(task)["changed"] for task in ("second", "first out", "again")] == [True, True, False]
    left = daemon.silences()
    assert [each["createdBy"] for each in left] == ["joe"]
    assert timedelta(hours=7) < until(left[0]) <= timedelta(hours=8)  # the default
    assert f"{play.stage.name}: closed nothing, the alerts stay silenced; open: CHG0043" in done.output
    assert check_row(done.of("left"))["notes"] == ["open window: CHG0043 (joe, Disk)"]
    assert daemon.suppressed(**ALERT)

    front.log.clear()
    done = yield from play.run(
        play.task(front, state="disabled", all_windows=True), play.task(front, task="again", state="disabled")
    )
    assert (done.of("silence")["changed"], done.of("again")["changed"]) == (True, False)
    assert front.log == [LIST, ("DELETE", f"/silence/{left[0]['id']}"), LIST, LIST]
    assert daemon.silences() == []
    assert not daemon.suppressed(**ALERT)
    assert check_row(done.of("again"))["mode"] == "normal"
    assert TOKEN not in done.output


@course(Play)
def test_other_alerts_and_other_people(play: Play) -> Course:
    """New matchers replace the silence; silences of others are named and stay."""
    front = play.front()
    daemon = front.daemon
    end = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    matcher = {"name": "instance", "value": "dev.*", "isRegex": True}
    body = {"matchers": [matcher], "startsAt": end[:4] + "-01-01T00:00:00Z", "endsAt": end, "createdBy": "joe"}
    daemon.ask("POST", "/silences", {**body, "comment": "Patches"})
    foreign = daemon.silences()[0]

    done = yield from play.run(
        play.task(front, task="on", state="enabled", matchers=["instance=dev01"]),
        play.task(front, task="wider", state="enabled", matchers=["instance=~dev0[12]"]),
        play.task(front, task="neighbour", state="enabled", system="dev02"),
        play.task(front, task="off", state="disabled"),
    )
    assert [done.of(task)["changed"] for task in ("on", "wider", "neighbour", "off")] == [True] * 4
    note = f"the same alerts are suppressed by another silence, which was left as it is: silence {foreign['id']} until"
    assert any(each.startswith(note) for each in check_row(done.of("off"))["notes"])
    assert check_row(done.of("off"))["mode"] == "normal"
    assert check_row(done.of("neighbour"))["system"] == "dev02"
    assert daemon.silences()[0]["id"] == foreign["id"]
    assert len(daemon.silences()) == 2  # joe's, and the one of dev02
    assert len(daemon.silences("expired")) == 2  # the narrow one and the wide one
    assert done.of("wider")["silences"][0]["matchers"] == ['instance=~"dev0[12]"']


@course(Play)
def test_values_as_text(play: Play) -> Course:
    """As variables of the host, all of them text, and blank what a survey leaves blank."""
    front = play.front()
    common = {
        "alertmanager_url": front.url,
        "alertmanager_ca_path": play.ca_file,
        "alertmanager_token": TOKEN,
        "alertmanager_matchers": MATCHERS,
        "alertmanager_validate_certs": "yes",
        "alertmanager_all_windows": "false",
        "alertmanager_ticket": 4711,
        "alertmanager_window": 42,
        **{f"alertmanager_{name}": "" for name in ("reason", "owner", "expires", "username", "password", "system")},
        "alertmanager_duration": "  ",
    }
    role = {"ansible.builtin.include_role": {"name": "quiesce.maintenance.alertmanager"}}
    show = {"name": "Show", "ansible.builtin.debug": {"var": "alertmanager_status"}}
    play.stage.variables.update(common)
    done = yield from play.run({"name": "On", **role, "vars": {"alertmanager_state": "enabled"}}, show)
    silence = front.daemon.silences()[0]
    assert silence["createdBy"] == "tester"
    assert re.match(
        rf'\(4711\)\nquiesce.maintenance \{{"system": "{play.stage.name}", "window": "42"', silence["comment"]
    )
    shown = check_row(done.of("Show")["alertmanager_status"])
    assert (shown["mode"], shown["owner"], shown["windows"][0]["id"]) == ("maintenance", "tester", "42")
    done = yield from play.run({"name": "Off", **role, "vars": {"alertmanager_state": "disabled"}}, role, show)
    assert front.daemon.silences() == []
    assert check_row(done.of("Show")["alertmanager_status"])["mode"] == "normal"


# --- what goes wrong --------------------------------------------------------------------------------------------------


@course(Play)
def test_what_is_refused_before_anything_is_written(play: Play) -> Course:
    front = play.front()
    on = {"state": "enabled"}
    done = yield from play.run(
        play.task(front, task="everything", **on, matchers='alertname=~".+"'),
        play.task(front, task="but one", **on, matchers=['severity!="info"']),
        play.task(front, task="empty", **on, matchers=""),
        play.task(front, task="expression", **on, matchers=['instance="dev01"', 'job=~"("']),
        play.check(front, task="expression, checked", **on, matchers=['instance="dev01"', 'job=~"("']),
        play.task(front, task="no matcher", **on, matchers="dev01"),
        play.task(front, task="past", **on, expires="2020-01-01T00:00:00Z"),
        play.task(front, task="no zone", **on, expires="2036-01-01T00:00:00"),
        play.task(front, task="duration", **on, duration="long"),
        play.task(front, task="two credentials", **on, username="ops", password="s3cret"),
        fails=True,
    )

    def says(task: str) -> str:
        assert done.of(task)["failed"], task
        assert not done.of(task).get("changed"), task
        return str(done.of(task)["msg"])

    assert "fits every alert" in says("everything")
    assert "fits every alert, or every one but a few" in says("but one")
    assert "matchers" in says("empty")
    for task in ("expression", "expression, checked"):
        assert re.search(r"Invalid matchers: .*refuses them: error parsing regexp: missing closing", says(task))
    assert '"dev01" is not a matcher' in says("no matcher")
    assert "which is in the past" in says("past")
    assert "has no time zone" in says("no zone")
    assert "Invalid duration" in says("duration")
    assert "mutually exclusive" in says("two credentials")
    assert (front.writes, front.daemon.silences("active", "expired")) == (0, [])


@course(Play)
def test_what_can_go_wrong_says_what_and_what_to_do(play: Play) -> Course:
    front = play.front()
    page, json_page, closed, forbidding, forgetting = (play.another(front) for _unused in range(5))
    page.answers = [("text/html", "<html><title>Sign in</title></html>")]
    json_page.answers = [("application/json", '{"status": "success"}')]
    forbidding.refusing = forgetting.forgetting = True
    play.stage.loop.run(closed.close())
    other = Authority(play.stage.folder / "other")
    done = yield from play.run(
        play.task(front, task="token", state="enabled", token="0ld-t0ken"),
        play.task(front, task="no token", state="enabled", token=None),
        play.task(page, task="page", state="enabled"),
        play.task(json_page, task="json", state="enabled"),
        play.task(front, task="path", state="enabled", url=front.url.rpartition("/")[0]),
        play.task(front, task="too much path", state="enabled", url=f"{front.url}/api/v2"),
        play.task(closed, task="closed", state="enabled", retry_timeout="1s"),
        play.task(closed, "silence_info", task="look", retry_timeout="1s"),
        play.task(front, task="other CA", state="enabled", ca_path=str(other.ca_file)),
        play.task(forbidding, task="forbidden", state="enabled"),
        play.task(forgetting, task="ignored", state="enabled"),
        fails=True,
    )

    def says(task: str) -> str:
        assert done.of(task)["failed"], task
        assert check_row(done.of(task))["mode"] == "unknown"
        return str(done.of(task)["msg"])

    for task in ("token", "no token"):
        assert re.search(
            r"HTTP 401: .*Log in.*Check username and password, or token\. No silence was changed", says(task)
        )
    assert 'an HTML page "Sign in"' in says("page")
    assert "JSON that no Alertmanager sends" in says("json")
    for task in ("path", "too much path"):
        assert "without /api/v2" in says(task), task
    assert "refuses connections" in says("closed")
    assert "refuses connections" in says("look")
    assert "certificate is not trusted" in says("other CA")
    assert "silences are for operators" in says("forbidden")
    assert not done.of("forbidden")["changed"]
    assert "verify the change" in says("ignored")
    assert f"Windows of {play.stage.name} with a silence now: none" in says("ignored")
    assert done.of("ignored")["changed"]
    assert front.daemon.silences() == []
    assert TOKEN not in done.output
    assert "0ld-t0ken" not in done.output


@course(Play)
def test_a_lost_answer_makes_no_second_silence(play: Play) -> Course:
    """What was created although the answer was lost is found by the next run."""
    front = play.front()
    front.lost_answers = 1
    done = yield from play.run(
        play.task(front, task="lost", state="enabled", retry_timeout="1s"),
        play.task(front, task="again", state="enabled"),
        fails=True,
    )
    assert done.of("lost")["failed"]
    assert f"Windows of {play.stage.name} with a silence now: default" in done.of("lost")["msg"]
    assert done.of("lost")["changed"]
    assert not done.of("again")["changed"]
    assert not done.of("again")["failed"]
    assert len(front.daemon.silences()) == 1


@course(Play)
def test_somebody_else_is_faster(play: Play) -> Course:
    """A silence that somebody ends just then is ended, or opened again; a second one for the window is found."""
    front = play.front()
    daemon = front.daemon

    def end_it() -> None:
        daemon.ask("DELETE", f"/silence/{daemon.silences()[0]['id']}")

    def double_it() -> None:
        keys = ("matchers", "startsAt", "endsAt", "createdBy", "comment")
        daemon.ask("POST", "/silences", {key: daemon.silences()[0][key] for key in keys})

    yield from play.run(play.task(front, state="enabled", expires="2h"))
    front.meanwhile = end_it
    done = yield from play.run(
        play.task(front, task="off", state="disabled"), play.task(front, state="enabled", expires="2h")
    )
    assert check_row(done.of("off"))["mode"] == "normal"
    front.meanwhile = end_it
    done = yield from play.run(play.task(front, state="enabled", expires="3h"))
    assert done.last["changed"]
    assert [until(each) > timedelta(minutes=175) for each in daemon.silences()] == [True]

    front.meanwhile = double_it
    done = yield from play.run(play.task(front, state="enabled", expires="4h"), fails=True)
    assert "Something else changed it at the same time" in done.last["msg"]
    assert len(daemon.silences()) == 2
    done = yield from play.run(play.task(front, state="enabled", expires="4h"))
    assert done.last["changed"]
    assert [until(each) > timedelta(minutes=235) for each in daemon.silences()] == [True]


def test_a_silence_that_is_not_known_any_more(lab_loop: LoopThread, tmp_path: Path) -> None:
    """Alertmanager forgets those that expired: who meant to change one has to look again."""
    daemon = Daemon(ADDRESS, free_port(), tmp_path)
    lab_loop.run(daemon.start())
    options = {name: option.get("default") for name, option in SILENCE.items()}
    server = open_server({**options, "url": daemon.url}, print)
    unknown = "f9a8cdff-14dd-4710-8618-a27cb023a7bd"
    body = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2036-01-01T00:00:00Z", "createdBy": "joe", "comment": ""}
    try:
        with pytest.raises(Stale, match="not know this silence"):
            server.expire(unknown)
        with pytest.raises(Stale, match="not know this silence"):
            server.write({**body, "id": unknown, "matchers": [{"name": "a", "value": "x", "isRegex": False}]})
        assert daemon.silences() == []
    finally:
        lab_loop.run(daemon.stop())


@course(Play)
def test_the_daemon_restarts(play: Play) -> Course:
    """It keeps the silences, and so does the window; one that somebody ended meanwhile is opened anew."""
    front = play.front()
    yield from play.run(play.task(front, state="enabled"))
    before = front.daemon.silences()
    play.stage.loop.run(front.daemon.stop())
    done = yield from play.run(play.task(front, state="enabled", retry_timeout="1s"), fails=True)
    assert "HTTP 502" in done.last["msg"]
    play.stage.loop.run(front.daemon.start())
    done = yield from play.run(play.task(front, state="enabled"))
    assert not done.last["changed"]
    assert [each["id"] for each in front.daemon.silences()] == [each["id"] for each in before]
    front.daemon.ask("DELETE", f"/silence/{before[0]['id']}")
    done = yield from play.run(play.task(front, state="enabled"))
    assert done.last["changed"]
    assert len(front.daemon.silences()) == 1


@course(Play)
def test_the_daemons_own_tls_and_users(play: Play) -> Course:
    """Without a proxy, as its --web.config.file offers it; the password is told to nobody."""
    certificate, key = (str(file) for file in play.stage.tls)
    users = {"basic_auth_users": {"ops": HASH}, "tls_server_config": {"cert_file": certificate, "key_file": key}}
    daemon = play.daemon(web_config=users)
    play.stage.start(daemon)
    secret = play.stage.folder / "password"
    secret.write_text(f"{PASSWORD}\n")
    common: dict[str, Any] = {"url": daemon.url, "ca_path": play.ca_file, "matchers": MATCHERS, "username": "ops"}
    module = "quiesce.maintenance.alertmanager_silence"
    done = yield from play.run(
        {"name": "on", module: {**common, "password": PASSWORD, "state": "enabled"}},
        {"name": "off", module: {**common, "password_file": str(secret), "state": "disabled"}},
        {"name": "wrong", module: {**common, "password": "wr0ng-pa:ss", "state": "enabled"}},
        {"name": "readable", module: {**common, "url": daemon.url.replace("https", "http"), "password": PASSWORD}},
        fails=True,
        verbose=True,
    )
    listed = requests.get(
        f"{daemon.url}/api/v2/silences", auth=("ops", PASSWORD), verify=play.ca_file, timeout=20
    ).json()
    assert [done.of(task)["changed"] for task in ("on", "off")] == [True, True]
    assert [each["status"]["state"] for each in listed] == ["expired"]
    assert "HTTP 401" in done.of("wrong")["msg"]
    assert done.of("readable")["failed"]
    assert PASSWORD not in done.output
    assert "wr0ng-pa:ss" not in done.output


@course(Play)
def test_plain_http_without_a_login(play: Play) -> Course:
    """As it is out of the box: there is no secret that somebody could read on the way."""
    daemon = play.daemon()
    play.stage.start(daemon)
    module = {"url": daemon.url, "matchers": MATCHERS, "state": "enabled"}
    done = yield from play.run({"name": "on", "quiesce.maintenance.alertmanager_silence": module})
    assert done.last["changed"]
    assert len(daemon.silences()) == 1


def test_without_the_daemon_the_message_says_what_to_install(
    lab_loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=f"{PROGRAM} is not installed; make setup"):
        lab_loop.run(Daemon(ADDRESS, 1, tmp_path).start())


# --- what the documentation shows -------------------------------------------------------------------------------------


@course(Play)
def test_examples_run(play: Play) -> Course:
    """Those of both modules and of the role's README, in one play."""
    front = play.front()
    tasks: list[Task] = []
    for name in ("silence", "silence_info"):
        text = (ROOT / f"plugins/modules/alertmanager_{name}.py").read_text(encoding="utf-8")
        found = re.search(r'EXAMPLES = r"""(.*?)"""', text, re.DOTALL)
        assert found, name
        tasks += adapted(found[1], front.url)
    read_me = (ROOT / "roles/alertmanager/README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", read_me, re.DOTALL)
    tasks += adapted(shown, front.url)[0]["tasks"]
    play.stage.variables.update(alertmanager_ca_path=play.ca_file, alertmanager_token=TOKEN)
    done = yield from play.run(*tasks)
    assert [entry["result"].get("changed") for entry in done.results if "silences" in entry["result"]] == [
        True,
        True,
        False,
        True,
    ]
    assert len(front.daemon.silences()) == 1


def test_the_page_about_a_new_system_shows_the_entry_as_it_is() -> None:
    page = (ROOT / "docs/add-a-system.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    register = yaml.safe_load((ROOT / "playbooks/vars/systems.yml").read_text(encoding="utf-8"))["quiesce_register"]
    entry = yaml.safe_load(shown)
    assert entry == {name: register[name] for name in entry}
    files = re.findall(r"`((?:plugins|roles|tests|docs|playbooks|meta)/[\w./]+)`", page)
    assert [file for file in files if not (ROOT / file).exists()] == []
    assert len(files) > 8
