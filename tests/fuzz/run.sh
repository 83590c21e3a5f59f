#!/usr/bin/env bash
# Builds the fuzzers and runs each over its corpus for a short round with a fixed seed, so that two
# runs of one tree do the same. FUZZ_RUNS and FUZZ_SECONDS make it longer; a finding is left in
# build/fuzz/findings.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$here/../.." && pwd)/build/fuzz
"$here/../../cmake/build.sh" fuzz fuzzers

export ASAN_OPTIONS=detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
mkdir -p "$build/findings"
for source in "$here"/fuzz_*.cpp; do
  name=$(basename "$source" .cpp)
  found=$build/corpus/$name # what a run adds stays out of the source tree, and starts empty
  rm -rf "$found"
  mkdir -p "$found"
  echo "== $name"
  "$build/tests/fuzz/$name" -seed=1 -runs="${FUZZ_RUNS:-1000000}" \
    -max_total_time="${FUZZ_SECONDS:-20}" -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$build/findings/" "$found" "$here/corpus/${name#fuzz_}"
done
