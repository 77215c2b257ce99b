#!/bin/bash
# Installs the Debian packages that sipsteer needs, by groups, and only those that are missing.
#
#   install_packages.sh GROUP...      GROUP: build demo test bench
#
# With nothing missing it neither needs root nor the network. Installed daemons are not started.
# Exit status: 0 all there, 1 something could not be had (named on stderr), 2 usage.
set -uo pipefail

packages_of() {
    case "$1" in
        build) echo g++ meson ninja-build ccache pkg-config libboost1.81-dev libssl-dev libexpected-dev libfmt-dev \
                    libspdlog-dev libtomlplusplus-dev libcli11-dev libsodium-dev libxxhash-dev prometheus-cpp-dev libsofia-sip-ua-dev \
                    zlib1g-dev ;;
        demo) echo debootstrap iproute2 sip-tester python3 ;;
        test) echo clang libclang-rt-14-dev libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev \
                   libhiredis-dev python3-pytest nftables sipsak baresip-core linphone-cli kamailio \
                   redis-server valgrind openssl python3-websockets chromium chromium-driver prometheus fail2ban python3-jsonschema ;;
        bench) echo kamailio kamailio-tls-modules libnginx-mod-stream nginx-core openssl sip-tester valgrind ;;
        *) return 1 ;;
    esac
}

# Sets `missing` to those of "$@" that are not installed.
look_for() {
    local installed package
    installed=" $(dpkg-query -W -f='${Package}:${db:Status-Status} ' 2>/dev/null)"
    missing=()
    for package in "$@"; do
        case "$installed" in *" $package:installed "*) ;; *) missing+=("$package") ;; esac
    done
}

# What stands between the machine and package $1, in a few words.
why_not() {
    local candidate
    candidate=$(LC_ALL=C apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" { print $2 }')
    if [ -z "$candidate" ] || [ "$candidate" = "(none)" ]; then
        echo "not in this machine's apt sources"
    else
        LC_ALL=C apt-get install --simulate --no-install-recommends --no-remove "$1" 2>&1 |
            grep -E '^E: |Depends:|Conflicts:|Breaks:' | head -2 | tr '\n' ' ' | grep . || echo "download or set-up failed"
    fi
}

[ $# -gt 0 ] || { echo "usage: ${0##*/} build|demo|test|bench..." >&2; exit 2; }
wanted=()
for group in "$@"; do
    list=$(packages_of "$group") || { echo "${0##*/}: no group '$group' (there are: build demo test bench)" >&2; exit 2; }
    read -ra list <<<"${list//$'\n'/ }"
    for package in "${list[@]}"; do  # a package may be in two groups
        case " ${wanted[*]-} " in *" $package "*) ;; *) wanted+=("$package") ;; esac
    done
done

command -v dpkg-query >/dev/null || { echo "${0##*/}: this is not a Debian system; needed: ${wanted[*]}" >&2; exit 1; }
look_for "${wanted[@]}"
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "${0##*/}: root or sudo is needed once, for: apt-get install ${missing[*]}" >&2
        exit 1
    }
    echo "==> installing ${#missing[@]} packages with sudo"
    exec sudo "$(readlink -f "$0")" "$@"
fi

# One installer at a time: the policy file below has to be put back by the one that changed it.
exec 9>/run/lock/sipsteer-packages.lock && flock 9
look_for "${wanted[@]}"
[ ${#missing[@]} -gt 0 ] || exit 0

# Debian starts a daemon as soon as it is installed, unless this file answers 101 (forbidden).
policy=/usr/sbin/policy-rc.d
found=$policy.found-by-sipsteer
restore_policy() {
    if [ -e "$found" ]; then mv -f "$found" "$policy"; else rm -f "$policy"; fi
}
# A copy that is there already was left by a run that was killed: it is the true one.
[ -e "$found" ] || { [ ! -e "$policy" ] || mv "$policy" "$found"; }
trap restore_policy EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"

log=$(mktemp) || exit 1
apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --no-remove \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >"$log" 2>&1
}

echo "==> installing ${#missing[@]} packages: ${missing[*]}"
apt-get update -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 >"$log" 2>&1 ||
    echo "    (apt-get update failed: $(grep -m1 '^E:' "$log"); going on with the lists that are here)" >&2
if ! apt_install "${missing[@]}"; then
    # One package that cannot be had must not keep the others away.
    for package in "${missing[@]}"; do
        apt_install "$package" && echo "    $package" || echo "    $package: failed" >&2
    done
fi
rm -f "$log"

look_for "${wanted[@]}"
[ ${#missing[@]} -gt 0 ] || { echo "    all there"; exit 0; }
for package in "${missing[@]}"; do
    echo "${0##*/}: $package could not be had: $(why_not "$package")" >&2
done
exit 1
