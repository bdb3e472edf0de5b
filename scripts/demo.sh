#!/usr/bin/env bash
# From a bare machine to a running model: installs what is missing, builds, classifies a few sentences
# and continues a review with the model in checkpoints/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
echo "Building (the first time takes a few minutes) …" >&2
scripts/build.sh release classify_sst classify_cfimdb generate >&2
bin=build/release/bin

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }

say 'How good is the film, from awful to excellent? (the adapter in checkpoints/sst)'
for sentence in 'A delight from its first scene to its last .' \
                'It has its moments , but it runs too long .' \
                'I was bored and wanted my money back .'; do
  printf '%-46s  %s\n' "$sentence" "$("$bin/classify_sst" --quiet "$sentence")"
done

say 'Good or bad, of a whole review? (the adapter in checkpoints/cfimdb)'
for end in 'we laughed from beginning to end . The story is simple but the actors are wonderful , and I will see it again .' \
           'we were bored from beginning to end . The story is simple and the actors are dreadful , and I will never see it again .'; do
  printf '%s  %s\n' "… $end" "$("$bin/classify_cfimdb" --quiet "I watched this with my brother and $end")"
done

say 'How does this review go on?'
"$bin/generate" --quiet -n 60 \
  -p "I have wanted to see this thriller for a while, and it didn't disappoint. Keanu Reeves, playing the hero John Wick, is"

say 'Try next'
cat <<EOF
  $bin/generate -p "This movie is"
  echo "A dull , overlong mess ." | $bin/classify_sst --json
  scripts/build.sh                                                 # builds what trains, too; then:
  $bin/classify_sst --option prompt "A dull , overlong mess ."     # the language model asked, untrained
  scripts/fetch_assets.sh                                          # the data sets, to train on:
  $bin/classify_sst --option lora --out-dir runs/sst
EOF
