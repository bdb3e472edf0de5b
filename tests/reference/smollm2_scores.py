"""Writes smollm2_scores.jsonl: texts, the ids of the package tokenizers, and the log-probability of
each token behind the first, of SmolLM2-135M-Instruct's weights made float32 (gguf's dequantize) in a
Llama in numpy, which is written apart from the library.

    python3 tests/reference/smollm2_scores.py SmolLM2-135M-Instruct.Q4_1.gguf
"""

import json
import pathlib
import sys

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from smollm2_tokenizer import read_tokenizer

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = [
    "A warm , funny , engaging film .",
    "<|im_start|>user\nHi<|im_end|>".replace("\n", "\\n"),
    'for (int i = 0; i < 10; ++i) std::cout << i * 3.14 << "\\n";',
    "東京は日本の首都です。 2024年11月26日",
    "a",
    "  two spaces, a tab\tand a bell\a, then nothing",
]
DIM, HEADS, KV_HEADS, THETA, EPS = 576, 9, 3, 100000.0, 1e-5
HEAD = DIM // HEADS


def norm(x, gain):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS) * gain


def rotate(x):
    """x [T, H, Dh]: GGUF's rows are in the order of pairs (2i, 2i + 1)."""
    angles = np.arange(len(x))[:, None] * THETA ** (-np.arange(0, HEAD, 2) / HEAD)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack([even * cos - odd * sin, even * sin + odd * cos], -1).reshape(x.shape)


def attend(q, k, v):
    """Grouped queries [T, H, Dh], keys and values [T, Hkv, Dh], each seeing what stands before."""
    k, v = (np.repeat(part, HEADS // KV_HEADS, 1) for part in (k, v))
    scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(HEAD)
    scores[:, np.triu(np.ones(scores.shape[1:], bool), 1)] = -np.inf
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return np.einsum("hqk,khd->qhd", weights, v).reshape(len(q), DIM)


def log_probabilities(w, ids):
    x = w["token_embd.weight"][ids].astype(np.float64)
    for layer in range(sum(name.endswith("attn_q.weight") for name in w)):
        part = lambda name: w[f"blk.{layer}.{name}.weight"]
        h = norm(x, part("attn_norm"))
        q, k, v = ((h @ part(name).T).reshape(len(ids), -1, HEAD)
                   for name in ("attn_q", "attn_k", "attn_v"))
        x = x + attend(rotate(q), rotate(k), v) @ part("attn_output").T
        h = norm(x, part("ffn_norm"))
        gate = h @ part("ffn_gate").T
        x = x + (gate / (1 + np.exp(-gate)) * (h @ part("ffn_up").T)) @ part("ffn_down").T
    logits = norm(x, w["output_norm.weight"]) @ w["token_embd.weight"].T
    most = logits.max(-1, keepdims=True)
    logits -= most + np.log(np.exp(logits - most).sum(-1, keepdims=True))
    return [float(logits[i, ids[i + 1]]) for i in range(len(ids) - 1)]


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    tokenizer = read_tokenizer(path)
    weights = {t.name: dequantize(t.data, t.tensor_type).astype(np.float64)
               for t in GGUFReader(path).tensors}
    with open(HERE / "smollm2_scores.jsonl", "w") as out:
        for text in TEXTS:
            ids = tokenizer.encode(text).ids
            scores = [round(score, 6) for score in log_probabilities(weights, ids)]
            out.write(json.dumps({"text": text, "tokens": ids, "logprobs": scores}) + "\n")


if __name__ == "__main__":
    main()
