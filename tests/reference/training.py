"""Writes tests/reference/training.pt: ten training steps of tiny_layernorm.pt (grouped queries) as a
classifier, the way the CMU assignment's reference trains: no mask, padded rows, the state of the last
padded position, loss = sum / batch size, its AdamW. Dropout 0, batches in file order, the last one
shorter. Once with all parameters, once with LoRA on query, key, value and output.

    python3 tests/reference/training.py
"""
import collections
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, '..', '..', 'bench'))
import assignment
import pyref

LABELS, BATCH, EXAMPLES, PAD, LR = 5, 4, 38, 3, 5e-3
RANK, ALPHA = 2, 3.0
PROJECTIONS = ('compute_query', 'compute_key', 'compute_value', 'compute_output')


class Classifier(nn.Module):
    def __init__(self, llama, head):
        super().__init__()
        self.llama = llama
        self.classifier_head = nn.Linear(llama.c['dim'], LABELS)
        self.classifier_head.load_state_dict(head)

    def forward(self, ids):
        return F.log_softmax(self.classifier_head(self.llama(ids)[:, -1]), -1)


def our_name(name):
    """attention.compute_query.lora_A -> attention.compute_query.tiny.lora_A"""
    return name.replace('.base.', '.').replace('.lora_', '.tiny.lora_')


def train(model, parameters, rows, labels, out, key):
    optimizer = assignment.AdamW(parameters, lr=LR)
    losses = []
    for start in range(0, EXAMPLES, BATCH):
        part = rows[start:start + BATCH]
        longest = max(map(len, part))
        ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in part])
        optimizer.zero_grad()
        loss = F.nll_loss(model(ids), labels[start:start + BATCH], reduction='sum') / BATCH
        loss.backward()
        if start == 0:
            for name, parameter in model.named_parameters():
                if parameter.grad is not None:
                    out[f'{key}.grad.{our_name(name)}'] = parameter.grad.clone()
        optimizer.step()
        losses.append(loss.item())
    out[f'{key}.losses'] = torch.tensor(losses, dtype=torch.float64)


def main():
    torch.manual_seed(3)
    out = collections.OrderedDict()
    rows = [torch.randint(0, 61, (int(n),)).tolist() for n in torch.randint(1, 13, (EXAMPLES,))]
    labels = torch.randint(0, LABELS, (EXAMPLES,))
    head = nn.Linear(16, LABELS).state_dict()
    out['ids'] = torch.tensor(sum(rows, []))
    out['lengths'] = torch.tensor([len(row) for row in rows])
    out['labels'] = labels
    out['classifier_head.weight'], out['classifier_head.bias'] = head['weight'].clone(), head['bias'].clone()
    path = os.path.join(HERE, 'tiny_layernorm.pt')

    llama, _ = pyref.load(path, causal=False)
    model = Classifier(llama, head)
    train(model, list(model.parameters()), rows, labels, out, 'finetune')

    llama, _ = pyref.load(path, causal=False)
    for parameter in llama.parameters():
        parameter.requires_grad_(False)
    for i, layer in enumerate(llama.layers):
        for name in PROJECTIONS:
            adapted = assignment.LoRA(getattr(layer.attention, name), RANK, ALPHA)
            setattr(layer.attention, name, adapted)
            out[f'llama.layers.{i}.attention.{name}.tiny.lora_A'] = adapted.lora_A.detach().clone()
    model = Classifier(llama, head)
    train(model, [p for p in model.parameters() if p.requires_grad], rows, labels, out, 'lora')
    torch.save(out, os.path.join(HERE, 'training.pt'))


if __name__ == '__main__':
    main()
