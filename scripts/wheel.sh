#!/usr/bin/env bash
# Builds the library against the LibTorch of a Python wheel, and runs the documentation's examples
# with it: scripts/wheel.sh [VERSION]. The wheel (5 GB with what it needs, from Python's registry)
# is kept in build/wheel-VERSION. It has CUDA, and runs on processors too. Ends with 77 if it cannot be
# fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-2.15.0}
scripts/install_packages.sh wheel

environment=build/wheel-$version
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
if ! "$environment/bin/pip" install --quiet --disable-pip-version-check "torch==$version"; then
  echo "torch $version could not be installed from Python's registry: skipped" >&2
  exit 77
fi
packages=$("$environment/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

# Not optimised: this is about what is found and linked.
build=build/with-wheel-$version
cmake -S . -B "$build" -G Ninja -D CMAKE_BUILD_TYPE=Debug -D CMAKE_CXX_FLAGS_DEBUG=-O0 \
  -D MINILLAMA_WARNINGS_AS_ERRORS=ON -D MINILLAMA_BUILD_APPS=OFF \
  -D "CMAKE_PREFIX_PATH=$packages/torch" >/dev/null
cmake --build "$build" --target example_continue example_fine_tune
OMP_WAIT_POLICY=passive ctest --test-dir "$build" --output-on-failure -R '^example: '
