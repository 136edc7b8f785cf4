#!/bin/sh
# Makes the checkout ready to run: .venv, the link that makes the collection importable, the system packages of
# bindep.txt. Run again it finds everything in place and says nothing.
#
#   PYTHON=/path/to/python   the interpreter for .venv (default: the first usable one of 3.10 to 3.13)
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $*" >&2
    exit 1
}

# Installs Debian packages where that is allowed, otherwise ends with the one command that does it.
system_packages() {
    if ! command -v apt-get >/dev/null; then
        fail "these system packages are missing, install them with your package manager and run again: $*"
    elif [ "$(id -u)" = 0 ]; then
        as_root=""
    elif sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        fail "system packages are missing, install them and run again: sudo apt-get install -y $*"
    fi
    echo "setup: installing the system packages $*"
    install="$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $*"
    log=.cache/apt.log
    # Package lists that are missing or old are the usual reason for a first failure.
    $install >$log 2>&1 || { $as_root apt-get update -qq >>$log 2>&1 && $install >>$log 2>&1; } || {
        tail -n 20 $log >&2
        fail "apt-get could not install $*"
    }
}

usable() { # A version manager's shim may exist for a version that is not installed: only running it tells.
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' >/dev/null 2>&1
}

find_python() {
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.10 python3}; do
        usable "$name" && command -v "$name" && return
    done
    fail "no usable Python 3.10 to 3.13 found; name one with: make PYTHON=/path/to/python"
}

mkdir -p .cache/collections/ansible_collections/quiesce
link=.cache/collections/ansible_collections/quiesce/maintenance
[ -e "$link/galaxy.yml" ] || ln -sfn ../../../.. "$link"

usable .venv/bin/python || rm -rf .venv
wanted="$(cat requirements.txt tests/requirements*.txt | cksum) ${PYTHON:-}"
if [ "$(cat .venv/.ready 2>/dev/null)" != "$wanted" ]; then
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        # bindep comes with .venv; its packages are named here already, so that one command does for everything.
        system_packages "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" \
            "$(sed -n 's/ \[platform:dpkg.*//p' bindep.txt | tr '\n' ' ')"
    fi
    echo "setup: installing tests/requirements.txt into .venv"
    [ -z "${PYTHON:-}" ] || rm -rf .venv
    [ -x .venv/bin/pip ] || "$python" -m venv --clear .venv
    # Twice quiet: errors are shown, not what pip thinks of its own settings.
    .venv/bin/pip install -qq --disable-pip-version-check -r tests/requirements.txt
    echo "$wanted" >.venv/.ready
fi

# The modules that set up AWX, for extensions/awx. The package ansible holds them, so nothing but PyPI is asked.
awx=.cache/collections/ansible_collections/awx/awx
if [ ! -e "$awx" ]; then
    rm -rf .cache/ansible
    echo "setup: installing the collection awx.awx into .cache/collections"
    .venv/bin/pip download -qq --disable-pip-version-check --no-deps --dest .cache/ansible "ansible==10.7.0"
    .venv/bin/python - <<'END'
from pathlib import Path
from zipfile import ZipFile

(wheel,) = Path(".cache/ansible").glob("*.whl")
with ZipFile(wheel) as packed:
    wanted = [name for name in packed.namelist() if name.startswith("ansible_collections/awx/awx/")]
    packed.extractall(".cache/ansible", wanted)
END
    rm -rf "$awx"
    mkdir -p "${awx%/*}"
    mv ".cache/ansible/ansible_collections/awx/awx" "$awx" # at once, so that an interruption leaves nothing half
    rm -rf .cache/ansible
fi

# bindep prints what is missing, one a line, and says so with exit code 1.
if ! missing=$(.venv/bin/bindep --brief --file bindep.txt test); then
    [ -n "$missing" ] || fail "bindep could not read bindep.txt"
    system_packages "$(echo "$missing" | tr '\n' ' ')"
fi
