"""What the API knows: the kinds of objects, their fields, and what each field takes.

The fields are those of AWX 24.6 that a setup can set. What is not here the API ignores, as AWX does; ``Awx.ignored``
has it, so that a test notices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Json = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One field. ``type`` is a Python type, or "vars" for variables as text; ``to`` is the kind that an id is of."""

    type: type | str = str
    default: Any = None
    required: bool = False
    choices: tuple[Any, ...] = ()
    to: str = ""
    least: int | None = None
    read_only: bool = False


def needed(type_: type | str = str, **more: Any) -> Field:
    """A field without which nothing is created."""
    return Field(type_, required=True, **more)


def link(to: str, *, required: bool = False) -> Field:
    """The id of another object."""
    return Field(int, to=to, required=required)


def text() -> Field:
    """A text that may be empty."""
    return Field(str, "")


def flag(default: bool = False) -> Field:
    """Yes or no."""
    return Field(bool, default)


def number(default: int = 0, least: int = 0) -> Field:
    """A whole number."""
    return Field(int, default, least=least)


@dataclass(frozen=True)
class Kind:
    """A kind of objects: its type, its fields, what must be unique together, and its lists of other objects."""

    type: str
    fields: Mapping[str, Field]
    unique: tuple[str, ...] = ("name",)
    lists: Mapping[str, str] = field(default_factory=dict)
    description: bool = True


_NOTIFY = {f"notification_templates_{when}": "notification_templates" for when in ("started", "success", "error")}
_ASKS = (
    "scm_branch",
    "diff_mode",
    "variables",
    "limit",
    "tags",
    "skip_tags",
    "job_type",
    "verbosity",
    "inventory",
    "credential",
    "execution_environment",
    "forks",
    "job_slice_count",
    "labels",
    "timeout",
    "instance_groups",
)
_PROMPTS = {
    "inventory": link("inventories"),
    "limit": Field(str),
    "extra_data": Field(dict, {}),
    "execution_environment": link("execution_environments"),
    "job_type": Field(str, choices=("run", "check", "", None)),
    "verbosity": Field(int, choices=(0, 1, 2, 3, 4, 5, None)),
    "forks": Field(int),
    "job_slice_count": Field(int),
    "timeout": Field(int),
    "scm_branch": Field(str),
    "job_tags": Field(str),
    "skip_tags": Field(str),
    "diff_mode": Field(bool),
}
_SCM_UPDATES = ("", "git", "svn", "insights", "archive")

KINDS: dict[str, Kind] = {
    "instance_groups": Kind("instance_group", {"name": needed()}, description=False),
    "organizations": Kind(
        "organization",
        {"name": needed(), "max_hosts": number(), "default_environment": link("execution_environments")},
        lists={**_NOTIFY, "notification_templates_approvals": "notification_templates"},
    ),
    "execution_environments": Kind(
        "execution_environment",
        {
            "name": needed(),
            "image": needed(),
            "organization": link("organizations"),
            "credential": link("credentials"),
            "pull": Field(str, "", choices=("", "always", "missing", "never")),
            "managed": Field(bool, False, read_only=True),
        },
    ),
    "credential_types": Kind(
        "credential_type",
        {
            "name": needed(),
            "kind": needed(choices=("cloud", "net")),
            "inputs": Field(dict, {}),
            "injectors": Field(dict, {}),
            "managed": Field(bool, False, read_only=True),
        },
        unique=("name", "kind"),
    ),
    "credentials": Kind(
        "credential",
        {
            "name": needed(),
            "credential_type": link("credential_types", required=True),
            "organization": link("organizations"),
            "inputs": Field(dict, {}),
        },
        unique=("name", "organization", "credential_type"),
    ),
    "notification_templates": Kind(
        "notification_template",
        {
            "name": needed(),
            "organization": link("organizations", required=True),
            "notification_type": needed(choices=("email", "webhook")),
            "notification_configuration": Field(dict, {}),
            "messages": Field(dict),
        },
        unique=("name", "organization"),
    ),
    "projects": Kind(
        "project",
        {
            "name": needed(),
            "organization": link("organizations", required=True),
            "scm_type": Field(str, "", choices=_SCM_UPDATES),
            "scm_url": text(),
            "scm_branch": text(),
            "scm_refspec": text(),
            "scm_clean": flag(),
            "scm_delete_on_update": flag(),
            "scm_track_submodules": flag(),
            "scm_update_on_launch": flag(),
            "scm_update_cache_timeout": number(),
            "allow_override": flag(),
            "timeout": number(),
            "credential": link("credentials"),
            "default_environment": link("execution_environments"),
            "status": Field(str, "never updated", read_only=True),
            "scm_revision": Field(str, "", read_only=True),
        },
        unique=("name", "organization"),
        lists=_NOTIFY,
    ),
    "inventories": Kind(
        "inventory",
        {
            "name": needed(),
            "organization": link("organizations", required=True),
            "kind": Field(str, "", choices=("", "smart", "constructed")),
            "host_filter": Field(str),
            "variables": Field("vars", ""),
            "prevent_instance_group_fallback": flag(),
        },
        unique=("name", "organization"),
        lists={"instance_groups": "instance_groups"},
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            "name": needed(),
            "inventory": link("inventories", required=True),
            "source": needed(choices=("scm", "ec2", "azure_rm", "vmware", "openstack", "constructed")),
            "source_path": text(),
            "source_project": link("projects"),
            "source_vars": Field("vars", ""),
            "execution_environment": link("execution_environments"),
            "credential": link("credentials"),
            "overwrite": flag(),
            "overwrite_vars": flag(),
            "update_on_launch": flag(),
            "update_cache_timeout": number(),
            "verbosity": Field(int, 1, choices=(0, 1, 2)),
        },
        unique=("name", "inventory"),
        lists=_NOTIFY,
    ),
    "job_templates": Kind(
        "job_template",
        {
            "name": needed(),
            "job_type": Field(str, "run", choices=("run", "check")),
            "inventory": link("inventories"),
            "project": link("projects", required=True),
            "organization": Field(int, to="organizations", read_only=True),  # that of the project
            "playbook": needed(),
            "execution_environment": link("execution_environments"),
            "forks": number(),
            "limit": text(),
            "verbosity": Field(int, 0, choices=(0, 1, 2, 3, 4, 5)),
            "extra_vars": Field("vars", ""),
            "job_tags": text(),
            "skip_tags": text(),
            "timeout": number(),
            "use_fact_cache": flag(),
            "become_enabled": flag(),
            "diff_mode": flag(),
            "allow_simultaneous": flag(),
            "job_slice_count": number(1, 1),
            "survey_enabled": flag(),
            **{f"ask_{what}_on_launch": flag() for what in _ASKS},
        },
        unique=("name", "organization"),
        lists={"credentials": "credentials", "instance_groups": "instance_groups", **_NOTIFY},
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            "name": needed(),
            "organization": link("organizations"),
            "inventory": link("inventories"),
            "limit": Field(str),
            "extra_vars": Field("vars", ""),
            "allow_simultaneous": flag(),
            "survey_enabled": flag(),
            **{f"ask_{what}_on_launch": flag() for what in ("variables", "limit", "inventory", "scm_branch", "labels")},
        },
        unique=("name", "organization"),
        lists={**_NOTIFY, "notification_templates_approvals": "notification_templates"},
    ),
    "workflow_approval_templates": Kind(
        "workflow_approval_template", {"name": needed(), "timeout": number()}, unique=()
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            "identifier": Field(str),
            "workflow_job_template": link("workflow_job_templates", required=True),
            "unified_job_template": Field(int, to="unified_job_templates"),
            "all_parents_must_converge": flag(),
            **_PROMPTS,
        },
        unique=("identifier", "workflow_job_template"),
        lists={f"{when}_nodes": "workflow_job_template_nodes" for when in ("success", "failure", "always")},
        description=False,
    ),
    "schedules": Kind(
        "schedule",
        {
            "name": needed(),
            "unified_job_template": Field(int, required=True, to="unified_job_templates"),
            "rrule": needed(),
            "enabled": flag(True),
            **_PROMPTS,
        },
        unique=("name", "unified_job_template"),
    ),
    "jobs": Kind("job", {}, unique=()),
    "project_updates": Kind("project_update", {}, unique=()),
}

TEMPLATES = ("job_templates", "workflow_job_templates", "workflow_approval_templates", "projects", "inventory_sources")
"""What the API calls unified job templates."""


def faults(kind: Kind, given: Mapping[str, Any], *, creating: bool) -> dict[str, list[str]]:
    """What is wrong with the values for an object, by field; ids are looked up by the server."""
    found: dict[str, list[str]] = {}
    for name, each in kind.fields.items():
        if each.read_only:
            continue
        if name not in given:
            if creating and each.required:
                found[name] = ["This field is required."]
            continue
        if said := _fault(each, given[name]):
            found[name] = [said]
    return found


def _fault(each: Field, value: Any) -> str:
    if value is None:
        return "This field may not be null." if each.required or each.default is not None else ""
    if each.type == "vars":
        return "" if variables(value) is not None else "Must be valid JSON or YAML."
    if each.required and value == "":
        return "This field may not be blank."
    if each.choices and value not in each.choices:
        return f'"{value}" is not a valid choice.'
    assert isinstance(each.type, type)
    if not isinstance(value, each.type) or (each.type is int and isinstance(value, bool)):
        return f"Not a valid {each.type.__name__}."
    if each.least is not None and isinstance(value, int) and value < each.least:
        return f"Ensure this value is greater than or equal to {each.least}."
    return ""


def variables(value: Any) -> Json | None:
    """Variables that are given as text, None if they are none."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        return None
    try:
        found = json.loads(value) if value.strip().startswith("{") else yaml.safe_load(value or "{}")
    except (ValueError, yaml.YAMLError):
        return None
    return found if isinstance(found, dict) else None
