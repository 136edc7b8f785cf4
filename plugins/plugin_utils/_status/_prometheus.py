# Copyright (c) 2026 The quiesce.maintenance authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# This file is private to the collection.
"""The status for Prometheus, in its text format. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.quiesce.maintenance.plugins.module_utils._row import CHANGING, MAINTENANCE, NORMAL, UNKNOWN
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._attention import FOREIGN, OVERDUE
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._status._picture import Picture, System

Labels = dict[str, str]


@dataclass(frozen=True)
class Metric:
    """A gauge: its name, what it says, the samples of one system, and which of several values is the worst."""

    name: str
    says: str
    of: Callable[[System], Iterable[tuple[Labels, float]]]
    worst: Callable[[float, float], float] = max


def _mode(system: System) -> Iterator[tuple[Labels, float]]:
    if system.mode in (NORMAL, MAINTENANCE):
        yield {}, system.mode == MAINTENANCE


def _ends(system: System) -> Iterator[tuple[Labels, float]]:
    if not system.windows and system.expires:
        yield {"window": ""}, system.expires.timestamp()
    for window in system.windows:
        if window.expires:
            yield {"window": window.id}, window.expires.timestamp()


def _word(word: str) -> Callable[[System], Iterator[tuple[Labels, float]]]:
    def samples(system: System) -> Iterator[tuple[Labels, float]]:
        if system.mode != UNKNOWN:
            yield {}, word in system.attention

    return samples


def _ok(system: System) -> Iterator[tuple[Labels, float]]:
    yield {}, system.mode != UNKNOWN


METRICS = (
    Metric(
        "quiesce_maintenance_mode",
        "Whether maintenance mode is on (1) or off (0); no sample while it is between the two or not known.",
        _mode,
    ),
    Metric(
        "quiesce_window_expires_timestamp_seconds",
        "When a window has to be over, in seconds since 1970; no sample for a window without an end.",
        _ends,
        min,
    ),
    Metric("quiesce_overdue", "Whether a window of the system should be over (1).", _word(OVERDUE)),
    Metric("quiesce_foreign", "Whether maintenance mode is on without a window of ours (1).", _word(FOREIGN)),
    Metric("quiesce_changing", "Whether the system is between the two modes (1).", _word(CHANGING)),
    Metric("quiesce_status_ok", "Whether the system could be asked (1) or not (0).", _ok, min),
)
TAKEN = "quiesce_status_timestamp_seconds"


def write(picture: Picture) -> str:
    """Return the text of the file.

    No sample is there twice, since one such pair makes readers refuse the whole file: of several systems with one name
    the worst counts.
    """
    lines: list[str] = []
    for metric in METRICS:
        samples: dict[str, float] = {}
        for system in picture.systems:
            of_system = {"system": system.name, "kind": system.kind, "host": system.place}
            for labels, value in metric.of(system):
                sample = _labelled({**of_system, **labels})
                samples[sample] = metric.worst(samples.get(sample, value), value)
        lines += _head(metric.name, metric.says)
        lines += [f"{metric.name}{labels} {_number(value)}" for labels, value in samples.items()]
    lines += _head(TAKEN, "When this status was taken, in seconds since 1970.")
    lines.append(f"{TAKEN} {_number(picture.at.timestamp())}")
    return "\n".join(lines) + "\n"


def _head(name: str, says: str) -> list[str]:
    return [f"# HELP {name} {says}", f"# TYPE {name} gauge"]


def _labelled(labels: Labels) -> str:
    """Return labels as text. An empty one is as good as none."""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items() if value) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value))
