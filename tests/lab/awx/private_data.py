"""What AWX lays out for ansible-runner before a job: variables, files of credentials, a slice of the inventory."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lab.awx.credentials import Tower

Json = dict[str, Any]


class _Unsafe(yaml.SafeDumper):
    """Marks each text as one that holds no template."""


_Unsafe.add_representer(str, lambda dumper, value: dumper.represent_scalar("!unsafe", value))


def _dump(name: str, value: Any, *, unsafe: bool) -> str:
    text: str = yaml.dump({name: value}, Dumper=_Unsafe if unsafe else yaml.SafeDumper, default_flow_style=False)
    return text


def extra_vars(job: Json, trusted: Mapping[str, Any], user: str = "admin") -> str:
    """The file env/extravars of a job: answers are text that is not templated, those of its template are."""
    about = {"job_id": job["id"], "user_name": user, "job_template_id": job["job_template"], "user_id": 1}
    given = json.loads(job["extra_vars"])
    given |= {f"{prefix}_{name}": value for prefix in ("awx", "tower") for name, value in about.items()}
    return "".join(
        _dump(name, value, unsafe=name not in trusted or trusted[name] != value) for name, value in given.items()
    )


@dataclass
class Injected:
    """What a credential adds to a run."""

    environment: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)


def inject(found: Iterable[tuple[Json, Json]], folder: Path) -> Injected:
    """Write the files of credentials (their types and inputs) into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    all_ = Injected()
    for type_, inputs in found:
        tower = Tower()
        names: Json = {"tower": tower, **{name: value for name, value in inputs.items() if value}}
        for each in type_["inputs"]["fields"]:
            if each.get("format") == "ssh_private_key" and each["id"] in names:
                names[each["id"]] = names[each["id"]].rstrip("\n") + "\n"
        several: dict[str, str] = {}
        for label, template in type_["injectors"].get("file", {}).items():
            path = _file(folder, _render(template, names))
            if "." in label:
                several[label.partition(".")[2]] = path
                tower.filename = several
            else:
                tower.filename = path
        for name, template in type_["injectors"].get("env", {}).items():
            all_.environment[name] = _render(template, names)
        variables = {name: _render(each, names) for name, each in type_["injectors"].get("extra_vars", {}).items()}
        if variables:
            text = "".join(_dump(name, value, unsafe=True) for name, value in variables.items())
            all_.arguments += ["-e", f"@{_file(folder, text)}"]
    return all_


def slice_of(inventory: Json, number: int, count: int) -> Json:
    """The part of an inventory (groups with hosts below "all") that slice ``number`` of ``count`` sees: every so many
    hosts in the order of their names, and no others."""
    groups: Json = inventory["all"]["children"]
    names = sorted({host for group in groups.values() for host in group["hosts"]})
    mine = set(names[number - 1 :: count])
    children = {
        name: {**group, "hosts": {host: values for host, values in group["hosts"].items() if host in mine}}
        for name, group in groups.items()
    }
    return {"all": {**inventory["all"], "children": children}}


def _render(template: str, names: Json) -> str:
    return ImmutableSandboxedEnvironment().from_string(template).render(names)


def _file(folder: Path, text: str) -> str:
    handle, name = tempfile.mkstemp(dir=folder)  # for its owner alone
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return name
