#!/usr/bin/env python3
"""Makes the text that the shipped language model was trained on.

    scripts/reviews_corpus.py aclImdb data/cfimdb OUT_DIR

aclImdb is the unpacked Large Movie Review Dataset v1.0 (https://ai.stanford.edu/~amaas/data/sentiment/),
data/cfimdb what scripts/fetch_assets.sh fetches. Writes OUT_DIR/reviews-train.txt and, 1,000 of them
held out, OUT_DIR/reviews-valid.txt: a review a line, without labels, each once, and without those that
share passages with CFIMDB's dev or test reviews, which are edited reviews of the same collection.
"""
import random
import re
import sys
from pathlib import Path

SPAN = 40  # letters that two reviews must share to count as one passage
PASSAGES = 3


def letters(text):
    """What is compared: lower-case letters only."""
    return re.sub(r"[^a-z]+", "", re.sub(r"<br\s*/?>", " ", text).lower())


def one_line(text):
    return re.sub(r"\s*(?:<br\s*/?>|\n)(?:\s|<br\s*/?>)*", " ", text).strip()


def evaluation_spans(cfimdb):
    spans = set()
    for name in ("cfimdb-dev.txt", "cfimdb-test.txt"):
        for line in (cfimdb / name).read_text(encoding="utf-8").splitlines():
            text = letters(line.split(" ||| ", 1)[1])
            spans.update(text[i:i + SPAN] for i in range(max(1, len(text) - SPAN + 1)))
    return spans


def reviews(imdb):
    for part in ("train/pos", "train/neg", "train/unsup", "test/pos", "test/neg"):
        for path in sorted((imdb / part).glob("*.txt"), key=lambda p: int(p.name.split("_")[0])):
            yield path.read_text(encoding="utf-8")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    imdb, cfimdb, out = map(Path, sys.argv[1:])
    banned = evaluation_spans(cfimdb)
    kept, seen = [], set()
    for review in reviews(imdb):
        text = letters(review)
        shared = sum(text[i:i + SPAN] in banned for i in range(0, len(text) - SPAN + 1, 7))
        if text not in seen and shared < PASSAGES:
            kept.append(one_line(review))
        seen.add(text)
    if len(kept) <= 1000:
        sys.exit(f"{imdb} holds {len(kept)} reviews that can be used; is it the data set's directory?")
    random.seed(11711)
    random.shuffle(kept)
    out.mkdir(parents=True, exist_ok=True)
    for name, part in (("reviews-valid.txt", kept[:1000]), ("reviews-train.txt", kept[1000:])):
        (out / name).write_text("\n".join(part) + "\n", encoding="utf-8")
    print(f"{len(kept) - 1000} reviews to train on, 1000 held out")


if __name__ == "__main__":
    main()
