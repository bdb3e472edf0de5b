#!/usr/bin/env bash
# Lists the file pairs of lib/ that TextClassifier::load() goes through, in the order in which it first
# enters them, and from which others it enters each: scripts/visited_files.sh [CHECKPOINT]. To see what a
# newcomer has to read, and where the way comes from.
#
# A pair is entered when a function of it is called by one of another pair. What is inlined, the standard
# library and kernels/ are not seen.
set -euo pipefail
cd "$(dirname "$0")/.."
checkpoint=$(realpath "${1:-checkpoints/sst}")
build=build/visited
mkdir -p "$build"

cat >"$build/main.cpp" <<'CPP'
#include <cstdio>

#include "minillama/eval/text_classifier.h"

namespace {
std::FILE* trace = nullptr;
}
extern "C" {
__attribute__((no_instrument_function)) void __cyg_profile_func_enter(void* function, void* caller) {
  if (trace != nullptr) std::fprintf(trace, "%p\n%p\n", function, caller);
}
__attribute__((no_instrument_function)) void __cyg_profile_func_exit(void*, void*) {}
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::FILE* file = std::fopen(argv[2], "w");
  trace = file;
  const auto classifier = minillama::TextClassifier::load(argv[1]);
  trace = nullptr;
  return std::fclose(file) + static_cast<int>(classifier.label_names().empty());
}
CPP
cmake -S . -B "$build" -G Ninja -D CMAKE_BUILD_TYPE=Debug -D MINILLAMA_TORCH=OFF -D MINILLAMA_BUILD_APPS=OFF \
  -D MINILLAMA_BUILD_TESTS=OFF -D CMAKE_POSITION_INDEPENDENT_CODE=OFF \
  -D CMAKE_CXX_FLAGS="-finstrument-functions -finstrument-functions-exclude-file-list=/usr/,/kernels/ -no-pie -fno-pie" \
  >/dev/null
cmake --build "$build" --target minillama_runtime >/dev/null
c++ -std=c++20 -g -no-pie -fno-pie -I lib "$build/main.cpp" "$build/lib/minillama/libminillama_runtime.a" \
  -lfmt -lpcre2-8 -lutf8proc -lz -ldl -lpthread $(ldconfig -p | grep -q absl_status && echo -labsl_status) -o "$build/visited"
OMP_NUM_THREADS=1 "$build/visited" "$checkpoint" "$build/trace"

# Pairs of lines, the function and its caller, become "pair pair".
addr2line -e "$build/visited" <"$build/trace" | sed -E 's#^/.*/lib/minillama/#lib/#; s/\.(h|cpp):.*$//' | paste - - |
  awk -v root="lib/" '
    index($1, root) == 1 && index($2, root) == 1 && $1 != $2 {
      file = substr($1, length(root) + 1)
      caller = substr($2, length(root) + 1)
      if (!(file in callers)) order[++n] = file
      if (!((file, caller) in seen)) callers[file] = callers[file] " " caller
      seen[file, caller] = 1
    }
    END {
      for (i = 1; i <= n; ++i) printf "%-28s <-%s\n", order[i], callers[order[i]]
      printf "%d file pairs\n", n
    }'
