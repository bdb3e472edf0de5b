#!/usr/bin/env bash
# From a bare machine to a running model: installs what is missing, builds, classifies a few sentences
# and continues a review with the model in checkpoints/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
echo "Building (the first time takes a few minutes) …" >&2
scripts/build.sh release >&2
bin=build/release/bin

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }

say 'What do these sentences say about a film? (a language model asked, never trained for it)'
for sentence in 'A delight from its first scene to its last .' \
                'I was bored and wanted my money back .' \
                'The best film I have seen in years !'; do
  printf '%-50s  %s\n' "$sentence" "$("$bin/classify_cfimdb" --quiet --calibrate "$sentence")"
done

say 'How does this review go on?'
"$bin/generate" --quiet -n 60 \
  -p "I have wanted to see this thriller for a while, and it didn't disappoint. Keanu Reeves, playing the hero John Wick, is"

say 'Try next'
cat <<EOF
  $bin/generate -p "This movie is"
  echo "A dull , overlong mess ." | $bin/classify_sst
  $bin/generate --help
EOF
