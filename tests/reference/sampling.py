"""Writes sampling.json: what each step of sampling makes of logits or probabilities, by its definition
in float64; where transformers has the step, too, both must agree to 1e-12.

    python3 tests/reference/sampling.py
"""

import json
import math
import pathlib

import numpy as np
import torch
import transformers as hf

HERE = pathlib.Path(__file__).resolve().parent
V = 48


# Processors: logits x, the tokens so far, how many of them are the prompt's.

def repetition_penalty(x, tokens, prompt, penalty):
    for t in set(tokens):
        x[t] = x[t] / penalty if x[t] > 0 else x[t] * penalty


def count_penalties(x, tokens, prompt, presence=0, frequency=0):
    for t in set(tokens[prompt:]):
        x[t] -= presence + frequency * tokens[prompt:].count(t)


def dry(x, tokens, prompt, multiplier, base=1.75, allowed_length=2, breakers=()):
    longest = {}
    for i in range(len(tokens) - 1):
        n = 0
        while n <= i and tokens[i - n] == tokens[-1 - n] and tokens[i - n] not in breakers:
            n += 1
        longest[tokens[i + 1]] = max(n, longest.get(tokens[i + 1], 0))
    for t, n in longest.items():
        if n >= allowed_length and t not in breakers:
            x[t] -= multiplier * base ** (n - allowed_length)


def no_repeat_ngram(x, tokens, prompt, n):
    for i in range(len(tokens) - n + 1):
        if tokens[i:i + n - 1] == tokens[len(tokens) - n + 1:]:
            x[tokens[i + n - 1]] = -math.inf


def banned(x, tokens, prompt, sequences):
    for *front, last in sequences:
        if len(front) <= len(tokens) and tokens[len(tokens) - len(front):] == front:
            x[last] = -math.inf


def logit_bias(x, tokens, prompt, biases):
    for t, bias in biases:
        x[t] += bias


def min_new_tokens(x, tokens, prompt, n, stop_ids):
    if len(tokens) - prompt < n:
        x[stop_ids] = -math.inf


def top_n_sigma(x, tokens, prompt, n):
    x[x < x.max() - n * math.sqrt(((x - x.mean()) ** 2).mean())] = -math.inf


# Filters: probabilities p that add up to 1. Each says which tokens stay.

def entropy(p):
    return -sum(q * math.log(q) for q in p)


def prefix(p, order, mass):
    n = 1 + sum(np.cumsum(p[order]) < mass)
    return np.isin(np.arange(V), order[:n])


def top_k(p, k):
    return np.isin(np.arange(V), np.argsort(-p, kind="stable")[:k])


def top_p(p, mass):
    return prefix(p, np.argsort(-p, kind="stable"), mass)


def min_p(p, share):
    return p >= share * p.max()


def typical_p(p, mass):
    return prefix(p, np.argsort(abs(-np.log(p) - entropy(p)), kind="stable"), mass)


def epsilon(p, least):
    return (p >= least) | (p == p.max())


def eta(p, eps):
    return epsilon(p, min(eps, math.sqrt(eps) * math.exp(-entropy(p))))


def xtc(p, threshold):
    top = p >= threshold
    return ~top | (p == p[top].min()) if top.sum() > 1 else p >= 0


def surprises_kept(p, mu):
    return (-np.log2(p) <= mu) | (p == p.max())


def softmax(x):
    p = np.exp(x - x.max())
    return p / p.sum()


def checked(ours, theirs, x, tokens):
    """`ours`, which must be what the processor of transformers gives."""
    if theirs is not None:
        found = theirs(torch.tensor([tokens]), torch.tensor(x)[None])[0].numpy()
        assert np.array_equal(np.isinf(found), np.isinf(ours))
        assert np.allclose(found[~np.isinf(found)], ours[~np.isinf(ours)], rtol=0, atol=1e-12)
    return [None if math.isinf(v) else float(f"{v:.9g}") for v in ours]


def main():
    random = np.random.default_rng(1)
    logits = [np.round(random.normal(0, spread, V), 3) for spread in (1, 3)]
    # A text that repeats itself, with a breaker, 7, in it.
    tokens = [5, 9, 3, 7, 4, 9, 3, 7, 4, 9, 3, 8, 3, 7, 4, 9, 3]
    prompt, stop_ids = 6, [1, 2]
    processors, filters = [], []

    def processed(options, step, *arguments, theirs=None, tokens=tokens):
        for i, x in enumerate(logits):
            ours = x.copy()
            step(ours, tokens, prompt, *arguments)
            processors.append({"options": options, "logits": i, "tokens": tokens,
                               "expected": checked(ours, theirs, x, tokens)})

    def filtered(options, step, *arguments, theirs=None):
        for i, x in enumerate(logits):
            kept = step(softmax(x), *arguments)
            if theirs is not None:
                found = theirs(torch.tensor([tokens]), torch.tensor(x)[None])[0].numpy()
                assert np.array_equal(~np.isinf(found), kept), options
            p = np.where(kept, softmax(x), 0)
            filters.append({"options": options, "logits": i,
                            "expected": [float(f"{q:.9g}") for q in p / p.sum()]})

    for penalty in 1.3, 0.8:
        processed({"repetition_penalty": penalty}, repetition_penalty, penalty,
                  theirs=hf.RepetitionPenaltyLogitsProcessor(penalty))
    processed({"presence_penalty": 0.7}, count_penalties, 0.7)
    processed({"presence_penalty": -0.5, "frequency_penalty": 0.4}, count_penalties, -0.5, 0.4)
    processed({"dry_multiplier": 0.8}, dry, 0.8)
    processed({"dry_multiplier": 0.5, "dry_base": 1.2, "dry_allowed_length": 4,
               "dry_breakers": [8]}, dry, 0.5, 1.2, 4, [8])
    processed({"dry_multiplier": 1, "dry_breakers": [7], "dry_allowed_length": 1}, dry, 1, 1.75, 1, [7])
    for n in 1, 3, 5:
        processed({"no_repeat_ngram": n}, no_repeat_ngram, n,
                  theirs=hf.NoRepeatNGramLogitsProcessor(n))
    sequences = [[11], [9, 3, 6], [4, 9, 3, 2], [8, 3, 9], [0] * 30]
    processed({"banned": sequences}, banned, sequences,
              theirs=hf.NoBadWordsLogitsProcessor(sequences))
    biases = [[3, 1.5], [9, -4.25], [40, -math.inf]]
    processed({"logit_bias": [[t, b if math.isfinite(b) else None] for t, b in biases]}, logit_bias, biases,
              theirs=hf.SequenceBiasLogitsProcessor([[[t], b] for t, b in biases]))
    for n in 11, 12:
        processed({"min_new_tokens": n}, min_new_tokens, n, stop_ids,
                  theirs=hf.MinNewTokensLengthLogitsProcessor(prompt, n, stop_ids, device="cpu"))
    for n in 0.5, 1.5:
        processed({"top_n_sigma": n}, top_n_sigma, n)

    for k in 1, 7, 100:
        filtered({"top_k": k}, top_k, k, theirs=hf.TopKLogitsWarper(k))
    for mass in 0.3, 0.9:
        filtered({"top_p": mass}, top_p, mass, theirs=hf.TopPLogitsWarper(mass))
        filtered({"typical_p": mass}, typical_p, mass, theirs=hf.TypicalLogitsWarper(mass))
    for share in 0.05, 0.5:
        filtered({"min_p": share}, min_p, share, theirs=hf.MinPLogitsWarper(share))
    for eps in 0.01, 0.2:
        filtered({"epsilon": eps}, epsilon, eps, theirs=hf.EpsilonLogitsWarper(eps))
        filtered({"eta": eps}, eta, eps, theirs=hf.EtaLogitsWarper(eps))
    for threshold in 0.05, 0.1, 0.5:
        filtered({"xtc_probability": 1, "xtc_threshold": threshold}, xtc, threshold)

    mirostat = []
    for target, rate in (3, 0.1), (1, 1):
        mu, steps = 2 * target, []
        for step in range(6):
            p = softmax(logits[step % 2])
            kept = np.where(surprises_kept(p, mu), p, 0)
            token = int(np.argsort(-kept, kind="stable")[min(step, (kept > 0).sum() - 1)])
            steps.append({"logits": step % 2, "token": token,
                          "expected": [float(f"{q:.9g}") for q in kept / kept.sum()]})
            mu -= rate * (-math.log2(p[token]) - target)
        mirostat.append({"options": {"mirostat": target, "mirostat_rate": rate}, "steps": steps})

    found = {"prompt": prompt, "stop_ids": stop_ids, "logits": [list(x) for x in logits],
             "processors": processors, "filters": filters, "mirostat": mirostat}
    text = json.dumps(found, separators=(",", ":")).replace('{"options"', '\n{"options"')
    (HERE / "sampling.json").write_text(text + "\n")


main()
