#!/usr/bin/env bash
# Builds what runs a model without LibTorch with ThreadSanitizer and runs its tests, among them one in
# which six threads share two models.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_packages.sh
scripts/build.sh tsan minillama_runtime_tests
# 4: nothing failed, and some tests lack files that are not in the repository.
build/tsan/bin/minillama_runtime_tests || [ $? -eq 4 ]
