#!/bin/sh
# The texts of the pages into a file for translators (`make messages`), or into the file that is named.
set -eu
cd "$(dirname "$0")/.."
pot=${1:-admin/locale/messages.pot}
PYTHONPATH=. .venv/bin/pybabel --quiet extract --mapping-file=admin/babel.cfg --keyword=say --sort-by-file --add-location=file --width=120 \
	--project=campaign-dialer --copyright-holder="the authors of campaign-dialer" --output-file="$pot" admin dialer sms
sed -i '/^"POT-Creation-Date:/d' "$pot" # or two that add texts at the same time are in each other's way
[ $# -eq 0 ] || exit 0
for po in admin/locale/*/LC_MESSAGES/messages.po; do
	[ ! -e "$po" ] || .venv/bin/pybabel --quiet update --no-fuzzy-matching --width=120 --input-file="$pot" --output-file="$po" \
		--locale="$(basename "$(dirname "$(dirname "$po")")")"
done
