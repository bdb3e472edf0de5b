#!/usr/bin/env bash
# Installs what minillama is built from. Debian and Ubuntu: through apt-get, as root or with sudo.
# Elsewhere: says what is needed. Quick if everything is there. LibTorch is left alone if
# CMAKE_PREFIX_PATH is set, where CMake looks for one first. With the argument "fuzz", what
# scripts/fuzz.sh needs besides: clang with its sanitizers; with "wheel", what scripts/wheel.sh does.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache
  libopenblas0-openmp libsentencepiece-dev libcxxopts-dev libfmt-dev
  libjemalloc-dev libedit-dev libpcre2-dev libutf8proc-dev zlib1g-dev nlohmann-json3-dev catch2 libbenchmark-dev locales
  libabsl-dev  # which the header of sentencepiece 0.2.1 and later includes
)
[ -n "${CMAKE_PREFIX_PATH:-}" ] || packages+=(libtorch-dev)
[ "${1:-}" != fuzz ] || packages+=(clang libclang-rt-dev libomp-dev)
[ "${1:-}" != wheel ] || packages+=(python3-venv)

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  cat >&2 <<'EOF'
This is no Debian or Ubuntu. Please install, by the means of your system:
  a C++20 compiler, CMake 3.25 or later, Ninja, ccache (optional)
  LibTorch 1.13 to 2.15      https://pytorch.org/get-started/locally/ (the C++ package), or a Python
                             wheel of 2.6 or later: pip install torch
  sentencepiece 0.1.97+, PCRE2 10.36+ (8 bit), utf8proc 2.5+, zlib 1.2+, cxxopts 3.1+, fmt 9+,
  nlohmann-json 3.11+, Catch2 2 or 3; jemalloc 5 (optional: training large models takes less memory),
  libedit (optional: lines that are typed can be edited)
then tell CMake where those are that it does not find by itself:
  cmake --preset release -DCMAKE_PREFIX_PATH="/path/to/libtorch;/path/to/others"
  cmake --build --preset release && ctest --preset release
EOF
  # A machine that has all of it can go on.
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=(env DEBIAN_FRONTEND=noninteractive)
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "As root, please run: apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo "${as_root[@]}")
  fi
  echo "Installing: ${missing[*]}" >&2
  "${as_root[@]}" apt-get update -qq
  if [[ " ${missing[*]} " = *' libtorch-dev '* ]]; then
    torch=$(apt-cache policy libtorch-dev | awk '$1 == "Candidate:" { print $2 }')
    if ! dpkg --compare-versions "${torch/(none)/0}" ge 1.13; then
      cat >&2 <<'EOF'
This release has no package of LibTorch 1.13 or later (Debian has one since 12, Ubuntu since 25.04).
Please unpack LibTorch (the C++ package) from https://pytorch.org/get-started/locally/ and name it:
  CMAKE_PREFIX_PATH=/path/to/libtorch ./scripts/demo.sh
EOF
      exit 1
    fi
  fi
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
