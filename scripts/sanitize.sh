#!/usr/bin/env bash
# Builds everything with AddressSanitizer and UndefinedBehaviorSanitizer and runs the tests. Further
# arguments go to ctest (-R zip, …).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
scripts/build.sh asan
. scripts/leak_check.sh build/asan/bin/generate --version

# Not those that compile and run nothing new, nor those that start one program again and again to see
# what it says and how it ends: docs/reliability.md.
skipped='embedding:|Doxygen|crash safety: (of another|a new)|interrupts:|terminal:|descriptors:'
skipped+='|apps: (options that|files that|--help|threads)|options: (those|given)|runs:|text: (a prompt|classifying)'
skipped+='|apps/train: (a signal ends|killed at 20|an unfinished run|what cannot|several seeds)'
ctest --preset asan -j "$(nproc)" -E "$skipped" "$@"
