"""Writes tests/reference/positions.pt: what PyTorch computes for a small Llama with each scheme of
positions, and ALiBi's slopes. Slopes and partial rotary positions are transformers' (BLOOM's and GLM's).

    python3 tests/reference/positions.py
"""
import collections
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from transformers.models.bloom.modeling_bloom import build_alibi_tensor
from transformers.models.glm.modeling_glm import apply_rotary_pos_emb

HERE = os.path.dirname(os.path.abspath(__file__))
DIM, LAYERS, HEADS, KV_HEADS, WIDTH, HIDDEN, VOCAB, CONTEXT = 8, 2, 6, 3, 4, 12, 13, 9
THETA = 100.0


def slopes(heads):
    """A bias of BLOOM's is the slope times the position of the key."""
    return build_alibi_tensor(torch.ones(1, 2), heads, torch.float64)[:, 0, 1]


def partly_rotated(q, k, share):
    """[B, heads, T, WIDTH], whose first dimensions turn in pairs."""
    rotary = int(WIDTH * share)
    angles = torch.arange(q.shape[2]).double()[:, None] / THETA ** (torch.arange(0, rotary, 2).double() / rotary)
    angles = torch.cat((angles, angles), -1)[None]
    return apply_rotary_pos_emb(q, k, angles.cos(), angles.sin())


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda rows, cols: nn.Linear(cols, rows, bias=False)
        self.attention = nn.Module()
        self.attention.compute_query = linear(HEADS * WIDTH, DIM)
        self.attention.compute_key = linear(KV_HEADS * WIDTH, DIM)
        self.attention.compute_value = linear(KV_HEADS * WIDTH, DIM)
        self.attention.compute_output = linear(DIM, HEADS * WIDTH)
        self.feed_forward = nn.Module()
        self.feed_forward.w1, self.feed_forward.w2, self.feed_forward.w3 = (
            linear(HIDDEN, DIM), linear(DIM, HIDDEN), linear(HIDDEN, DIM))
        self.attention_norm, self.ffn_norm = nn.LayerNorm(DIM, 1e-5), nn.LayerNorm(DIM, 1e-5)

    def forward(self, x, positions, share):
        a, f = self.attention, self.feed_forward
        B, T, _ = x.shape
        y = self.attention_norm(x)
        q, k, v = (m(y).view(B, T, -1, WIDTH).transpose(1, 2)
                   for m in (a.compute_query, a.compute_key, a.compute_value))
        if positions == 'rope':
            q, k = partly_rotated(q, k, share)
        k, v = (z.repeat_interleave(HEADS // KV_HEADS, 1) for z in (k, v))
        mask = torch.full((T, T), -math.inf).double().triu(1)
        if positions == 'alibi':
            place = torch.arange(T)
            mask = mask - slopes(HEADS)[:, None, None] * (place[:, None] - place[None]).clamp(min=0)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.expand(B, HEADS, T, T))
        x = x + a.compute_output(y.transpose(1, 2).flatten(2))
        y = self.ffn_norm(x)
        return x + f.w2(F.silu(f.w1(y)) * f.w3(y))


class Llama(nn.Module):
    def __init__(self, positions):
        super().__init__()
        self.tok_embeddings = nn.Embedding(VOCAB, DIM)
        if positions == 'learned':
            self.position_embeddings = nn.Embedding(CONTEXT, DIM)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(DIM, 1e-5)

    def forward(self, ids, positions, share):
        x = self.tok_embeddings(ids)
        if positions == 'learned':
            x = x + self.position_embeddings.weight[:ids.shape[1]]
        for layer in self.layers:
            x = layer(x, positions, share)
        return self.norm(x)


def main():
    out = collections.OrderedDict()
    for heads in range(1, 34):
        out[f'slopes.{heads}'] = slopes(heads)
    torch.manual_seed(7)
    out['ids'] = ids = torch.randint(0, VOCAB, (2, 7))
    out['weights'] = weights = torch.randn(2, 7, DIM, dtype=torch.float64)
    for name, positions, share in (('half', 'rope', 0.5), ('alibi', 'alibi', 1), ('learned', 'learned', 1),
                                   ('none', 'none', 1)):
        model = Llama(positions).double()
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                if not key.endswith('bias'):
                    parameter.add_(torch.randn_like(parameter) * 0.5)
        hidden = model(ids, positions, share)
        (hidden * weights).sum().backward()
        out[f'{name}.hidden'] = hidden.detach()
        for key, parameter in model.named_parameters():
            out[f'{name}.{key}'] = parameter.detach()
            out[f'{name}.grad.{key}'] = parameter.grad
    torch.save(out, os.path.join(HERE, 'positions.pt'))


if __name__ == '__main__':
    main()
