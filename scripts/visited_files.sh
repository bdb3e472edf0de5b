#!/usr/bin/env bash
# Lists the files of lib/ that TextClassifier::load() goes through on its way, in the order in which it
# first enters them, and how often it enters each: scripts/visited_files.sh [CHECKPOINT]. To see what a
# newcomer has to read, and whether the way goes back and forth.
#
# A file is entered when a function of it is called by one of another file. What is inlined, the
# standard library and kernels/ are not seen.
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
  -lfmt -ldl -lpthread $(ldconfig -p | grep -q absl_status && echo -labsl_status) -o "$build/visited"
OMP_NUM_THREADS=1 "$build/visited" "$checkpoint" "$build/trace"

# Pairs of lines, the function and its caller, become "file file".
addr2line -e "$build/visited" <"$build/trace" | sed -E 's/:[0-9?]+( .*)?$//' | paste - - |
  awk -v root="$PWD/lib/minillama/" '
    { function_file = $1; caller = $2 }
    index(function_file, root) != 1 || function_file == caller { next }
    {
      file = substr(function_file, length(root) + 1)
      if (!(file in entered)) order[++n] = file
      ++entered[file]
    }
    END {
      for (i = 1; i <= n; ++i) printf "%6d  %s\n", entered[order[i]], order[i]
      printf "%d files\n", n
    }'
