#!/bin/sh
# The environment in .venv, from the lock. Works without root, and on a Debian that lacks python3-venv.
set -eu
PYTHON=${PYTHON:-python3}
if [ ! -x .venv/bin/python ]; then
    echo "setup: making .venv"
    if ! "$PYTHON" -m venv .venv >/dev/null 2>&1; then
        # Debian keeps ensurepip in another package: take pip's wheel out of it, without installing anything.
        rm -rf .venv
        "$PYTHON" -m venv --without-pip .venv
        folder=$(mktemp -d)
        trap 'rm -rf "$folder"' EXIT
        if ! (cd "$folder" && apt-get download python3-pip-whl >/dev/null && dpkg-deb -x python3-pip-whl_*.deb .); then
            rm -rf .venv
            echo "setup: no pip for $PYTHON. Type: sudo apt-get update && sudo apt-get install python3-venv" >&2
            exit 1
        fi
        wheel=$(echo "$folder"/usr/share/python-wheels/pip-*.whl)
        .venv/bin/python "$wheel/pip" install --quiet --no-index "$wheel"
    fi
fi
echo "setup: installing the Python packages of requirements.lock"
# The lock is complete, so nothing is to be resolved (pip would take a newer release for a package asked for with an extra).
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
