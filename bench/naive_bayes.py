#!/usr/bin/env python3
"""The row that any classifier must beat: multinomial naive Bayes over lower-cased words, without and
with pairs of neighbouring words, counts smoothed by 1, the labels' frequencies as prior (Wang and Manning 2012,
"Baselines and Bigrams", https://aclanthology.org/P12-2018).

    bench/naive_bayes.py TRAIN DEV [TEST]      lines "label ||| sentence"
"""
import collections
import math
import sys


def read(path, pairs):
    with open(path, encoding="utf-8-sig") as lines:
        for line in lines:
            label, sentence = line.rstrip("\n").split(" ||| ", 1)
            words = sentence.lower().split()
            yield int(label), words + [" ".join(p) for p in zip(words, words[1:])] * pairs


def train(examples):
    """Log prior of each label and, for each, the log likelihood of every feature."""
    labels = collections.Counter()
    counts = collections.defaultdict(collections.Counter)
    for label, features in examples:
        labels[label] += 1
        counts[label].update(features)
    vocabulary = set().union(*counts.values())
    prior = {label: math.log(n / sum(labels.values())) for label, n in labels.items()}
    likelihood = {}
    for label in labels:
        total = sum(counts[label].values()) + len(vocabulary)
        likelihood[label] = {f: math.log((counts[label][f] + 1) / total) for f in vocabulary}
    return prior, likelihood


def accuracy(prior, likelihood, examples):
    right = total = 0
    for label, features in examples:
        # Features that training never saw say nothing.
        scores = {c: prior[c] + sum(likelihood[c].get(f, 0) for f in features) for c in prior}
        right += max(sorted(scores), key=scores.get) == label
        total += 1
    return right / total


if len(sys.argv) not in (3, 4):
    sys.exit(__doc__)
for pairs in (False, True):
    model = train(read(sys.argv[1], pairs))
    for path in sys.argv[2:]:
        name = "words and pairs" if pairs else "words"
        print(f"{name}, {path}: accuracy {accuracy(*model, read(path, pairs)):.4f}")
