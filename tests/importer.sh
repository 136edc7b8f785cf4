#!/bin/sh
# Builds the collection and has galaxy-importer judge it, as Ansible Galaxy does on an upload. On demand: "make importer".
# It wants versions of its own, so it has an environment below .cache.
set -eu
cd "$(dirname "$0")/.."
environment=.cache/importer
[ -x "$environment/bin/pip" ] || "${PYTHON:-python3}" -m venv --clear "$environment"
"$environment/bin/pip" install -qq --disable-pip-version-check galaxy-importer
rm -f "$environment"/*.tar.gz
.venv/bin/ansible-galaxy collection build --force --output-path "$environment" >/dev/null
# The collections that its files name lie where the package ansible has them: this one itself, and awx.awx.
beside=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ansible_collections
mkdir -p "$beside"
for each in awx quiesce; do
    ln -sfn "$PWD/.cache/collections/ansible_collections/$each" "$beside/$each"
done
cd "$environment"
PATH="$PWD/bin:$PATH" python -m galaxy_importer.main ./*.tar.gz >importer.log 2>&1 || true
grep -E "^(WARNING|ERROR)|successful" importer.log || true
# It ends with 0 whatever it found, and leaves out a pattern that it cannot load.
grep -q "Importer processing completed successfully" importer.log && ! grep -qE "^(WARNING|ERROR)" importer.log &&
    python -c 'import json, os, sys
loaded = {each["name"] for each in json.load(sys.stdin)["patterns"]}
sys.exit(loaded != set(os.listdir("../../extensions/patterns")))' <importer_result.json
