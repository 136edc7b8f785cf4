"""Credential types: what form inputs and injectors have, and what a credential is made of by them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jsonschema
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Json = dict[str, Any]

HIDDEN = "$encrypted$"

_NAME = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"
_FIELD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "label"],
    "properties": {
        "type": {"enum": ["string", "boolean"]},
        "format": {"enum": ["ssh_private_key", "url"]},
        "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
        "id": {"type": "string", "pattern": _NAME},
        "label": {"type": "string"},
        "help_text": {"type": "string"},
        "multiline": {"type": "boolean"},
        "secret": {"type": "boolean"},
        "ask_at_runtime": {"type": "boolean"},
        "default": {},
    },
}
_INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {"type": "array", "items": _FIELD},
    },
}


def _only(pattern: str, value: Json) -> Json:
    return {"type": "object", "additionalProperties": False, "patternProperties": {pattern: value}}


_INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file": _only(r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$", {"type": "string"}),
        "env": _only(_NAME, {"type": "string", "pattern": "^[\x00-\x7f]*$"}),
        "extra_vars": _only(r"^[a-zA-Z_\{\}]+[a-zA-Z0-9_\{\}]*$", {"type": ["string", "array", "object"]}),
    },
}
_BLOCKED = {"VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "AWX_HOST", "PROJECT_REVISION"}


class Tower:
    """What injectors see as ``tower``."""

    filename: Any


def type_faults(inputs: Json, injectors: Json) -> dict[str, list[str]]:
    """What is wrong with a credential type, by field."""
    for name, schema, value in (("inputs", _INPUTS, inputs), ("injectors", _INJECTORS, injectors)):
        errors = [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(value)]
        if errors:
            return {name: errors}
    ids = [each["id"] for each in inputs.get("fields", [])]
    if "tower" in ids or len(ids) != len(set(ids)):
        return {"inputs": ["field IDs must be unique, and none tower"]}
    for each in inputs.get("fields", []):
        each.setdefault("type", "string")
        if each["type"] == "boolean" and {"choices", "multiline", "format", "secret"} & set(each):
            return {"inputs": [f"{each['id']} has what a boolean cannot have"]}
    if set(inputs.get("required", [])) - set(ids):
        return {"inputs": ["a required field is no field"]}
    if blocked := [name for name in injectors.get("env", {}) if name in _BLOCKED or name.startswith("ANSIBLE_")]:
        return {"injectors": [f"Environment variable {blocked[0]} is not allowed to be used in credentials."]}
    said = _template_faults(ids, injectors)
    return {"injectors": said} if said else {}


def _template_faults(ids: list[str], injectors: Json) -> list[str]:
    names = list(injectors.get("file", {}))
    tower = Tower()
    if "template" in names:
        if len(names) > 1:
            return ["Must use multi-file syntax when injecting multiple files"]
        tower.filename = "EXAMPLE"
    elif names:
        tower.filename = {name.partition(".")[2]: "EXAMPLE" for name in names}
    example = {**dict.fromkeys(ids, "EXAMPLE"), "tower": tower}
    found = []
    for kind, injector in injectors.items():
        for key, template in injector.items():
            try:
                ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(str(template)).render(example)
            except TemplateError as error:
                found.append(f"{kind} {key}: {error}")
    return found


def input_faults(type_: Json, inputs: Json) -> dict[str, list[str]]:
    """What is wrong with the inputs of a credential."""
    fields = {each["id"]: each for each in type_["inputs"].get("fields", [])}
    if unknown := set(inputs) - set(fields):
        return {"inputs": [f"Additional properties are not allowed ({', '.join(sorted(unknown))})"]}
    types: dict[str, type] = {"string": str, "boolean": bool}
    wrong = [name for name, value in inputs.items() if not isinstance(value, types[fields[name]["type"]])]
    keys = [
        name
        for name, value in inputs.items()
        if fields[name].get("format") == "ssh_private_key" and value and value != HIDDEN
    ]
    wrong += [name for name in keys if not re.match(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", inputs[name])]
    return {"inputs": [f"Invalid: {', '.join(wrong)}"]} if wrong else {}


def shown(type_: Json, inputs: Mapping[str, Any]) -> Json:
    """The inputs as the API shows them."""
    secret = {each["id"] for each in type_["inputs"].get("fields", []) if each.get("secret")}
    return {name: HIDDEN if name in secret and value else value for name, value in inputs.items()}
