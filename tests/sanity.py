"""Runs ansible-test sanity without containers, on a staged copy of the sources.

ansible-test wants the collection at its real path .../ansible_collections/NAMESPACE/NAME, keeps its virtual
environments below HOME, hides the environment (and with it pip's settings) from them, and fetches its pip from a
host of its own. So: a copy of what git knows, a home folder under .cache, pip's settings written there as a file,
and in place of the download a stand-in that installs the same pip from the usual package index.

All sanity tests run that ansible-test applies to a collection, but one: pslint needs PowerShell, which Debian does
not have, and has nothing to judge here, since the collection holds no PowerShell.
Arguments are passed on to ansible-test (``tests/sanity.py --test validate-modules``, ``tests/sanity.py -v``).
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache/sanity"
HOME = CACHE / "home"
COPY = CACHE / "ansible_collections/quiesce/maintenance"

# What get-pip does, with pip from the configured index. It is run by the interpreter of the new environment, which
# has no pip of its own yet: the pip beside ansible-test installs into it.
GET_PIP = """\
import subprocess, sys
packages = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
sys.exit(subprocess.call([{python!r}, "-m", "pip", "--python", sys.executable, "install", "--quiet", *packages]))
"""


def stage() -> None:
    """Copy what git tracks, or would track, to the path that ansible-test wants."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    shutil.rmtree(COPY, ignore_errors=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    # A repository of its own: in that of the checkout, which ansible-test would find else, the copy is ignored.
    subprocess.run(["git", "init", "--quiet", COPY], check=True)


def prepare_home() -> None:
    """Write the stand-in for get-pip and pip's settings below ``HOME``."""
    bootstrap = HOME / f".ansible/test/cache/get_pip_{pip_version().replace('.', '_')}.py"
    bootstrap.parent.mkdir(parents=True, exist_ok=True)
    bootstrap.write_text(GET_PIP.format(python=sys.executable))

    # pip prints what it takes from the environment (":env:.timeout='60'"), which goes first and counts most, and
    # from files ("global.timeout='60'").
    settings = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    options = {"quiet": "2"}
    for option, value in re.findall(r"^(?::env:|global|install)\.([\w-]+)=(.*)$", settings, re.MULTILINE):
        options.setdefault(option, ast.literal_eval(value))
    configuration = HOME / ".config/pip/pip.conf"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.touch(mode=0o600)
    configuration.write_text("\n".join(["[global]", *(f"{name} = {value}" for name, value in options.items()), ""]))


def pip_version() -> str:
    """The pip that the installed ansible-test wants in its environments."""
    package = find_spec("ansible_test")
    if package is None or package.origin is None:
        sys.exit("ansible-test is not installed")
    source = (Path(package.origin).parent / "_internal/python_requirements.py").read_text()
    found = re.search(r"pip='([\d.]+)'", source)
    if found is None:
        sys.exit("this ansible-test does not say which pip it wants, look at get_venv_packages() in its sources")
    return found[1]


def main() -> int:
    """Stage, prepare, run; return ansible-test's exit code."""
    stage()
    prepare_home()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    program = str(Path(sys.executable).with_name("ansible-test"))
    command = [program, "sanity", "--color", "no", "--truncate", "0", "--python", version, *sys.argv[1:]]
    return subprocess.run(command, cwd=COPY, env={**os.environ, "HOME": str(HOME)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
