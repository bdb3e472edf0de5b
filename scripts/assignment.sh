#!/usr/bin/env bash
# The assignment's seven commands with its reference's settings: two continuations; zero-shot,
# fine-tuned and LoRA classification of SST and CFIMDB. Writes the 14 files that are handed in, and a
# table beside the reference's figures.
#
#     scripts/assignment.sh [OUT_DIR [CHECKPOINT TOKENIZER]]
#
# OUT_DIR: runs/assignment. CHECKPOINT: checkpoints/stories42M.pt if it is there, else the model that
# ships. The data sets lie in $MINILLAMA_DATA or data/ (scripts/fetch_assets.sh gets them and
# stories42M.pt). EPOCHS=1 makes a quicker trial of it. Started again it goes on where it was stopped.
set -euo pipefail
case "${1:-}" in -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit ;; esac
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/build/release/bin
data=$(realpath "${MINILLAMA_DATA:-$root/data}")
out=${1:-$root/runs/assignment}
model=(--compat cmu2025)
if [ $# -eq 3 ]; then
  model+=(-m "$(realpath "$2")" --tokenizer "$(realpath "$3")")
elif [ -s "$root/checkpoints/stories42M.pt" ]; then
  model+=(-m "$root/checkpoints/stories42M.pt" --tokenizer "$data/llama2-tokenizer/tokenizer.model")
fi
for file in sst/sst-train.txt cfimdb/cfimdb-train.txt; do
  [ -s "$data/$file" ] || { echo "$data/$file is missing: see scripts/fetch_assets.sh" >&2; exit 3; }
done
mkdir -p "$out"
cd "$out"

echo "generate" >&2
"$bin/generate" --assignment "${model[@]}" --quiet

# classify SET BATCH_SIZE METHOD OPTION...: its output goes to SET-METHOD.txt.
classify() {
  local set=$1 batch=$2 method=$3 word
  shift 3
  [ -s "$set-$method.txt" ] && return
  echo "classify_$set --option $method" >&2
  case $method in prompt) word=prompting ;; finetune) word=finetuning ;; *) word=$method ;; esac
  "$bin/classify_$set" "${model[@]}" --option "$method" --batch-size "$batch" \
    --dev "$data/$set/$set-dev.txt" --dev-out "$set-dev-$word-output.txt" \
    --test "$data/$set/$set-test.txt" --test-out "$set-test-$word-output.txt" \
    "$@" >"$set-$method.part"
  mv "$set-$method.part" "$set-$method.txt"
}
for set in sst cfimdb; do
  batch=10
  classify $set $batch prompt
  [ $set = sst ] && batch=80
  for method in finetune lora; do
    lora=()
    [ $method = lora ] && lora=(--lora-rank 4 --lora-alpha 1)
    classify $set $batch $method --train "$data/$set/$set-train.txt" --epochs "${EPOCHS:-5}" --lr 2e-5 \
      --seed 1337 --hidden-dropout-prob 0.3 "${lora[@]}" --out-dir "$set-$method" --resume
  done
done

# accuracy SET METHOD SPLIT
accuracy() { sed -n "s/^$3: .* accuracy \([0-9.]*\)[ ,].*/\1/p" "$1-$2.txt"; }
row() { printf '%-11s %9s %9s %11s      %s\n' "$@"; }
{
  row '' 'SST dev' 'SST test' 'CFIMDB dev' 'the reference with stories42M, mean of 10 seeds'
  for line in 'prompt 0.237, 0.250, 0.490' 'finetune 0.411, 0.399, 0.833' 'lora 0.275, 0.269, 0.510'; do
    method=${line%% *}
    row "$method" "$(accuracy sst "$method" dev)" "$(accuracy sst "$method" test)" \
      "$(accuracy cfimdb "$method" dev)" "${line#* }"
  done
} | tee table.txt
echo "14 files and table.txt in $PWD" >&2
