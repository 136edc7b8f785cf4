#!/bin/sh
# Runs the unit tests, the contract and the e2e tests marked "smoke" on every supported pair of Python and ansible-core
# whose Python is found here (a version manager's own folder, or PATH). On demand: "make matrix". Each pair has its
# environment below .cache/matrix. Ends with one line a pair; a Python that is missing is named, and none at all is a
# failure.
set -eu
cd "$(dirname "$0")/.."
tests/setup.sh # the link and the system packages
rm -f .cache/matrix/results
mkdir -p .cache/matrix

interpreter() {
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python "python$1"; do
        # A version manager's shim may exist for a version that is not installed: only running it tells.
        "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" >/dev/null 2>&1 &&
            command -v "$candidate" && return
    done
    return 1
}

try() { # Python, ansible-core
    environment=.cache/matrix/py$1-core$2
    if ! python=$(interpreter "$1"); then
        echo "not run  Python $1, ansible-core $2: no such Python found" >>.cache/matrix/results
        return
    fi
    [ -x "$environment/bin/pip" ] || "$python" -m venv --clear "$environment"
    "$environment/bin/pip" install -qq --disable-pip-version-check -r tests/requirements-run.txt "ansible-core~=$2.0b1"
    echo "Python $1, ansible-core $2"
    if PATH="$PWD/$environment/bin:$PATH" "$environment/bin/pytest" -n 2 tests/unit tests/contract &&
        PATH="$PWD/$environment/bin:$PATH" "$environment/bin/pytest" -n 2 -m smoke tests/e2e; then
        echo "passed   Python $1, ansible-core $2" >>.cache/matrix/results
    else
        echo "FAILED   Python $1, ansible-core $2" >>.cache/matrix/results
    fi
}

try 3.10 2.16
try 3.10 2.17
try 3.11 2.18
try 3.12 2.20
try 3.12 2.21
try 3.13 2.21
try 3.13 2.22

cat .cache/matrix/results
! grep -q '^FAILED' .cache/matrix/results && grep -q '^passed' .cache/matrix/results
