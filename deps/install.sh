#!/usr/bin/env bash
# Installs what is missing of the packages in the lists named: deps/install.sh run test
#
# A second run asks dpkg alone, so it is quick and works offline. Needs root only when something is
# missing: directly, or through sudo. No service is started and none is left to start at boot; what
# firstcome needs of them its tests start themselves.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
log=$(dirname "$here")/build/install.log

say() { printf 'firstcome: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# The lists' lines without comments: "name" or "name | name".
wanted() {
  local list
  for list in "$@"; do
    [[ -r $here/$list.txt ]] || die "there is no package list deps/$list.txt"
    sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$here/$list.txt"
  done
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    env "$@"
  elif sudo -n true 2>/dev/null; then
    sudo -n env "$@"
  else
    sudo env "$@"
  fi
}

can_be_root() {
  [[ $(id -u) -eq 0 ]] && return
  command -v sudo >/dev/null || return
  sudo -n true 2>/dev/null || [[ -t 0 ]] # at a terminal sudo can ask for the password
}

apt() {
  as_root DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" </dev/null >>"$log" 2>&1
}

# Packages start their services when they are installed unless policy-rc.d says no.
hold_services() {
  [[ -e /usr/sbin/policy-rc.d ]] && return
  trap release_services EXIT
  as_root sh -c 'cd /usr/sbin; printf "#!/bin/sh\nexit 101\n" >policy-rc.d; chmod +x policy-rc.d'
}

release_services() { as_root rm -f /usr/sbin/policy-rc.d; }

# Services of the packages that this run has installed do not start at the next boot either. The
# helpers of Debian itself need no running init, as in a container, and upgrades respect them.
disable_services() {
  local package unit
  for package in "$@"; do
    for unit in $(dpkg -L "$package" | sed -nE 's,^.*/systemd/system/([^/@]+\.service)$,\1,p'); do
      as_root DPKG_MAINTSCRIPT_PACKAGE="$package" deb-systemd-helper disable "$unit"
    done
    for unit in $(dpkg -L "$package" | sed -nE 's,^/etc/init\.d/([^/]+)$,\1,p'); do
      as_root update-rc.d "$unit" disable
    done
  done >>"$log" 2>&1
}

known_to_apt() { apt-cache show --no-all-versions "$1" >/dev/null 2>&1; }

[[ $# -gt 0 ]] || die "usage: deps/install.sh LIST…   (run, nodes, test, bench)"
command -v dpkg-query >/dev/null ||
  die "this machine has no dpkg; install what deps/*.txt name, then cmake --preset release"

declare -A installed=()
while read -r status name; do
  if [[ $status == ?i ]]; then installed[$name]=1; fi
done < <(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n')

missing=()
while read -r line; do
  for name in ${line//|/ }; do
    [[ -v installed[$name] ]] && continue 2
  done
  missing+=("$line")
done < <(wanted "$@")
[[ ${#missing[@]} -eq 0 ]] && exit 0

can_be_root || die "these packages are missing: ${missing[*]//|/ or }
firstcome: installing them needs root or sudo; as root: deps/install.sh $*"

mkdir -p "$(dirname "$log")"
: >"$log"
say "installing ${#missing[@]} packages: ${missing[*]%%|*}"
apt update || say "apt-get update reported errors (see $log); trying with what apt knows"

packages=()
for line in "${missing[@]}"; do
  for name in ${line//|/ }; do
    if known_to_apt "$name"; then
      packages+=("$name")
      continue 2
    fi
  done
  die "apt knows no package ${line//|/ or }; this release of the system may lack it"
done

hold_services
apt install --no-install-recommends --yes "${packages[@]}" || {
  tail -n 30 "$log" >&2
  die "apt-get install failed; all of its output is in $log"
}
disable_services "${packages[@]}"
