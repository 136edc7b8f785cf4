"""The modules of the change window by themselves: their documented examples, and windows that cannot be."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from fakes.ics import calendar, event
from playbook import ROOT, Done, run_playbook

MODULE = "quiesce.maintenance.change_window"
ALWAYS = event("DTSTART:20200101T000000Z", "DTEND:99991231T000000Z", title="Always")
REFUSED = {
    "0": r"\"0\" is neither a time like .* nor a duration like \"2h\"",
    "0s": r"\"0s\" ends the window when it begins",
    "-2h": r"\"-2h\" is neither a time like .* nor a duration",
    "2026-01-01T00:00:00Z": r"is in the past",
    "2026-12-05T22:00": r"has no time zone",
    "9999999999d": r"is neither a time like .* nor a duration",
    "": r"a change window needs an end",
}


def examples(module: str) -> list[dict[str, Any]]:
    """What a module documents."""
    text = (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
    found = re.search(r'EXAMPLES = r"""(.*?)"""', text, re.DOTALL)
    assert found
    shown: list[dict[str, Any]] = yaml.safe_load(found[1])
    return shown


def opening(name: str, expires: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        MODULE: {"state": "opened", "window": "CHG1", "expires": expires, **more},
        "ignore_errors": True,
    }


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The examples and every refusal, in one run over a system that nobody can reach."""
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
    plays = [{"hosts": "launch01", "gather_facts": False, "tasks": tasks}, *examples("change_window")]
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
