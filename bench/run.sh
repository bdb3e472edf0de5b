#!/usr/bin/env bash
# Builds the benchmarks, measures everything in one run, and prints a table with every row beside its
# limit or peer (bench/README.md says what they are). Leaves the figures in build/bench/ and the plots
# in bench/*.svg.
#
#     bench/run.sh [--data DIR] [--only PREFIX]
#
# DIR has what scripts/fetch_assets.sh fetches; without it the rows that train are left out. So are
# those that compare with PyTorch if PYTHON (default: python3) has no torch. An otherwise idle machine
# is needed: with two threads for two processors, one more running program halves everything.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset release -D MINILLAMA_BUILD_BENCHMARKS=ON > /dev/null
cmake --build build/release --target adamw_bench decode_bench one_run step_bench stream_bench generate classify_sst classify_sst_module > /dev/null
exec python3 bench/measure.py "$@"
