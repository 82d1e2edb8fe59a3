#!/bin/sh
# The AMI secret comes as a file, and goes into one that only Asterisk reads.
set -eu
umask 077
{
    echo "[dialer](dialer-rights)"
    echo "secret = $(cat /run/secrets/DIALER_AMI__SECRET)"
} >/tmp/manager_user.conf
exec asterisk -f -C /etc/asterisk/asterisk.conf
