#!/usr/bin/env bash
# Is the code laid out as .clang-format says? `format.sh --fix FILE…` makes it so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [[ ${1:-} == --fix ]]; then
  shift
  exec clang-format-19 -i "$@"
fi
find src sim tests bench \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
  xargs -0 --no-run-if-empty clang-format-19 --dry-run -Werror
