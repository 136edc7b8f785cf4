"""What the collection says of itself is true: documentation, argument specs, action groups, layers, files."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.quiesce.maintenance"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py") if path.stem != "__init__")
ACTIONS = sorted(path.stem for path in (PLUGINS / "action").glob("*.py") if path.stem != "__init__")
ROLES = sorted(path.name for path in (ROOT / "roles").glob("*") if path.is_dir())
_PACKAGES = {path.name for path in (PLUGINS / "module_utils").glob("_*") if (path / "__init__.py").is_file()}
PRODUCTS = _PACKAGES - {"_http"}  # what all of them use
SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in PLUGINS.rglob("*.py"))
LAB = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/lab").rglob("*.py"))

SECRET = re.compile(r"(password|passwd|pwd|secret|token|api_?key|private_key|credential)")


def load(path: str) -> Any:
    """The YAML file at ``path`` below the root."""
    return yaml.safe_load((ROOT / path).read_text())


# --- metadata ---------------------------------------------------------------------------------------------------------


def test_there_is_something_to_look_at() -> None:
    assert all((MODULES, ACTIONS, ROLES, PRODUCTS))


def test_action_groups_are_the_modules() -> None:
    """Each product's group holds exactly the modules whose names begin with the product's."""
    groups = load("meta/runtime.yml")["action_groups"]
    assert groups == {group: [name for name in MODULES if name.startswith(f"{group}_")] for group in groups}
    assert sorted(name for names in groups.values() for name in names) == MODULES


def test_every_action_has_its_module() -> None:
    assert set(ACTIONS) <= set(MODULES)


def test_support_claims_agree() -> None:
    """meta/runtime.yml, README and the tests' requirements name the same oldest ansible-core."""
    oldest = re.fullmatch(r">=(\d+\.\d+)\.0", load("meta/runtime.yml")["requires_ansible"])
    assert oldest
    readme = re.findall(r"ansible-core[` ]*(?:>=|≥)? ?(\d+\.\d+)", (ROOT / "README.md").read_text())
    assert readme
    assert min(readme, key=lambda version: [int(part) for part in version.split(".")]) == oldest[1]
    assert f"ansible-core>={oldest[1]}," in (ROOT / "tests/requirements-run.txt").read_text()


def test_build_holds_the_collection_and_nothing_else(tmp_path: Path) -> None:
    """What ``ansible-galaxy collection build`` packs is what git knows, without the checkout's own tooling."""
    copy = ROOT / ".cache/collections/ansible_collections/quiesce/maintenance"
    run("ansible-galaxy", "collection", "build", str(copy), "--output-path", str(tmp_path))
    archive = next(tmp_path.glob("quiesce-maintenance-*.tar.gz"))
    packed = run("tar", "-tzf", str(archive)).splitlines()
    assert {"MANIFEST.json", "LICENSE", "meta/runtime.yml", "requirements.txt", "bindep.txt"} <= set(packed)
    assert [f"plugins/modules/{name}.py" in packed for name in MODULES] == [True] * len(MODULES)
    strange = [
        name for name in packed if re.match(r"\.(?!yamllint|ansible-lint|gitignore)|.*(__pycache__|\.pyc)", name)
    ]
    assert strange == []


def run(*command: str) -> str:
    """The output of ``command``, found beside the interpreter of the tests first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- modules ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def documentation() -> dict[str, dict[str, Any]]:
    """What ansible-doc says of each module, fragments rendered: keys doc, examples, return."""
    names = [f"quiesce.maintenance.{name}" for name in MODULES]
    found: dict[str, dict[str, Any]] = json.loads(run("ansible-doc", "--type", "module", "--json", *names))
    return {name.rpartition(".")[2]: found[name] for name in names}


@pytest.mark.parametrize("name", MODULES)
def test_module_is_documented(name: str, documentation: dict[str, dict[str, Any]]) -> None:
    doc = documentation[name]["doc"]
    assert doc["module"] == name
    assert doc["short_description"]
    assert doc["description"]
    assert doc["author"]
    assert doc["version_added"] == load("galaxy.yml")["version"]
    attributes = doc["attributes"]
    assert {"check_mode", "diff_mode", "idempotent", "platform"} <= set(attributes)
    assert all(entry["description"] for entry in attributes.values())
    assert attributes["check_mode"]["support"] == "full"
    assert returned_without_sample(documentation[name]["return"]) == []


def returned_without_sample(returned: dict[str, Any], prefix: str = "") -> list[str]:
    """The names of the returned values that lack a type, a description, or (at the leaves) a sample."""
    assert returned
    wrong = []
    for name, value in returned.items():
        inner = value.get("contains")
        if not (value.get("type") and value.get("description") and (inner or prefix or "sample" in value)):
            wrong.append(prefix + name)
        if inner:
            wrong += returned_without_sample(inner, f"{prefix}{name}.")
    return wrong


@pytest.mark.parametrize("name", MODULES)
def test_examples_parse_and_name_the_module(name: str, documentation: dict[str, dict[str, Any]]) -> None:
    examples = yaml.safe_load(documentation[name]["examples"])
    tasks = [task for entry in examples for task in entry.get("tasks", [entry])]
    used = [key for task in tasks for key in task if key.startswith("quiesce.maintenance.")]
    assert f"quiesce.maintenance.{name}" in used
    assert {key.rpartition(".")[2] for key in used} <= {*MODULES, *ROLES}
    assert all(task.get("name") for task in tasks)


@pytest.mark.parametrize("name", MODULES)
def test_argument_spec_is_the_documentation(name: str, documentation: dict[str, dict[str, Any]]) -> None:
    """For the modules that an action plugin backs too, which ansible-test does not compare."""
    assert claims_of_spec(argument_spec(name)) == claims_of_documentation(documentation[name]["doc"]["options"])


def argument_spec(name: str) -> dict[str, Any]:
    """The options of a module, from its file or, where that is only documentation, from the action plugin behind it."""
    faces = [importlib.import_module(f"{COLLECTION}.plugins.modules.{name}")]
    if name in ACTIONS:
        faces.append(importlib.import_module(f"{COLLECTION}.plugins.action.{name}").ActionModule)
    spec: dict[str, Any] = next(face.argument_spec() for face in faces if hasattr(face, "argument_spec"))
    return spec


def claims_of_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """The user's view of an argument spec: what documentation states as well."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": list(option["choices"]) if option.get("choices") else None,
            "aliases": sorted(option.get("aliases", [])),
            "options": claims_of_spec(option["options"]) if option.get("options") else None,
        }
        for name, option in spec.items()
    }


def claims_of_documentation(options: dict[str, Any]) -> dict[str, Any]:
    """The same view of documented options."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            # A mapping gives each choice a description.
            "choices": list(option["choices"]) if option.get("choices") else None,
            "aliases": sorted(option.get("aliases", [])),
            "options": claims_of_documentation(option["suboptions"]) if option.get("suboptions") else None,
        }
        for name, option in options.items()
    }


@pytest.mark.parametrize("name", MODULES)
def test_secrets_are_not_logged(name: str) -> None:
    """Whatever is named like a secret says whether it is one; what certainly is one is never logged."""
    for option, entry in flatten(argument_spec(name)):
        if SECRET.search(option):
            assert "no_log" in entry, option
            assert entry["no_log"] or entry.get("type") in ("path", "bool"), option


def flatten(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every option of a spec with those below it."""
    for name, entry in spec.items():
        yield name, entry
        yield from flatten(entry.get("options") or {})


# --- files ------------------------------------------------------------------------------------------------------------

HEADER = (ROOT / "plugins/module_utils/_failure.py").read_text().splitlines()[:3]


@pytest.mark.parametrize("source", SOURCES)
def test_source_has_the_license_header(source: str) -> None:
    lines = (ROOT / source).read_text().splitlines()
    assert [line for line in lines[:5] if not line.startswith("#!")][:3] == HEADER


def test_files_speak_of_the_project_alone() -> None:
    """No path of a developer's machine, no package index, no marker that silences a check."""
    forbidden = re.compile(
        r"(?<![\w.}])/(?:work|root|home/\w+)/|\bpypi\.(?:org)|python(?:hosted)\.|(?:index|find)[-_](?:url|links) *[=:]"
        r"|#\s*(?:noqa)\b|#\s*type:\s*(?:ignore)|#\s*pylint:\s*(?:disable)"
    )
    wrong = []
    for name in run("git", "ls-files").splitlines():
        path = ROOT / name
        if name == "LICENSE" or path.suffix == ".png" or not path.is_file():
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if forbidden.search(line):
                wrong.append(f"{name}:{number}: {line.strip()}")
    assert wrong == []


# --- layers: imports only go down -------------------------------------------------------------------------------------


def imports(source: str) -> Iterator[str]:
    """The dotted names that a file imports, relative ones resolved."""
    here = [*COLLECTION.split("."), *Path(source).parent.parts]
    for node in ast.walk(ast.parse((ROOT / source).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*here[: len(here) - node.level + 1], *(node.module or "").split(".")] if node.level else []
            module = ".".join(filter(None, base)) or node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_imports(source: str) -> list[str]:
    """What a file imports of this collection, from the folder below plugins on: ``module_utils._http.Client``."""
    prefix = f"{COLLECTION}.plugins."
    return [name.removeprefix(prefix) for name in imports(source) if name.startswith(prefix)]


def product_of(parts: tuple[str, ...]) -> str | None:
    """The product to which a file or an import belongs, by its place below module_utils."""
    return parts[1] if len(parts) > 1 and parts[0] == "module_utils" and parts[1] in PRODUCTS else None


@pytest.mark.parametrize("source", SOURCES)
def test_imports_go_down(source: str) -> None:
    """A product knows no other, what is shared knows none, and nothing knows its faces."""
    may = {
        "doc_fragments": set(),
        "filter": {"module_utils"},
        "lookup": {"module_utils", "plugin_utils"},
        "module_utils": {"module_utils"},
        "plugin_utils": {"module_utils", "plugin_utils"},
        "modules": {"module_utils"},
        # An action takes its argument spec from the module of its name, where that is one that runs.
        "action": {"module_utils", "plugin_utils", "modules"},
    }
    place = Path(source).relative_to("plugins").parts
    reached = [tuple(name.split(".")) for name in own_imports(source)]
    assert {name[0] for name in reached} <= may[place[0]]
    if place[0] == "module_utils":
        assert {product_of(name) for name in reached} <= {None, product_of(place)}


@pytest.mark.parametrize("source", SOURCES)
def test_plugins_do_not_know_the_lab(source: str) -> None:
    assert [name for name in imports(source) if name.split(".")[0] in ("lab", "tests")] == []


@pytest.mark.parametrize("source", LAB)
def test_lab_does_not_know_the_plugins(source: str) -> None:
    """It is an opponent, not an accomplice."""
    assert [name for name in imports(source) if name.startswith(f"{COLLECTION}.plugins")] == []
