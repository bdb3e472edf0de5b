"""Writes tests/reference/{nn,tiny_layernorm,tiny_rmsnorm,tiny_expected}.pt: what PyTorch computes for
the parts of a small model and for the whole. Run with a python3 that has torch; the numbers of a given
PyTorch version do not change from run to run.

    python3 tests/reference/model.py
"""
import collections
import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import pyref

TINY = dict(dim=16, n_layers=2, n_heads=4, n_kv_heads=2, vocab_size=61, multiple_of=8, max_seq_len=24)


def save(name, value):
    torch.save(value, os.path.join(HERE, name))


def randomize(model):
    """Norm gains and biases away from 1 and 0, so that a swapped or lost one shows."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if 'norm' in name:
                parameter.add_(torch.randn_like(parameter) * 0.3)
            else:
                parameter.mul_(5)


def parts():
    torch.manual_seed(1)
    out = collections.OrderedDict()
    x = torch.randn(3, 5, 8, dtype=torch.float64) * 3 + 1
    for name, norm in (('layer_norm', pyref.LayerNorm(8, 1e-5)), ('rms_norm', pyref.RMSNorm(8, 1e-5))):
        norm = norm.double()
        with torch.no_grad():
            for p in norm.parameters():
                p.normal_()
        out[f'{name}.x'] = x
        out[f'{name}.weight'] = norm.weight.detach()
        if hasattr(norm, 'bias'):
            out[f'{name}.bias'] = norm.bias.detach()
        out[f'{name}.y'] = norm(x).detach()

    q = torch.randn(1, 40, 3, 6, dtype=torch.float64)
    out['rope.x'], out['rope.y'] = q, pyref.rope(q)
    out['rope.y_theta'] = pyref.rope(q, theta=500.0)

    for kv in (4, 2, 1):
        c = dict(dim=16, n_heads=4, n_kv_heads=kv)
        for causal in (True, False):
            attention = pyref.Attention(dict(c, causal=causal)).double()
            x = torch.randn(2, 7, 16, dtype=torch.float64)
            mask = torch.full((7, 7), float('-inf'), dtype=torch.float64).triu(1) if causal else None
            key = f'attention.{kv}.{"causal" if causal else "full"}'
            out[f'{key}.x'], out[f'{key}.y'] = x, attention(x, mask).detach()
            for name in ('query', 'key', 'value', 'output'):
                out[f'{key}.compute_{name}.weight'] = getattr(attention, f'compute_{name}').weight.detach()

    ffn = pyref.FeedForward(8, 24).double()
    x = torch.randn(5, 8, dtype=torch.float64)
    out['feed_forward.x'], out['feed_forward.y'] = x, ffn(x).detach()
    for name in ('w1', 'w2', 'w3'):
        out[f'feed_forward.{name}.weight'] = getattr(ffn, name).weight.detach()
    save('nn.pt', out)


def whole():
    torch.manual_seed(2)
    ids = torch.randint(0, TINY['vocab_size'], (3, 11))
    expected = collections.OrderedDict(ids=ids)
    for norm in ('layernorm', 'rmsnorm'):
        model = pyref.Llama(dict(TINY, norm=norm))
        randomize(model)
        for causal in (True, False):
            model.c['causal'] = causal
            with torch.no_grad():
                hidden = model(ids)
                expected[f'{norm}.hidden_{"causal" if causal else "full"}'] = hidden
                expected[f'{norm}.logits_{"causal" if causal else "full"}'] = model.output(hidden)
        state = model.state_dict()
        if norm == 'rmsnorm':  # as llama2.c's own training script spells it, compiled
            names = {'compute_query': 'wq', 'compute_key': 'wk', 'compute_value': 'wv', 'compute_output': 'wo'}
            renamed = collections.OrderedDict()
            for key, value in state.items():
                for ours, theirs in names.items():
                    key = key.replace(ours, theirs)
                renamed['_orig_mod.' + key] = value
            state = renamed
        save(f'tiny_{norm}.pt', dict(model=state, model_args=dict(TINY, dropout=0.0), iter_num=7,
                                     best_val_loss=torch.tensor(1.5), config=dict(compile=False, lr=5e-4)))
    save('tiny_expected.pt', expected)


if __name__ == '__main__':
    parts()
    whole()
