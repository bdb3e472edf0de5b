#!/usr/bin/env bash
# Builds everything with AddressSanitizer and UndefinedBehaviorSanitizer and runs every test.
# Further arguments go to ctest (-R zip, …).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
scripts/build.sh asan
ctest --preset asan -j "$(nproc)" "$@"
