#!/usr/bin/env bash
# Tokens per second of `generate` and of llama.cpp with the same GGUF files and the same threads, in turn on
# the same machine: a prompt of 512 tokens, and 128 tokens behind a short one. Medians, and ours over theirs.
#
#     bench/llama_cpp.sh LLAMA_BENCH FILE.gguf …
#
# LLAMA_BENCH is the llama-bench of llama.cpp (Debian: llama.cpp-tools). ROUNDS (5) and THREADS (2) may be set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
peer=$1 rounds=${ROUNDS:-5} threads=${THREADS:-2}
shift
generate=${GENERATE:-$here/../build/release/bin/generate}
# A word that is one token of every English vocabulary.
prompt=$(printf 'the%.0s ' $(seq 512))
prompt=${prompt% }

# ours MODEL PROMPT TOKENS: what the program says of its speed
ours() {
  "$generate" -m "$1" -p "$2" -n "$3" -t "$threads" --temp 0 --ignore-eos --no-display-prompt 2>&1 >/dev/null | tail -1
}
# theirs MODEL PROMPT_TOKENS NEW_TOKENS
theirs() {
  "$peer" -m "$1" -p "$2" -n "$3" -t "$threads" -r 1 -o csv 2>/dev/null |
    awk -F'"' 'END { print $(NF - 3) }'  # the last column but one: avg_ts
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
row() { awk -v name="$1" -v what="$2" -v a="$3" -v b="$4" 'BEGIN { printf "%-44s %-7s %9.1f %9.1f %6.2f\n", name, what, a, b, a / b }'; }

printf '%-44s %-7s %9s %9s %6s\n' "medians of $rounds rounds, $threads threads" '' ours llama.cpp ratio
for model in "$@"; do
  prompt_ours=() prompt_theirs=() decode_ours=() decode_theirs=()
  for _ in $(seq "$rounds"); do
    prompt_ours+=("$(ours "$model" "$prompt" 1 | sed -n 's/.*(prompt \([0-9.]*\) s).*/\1/p' | awk '{ print 512 / $1 }')")
    prompt_theirs+=("$(theirs "$model" 512 0)")
    decode_ours+=("$(ours "$model" the 129 | sed -n 's/.* \([0-9.]*\) tokens\/s.*/\1/p')")
    decode_theirs+=("$(theirs "$model" 0 128)")
  done
  name=$(basename "$model")
  row "$name" prompt "$(printf '%s\n' "${prompt_ours[@]}" | median)" "$(printf '%s\n' "${prompt_theirs[@]}" | median)"
  row "$name" decode "$(printf '%s\n' "${decode_ours[@]}" | median)" "$(printf '%s\n' "${decode_theirs[@]}" | median)"
done
