#!/usr/bin/env bash
# Tokens per second of `generate` and of the assignment's pipeline in PyTorch (bench/assignment.py), in
# turn on the same machine: the assignment's prompt, 75 tokens, temperature 0, one thread per processor.
#
#     bench/generate.sh CHECKPOINT.pt TOKENIZER.model [ROUNDS]
#
# Needs a python3 with torch and sentencepiece (Debian: python3-torch python3-sentencepiece, and then
# PYTHON=/usr/bin/python3).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
checkpoint=$1 tokenizer=$2 rounds=${3:-5}
generate=$here/../build/release/bin/generate
prompt="I have wanted to see this thriller for a while, and it didn't disappoint. Keanu Reeves, playing the hero John Wick, is"

# ours FLAGS...: tokens/s, from the program's own report
ours() {
  "$generate" -m "$checkpoint" --tokenizer "$tokenizer" -p "$prompt" -n 75 --temp 0 "$@" 2>&1 >/dev/null |
    sed -n 's/.* \([0-9.]*\) tokens\/s.*/\1/p'
}
peer() {
  "${PYTHON:-python3}" "$here/assignment.py" --option generate --checkpoint "$checkpoint" \
    --tokenizer "$tokenizer" | sed -n 's/.*"tokens_per_second": \([0-9.]*\).*/\1/p'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

cached=() compatible=() pytorch=()
for _ in $(seq "$rounds"); do
  cached+=("$(ours)")
  compatible+=("$(ours --compat cmu2025)")
  pytorch+=("$(peer)")
done
a=$(printf '%s\n' "${cached[@]}" | median)
b=$(printf '%s\n' "${compatible[@]}" | median)
c=$(printf '%s\n' "${pytorch[@]}" | median)
printf '%-44s %8s %8s\n' "median of $rounds rounds" tokens/s ratio
printf '%-44s %8.1f %8.2f\n' "PyTorch, whole prefix for every token" "$c" 1
printf '%-44s %8.1f %8.2f\n' "minillama --compat cmu2025, the same" "$b" "$(awk "BEGIN { print $b / $c }")"
printf '%-44s %8.1f %8.2f\n' "minillama, causal with KV cache" "$a" "$(awk "BEGIN { print $a / $c }")"
