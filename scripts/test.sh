#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. Further arguments go to ctest (-R zip, …).
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
# The benchmarks are built with the rest, so that they can be run whenever someone wants to.
cmake --preset release -D MINILLAMA_BUILD_BENCHMARKS=ON >/dev/null
scripts/build.sh release
ctest --preset release -j "$(nproc)" "$@"
scripts/reliability.sh --print
