#!/usr/bin/python3
"""Writes adamw.json: what both variants of AdamW should give, from PyTorch in float64.

"decoupled" is torch.optim.AdamW and torch.nn.utils.clip_grad_norm_; "cmu2025" is spelled out below
from its formulas. The gradient of element i in step t, 0.5 p[i] + noise(t, i), depends on the
parameter, so that an error feeds on itself; the noise is made of exact fractions that the test
computes too. "linear" is the shape of the assignment's own check: a 2x3 matrix learns
x -> (x0 + x1, -x2).

    /usr/bin/python3 tests/reference/adamw.py
"""

import json
import math
import os

import torch

SHAPES = [[3, 4], [5], [2, 1, 3]]
STEPS = 1000
LR, BETA1, BETA2, WEIGHT_DECAY = 0.01, 0.9, 0.999, 0.1


def noise(step, index):
    return ((step * 7919 + index * 104729) % 2001 - 1000) / 1000


def initial_parameters():
    parameters, first = [], 0
    for shape in SHAPES:
        size = math.prod(shape)
        values = [noise(12345, first + i) for i in range(size)]
        parameters.append(torch.tensor(values, dtype=torch.float64).reshape(shape))
        first += size
    return parameters


def set_gradients(parameters, step):
    first = 0
    for p in parameters:
        values = [noise(step, first + i) for i in range(p.numel())]
        p.grad = 0.5 * p.detach() + torch.tensor(values, dtype=torch.float64).reshape(p.shape)
        first += p.numel()


def clip(parameters, max_norm):
    if max_norm > 0:
        torch.nn.utils.clip_grad_norm_(parameters, max_norm)


class Cmu2025:
    """The formulas as they stand in the assignment's reference."""

    def __init__(self, parameters, lr, eps, weight_decay):
        self.parameters, self.lr, self.eps, self.wd, self.t = parameters, lr, eps, weight_decay, 0
        self.m = [torch.zeros_like(p) for p in parameters]
        self.v = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self):
        self.t += 1
        alpha = self.lr * math.sqrt(1 - BETA2**self.t) / (1 - BETA1**self.t)
        for i, p in enumerate(self.parameters):
            self.m[i] = BETA1 * self.m[i] + (1 - BETA1) * p.grad
            self.v[i] = BETA2 * self.v[i] + (1 - BETA2) * p.grad**2
            p.sub_(alpha * self.m[i] / (torch.sqrt(self.v[i]) + self.eps))
            p.sub_(self.lr * self.wd * p)


def make(variant, parameters, lr, weight_decay):
    if variant == "cmu2025":
        return Cmu2025(parameters, lr, 1e-6, weight_decay)
    return torch.optim.AdamW(parameters, lr=lr, betas=(BETA1, BETA2), eps=1e-8,
                             weight_decay=weight_decay)


def flat(parameters):
    return torch.cat([p.detach().reshape(-1) for p in parameters]).tolist()


def run(variant, max_grad_norm):
    parameters = initial_parameters()
    optimizer = make(variant, parameters, LR, WEIGHT_DECAY)
    expected = {}
    for step in range(1, STEPS + 1):
        set_gradients(parameters, step)
        clip(parameters, max_grad_norm)
        optimizer.step()
        if step in (1, 10, STEPS):
            expected[str(step)] = flat(parameters)
    return {"variant": variant, "max_grad_norm": max_grad_norm, "expected": expected}


def linear():
    weight = torch.tensor([[noise(1, i) for i in range(3)], [noise(2, i) for i in range(3)]])
    initial = weight.clone()
    weight.requires_grad_()
    optimizer = make("cmu2025", [weight], 1e-3, 1e-4)
    for step in range(1000):
        x = torch.tensor([noise(step, i) for i in range(3)])
        weight.grad = None
        error = torch.stack([x[0] + x[1], -x[2]]) - weight @ x
        (error**2).sum().backward()
        clip([weight], 0.9)
        optimizer.step()
    return {"initial": flat([initial]), "expected": flat([weight])}


if __name__ == "__main__":
    fixture = {"shapes": SHAPES, "initial": flat(initial_parameters()), "lr": LR,
               "weight_decay": WEIGHT_DECAY,
               "runs": [run(variant, norm) for variant in ("decoupled", "cmu2025")
                        for norm in (0, 0.5)],
               "linear": linear()}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "adamw.json")
    with open(path, "w") as out:
        json.dump(fixture, out, indent=1)  # floats with the digits that identify them
        out.write("\n")
