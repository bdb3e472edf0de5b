#!/usr/bin/env bash
# Sums what the last test run (and the last scripts/fuzz.sh) tried: their lines "COUNT <n> <what>".
#
#   scripts/reliability.sh           writes the table in docs/reliability.md anew
#   scripts/reliability.sh --print   prints the sums
#
# Further arguments are logs of other runs, to be read instead.
set -euo pipefail
cd "$(dirname "$0")/.."
print=
if [ "${1:-}" = --print ]; then print=yes; shift; fi
logs=("$@")
[ ${#logs[@]} -gt 0 ] || for log in build/release/Testing/Temporary/LastTest.log build/fuzz/counts; do
  [ ! -f "$log" ] || logs+=("$log")
done
[ ${#logs[@]} -gt 0 ] || { echo 'No test has run yet: scripts/test.sh' >&2; exit 1; }

sums=$(awk '/^COUNT [0-9]+ / { n = $2; $1 = $2 = ""; sub(/^ +/, ""); sum[$0] += n }
            END { for (what in sum) printf "%d\t%s\n", sum[what], what }' "${logs[@]}" | sort -k2)
if [ -n "$print" ]; then
  [ -z "$sums" ] || printf 'Tried in this run:\n%s\n' "$sums"
  exit 0
fi
table=$(printf '| tried | what |\n|---:|---|\n'
        awk -F'\t' '{ printf "| %s | %s |\n", $1, $2 }' <<<"$sums")
awk -v table="$table" '/<!-- counts -->/ { print; print table; skip = 1 }
                       /<!-- end of counts -->/ { skip = 0 }
                       !skip || /<!-- end/ { if (!/<!-- counts -->/) print }' \
  docs/reliability.md >docs/reliability.md.new
mv docs/reliability.md.new docs/reliability.md
