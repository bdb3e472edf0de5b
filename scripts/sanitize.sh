#!/usr/bin/env bash
# Builds everything with AddressSanitizer and UndefinedBehaviorSanitizer and runs the tests; or
# builds and runs the named test programs alone: scripts/sanitize.sh [PROGRAM…]
# (minillama_formats_tests: the readers of files, without LibTorch).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
scripts/build.sh asan "$@"
. scripts/leak_check.sh "build/asan/bin/${1:-minillama_formats_tests}" --list-tags

if [ $# -gt 0 ]; then
  # As in CMakePresets.json.
  export OMP_WAIT_POLICY=passive ASAN_OPTIONS="alloc_dealloc_mismatch=0:${ASAN_OPTIONS:-}"
  # 4: nothing failed, and some tests lack files that are not in the repository.
  printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c 'build/asan/bin/{} || [ $? -eq 4 ]'
  exit
fi
# Not those that compile and run nothing new, nor those that start one program again and again to see
# what it says and how it ends: docs/reliability.md.
skipped='embedding:|Doxygen|crash safety: (of another|a new)|interrupts:|terminal:|descriptors:'
skipped+='|apps: (options that|files that|--help|threads)|options: (those|given)|runs:|text: (a prompt|classifying)'
skipped+='|apps/train: (a signal ends|killed at 20|an unfinished run|what cannot|several seeds)'
ctest --preset asan -j "$(nproc)" -E "$skipped"
