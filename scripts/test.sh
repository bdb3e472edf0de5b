#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. Further arguments go to ctest (-R zip, …).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
scripts/build.sh release
ctest --preset release -j "$(nproc)" "$@"
scripts/reliability.sh --print
