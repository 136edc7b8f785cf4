"""Surveys: what form a specification has, and which answers it takes. Answers to text questions are always text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": (str, list),
    "integer": int,
    "float": (float, int),
}
_NEEDED: dict[str, type] = {"type": str, "question_name": str, "variable": str, "required": bool}


def fault(spec: Any) -> str:
    """What is wrong with a specification; empty if nothing is."""
    for name, type_ in {"name": str, "description": str, "spec": list}.items():
        if name not in spec:
            return f"Field '{name}' is missing from survey spec."
        if not isinstance(spec[name], type_):
            return f"Expected {type_.__name__} for field '{name}'."
    if not spec["spec"]:
        return "'spec' doesn't contain any items."
    seen: set[str] = set()
    for number, question in enumerate(spec["spec"]):
        said = _question_fault(question)
        if not said and question["variable"] in seen:
            said = f"'{question['variable']}' is duplicated"
        if said:
            return f"Survey question {number}: {said}"
        seen.add(question["variable"])
    return ""


def _question_fault(question: Any) -> str:
    if not isinstance(question, dict):
        return "it is no object"
    for name, type_ in _NEEDED.items():
        if not isinstance(question.get(name), type_):
            return f"'{name}' is missing, or no {type_.__name__}"
    if question["type"] not in _TYPES:
        return f"'{question['type']}' is no allowed type"
    default = question.get("default", "")
    if default != "" and not isinstance(default, _TYPES[question["type"]]):
        return f"the default {default!r} has the wrong type"
    for limit in ("min", "max"):
        if question.get(limit) is not None and not isinstance(question[limit], int):
            return f"the {limit} limit is no integer"
    if question["type"].startswith("multi"):
        choices = _choices(question)
        if not choices:
            return "it has no choices"
        given = default.splitlines() if isinstance(default, str) else default
        if any(each not in choices for each in given):
            return "the default is no choice"
    return ""


def answer_faults(spec: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """What is wrong with the answers to a survey."""
    return [said for question in spec.get("spec", ()) if (said := _answer_fault(question, answers))]


def with_defaults(spec: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers, and the defaults of the questions that were not answered, blank ones too, where they are allowed."""
    defaults = {
        question["variable"]: question["default"]
        for question in spec.get("spec", ())
        if question.get("default") is not None
        and not _answer_fault(question, {question["variable"]: question["default"]})
    }
    return {**defaults, **answers}


def _answer_fault(question: Mapping[str, Any], answers: Mapping[str, Any]) -> str:
    name, type_ = question["variable"], question["type"]
    if name not in answers:
        return f"'{name}' value missing" if question["required"] else ""
    value = answers[name]
    expected = list if type_ == "multiselect" else _TYPES[type_]
    if not isinstance(value, expected) or isinstance(value, bool):
        return f"Value {value} for '{name}' expected to be of the type of {type_}."
    if type_.startswith("multi"):
        given = value if isinstance(value, list) else [value]
        return "" if all(each in _choices(question) for each in given) else f"Value {value} for '{name}' is no choice."
    size = len(value) if isinstance(value, str) else value
    if question.get("min") not in ("", None) and size < question["min"]:
        return f"'{name}' value {value} is too small."
    if question.get("max") not in ("", None) and size > question["max"]:
        return f"'{name}' value {value} is too large."
    return ""


def _choices(question: Mapping[str, Any]) -> list[str]:
    choices = question.get("choices") or []
    return [each for each in choices.splitlines() if each.strip()] if isinstance(choices, str) else list(choices)
