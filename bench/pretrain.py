#!/usr/bin/env python3
"""The peer of bench/pretrain.sh: the same Llama trained by PyTorch, written as llama2.c and the CMU
assignment write it (complex rotations, keys and values repeated, a mask, F.cross_entropy), on random
tokens. Prints one line of JSON: tokens/s, the number of parameters, and the machine's sgemm rate."""
import argparse
import json
import math
import os
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--dim", type=int, default=384)
p.add_argument("--layers", type=int, default=8)
p.add_argument("--heads", type=int, default=6)
p.add_argument("--kv-heads", type=int, default=2)
p.add_argument("--hidden-dim", type=int, default=1024)
p.add_argument("--vocab", type=int, default=8192)
p.add_argument("--window", type=int, default=512)
p.add_argument("--batch-size", type=int, default=4)
p.add_argument("--accumulate", type=int, default=2)
p.add_argument("--steps", type=int, default=4)
p.add_argument("--threads", type=int, default=os.cpu_count())
args = p.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(0)
HEAD = args.dim // args.heads


class RMSNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(args.dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight


def rotate(x, rotations):
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * rotations).flatten(-2)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda n_in, n_out: nn.Linear(n_in, n_out, bias=False)
        self.q, self.o = linear(args.dim, args.dim), linear(args.dim, args.dim)
        self.k, self.v = (linear(args.dim, args.kv_heads * HEAD) for _ in range(2))
        self.w1, self.w3 = (linear(args.dim, args.hidden_dim) for _ in range(2))
        self.w2 = linear(args.hidden_dim, args.dim)
        self.attention_norm, self.ffn_norm = RMSNorm(), RMSNorm()

    def forward(self, x, rotations, mask):
        b, t, _ = x.shape
        h = self.attention_norm(x)
        q = rotate(self.q(h).view(b, t, args.heads, HEAD), rotations).transpose(1, 2)
        k = rotate(self.k(h).view(b, t, args.kv_heads, HEAD), rotations)
        v = self.v(h).view(b, t, args.kv_heads, HEAD)
        k, v = (y.repeat_interleave(args.heads // args.kv_heads, 2).transpose(1, 2) for y in (k, v))
        scores = q @ k.transpose(2, 3) / math.sqrt(HEAD) + mask
        y = (F.softmax(scores, -1) @ v).transpose(1, 2).reshape(b, t, -1)
        x = x + self.o(y)
        h = self.ffn_norm(x)
        return x + self.w2(F.silu(self.w1(h)) * self.w3(h))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings = nn.Embedding(args.vocab, args.dim)
        self.layers = nn.ModuleList(Layer() for _ in range(args.layers))
        self.norm = RMSNorm()
        nn.init.normal_(self.embeddings.weight, 0, 0.02)
        angles = torch.outer(torch.arange(args.window), 10000.0 ** (-torch.arange(0, HEAD, 2) / HEAD))
        self.rotations = torch.polar(torch.ones_like(angles), angles)[None, :, None]
        self.mask = torch.full((args.window, args.window), float("-inf")).triu(1)

    def forward(self, ids, targets):
        x = self.embeddings(ids)
        for layer in self.layers:
            x = layer(x, self.rotations, self.mask)
        logits = self.norm(x) @ self.embeddings.weight.t()
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def sgemm_rate():
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    best = math.inf
    for _ in range(10):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * 2048**3 / best


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), 1e-3, (0.9, 0.95), weight_decay=0.1)
times = []
for _ in range(args.steps):
    rows = [torch.randint(args.vocab, (args.batch_size, args.window + 1)) for _ in range(args.accumulate)]
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    for row in rows:
        (model(row[:, :-1], row[:, 1:]) / args.accumulate).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    times.append(time.perf_counter() - start)
tokens = args.batch_size * args.accumulate * args.window
print(json.dumps({"tokens_per_second": tokens / min(times[1:] or times),
                  "parameters": sum(x.numel() for x in model.parameters()),
                  "sgemm_gflops": sgemm_rate() * 1e-9}))
