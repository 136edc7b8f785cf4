"""The playbook status: what is refused, found, written, and handed on. One small estate, one run after the other."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.quiesce.maintenance.plugins.modules.systems_status import EXAMPLES

from playbook import ROOT, Done, run_apart
from playbook.estate import Lab

NAMES = ["idle", "mine", "theirs", "foreign", "lost"]
REPORT = "Report the status of all systems"
CHECK = "Refuse options that cannot be used"
SOON = 2  # seconds: longer than the switch of one server takes
REASON = "<b>two</b> words | =1+1"


@dataclass
class Status:
    """The estate, and what came of each run."""

    lab: Lab
    records: Path
    done: dict[str, Done] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    @property
    def files(self) -> Path:
        return self.lab.folder / "files"

    def run(self, name: str, playbook: Path | str, *arguments: str, **variables: Any) -> None:
        before = self.requests()
        self.done[name] = self.lab.run(playbook, *arguments, quiesce_store_path=str(self.records), **variables)
        self.asked[name] = self.requests() - before

    def requests(self) -> int:
        return sum(server.reads + server.writes for server in self.lab.estate.launch_servers.values())

    def rows(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.done[name].of(REPORT)["rows"]
        return rows


@pytest.fixture(scope="module")
def status(shared_lab: Lab) -> Status:
    lab = shared_lab
    servers = {name: lab.estate.add_launch_server(name) for name in NAMES}
    lab.estate.variables("lost")["launch_retry_timeout"] = "1s"
    nowhere = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    lab.estate.add_to_inventory("d365fo", "gone", nowhere)
    lab.start()
    lab.loop.run(servers["lost"].stop())
    found = Status(lab, lab.folder / "kept")
    found.files.mkdir()
    remember(found.records)

    window = {"quiesce_owner": "ann", "quiesce_reason": REASON}
    found.run("mine", "enable", "-l", "mine", quiesce_window="CHG1", quiesce_expires="2h", **window)
    found.run("theirs", "enable", "-l", "theirs", quiesce_window="CHG2", quiesce_expires=f"{SOON}s", **window)
    found.run("foreign", "enable", "-l", "foreign")
    (record,) = found.records.glob(f"launch-*{servers['foreign'].address}*.json")
    record.unlink()
    time.sleep(SOON)

    names = ",".join(f"{found.files}/estate.{ending}" for ending in ("html", "json", "csv", "prom", "md"))
    found.run("everything", "status", status_report=names, status_fail_on="overdue, unknown,foreign")
    blank = dict.fromkeys(("status_report", "status_fail_on", "status_only", "status_windows", "status_owners"), " ")
    found.run("blank answers", "status", "-l", "idle,mine", **blank)
    found.run("one window", "status", status_windows="CHG1", status_only="", status_fail_on="overdue")
    found.run(
        "what is wrong",
        "status",
        "-l",
        "all",
        status_only="attention",
        status_owners="ANN",
        status_report=f"{found.files}/wrong.json",
    )
    found.run("nobody", "status", "-l", "idle", status_only="overdue")
    found.run("check", "status", "-l", "idle", "--check", status_report=f"{found.files}/check.html")
    for name, variables in REFUSED.items():
        found.run(name, "status", **{key: value.format(found.files) for key, value in variables.items()})
    gone = {"quiesce.maintenance.systems_status": {"report": f"{found.files}/none/late.html"}, "ignore_errors": True}
    tasks = [*yaml.safe_load(EXAMPLES), gone]
    play = [{"hosts": "idle", "gather_facts": False, "tasks": tasks}]
    parts = [{"import_playbook": str(ROOT / f"playbooks/parts/{name}.yml")} for name in ("find", "look")]
    example = lab.folder / "example.yml"
    example.write_text(yaml.safe_dump([*parts, *play]), encoding="utf-8")
    found.run("the example", example, "-l", "idle")
    (found.records / "windows.json").write_text("{}", encoding="utf-8")
    found.run("a broken book", "status", "-l", "idle", status_report=f"{found.files}/broken.json")
    (found.records / "windows.json").unlink()
    return found


REFUSED = {
    "a wrong ending": {"status_report": "{0}/good.html,{0}/estate.xlsx"},
    "no folder": {"status_report": "{0}/none/estate.html"},
    "a wrong word": {"status_fail_on": "overdue,unkown"},
}


def remember(records: Path) -> None:
    """What windows before left in the store."""
    records.mkdir()
    took = [{"seconds": seconds, "steps": {}} for seconds in (300.0, 360.0, 500.0)]
    times = {"version": 1, "times": {"launch idle": {"enabled": took}}}
    (records / "service-times.json").write_text(json.dumps(times), encoding="utf-8")
    now = datetime.now(timezone.utc).replace(microsecond=0)
    opened, end = (f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (5, 3))
    closed = {"id": "CHG0", "owner": "bob", "reason": "", "ticket": "", "opened": opened, "expires": end}
    recent = {"version": 1, "windows": [{**closed, "closed": end, "result": "ok"}]}
    (records / "recent-windows.json").write_text(json.dumps(recent), encoding="utf-8")


def test_what_needs_attention_comes_first(status: Status) -> None:
    rows = status.rows("everything")
    assert [(row["system"], row["attention"]) for row in rows] == [
        ("theirs", ["overdue"]),
        ("gone", ["unknown"]),
        ("lost", ["unknown"]),
        ("foreign", ["foreign"]),
        ("mine", []),
        ("idle", []),
    ]
    table = status.done["everything"].of(REPORT)["table"]
    assert [line.split()[0] for line in table if line[:1].islower()] == [row["system"] for row in rows]


@pytest.mark.smoke
def test_a_run_fails_on_the_hosts_of_which_it_is_asked(status: Status) -> None:
    done = status.done["everything"]
    assert done.code == 2
    assert {host for host, counts in done.recap.items() if counts["failed"]} == {"theirs", "gone", "lost", "foreign"}
    assert done.of("Report what failed", "theirs")["msg"].startswith(
        "theirs, Launch: overdue; window CHG2 (ann, <b>two"
    )
    assert "lost, Launch: unknown; Could not " in done.of("Report what failed", "lost")["msg"]


@pytest.mark.parametrize("name", ["blank answers", "what is wrong", "nobody", "check", "a broken book"])
def test_without_a_word_it_does_not(status: Status, name: str) -> None:
    assert status.done[name].code == 0, status.done[name].output[-3000:]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("blank answers", ["mine", "idle"]),
        # Nobody knows what holds a system that could not be asked, or whose record is lost; the one of another window
        # is not among them.
        ("one window", ["gone", "lost", "foreign", "mine"]),
        ("what is wrong", ["theirs", "gone", "lost", "foreign"]),
        ("nobody", []),
    ],
)
def test_filters(status: Status, name: str, expected: list[str]) -> None:
    assert [row["system"] for row in status.rows(name)] == expected
    assert status.done[name].code == 0


def test_a_limit_to_all_leaves_nothing_out(status: Status) -> None:
    page = json.loads((status.files / "wrong.json").read_text(encoding="utf-8"))
    assert page["selection"] == {"limit": "", "only": ["attention"], "windows": [], "owners": ["ANN"]}


def test_a_filter_that_leaves_nothing_says_so(status: Status) -> None:
    assert "No system is left: limit idle; only overdue. Open windows: none." in status.done["nobody"].output


@pytest.mark.smoke
def test_every_file_is_written(status: Status) -> None:
    assert sorted(file.name for file in status.files.glob("estate.*")) == [
        f"estate.{ending}" for ending in ("csv", "html", "json", "md", "prom")
    ]
    document = json.loads((status.files / "estate.json").read_text(encoding="utf-8"))
    assert document["systems"] == status.rows("everything")
    assert [window["id"] for window in document["windows"]] == ["CHG2", "CHG1"]
    assert [window["id"] for window in document["recent"]] == ["CHG0"]
    assert document["problems"] == []
    lines = list(csv.DictReader((status.files / "estate.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [line["system"] for line in lines] == [row["system"] for row in document["systems"]]
    page = (status.files / "estate.html").read_text(encoding="utf-8")
    assert "1\u00a0window is overdue and 2\u00a0systems could not be asked" in page
    assert "&lt;b&gt;two&lt;/b&gt; words" in page
    assert "<b>two" not in page
    assert "&lt;b&gt;two&lt;/b&gt; words \\| =1+1" in (status.files / "estate.md").read_text(encoding="utf-8")
    assert 'quiesce_overdue{system="theirs",kind="Launch"} 1' in (status.files / "estate.prom").read_text("utf-8")


def test_usual_times(status: Status) -> None:
    """From the store, in the row and in words."""
    times = {row["system"]: row["usually"] for row in status.rows("everything")}
    assert times == {name: {"enabled": 360.0} if name == "idle" else {} for name in [*NAMES, "gone"]}
    assert "usually 6 minutes into maintenance mode" in status.done["everything"].output


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a wrong ending", 'Invalid status_report: "{0}/estate.xlsx" does not end like a format that is known.'),
        ("no folder", "Invalid status_report: the folder of {0}/none/estate.html does not exist."),
        ("a wrong word", 'Invalid status_fail_on: "unkown" is not a word for a system. Did you mean unknown?'),
    ],
)
def test_what_cannot_be_is_refused_before_a_system_is_asked(status: Status, name: str, says: str) -> None:
    done = status.done[name]
    assert done.code == 2
    assert says.format(status.files) in done.of(CHECK)["msg"]
    assert status.asked[name] == 0
    assert not (status.files / "good.html").exists()


def test_a_check_writes_nothing(status: Status) -> None:
    assert f"{status.files}/check.html would be written" in status.done["check"].output
    assert not (status.files / "check.html").exists()


def test_a_book_that_cannot_be_read_is_told(status: Status) -> None:
    """It says nothing about windows then, and everything else is there."""
    done = status.done["a broken book"]
    (problem,) = done.of(REPORT)["problems"]
    assert problem.startswith("Could not read the record on the file ")
    assert f"! {problem}" in done.output
    assert json.loads((status.files / "broken.json").read_text(encoding="utf-8"))["problems"] == [problem]
    assert [row["system"] for row in status.rows("a broken book")] == ["idle"]


def test_the_example_of_the_module(status: Status) -> None:
    assert status.done["the example"].code == 0, status.done["the example"].output[-3000:]
    assert {file.name for file in status.lab.folder.glob("estate.*")} == {"estate.html", "estate.prom"}


def test_a_folder_that_is_gone_meanwhile_does_not_hide_the_table(status: Status) -> None:
    """A look at a large estate takes minutes: what it saw is said before a file of it fails."""
    _example, late = status.done["the example"].output.rsplit("SYSTEM ", 1)
    assert "none/late.html does not exist" in late
    assert status.done["the example"].output.count("SYSTEM ") == 2


def test_a_status_changes_nothing(status: Status) -> None:
    assert {host: counts["changed"] for host, counts in status.done["everything"].recap.items()} == dict.fromkeys(
        status.done["everything"].recap, 0
    )


@pytest.fixture(scope="module")
def for_programs(status: Status) -> tuple[list[Any], str]:
    """What a stdout callback for programs writes, by lines, and what stands beside it."""
    written, beside = run_apart(
        status.lab.folder,
        ROOT / "playbooks/status.yml",
        *("-i", str(status.lab.estate.inventory), "-l", "idle,mine"),
        *("-e", f"quiesce_store_path={status.records}", "-e", f"status_report={status.files}/programs.json"),
        environment={"ANSIBLE_STDOUT_CALLBACK": "lines_json"},
    )
    return [json.loads(line) for line in written.splitlines()], beside


def test_nothing_else_is_in_a_document_for_programs(for_programs: tuple[list[Any], str]) -> None:
    lines, beside = for_programs
    assert [row["system"] for line in lines for row in line.get("ok", {}).get("rows", ())][-2:] == ["mine", "idle"]
    assert "SYSTEM" in beside
    assert "written: " in beside


def test_the_next_job_is_told_the_summary(for_programs: tuple[list[Any], str]) -> None:
    """As AWX passes it to the next nodes of a workflow."""
    lines, _beside = for_programs
    told = lines[-1]["statistics"]["_run"]["quiesce_status"]
    assert told["headline"] == "Nothing needs attention"
    assert (told["counts"]["systems"], told["counts"]["maintenance"], told["attention"]) == (2, 1, [])
