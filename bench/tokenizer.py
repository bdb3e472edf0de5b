#!/usr/bin/env python3
"""Encodes a text with tokenizer_bench and with Python's tokenizers, in turn, one thread each, line by
line, and prints what each reaches; the ids must be equal.

    cmake --preset release -D MINILLAMA_BUILD_BENCHMARKS=ON && cmake --build --preset release
    pip install tokenizers
    bench/tokenizer.py build/release/bin/tokenizer_bench tokenizer.json reviews-train.txt [BYTES]
"""

import os
import statistics
import subprocess
import sys
import time
import zlib

os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
ROUNDS = 3


def main(program, path, text_path, size="20000000"):
    import array

    from tokenizers import Tokenizer

    with open(text_path, "rb") as file:
        text = file.read(int(size))
    lines = text[: text.rfind(b"\n") + 1].decode().split("\n")[:-1]
    tokenizer = Tokenizer.from_file(path)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        words = subprocess.run([program, path, text_path, size], check=True, capture_output=True, text=True).stdout.split()
        ours.append(float(words[1]))
        ids = array.array("i")
        start = time.time()
        for line in lines:
            ids.extend(tokenizer.encode(line, add_special_tokens=False).ids)
        theirs.append(time.time() - start)
        if (int(words[3]), int(words[4], 16)) != (len(ids), zlib.crc32(ids.tobytes())):
            sys.exit("the ids differ")
    n_bytes = int(words[2])
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(f"minillama {n_bytes / ours / 1e6:.2f} MB/s, tokenizers {n_bytes / theirs / 1e6:.2f} MB/s: {theirs / ours:.1f} x"
          f" ({len(ids)} equal ids, medians of {ROUNDS})")  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
