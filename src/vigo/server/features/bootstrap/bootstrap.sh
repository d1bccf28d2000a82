#!/bin/sh
# Installs the Vigo agent from its server, enrols this machine and starts the agent as a service.
#
#   sh vigo-bootstrap.sh TOKEN [OPTION OF vigo enroll]...
#   sh vigo-bootstrap.sh --approval [OPTION OF vigo enroll]...    wait until somebody lets the machine in
#
# It can be repeated: what is there is kept, or brought to the version that the server has.
# VIGO_PREFIX  where to install (/opt/vigo)
# VIGO_PYTHON  the Python to install with (python3)
# VIGO_NO_SERVICE=1  start nothing
set -eu
umask 022

server='@SERVER@'
ca_sha256='@CA_SHA256@'
version='@VERSION@'
prefix=${VIGO_PREFIX:-/opt/vigo}
python=${VIGO_PYTHON:-python3}

fail() {
    printf 'vigo-bootstrap: %s\n' "$1" >&2
    exit 1
}

case ${1:-} in
    -h | --help) sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" && exit 0 ;;
    '') fail 'expected a token (vigocli tokens create prints one) or --approval, found nothing' ;;
    --approval) shift ;;
    -*) fail "expected a token or --approval first, found $1; see --help" ;;
    *)
        VIGO_TOKEN=$1
        export VIGO_TOKEN
        shift
        ;;
esac
[ -n "${VIGO_PREFIX:-}" ] || [ "$(id -u)" -eq 0 ] || fail 'expected to run as root: the agent manages the whole machine'
command -v "$python" >/dev/null || fail "expected Python 3.11 or later, found no $python; install it, or set VIGO_PYTHON"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "expected Python 3.11 or later, found $("$python" --version 2>&1); set VIGO_PYTHON to a newer one"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "expected $python with venv and ensurepip, found one without; on Debian install python3-venv"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$work/ca.pem" <<'PEM'
@CA_PEM@
PEM
cat >"$work/packages" <<'PACKAGES'
@PACKAGES@
PACKAGES
grep -q . "$work/packages" || fail "expected packages on $server, found none; its operator puts them there, see docs/operating.md"

printf 'fetching %s packages from %s\n' "$(grep -c . "$work/packages")" "$server"
# Python fetches, so that nothing else is needed: the server proves itself by the CA above, each file by its checksum.
"$python" - "$server" "$work" <<'PYTHON' || fail 'nothing was installed'
import hashlib
import pathlib
import ssl
import sys
import urllib.request

server, work = sys.argv[1], pathlib.Path(sys.argv[2])
context = ssl.create_default_context(cafile=str(work / "ca.pem"))
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
for line in (work / "packages").read_text().splitlines():
    if not line:
        continue
    wanted, name = line.split()
    try:
        with opener.open(f"{server}/bootstrap/v1/packages/{name}", timeout=60) as answer:
            content = answer.read()
    except OSError as error:
        sys.exit(f"{server}: {name} cannot be fetched: {error}")
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        sys.exit(f"{name}: expected the SHA-256 {wanted}, found {found}: it was changed; fetch this script again")
    (work / name).write_bytes(content)
PYTHON

[ -x "$prefix/bin/python" ] || "$python" -m venv "$prefix" || fail "no environment could be made in $prefix"
"$prefix/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$work" \
    "vigo==$version" || fail 'the packages could not be installed; do they fit this Python and this processor?'
printf 'installed vigo %s in %s\n' "$version" "$prefix"

"$prefix/bin/vigo" enroll --server "$server" --ca-sha256 "$ca_sha256" "$@"

if [ -n "${VIGO_NO_SERVICE:-}" ] || [ -n "${VIGO_PREFIX:-}" ]; then
    printf 'start it with: %s/bin/vigo daemon\n' "$prefix"
elif [ -d /run/systemd/system ]; then
    "$prefix/bin/vigo" unit >/etc/systemd/system/vigo.service
    systemctl daemon-reload
    systemctl enable --quiet vigo.service
    systemctl restart vigo.service
    ln -sf "$prefix/bin/vigo" /usr/local/bin/vigo
    printf 'the service vigo runs; vigo status tells how it is\n'
else
    printf 'no systemd is here: have your init run %s/bin/vigo daemon\n' "$prefix"
fi
