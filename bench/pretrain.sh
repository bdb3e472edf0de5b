#!/usr/bin/env bash
# Tokens per second in pretraining, `pretrain` and the same model in PyTorch (bench/pretrain.py), in turn
# on the same machine, one thread per processor: float32, and bfloat16 products where the processor has
# them. Besides the share of the machine's sgemm rate that 6 * parameters * tokens/s makes.
#
#     bench/pretrain.sh TEXT TOKENIZER.model [ROUNDS]
#
# Needs a python3 with torch (Debian: python3-torch, and then PYTHON=/usr/bin/python3).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
text=$1 tokenizer=$2 rounds=${3:-3}
pretrain=$here/../build/release/bin/pretrain
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
head -c 2000000 "$text" > "$out/text"

# number NAME: its value in a line of JSON
number() { sed -n "s/.*\"$1\": *\([0-9.e+]*\).*/\1/p"; }
# ours TYPE: the best of four steps
ours() {
  rm -f "$out"/run/*.safetensors
  "$pretrain" --train "$out/text" --valid "$out/text" --tokenizer "$tokenizer" --out-dir "$out/run" \
    --dim 384 --layers 8 --heads 6 --kv-heads 2 --hidden-dim 1024 --window 512 --batch-size 4 \
    --accumulate 2 --steps 5 --warmup-steps 1 --record-every 1 --valid-windows 1 --dtype "$1" --json \
    --quiet | number tokens_per_second | sort -n | tail -1
}
peer() { "${PYTHON:-python3}" "$here/pretrain.py" --vocab "$vocab"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

vocab=8192
types=(f32)
ours bf16 > /dev/null 2>&1 && types+=(bf16)
: > "$out/peer"
for _ in $(seq "$rounds"); do
  for type in "${types[@]}"; do ours "$type" >> "$out/$type"; done
  peer >> "$out/peer"
done
base=$(number tokens_per_second < "$out/peer" | median)
rate=$(number sgemm_gflops < "$out/peer" | sort -n | tail -1)
parameters=$(number parameters < "$out/peer" | head -1)
line() {
  awk -v name="$1" -v speed="$2" -v base="$base" -v rate="$rate" -v n="$parameters" 'BEGIN {
    printf "%-28s %8.0f %8.2f %8.2f\n", name, speed, speed / base, 6 * n * speed / (rate * 1e9) }'
}
printf '%-28s %8s %8s %8s\n' "median of $rounds rounds" tokens/s ratio "of sgemm"
line "PyTorch, float32" "$base"
for type in "${types[@]}"; do line "minillama, $type" "$(median < "$out/$type")"; done
printf 'sgemm: %.0f GFLOP/s; %.1f M parameters\n' "$rate" "$(awk "BEGIN { print $parameters / 1e6 }")"
