"""What every registered system says of itself: entry in the register, modules and their pages, action group, role,
guide."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ansible_collections.quiesce.maintenance.plugins.module_utils._failure import Invalid
from ansible_collections.quiesce.maintenance.plugins.module_utils._window_options import judge
from ansible_collections.quiesce.maintenance.plugins.plugin_utils._register import WAVES, register

from contract.lab_system import lab_system
from contract.runs import NAMES, role_options
from playbook import ROOT
from role_spec import REWRITTEN, TASK_ONLY, own_options, secrets_of
from role_spec import text as role_spec_text

COLLECTION = "quiesce.maintenance"
SECRET = re.compile(r"password|passwd|pwd|secret|token|api_?key|private_key|credential")
NO_SECRETS = ("_file", "_header")  # where one is, not what it is


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a registered system."""
    return str(request.param)


def read(path: str) -> str:
    """A file below the root."""
    file = ROOT / path
    assert file.is_file(), f"{path} is missing"
    return file.read_text(encoding="utf-8")


@cache
def pages() -> dict[str, dict[str, Any]]:
    """What ansible-doc says of the modules of all systems, by their full names."""
    names = [module for system in register().values() for module in (system.module, system.info_module)]
    program = str(Path(sys.executable).with_name("ansible-doc"))
    done = subprocess.run(
        [program, "--type", "module", "--json", *names], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def pages_of(name: str) -> list[dict[str, Any]]:
    """The pages of a system's module and info module."""
    return [pages()[module] for module in (register()[name].module, register()[name].info_module)]


def options_of(page: Mapping[str, Any]) -> dict[str, Any]:
    """The documented options."""
    options: dict[str, Any] = page["doc"]["options"]
    return options


# --- the register -----------------------------------------------------------------------------------------------------


def test_the_lab_has_one(name: str) -> None:
    """Or the message says which file is missing."""
    assert lab_system(name).REFUSAL


def test_the_entry(name: str) -> None:
    """Names that follow from the system's; a wave; a kind that fits the table and is its own."""
    system = register()[name]
    assert re.fullmatch(r"[a-z][a-z0-9]*", name)
    assert system.wave in WAVES
    assert re.fullmatch(rf"{re.escape(COLLECTION)}\.{name}_[a-z_]+", system.module)
    assert system.info_module == f"{system.module}_info"
    assert system.title
    assert 0 < len(system.kind) <= 12
    assert [each.name for each in register().values() if each.kind == system.kind] == [name]
    assert bool(system.manager) == bool(system.members)
    variables = [*filter(None, (system.manager, system.members, system.member)), *system.others, *system.task_files]
    assert set(variables) <= set(role_options(name))


def test_every_role_is_of_a_registered_system() -> None:
    """Besides, there is the role with the steps of a change window."""
    assert sorted([*NAMES, "window"]) == sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


@pytest.mark.parametrize("file", REWRITTEN)
def test_what_follows_from_the_register_is_written(file: str) -> None:
    """``make role-spec`` was run when it changed."""
    assert REWRITTEN[file](read(file)) == read(file)


# --- modules ----------------------------------------------------------------------------------------------------------


def test_both_modules_are_in_the_action_group(name: str) -> None:
    groups = yaml.safe_load(read("meta/runtime.yml"))["action_groups"]
    modules = [module.rpartition(".")[2] for module in (register()[name].module, register()[name].info_module)]
    assert set(modules) <= set(groups.get(name, ()))


def test_both_modules_have_a_face_on_the_controller(name: str) -> None:
    """The playbooks run the action plugins."""
    for module in (register()[name].module, register()[name].info_module):
        found = importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.action.{module.rpartition('.')[2]}")
        assert set(found.ActionModule.argument_spec()) == set(options_of(pages()[module]))


def test_what_is_refused_before_the_first_wave_is_no_default(name: str) -> None:
    """Times are found by their names, whichever system has them."""
    options = options_of(pages()[register()[name].module])
    judge({each: option.get("default") for each, option in options.items()})
    with pytest.raises(Invalid, match="is not a duration"):
        judge({each: "5x" for each in options if each == "duration" or each.endswith("_timeout")})


def test_the_pages_are_complete(name: str) -> None:
    """What every module owes is in tests/unit/test_collection.py; these say besides what was not verified, and each
    names the other."""
    of_module, of_info = pages_of(name)
    for page, other in ((of_module, register()[name].info_module), (of_info, register()[name].module)):
        assert page["doc"]["notes"]
        assert other in [entry.get("module") for entry in page["doc"]["seealso"]]
        assert f"{COLLECTION}.{name}" in page["examples"]
    assert options_of(of_module)["state"]["choices"] == ["enabled", "disabled"]
    assert "state" not in options_of(of_info)


def test_the_info_module_takes_the_variables_of_the_module(name: str) -> None:
    """What reaches one reaches the other."""
    of_module, of_info = (options_of(page) for page in pages_of(name))
    assert set(of_info) <= set(of_module)
    assert [option for option in of_info if of_info[option].get("default") != of_module[option].get("default")] == []


def test_the_documented_row_is_one(name: str) -> None:
    """A sample is a whole row."""
    schema = json.loads(read("docs/row.schema.json"))
    for page in pages_of(name):
        shown = sample(page["return"]["status"])
        for row in shown if isinstance(shown, list) else [shown]:
            jsonschema.validate(row, schema, format_checker=jsonschema.FormatChecker())
            assert row["kind"] == register()[name].kind
            assert {"system", "mode", "verified", "notes"} <= set(row)


def sample(returned: Mapping[str, Any]) -> Any:
    """The sample of a documented value, put together from those below it if it has none itself."""
    if inner := returned.get("contains"):
        whole = {key: sample(value) for key, value in inner.items()}
        return [whole] if returned["type"] == "list" else whole
    return returned["sample"]


# --- role and guide ---------------------------------------------------------------------------------------------------


def test_the_role_has_the_options_of_the_module(name: str) -> None:
    """``make role-spec`` was run when they changed."""
    assert role_spec_text(name, secrets_of(name)) == read(f"roles/{name}/meta/argument_specs.yml")
    options = options_of(pages()[register()[name].module])
    assert set(role_options(name)) == {f"{name}_{option}" for option in options if option not in TASK_ONLY} | {
        *own_options(name)
    }


def test_the_contract_of_the_role(name: str) -> None:
    state = role_options(name)[f"{name}_state"]
    assert (state["choices"], state["default"]) == (["enabled", "disabled", "status"], "status")
    # What is an option of the module has its default there; the playbooks say for all systems what is to be done.
    defaults = yaml.safe_load(read(f"roles/{name}/defaults/main.yml"))
    assert defaults == {f"{name}_state": "{{ quiesce_state | default('status') }}"}
    for option, entry in role_options(name).items():
        assert option.startswith(f"{name}_")
        assert entry["description"], option
        assert entry["type"], option
        assert not (entry.get("required") and "default" in entry), option


def test_the_role_logs_no_secret(name: str) -> None:
    options = role_options(name).items()
    secrets = [option for option, _entry in options if SECRET.search(option) and not option.endswith(NO_SECRETS)]
    assert [option for option in secrets if role_options(name)[option].get("no_log") is not True] == []


def test_the_readme_of_the_role(name: str) -> None:
    """galaxy-importer refuses a collection with a role that has none."""
    readme = read(f"roles/{name}/README.md")
    for word in (f"{name}_state", f"{name}_status", f"{COLLECTION}.{name}", f"docs/{name}.md"):
        assert word in readme


def test_the_guide(name: str) -> None:
    """It speaks of module and role, and is found from the README."""
    guide = read(f"docs/{name}.md")
    assert guide.startswith("# ")
    assert register()[name].module.rpartition(".")[2] in guide
    assert f"](docs/{name}.md)" in read("README.md")
