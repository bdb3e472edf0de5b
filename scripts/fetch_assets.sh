#!/usr/bin/env bash
# Gets the public files that some tests and the assignment's tasks need into data/ (git-ignored) and
# stories42M.pt into checkpoints/. Files that are there already are left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

assignment=https://raw.githubusercontent.com/cmu-l3/anlp-fall2025-hw1/main
failed=0

# fetch URL FILE
fetch() {
  [ -s "$2" ] && return
  mkdir -p "$(dirname "$2")"
  echo "$2" >&2
  if ! curl --fail --location --silent --show-error --retry 3 --output "$2.part" "$1"; then
    rm -f "$2.part"
    failed=1
    return
  fi
  mv "$2.part" "$2"
}

for set in sst cfimdb; do
  for part in train.txt dev.txt test.txt label-mapping.json; do
    fetch "$assignment/data/$set-$part" "data/$set/$set-$part"
  done
done
fetch "$assignment/tokenizer.model" data/llama2-tokenizer/tokenizer.model
for file in sanity_check.data rotary_embedding_actual.data optimizer_test.npy; do
  fetch "$assignment/$file" "data/reference/$file"
done
tinyllamas=https://huggingface.co/karpathy/tinyllamas/resolve/main
fetch "$tinyllamas/stories260K/stories260K.bin" data/stories260K/stories260K.bin
fetch "$tinyllamas/stories260K/tok512.bin" data/stories260K/tok512.bin
fetch https://www.cs.cmu.edu/~vijayv/stories42M.pt checkpoints/stories42M.pt

[ "$failed" -eq 0 ] || { echo 'Some files could not be fetched (see above).' >&2; exit 1; }
