#!/usr/bin/env bash
# Runs a million seeds in two processes at the lowest priority; says what broke, if anything did.
#
#   sim/million.sh [BUILD_DIR] [FIRST_SEED]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sim=${1:-$root/build/release}/sim/firstcome_sim
first=${2:-0}
middle=$((first + 500000))

nice -n 19 "$sim" --seeds "$first..$middle" &
lower=$!
nice -n 19 "$sim" --seeds "$middle..$((middle + 500000))" &
upper=$!
status=0
wait "$lower" || status=1
wait "$upper" || status=1
exit "$status"
