"""Plans in short words, and what a system looks like after one was carried out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._database import Reading
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._look import Seen
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._record import Record
from ansible_collections.quiesce.maintenance.plugins.module_utils._d365fo._steps import (
    ControlServices,
    RunScript,
    RunSetupTool,
    Step,
    WriteRecord,
)

from fakes.system import AOS, service

_TITLES = {
    "record the window": "record",
    "record the planned change": "announce",
    "turn maintenance mode on in the database": "set",
    "turn maintenance mode off in the database": "set",
    "turn maintenance mode on with the setup tool": "tool",
    "turn maintenance mode off with the setup tool": "tool",
    "turn maintenance mode on with the script": "script",
    "turn maintenance mode off with the script": "script",
    "verify that maintenance mode is on in the database": "see",
    "verify that maintenance mode is off in the database": "see",
    "synchronise the database with the setup tool": "sync",
    "restart W3SVC": "restart",
    "start W3SVC": "start-iis",
    f"wait for {AOS}": "wait",
    "record that it is in effect": "effect",
    "record the end of the run": "end",
    "remove the record": "drop",
    "close the window": "close",
}


def words(steps: Iterable[Step]) -> str:
    """The titles of the steps, a word each; a title that is not known is shown as it is."""
    return " ".join(_word(step.title) for step in steps) or "-"


def _word(title: str) -> str:
    verb = title.partition(" ")[0]
    title = title.partition("; still open")[0]
    return _TITLES.get(title) or (verb if verb in ("stop", "start") else f"<{title}>")


def written(steps: Iterable[Step]) -> list[WriteRecord]:
    """The steps that write the record."""
    return [step for step in steps if isinstance(step, WriteRecord)]


def carried_out(seen: Seen, steps: Iterable[Step]) -> Seen:
    """What the next look sees when everything went as planned."""
    for step in steps:
        reading, services = seen.reading, dict(seen.findings.services)
        if isinstance(step, WriteRecord):
            reading = _stored(replace(reading, mode=step.mode or reading.mode), step.record)
        elif isinstance(step, RunScript):
            reading = replace(reading, mode=step.state)
        elif isinstance(step, RunSetupTool):
            mode = {"true": "enabled", "false": "disabled"}
            reading = replace(
                reading, mode=mode.get(dict(step.parameters).get("isinmaintenancemode", ""), reading.mode)
            )
        elif isinstance(step, ControlServices):
            states = {
                name: {"stop": "stopped", "start": "running"}[control.action]
                for control in step.controls
                for name in control.names
            }
            services |= {
                name: replace(service(name, state), start_type=services[name].start_type)
                for name, state in states.items()
                if name in services
            }
        seen = replace(seen, findings=replace(seen.findings, reading=reading, services=services))
    return seen


def _stored(reading: Reading, record: Record | None) -> Reading:
    return replace(reading, record=record, stored=record.text() if record else None)
