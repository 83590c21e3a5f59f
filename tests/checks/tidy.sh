#!/usr/bin/env bash
# clang-tidy with the rules of .clang-tidy over src/, as the release build compiles it; arguments
# are files to look at instead of all.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
"$root/cmake/build.sh" release firstcome # makes what is generated, and compile_commands.json
cd "$root"
[[ $# -gt 0 ]] || mapfile -t files < <(find src -name '*.cpp' | sort)
printf '%s\0' "${files[@]:-$@}" |
  xargs -0 --max-procs="$(nproc)" --max-args=1 clang-tidy-19 -p build/release --quiet
echo "clang-tidy has nothing to say"
