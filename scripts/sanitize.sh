#!/usr/bin/env bash
# Builds everything with AddressSanitizer and UndefinedBehaviorSanitizer and runs the tests. Further
# arguments go to ctest (-R zip, …).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
scripts/build.sh asan
. scripts/leak_check.sh build/asan/bin/generate --version

# Not those that compile and run nothing new, nor those that stop one program again and again at
# another moment: docs/reliability.md.
skipped='embedding:|Doxygen|crash safety: (of another|a new)'
skipped+='|apps/train: (a signal ends|killed at 20|an unfinished run)'
ctest --preset asan -j "$(nproc)" -E "$skipped" "$@"
