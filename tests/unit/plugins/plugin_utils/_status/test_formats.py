"""The status for programs, spreadsheets, Prometheus and pipelines; each read by a reader that nobody here wrote."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest
from ansible_collections.quiesce.maintenance.plugins.module_utils._records import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._text import one_line
from ansible_collections.quiesce.maintenance.plugins.module_utils._window import Window
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status import _csv, _json, _markdown, _prometheus
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._markdown import escaped
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import Picture, Selection, picture
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from referencing import Registry, Resource

from fakes.status import HOSTILE, HOUR, NOW, calm, evening, hostile, on, placed, thousand
from playbook import ROOT

EACH = pytest.mark.parametrize("draw", [evening, calm, thousand, hostile])
Draw = Callable[[], Picture]
F_O = ("d365fo", "D365 F&O")
TEXTS = st.text(max_size=40) | st.text(alphabet="=+-@\t\r\n|`*_[]()<>&!#\\\"'~:/w.@ a1", max_size=30)


# --- JSON -------------------------------------------------------------------------------------------------------------


def schema(name: str) -> Any:
    return json.loads((ROOT / f"docs/{name}.schema.json").read_text(encoding="utf-8"))


@EACH
def test_json_is_as_its_schema_says(draw: Draw) -> None:
    registry: Registry[Any] = Registry().with_resource("row.schema.json", Resource.from_contents(schema("row")))
    validator = jsonschema.Draft202012Validator(
        schema("status"), registry=registry, format_checker=jsonschema.FormatChecker()
    )
    text = _json.write(draw())
    assert text.isascii()
    validator.validate(json.loads(text))


def test_json_has_the_texts_as_they_came() -> None:
    rows = json.loads(_json.write(hostile()))["systems"]
    assert HOSTILE in [row["owner"] for row in rows]
    assert any("\ud800" in note for row in rows for note in row["notes"])


# --- CSV --------------------------------------------------------------------------------------------------------------


def cells(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.encode("utf-8").decode("utf-8-sig"), newline="")))


@EACH
def test_csv_has_a_line_for_each_system(draw: Draw) -> None:
    drawn = draw()
    text = _csv.write(drawn)
    assert text.startswith("\ufeffsystem,kind,host,mode,")
    assert text.count("\r\n") == len(drawn.systems) + 1
    assert [line["mode"] for line in cells(text)] == [system.mode for system in drawn.systems]


def test_csv_of_a_window() -> None:
    line = next(line for line in cells(_csv.write(evening())) if line["system"] == "fo-prod-aos1")
    assert line == {
        "system": "fo-prod-aos1",
        "kind": "D365 F&O",
        "host": "",
        "mode": "maintenance",
        "verified": "yes",
        "attention": "",
        "since": "2026-11-30T20:05:00Z",
        "expires": "2026-11-30T23:05:00Z",
        "windows": "CHG0042517",
        "owner": "Anna Keller",
        "reason": "Quarterly update of Finance + Operations, 10.0.46",
        "ticket": "CHG0042517",
        "usually_enabled_seconds": "372",
        "usually_disabled_seconds": "418",
        "notes": "",
    }


@given(name=TEXTS, owner=TEXTS, note=TEXTS)
def test_no_cell_is_a_formula(name: str, owner: str, note: str) -> None:
    window = Window("1", NOW - HOUR, owner, owner, owner)
    lines = cells(_csv.write(picture([on(name, "launch", name, window, host=name, notes=(note,))], {}, NOW)))
    assert len(lines) == 1
    assert [cell for cell in lines[0].values() if re.match(r"[=+\-@＝＋－＠\t\r\n]", cell)] == []


# --- Prometheus -------------------------------------------------------------------------------------------------------


@EACH
def test_promtool_has_nothing_to_say(draw: Draw) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=_prometheus.write(draw()).encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def samples(drawn: Picture) -> dict[str, str]:
    lines = [line.rpartition(" ") for line in _prometheus.write(drawn).splitlines() if not line.startswith("#")]
    return {sample: value for sample, _blank, value in lines}


def test_metrics() -> None:
    found = samples(evening())
    aos, web, lost = 'system="fo-prod-aos1",kind="D365 F&O"', 'kind="Trend AC",host="dsm01"', 'system="fo-dev09",kind'
    assert found[f"quiesce_maintenance_mode{{{aos}}}"] == "1"
    assert found[f'quiesce_window_expires_timestamp_seconds{{{aos},window="CHG0042517"}}'] == "1796079900"
    assert found[f'quiesce_overdue{{system="web01",{web}}}'] == "1"
    assert found[f'quiesce_overdue{{system="web04",{web}}}'] == "0"
    assert found['quiesce_foreign{system="Contoso UAT",kind="F&O unified"}'] == "1"
    assert found["quiesce_status_timestamp_seconds"] == "1796075100"
    assert {name: value for name, value in found.items() if lost in name} == {
        'quiesce_status_ok{system="fo-dev09",kind="D365 F&O"}': "0"
    }, "of what is not known nothing is claimed"
    assert 'quiesce_maintenance_mode{system="fo-dev08",kind="D365 F&O"}' not in found, "it is between the two"


def test_two_systems_of_one_name_are_one_sample() -> None:
    """Node exporter would refuse the whole file for a sample that is there twice. What is overdue counts."""
    window = Window("1", NOW - HOUR, expires=NOW - HOUR / 2)
    rows = [placed("web01", *F_O), on("web01", *F_O, window, overdue=True), placed("web01", *F_O)]
    text = _prometheus.write(picture(rows, {}, NOW))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len({line.rsplit(" ", 1)[0] for line in lines}) == len(lines)
    assert 'quiesce_overdue{system="web01",kind="D365 F&O"} 1' in lines


def test_of_systems_of_one_name_the_worst_counts() -> None:
    """One that is overdue does not hide another that could not be asked, or is on without a window."""
    window = Window("1", NOW - HOUR, expires=NOW - HOUR / 2)
    rows = [
        on("25 computers", *F_O, window, overdue=True),
        placed("25 computers", *F_O, mode="unknown"),
        placed("25 computers", *F_O, mode="maintenance", managed=False),
        placed("25 computers", *F_O, mode="changing", verified=False),
        placed("25 computers", *F_O),
    ]
    found = samples(picture(rows, {}, NOW))
    of_all = '{system="25 computers",kind="D365 F&O"}'
    assert found[f"quiesce_status_ok{of_all}"] == "0"
    assert [found[f"quiesce_{word}{of_all}"] for word in ("overdue", "foreign", "changing", "maintenance_mode")] == [
        "1",
        "1",
        "1",
        "1",
    ]


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_labels_can_be_read_again(names: list[str]) -> None:
    text = _prometheus.write(picture([placed(name, *F_O) for name in names], {}, NOW))
    sample = re.compile(r'\w+(\{\w+="(\\[\\n"]|[^\\"\n])*"(,\w+="(\\[\\n"]|[^\\"\n])*")*\})? -?\d+')
    assert [line for line in text.splitlines() if not (line.startswith("# ") or sample.fullmatch(line))] == []


# --- Markdown ---------------------------------------------------------------------------------------------------------

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})


class Seen(HTMLParser):
    """What a browser shows of it, and which elements there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@EACH
def test_markdown_is_made_of_headings_tables_and_texts(draw: Draw) -> None:
    seen = Seen(MARKDOWN.render(_markdown.write(draw())))
    assert seen.elements <= {"h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}


def test_markdown_shows_hostile_texts_as_they_are() -> None:
    seen = Seen(MARKDOWN.render(_markdown.write(hostile())))
    assert seen.text.count(HOSTILE) >= 8


@given(TEXTS.map(one_line))
def test_markdown_shows_every_text_as_it_is(line: str) -> None:
    seen = Seen(MARKDOWN.render(f"| a | b |\n| --- | --- |\n| {escaped(line)} | end |\n"))
    assert seen.elements == {"table", "thead", "tbody", "tr", "th", "td"}
    assert "".join(seen.text.split()) == "ab" + "".join(line.split()) + "end"


def test_markdown_of_an_evening() -> None:
    text = _markdown.write(evening())
    assert "| web01 (dsm01), web02 (dsm01), web03 (dsm01) | 20:33, over for 1 h 12 min |" in text
    assert "| fo-dev07 | no end |" in text
    assert "| in 1 h 20 min" not in text
    assert "23:05, in 1 h 20 min |" in text


def test_markdown_without_a_system_does_not_say_that_all_is_well() -> None:
    text = _markdown.write(picture([], {}, NOW, selection=Selection(windows=("CHG0O42",))))
    assert "**No system is in this report**" in text
    assert "normal operation." not in text
    assert "window CHG0O42" in text


def test_markdown_of_a_window_that_is_over_and_on_no_system() -> None:
    over = Window("CHG7", NOW - 2 * HOUR, expires=NOW - HOUR)
    text = _markdown.write(picture([placed("a", *F_O)], {"CHG7": Record((over,))}, NOW))
    assert "| on no system |" in text
    assert "over for 1 h |" in text


def test_markdown_of_a_thousand_fits_a_summary() -> None:
    """GitHub takes 1 MiB of a step."""
    assert len(_markdown.write(thousand()).encode()) < 50_000
