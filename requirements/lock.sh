#!/usr/bin/env bash
# Remakes the hashed locks; no index address is written into them: lock.sh PYTHON VENV
set -euo pipefail
python="$1"
venv="$2"
[ -x "$venv/bin/uv" ] || { [ -d "$venv" ] || "$python" -m venv "$venv"; "$venv/bin/python" -m pip install -q -r requirements/bootstrap.in; }
compile() {
    "$venv/bin/uv" pip compile -q --no-config --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-annotate "$@"
}
compile requirements/bootstrap.in -o requirements/bootstrap.lock
compile --extra dev pyproject.toml -o requirements/dev.lock
compile --no-deps requirements/demo-data.in -o requirements/demo-data.lock
