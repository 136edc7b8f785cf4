"""The modules of the change window by themselves: their documented examples, and windows that cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml
from aiohttp import web

from fakes.ics import calendar, event
from lab.clock import Clock
from lab.rest.service import Service
from lab.thread import LoopThread
from playbook import ROOT, Done, run_playbook
from playbook.documented import examples

PAGE = ROOT / "docs/change-window.md"
MODULE = "quiesce.maintenance.change_window"
ALWAYS = event("DTSTART:20200101T000000Z", "DTEND:99991231T000000Z", title="Always")
WINDOW = {"id": "CHG1", "owner": "ann", "reason": "Update", "ticket": "CHG0042", "expires": "2026-12-05T22:00:00Z"}
OVER = {"due": {"launch01": {"launch": ["CHG1", "CHG2"]}}, "overdue": ["dev01: only reported"], "orphans": ["x: lost"]}
CHANGES = {
    "Approved": [{"approval": "approved"}],
    "Not approved": [{"approval": "requested"}],
    "No such change": [],
}
REFUSED = {
    "0": r"\"0\" is neither a time like .* nor a duration like \"2h\"",
    "0s": r"\"0s\" ends the window when it begins",
    "-2h": r"\"-2h\" is neither a time like .* nor a duration",
    "2026-01-01T00:00:00Z": r"is in the past",
    "2026-12-05T22:00": r"has no time zone",
    "9999999999d": r"is neither a time like .* nor a duration",
    "": r"a change window needs an end",
}


def shown(name: str) -> list[dict[str, Any]]:
    """The tasks of a task file that the page in docs shows."""
    (text,) = re.findall(rf"```yaml\n(# {name}\.yml.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    tasks: list[dict[str, Any]] = yaml.safe_load(text)
    return tasks


class Chat(Service):
    """Takes messages at a webhook address."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", tls=None, clock=Clock())
        self.messages: list[str] = []

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.post("/hook", self._take)]

    async def _take(self, request: web.Request) -> web.Response:
        self.messages.append((await request.json())["text"])
        return web.Response(status=202)


@pytest.fixture(scope="module")
def chat(lab_loop: LoopThread) -> Iterator[Chat]:
    chat = Chat()
    lab_loop.run(chat.start())
    yield chat
    lab_loop.run(chat.stop())


def of_the_page(chat: Chat) -> list[dict[str, Any]]:
    """The task files of the page, but for the tasks that need a collection which is not installed here."""
    (mail,) = shown("mail")
    look, judge = shown("approved")
    assert look["register"] == "change"
    judged = [
        {**judge, "name": name, "vars": {"window": WINDOW, "change": {"records": records}}, "ignore_errors": True}
        for name, records in CHANGES.items()
    ]
    body = {"msg": mail["community.general.mail"]["body"]}
    return [
        {"name": "Tell", "vars": {"chat_webhook": f"{chat.url}/hook", "window": WINDOW}, "block": shown("tell")},
        {"name": "Mail", "vars": {"windows": OVER}, "ansible.builtin.debug": body},
        *judged,
    ]


def opening(name: str, expires: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        MODULE: {"state": "opened", "window": "CHG1", "expires": expires, **more},
        "ignore_errors": True,
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, chat: Chat) -> Done:
    """The examples, the task files of the page and every refusal, in one run over a system that nobody can reach."""
    folder = tmp_path_factory.mktemp("steps")
    (folder / "always.ics").write_text(calendar(ALWAYS))
    (folder / "work.yml").write_text("- ansible.builtin.debug: {msg: at work}\n")
    tasks = [
        {"name": "Find the systems", "quiesce.maintenance.systems_info": {}, "register": "quiesce_estate"},
        *(opening(f"without calendar {expires}", expires) for expires in REFUSED),
        *(
            opening(f"with calendar {expires}", expires, calendars=str(folder / "always.ics"), override="INC1")
            for expires in REFUSED
        ),
        *examples("change_window_info"),
    ]
    plays = [
        {"hosts": "launch01", "gather_facts": False, "tasks": tasks},
        {"hosts": "localhost", "gather_facts": False, "tasks": of_the_page(chat)},
        *examples("change_window"),
    ]
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps(plays))
    inventory = folder / "inventory.yml"
    inventory.write_text(json.dumps({"launch": {"hosts": {"launch01": {"launch_url": "https://192.0.2.1:8443"}}}}))
    return run_playbook(folder, playbook, "-i", str(inventory), "-e", f"window_work={folder}/work.yml")


@pytest.mark.parametrize("calendars", ["without calendar", "with calendar"])
@pytest.mark.parametrize("expires", REFUSED)
def test_an_end_that_cannot_be_is_refused_before_anything_is_touched(done: Done, expires: str, calendars: str) -> None:
    """Whether or not the calendars are asked, too."""
    failed = done.of(f"{calendars} {expires}")
    assert failed["failed"], failed
    assert failed["msg"].startswith("Invalid expires: "), failed["msg"]
    assert re.search(REFUSED[expires], failed["msg"]), failed["msg"]


def test_the_documented_examples(done: Done) -> None:
    assert done.code == 0, done.output[-3000:]
    found = done.of("Find what is over")
    assert (found["due"], found["orphans"]) == ({}, []), "nothing that was refused was written down"
    opened = done.of("Write the window down")
    assert (opened["window"]["id"], opened["window"]["reason"]) == ("CHG0042", "Update to 10.0.43")
    assert opened["hosts"] == ["launch01"]


def test_the_message_of_the_page(done: Done, chat: Chat) -> None:
    assert chat.messages == ["Maintenance window CHG1 of ann: Update, until 2026-12-05T22:00:00Z"]


def test_the_mail_of_the_page(done: Done) -> None:
    lines = ["launch01: CHG1, CHG2, to be closed now", "dev01: only reported", "x: lost"]
    assert [line.strip() for line in done.of("Mail")["msg"].splitlines() if line.strip()] == lines


@pytest.mark.parametrize("name", CHANGES)
def test_the_change_of_the_page(done: Done, name: str) -> None:
    """Only one that is approved goes on."""
    result = done.of(name)
    assert result["failed"] is (name != "Approved")
    assert result["failed"] is (result["msg"] == "CHG0042 is not approved")
