#!/usr/bin/env bash
# Builds everything with AddressSanitizer and UndefinedBehaviorSanitizer and runs every test but
# those that only compile. Further arguments go to ctest (-R zip, …).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
scripts/build.sh asan
. scripts/leak_check.sh build/asan/bin/generate --version
ctest --preset asan -j "$(nproc)" -E 'compiles alone|Doxygen' "$@"
