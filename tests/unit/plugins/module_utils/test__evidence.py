"""The evidence of a window: what follows what, and that a change by other hands is noticed."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils import _store_file
from ansible_collections.quiesce.maintenance.plugins.module_utils._evidence import (
    Entry,
    Evidence,
    appended,
    digest,
    first_broken,
    lines_of,
)
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Failure
from ansible_collections.quiesce.maintenance.plugins.module_utils._store import FileStore
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 30, 21, 0, tzinfo=timezone.utc)
ENTRIES = st.lists(
    st.builds(Entry, st.text(), st.dictionaries(st.text().filter(lambda key: key.startswith("x")), st.text())),
    max_size=5,
)


def evidence(folder: Path, ask: Any = _store_file.serve) -> Evidence:
    return Evidence(FileStore("CHG1.jsonl", str(folder), ask), lambda _seconds: None)


@given(ENTRIES, ENTRIES)
def test_lines_follow_each_other(first: list[Entry], second: list[Entry]) -> None:
    text = appended(appended(None, first, NOW), second, NOW)
    assert first_broken(text) is None
    read = [json.loads(line) for line in lines_of(text)]
    assert [each["event"] for each in read] == [entry.event for entry in (*first, *second)]
    assert [each["line"] for each in read] == list(range(1, len(read) + 1))


@given(ENTRIES.filter(lambda entries: len(entries) > 1), st.data())
def test_a_change_breaks_the_line_after_it(entries: list[Entry], data: st.DataObject) -> None:
    lines = lines_of(appended(None, entries, NOW))
    changed = data.draw(st.integers(0, len(lines) - 2))
    lines[changed] = json.dumps({**json.loads(lines[changed]), "event": "something else happened"})
    assert first_broken("\n".join(lines) + "\n") == changed + 2


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        pytest.param(lambda lines: lines[1:], 1, id="the first line is gone"),
        pytest.param(lambda lines: [lines[0], lines[2]], 2, id="one is left out"),
        pytest.param(lambda lines: [lines[0], lines[0], *lines[1:]], 2, id="one is there twice"),
        pytest.param(lambda lines: [lines[1], lines[0], lines[2]], 1, id="another order"),
        pytest.param(lambda lines: [*lines, "no JSON"], 4, id="no JSON"),
        pytest.param(lambda lines: [*lines, '"text"'], 4, id="no object"),
        pytest.param(lambda lines: [*lines, ""], 4, id="an empty line"),
        pytest.param(lambda lines: lines, None, id="as it was"),
    ],
)
def test_what_is_noticed(change: Any, broken: int | None) -> None:
    lines = lines_of(appended(None, [Entry("opened"), Entry("worked"), Entry("closed")], NOW))
    assert first_broken("".join(f"{line}\n" for line in change(lines))) == broken


def test_the_digest_is_that_of_sha256sum(tmp_path: Path) -> None:
    line = lines_of(appended(None, [Entry("opened", {"reason": "Größe"})], NOW))[0]
    said = subprocess.run(["sha256sum"], input=f"{line}\n".encode(), capture_output=True, check=True).stdout
    assert digest(line) == said.decode().split()[0]


def test_a_file_grows(tmp_path: Path) -> None:
    first, second = evidence(tmp_path), evidence(tmp_path)
    first.add(Entry("opened", {"owner": "ann"}))
    second.add(Entry("worked"), Entry("closed"))
    text = (tmp_path / "CHG1.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["event"] for line in lines_of(text)] == ["opened", "worked", "closed"]
    assert first_broken(text) is None
    assert second.last_digest == digest(lines_of(text)[-1])
    assert (tmp_path / "CHG1.jsonl").stat().st_mode & 0o777 == 0o600


def test_two_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    def in_between(request: dict[str, Any]) -> dict[str, Any]:
        if "after" in request and not (tmp_path / "CHG1.jsonl").exists():
            evidence(tmp_path).add(Entry("of another run"))
        return _store_file.serve(request)

    evidence(tmp_path, in_between).add(Entry("of this run"))
    text = (tmp_path / "CHG1.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["event"] for line in lines_of(text)] == ["of another run", "of this run"]
    assert first_broken(text) is None


def test_an_answer_that_was_lost_is_not_written_twice(tmp_path: Path) -> None:
    lost = iter([True])

    def loses(request: dict[str, Any]) -> dict[str, Any]:
        answer = _store_file.serve(request)
        return {**answer, "error": "conflict"} if "after" in request and next(lost, False) else answer

    evidence(tmp_path, loses).add(Entry("opened"))
    assert len(lines_of((tmp_path / "CHG1.jsonl").read_text(encoding="utf-8"))) == 1


def test_a_changed_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "CHG1.jsonl"
    file.write_text('{"line": 1, "event": "opened", "previous": "x"}\n', encoding="utf-8")
    with pytest.raises(Failure, match="line 1 does not follow"):
        evidence(tmp_path).add(Entry("closed"))
    assert len(lines_of(file.read_text(encoding="utf-8"))) == 1
