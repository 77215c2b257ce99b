#!/bin/bash
# Makes a folder in which a real Asterisk can run under chroot, and prints its path on stdout.
#
#   asterisk_root.sh 16|22       16: from Debian 11 (bullseye)   22: from Debian unstable (sid)
#
# Made once (half a minute, 300 MB) and kept under ${SIPSTEER_CACHE:-${XDG_CACHE_HOME:-~/.cache}/sipsteer}. The packages come
# from the mirror that this machine's apt uses for its own release; signatures are checked.
# Exit status: 0 there, 2 usage, 3 cannot be made here (the reason is the last line on stderr).
set -uo pipefail

recipe=1   # raise it when what is done below changes: roots of another recipe are made anew

fail() { echo "asterisk_root: $*" >&2; exit 3; }

case "${1-}" in
    16) suite=bullseye ;;
    22) suite=sid ;;
    *) echo "usage: ${0##*/} 16|22" >&2; exit 2 ;;
esac
version=$1
cache=${SIPSTEER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sipsteer}
root=$cache/asterisk-$version

complete() { [ "$(cat "$root/.sipsteer-recipe" 2>/dev/null)" = "$recipe" ]; }
complete && { echo "$root"; exit 0; }

if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "root or sudo is needed to make $root"
    exec sudo SIPSTEER_CACHE="$cache" "$(readlink -f "$0")" "$version"
fi

mkdir -p "$cache" || fail "cannot write to $cache"
exec 9>"$cache/asterisk-$version.lock" && flock 9 || fail "cannot lock $cache"
complete && { echo "$root"; exit 0; }
command -v debootstrap >/dev/null || fail "debootstrap is not installed"

# The address apt uses for the release of this machine: apt itself reads both formats of its sources.
mirror_of_this_machine() {
    local codename site
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    site=$(apt-get indextargets --no-release-info --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
        2>/dev/null | awk -v release="$codename" '$2 == release && $3 == "main" { print $1; exit }')
    case "$site" in
        mirror+file:*) awk '/^[a-z]+:/ { print $1; exit }' "${site#mirror+file:}" ;;
        *) echo "$site" ;;
    esac
}
mirror=$(mirror_of_this_machine)
[ -n "$mirror" ] || fail "found no Debian mirror in this machine's apt sources"

# apt's proxy, if there is one, serves debootstrap too.
proxy=$(apt-config dump 2>/dev/null | sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p' | head -1)
[ -z "$proxy" ] || [ "$proxy" = DIRECT ] || export http_proxy="$proxy"

work=$(mktemp -d "$cache/asterisk-$version.new.XXXXXX") || fail "cannot write to $cache"
log=$cache/asterisk-$version.log
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$work"

echo "==> making a root with Asterisk $version (Debian $suite), once: about half a minute, 300 MB" >&2
# From here on the log says what happened; people see one line a step.
step() {
    local what=$1
    shift
    echo "    $what" >&2
    # Our lock must not outlive us in some child.
    "$@" >>"$log" 2>&1 9>&- || fail "$what failed: $(grep -E '^(E|W|I?E): |rror' "$log" | tail -1) (all of it: $log)"
}
: >"$log"
step "base system" debootstrap --variant=minbase "$suite" "$work" "$mirror"

printf '#!/bin/sh\nexit 101\n' >"$work/usr/sbin/policy-rc.d" && chmod 755 "$work/usr/sbin/policy-rc.d"
# What apt is told on this machine about proxies, retries and dates holds in the root as well.
apt-config dump | grep -E '^Acquire::(http|https|Retries)' >"$work/etc/apt/apt.conf.d/80host"
echo 'Acquire::Check-Valid-Until "false";' >>"$work/etc/apt/apt.conf.d/80host"
if [ -r /etc/ssl/certs/ca-certificates.crt ]; then
    install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$work/etc/ssl/certs/ca-certificates.crt"
fi
in_root() { DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$work" "$@"; }
step "package lists" in_root apt-get update -q
step "Asterisk" in_root apt-get install -y -q --no-install-recommends asterisk

# Asterisk looks up its own host name and A.ROOT-SERVERS.NET on the first call: keep it away from any resolver.
printf '127.0.0.1 localhost %s A.ROOT-SERVERS.NET a.root-servers.net\n' "$(hostname)" >"$work/etc/hosts"
sed -i 's/^hosts:.*/hosts: files/' "$work/etc/nsswitch.conf" 2>/dev/null || echo 'hosts: files' >"$work/etc/nsswitch.conf"
rm -rf "$work"/var/lib/apt/lists/* "$work"/var/cache/apt/* "$work"/var/cache/debconf/*-old
installed=$(in_root asterisk -V 2>/dev/null)
case "$installed" in
    "Asterisk $version."*) ;;
    *) fail "Debian $suite on this machine's mirror has '${installed:-no Asterisk}', not Asterisk $version" ;;
esac

echo "$recipe" >"$work/.sipsteer-recipe"
[ ! -e "$root" ] || rm -rf --one-file-system "$root" || fail "cannot replace $root"
mv -T "$work" "$root" || fail "cannot move the finished root to $root"
trap - EXIT
echo "    $installed in $root" >&2
echo "$root"
