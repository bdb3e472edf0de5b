#!/usr/bin/env bash
# Fuzzes every parser of untrusted files: scripts/fuzz.sh [SECONDS [TARGET…]], 60 seconds each by
# default, as many at once as there are processors. Needs clang (scripts/install_packages.sh fuzz).
# A finding ends with exit code 1 and its input in build/fuzz/findings/.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
scripts/install_packages.sh fuzz
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
cmake --build --preset fuzz >&2
build=$PWD/build/fuzz
mkdir -p "$build/findings" "$build/logs"
if [ $# -gt 0 ]; then targets=("$@"); else mapfile -t targets < <(ls fuzz/corpus); fi

# libsentencepiece takes memory from libstdc++'s operator new, even in a program where
# AddressSanitizer has replaced it and sees it freed.
export ASAN_OPTIONS=alloc_dealloc_mismatch=0 build seconds
. scripts/leak_check.sh "$build/bin/fuzz_zip" -runs=0
run() {
  local work
  work=$(mktemp -d)
  trap "rm -rf '$work'" EXIT
  if ! "$build/bin/fuzz_$1" "$work" "fuzz/corpus/$1" -max_total_time="$seconds" -timeout=5 \
       -rss_limit_mb=1024 -malloc_limit_mb=256 -max_len=16384 -print_final_stats=1 \
       -artifact_prefix="$build/findings/$1-" >"$build/logs/$1" 2>&1; then
    tail -40 "$build/logs/$1" >&2
    echo "fuzz_$1: a finding, see above and build/fuzz/findings/" >&2
    return 1
  fi
  echo "COUNT $(awk '/number_of_executed_units/ { print $2 }' "$build/logs/$1")" \
       "executions of the fuzz target $1"
}
export -f run
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -euc 'run {}' | tee "$build/counts"
