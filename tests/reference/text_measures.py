"""Writes text_measures.json: measures of texts, by their definitions and the slow way.

    python3 tests/reference/text_measures.py

Needs numpy. Distinct-n, seq-rep-n and self-BLEU are those of eval/ngrams.h and eval/self_bleu.h; the divergence
curve goes through its points as MAUVE's authors do, sorted along either axis; k-means is the best of all ways to
divide the points; intervals are of numpy's quantiles.
"""

import collections
import itertools
import json
import math
import pathlib
import random

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


def ngrams(text, n):
    return [tuple(text[i:i + n]) for i in range(len(text) - n + 1)]


def distinct(texts, n):
    everything = [ngram for text in texts for ngram in ngrams(text, n)]
    return len(set(everything)) / len(everything)


def repeated(text, n):
    found = ngrams(text, n)
    return [sum(ngram in found[:i] for i, ngram in enumerate(found)), len(found)]


def bleu(text, references):
    if not text:
        return 0.0
    product = 1.0
    for n in range(1, 5):
        shared = 0
        for ngram, count in collections.Counter(ngrams(text, n)).items():
            shared += min(count, max(ngrams(reference, n).count(ngram) for reference in references))
        if shared == 0 and n == 1:
            return 0.0
        product *= (shared or 0.1) / max(len(ngrams(text, n)), 1)
    nearest = min((len(reference) for reference in references), key=lambda r: (abs(r - len(text)), r))
    return min(1.0, math.exp(1 - nearest / len(text))) * product ** 0.25


def kl(p, q):
    where = p > 0
    return np.inf if (q[where] == 0).any() else (p[where] * np.log(p[where] / q[where])).sum()


def area(p, q, scaling):
    p, q = (np.array(x, dtype=float) / sum(x) for x in (p, q))
    curve = [(0, np.inf)]
    for share in np.linspace(1e-6, 1 - 1e-6, 25):
        r = share * p + (1 - share) * q
        curve.append((kl(q, r), kl(p, r)))
    x, y = np.exp(-scaling * np.array(curve + [(np.inf, 0)])).T
    by_x, by_y = np.lexsort((-y, x)), np.lexsort((-x, y))
    under = lambda u, v: (np.diff(u) * (v[1:] + v[:-1]) / 2).sum()
    return (under(x[by_x], y[by_x]) + under(y[by_y], x[by_y])) / 2


def squares(points, clusters):
    return sum(((points[clusters == k] - points[clusters == k].mean(0)) ** 2).sum() for k in set(clusters))


def best_clusters(points, k):
    """Of all ways to divide the points, named in the order in which they come."""
    ways = []
    for rest in itertools.product(range(k), repeat=len(points) - 1):
        clusters = np.array((0,) + rest)
        if list(dict.fromkeys(clusters.tolist())) == list(range(k)):
            ways.append((squares(points, clusters), clusters.tolist()))
    first, second = sorted(ways)[:2]
    assert second[0] > first[0] * 1.001, 'two are as good'
    return first[1]


def main():
    chance = random.Random(5)
    text = lambda length, words: [chance.randrange(words) for _ in range(length)]
    sets = [
        [text(chance.randrange(5, 40), 6) for _ in range(8)],
        [text(12, 30) for _ in range(5)] + [[], [3], [4, 5, 4]],
        [text(9, 3), text(9, 3)],
        [[1, 1, 1, 1, 1, 1, 2], [1, 1, 1], [7, 8, 9, 7, 8, 9, 7, 8, 9]],
    ]
    numbers = np.random.default_rng(5)
    pairs = [([1, 1], [1, 1]), ([1, 0], [0, 1]), ([3, 0, 1], [0, 5, 2]), ([5, 3, 2, 0], [4, 4, 1, 1])]
    pairs += [(numbers.integers(0, 9, 12).tolist(), numbers.integers(0, 9, 12).tolist()) for _ in range(3)]
    clouds = [(np.float32(numbers.normal(size=(9, 2))), 3), (np.float32(numbers.normal(size=(8, 3))), 4),
              (np.float32(numbers.normal(size=(10, 1))), 2)]
    replicates = [numbers.normal(size=n) for n in (1, 2, 40, 1001)]
    out = dict(
        texts=[dict(texts=texts, distinct=[distinct(texts, n) for n in (1, 2, 3)],
                    repeated=[[repeated(one, n) for n in (1, 2, 4)] for one in texts],
                    self_bleu=[bleu(one, texts[:i] + texts[i + 1:]) for i, one in enumerate(texts)])
               for texts in sets],
        curves=[dict(p=p, q=q, scaling=c, area=area(p, q, c)) for p, q in pairs for c in (1, 5)],
        k_means=[dict(points=points.flatten().tolist(), dim=points.shape[1], k=k,
                      clusters=best_clusters(points.astype(float), k)) for points, k in clouds],
        intervals=[dict(value=0.25, replicates=r.tolist(),
                        interval=[0.5 - np.quantile(r, 0.975), 0.5 - np.quantile(r, 0.025)]) for r in replicates])
    lines = [f'"{key}": [\n' + ',\n'.join(json.dumps(case) for case in cases) + '\n]' for key, cases in out.items()]
    (HERE / 'text_measures.json').write_text('{\n' + ',\n'.join(lines) + '\n}\n')


if __name__ == '__main__':
    main()
