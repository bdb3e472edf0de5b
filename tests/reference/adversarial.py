"""Writes tests/reference/adversarial.pt: what SMART (Jiang et al. 2020, arXiv:1911.03437, algorithm 1)
and FreeLB (Zhu et al. 2020, arXiv:1909.11764, algorithm 1) come to on tiny_layernorm.pt as a causal
classifier that pools the mean: the losses of two steps, with a step of gradient descent between them,
and the gradients of the second. One example at a time, by automatic differentiation alone.

    python3 tests/reference/adversarial.py
"""
import collections
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import pyref

LABELS, EXAMPLES, SEED, RATE = 5, 6, 11, 0.02
SMART = dict(weight=2.0, radius=0.12, noise=0.05, step_size=0.1, steps=2, proximal=3.0, momentum=0.75)
FREE_LB = dict(steps=3, step_size=0.2, radius=0.3)


class Classifier(nn.Module):
    def __init__(self, llama, head):
        super().__init__()
        self.llama = llama
        self.classifier_head = nn.Linear(llama.c['dim'], LABELS)
        self.classifier_head.load_state_dict(head)

    def forward(self, row, delta=None):
        """Logits [L] of one example, its embeddings moved by delta [T, D]."""
        h = self.llama.tok_embeddings(torch.tensor([row]))
        if delta is not None:
            h = h + delta
        mask = torch.full((len(row), len(row)), float('-inf')).triu(1)
        for layer in self.llama.layers:
            h = layer(h, mask)
        return self.classifier_head(self.llama.norm(h)[0].mean(0))


def divergence(a, b):
    p, q = a.softmax(-1), b.softmax(-1)
    return (p * (p / q).log()).sum() + (q * (q / p).log()).sum()


def pieces(rows, draw, dim):
    """What `draw` fills of all tokens, by example."""
    return draw(torch.empty(sum(map(len, rows)), dim)).split([len(row) for row in rows])


def smart(model, before, rows, labels, weights, generator):
    noise = pieces(rows, lambda x: x.normal_(0, SMART['noise'], generator=generator), model.llama.c['dim'])
    total = 0
    for row, label, weight, delta in zip(rows, labels, weights, noise):
        logits = model(row)
        for _ in range(SMART['steps']):
            delta = delta.detach().requires_grad_()
            (g,) = torch.autograd.grad(divergence(model(row, delta), logits.detach()), delta)
            moved = delta + SMART['step_size'] * g / g.abs().max()
            delta = moved.detach().clamp(-SMART['radius'], SMART['radius'])
        with torch.no_grad():
            old = before(row)
        total = total + weight * (F.cross_entropy(logits[None], label[None])
                                  + SMART['weight'] * divergence(model(row, delta), logits)
                                  + SMART['proximal'] * divergence(logits, old))
    return total / EXAMPLES


def free_lb(model, rows, labels, weights, generator):
    radius, dim = FREE_LB['radius'], model.llama.c['dim']
    first = pieces(rows, lambda x: x.uniform_(-radius, radius, generator=generator), dim)
    total = 0
    for row, label, weight, delta in zip(rows, labels, weights, first):
        delta = delta / delta.numel() ** 0.5
        for _ in range(FREE_LB['steps']):
            delta = delta.detach().requires_grad_()
            loss = weight * F.cross_entropy(model(row, delta)[None], label[None])
            (g,) = torch.autograd.grad(loss, delta, retain_graph=True)
            total = total + loss / FREE_LB['steps']
            delta = delta + FREE_LB['step_size'] * g / g.norm()
            delta = delta * min(1, radius / delta.norm().item())
    return total / EXAMPLES


def main():
    torch.manual_seed(5)
    rows = [torch.randint(0, 61, (n,)).tolist() for n in (3, 1, 7, 4, 9, 2)]
    labels = torch.randint(0, LABELS, (EXAMPLES,))
    weights = torch.tensor([1.0, 0.5, 2.0, 1.0, 1.5, 0.25])
    head = {n: 6 * t for n, t in nn.Linear(16, LABELS).state_dict().items()}
    out = collections.OrderedDict(ids=torch.tensor(sum(rows, [])),
                                  lengths=torch.tensor([len(row) for row in rows]),
                                  labels=labels, weights=weights)
    out['classifier_head.weight'], out['classifier_head.bias'] = head['weight'], head['bias']
    for name in ('smart', 'free_lb'):
        models = [Classifier(pyref.load(os.path.join(HERE, 'tiny_layernorm.pt'))[0], head) for _ in range(2)]
        model, before = models
        generator = torch.Generator().manual_seed(SEED)
        losses = []
        for step in range(2):
            with torch.no_grad():
                for (_, old), (_, new) in zip(before.named_parameters(), model.named_parameters()):
                    old.copy_((1 - SMART['momentum']) * new + SMART['momentum'] * old)
            model.zero_grad()
            loss = smart(model, before, rows, labels, weights, generator) if name == 'smart' \
                else free_lb(model, rows, labels, weights, generator)
            loss.backward()
            losses.append(loss.item())
            with torch.no_grad():
                for _, p in model.named_parameters():
                    p -= RATE * p.grad
        for n, p in model.named_parameters():
            out[f'{name}.grad.{n}'] = p.grad.clone()
        out[f'{name}.losses'] = torch.tensor(losses, dtype=torch.float64)
    torch.save(out, os.path.join(HERE, 'adversarial.pt'))


if __name__ == '__main__':
    main()
