#!/bin/sh
# A browser for the tests: Debian's chromium, if this user may install it; else the one line to type.
set -eu
command -v chromium >/dev/null && exit 0
install="apt-get install --yes --no-install-recommends chromium fonts-liberation"
if [ "$(id -u)" = 0 ]; then as_root=""
elif sudo -n true 2>/dev/null; then as_root="sudo"
else
    echo "setup: the tests need a browser. Type: sudo $install" >&2
    exit 1
fi
echo "setup: installing chromium for the browser tests"
$as_root apt-get update >/dev/null
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root $install >/dev/null
