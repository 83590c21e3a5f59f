#!/usr/bin/env bash
# Configures the preset when that is not done yet and builds the targets, quietly: one line says
# what goes on, the rest is in build/PRESET/build.log and is shown when it fails.
#
#   cmake/build.sh PRESET TARGET…      FIRSTCOME_TESTS=ON in the environment: with the tests
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=$1
shift
dir=$root/build/$preset
log=$dir/build.log

mkdir -p "$dir"
exec 9>"$dir/.lock" # two commands at once build one after the other
flock 9

fail() {
  tail -n 60 "$log" >&2
  printf 'firstcome: building %s failed; all of the output is in %s\n' "$preset" "$log" >&2
  exit 1
}

# Tests once switched on stay on, so that ./run and ./test share one configured tree. A tree that
# was configured in another place (the folder was moved or copied) builds that other place.
configured() {
  [[ -f $dir/build.ninja ]] || return
  grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt" || return
  [[ ${FIRSTCOME_TESTS:-OFF} == OFF ]] || grep -qs '^FIRSTCOME_TESTS:BOOL=ON$' "$dir/CMakeCache.txt"
}

# Shows on a terminal how far it is, elsewhere only that there is something to do.
progress() {
  local line said=
  while IFS= read -r line; do
    [[ $line == \[[1-9]*/* ]] || continue # [0/n] is ninja looking around
    if [[ -t 2 ]]; then
      printf '\rfirstcome: building %s %s] ' "$preset" "${line%%]*}" >&2
    elif [[ -z $said ]]; then
      printf 'firstcome: building %s … ' "$preset" >&2
    fi
    said=yes
  done
  [[ -z $said ]] || printf 'done in %d s\n' "$SECONDS" >&2
}

if ! configured; then
  (cd "$root" && cmake --fresh --preset "$preset" -DFIRSTCOME_TESTS="${FIRSTCOME_TESTS:-OFF}") \
    >"$log" 2>&1 || fail
fi
cmake --build "$dir" --target "$@" 2>&1 9>&- | tee "$log" | progress || fail
