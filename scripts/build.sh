#!/usr/bin/env bash
# Builds everything, or the named targets: scripts/build.sh [PRESET [TARGET…]] (release, dev or asan).
# Quick if nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
shift || true
targets=()
[ $# -eq 0 ] || targets=(--target "$@")

[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" "${targets[@]}"

[ -x "build/$preset/bin/generate" ] || exit 0
# LibTorch computes with whatever BLAS the system's alternative names, and OpenBLAS's OpenMP build is
# the only one that shares its threads with LibTorch: with the pthread build a training step takes a
# third longer, with the reference BLAS dozens of times as long.
blas=$(ldd "build/$preset/bin/generate" | awk '/libblas|libopenblas/ { print $3 }' | xargs -r readlink -f)
case "$blas" in
  *openblas-openmp* | '') ;;
  *)
    cat >&2 <<EOF
Note: LibTorch uses this BLAS, which makes minillama slower:
  $blas
To use OpenBLAS with OpenMP on Debian:
  update-alternatives --config libblas.so.3-$(uname -m)-linux-gnu
EOF
    ;;
esac
