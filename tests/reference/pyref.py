"""The same architecture in plain PyTorch, written apart from the library: what the tests compare it
with and what the benchmarks time it against. From the papers and the CMU assignment's text.

Parameter names are those of stories42M.pt, so one checkpoint loads on both sides.
"""
import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class LayerNorm(nn.Module):
    def __init__(self, dim, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))
        self.eps = eps

    def forward(self, x):
        mu = x.mean(-1, keepdim=True)
        var = ((x - mu) ** 2).mean(-1, keepdim=True)
        return (x - mu) / torch.sqrt(var + self.eps) * self.weight + self.bias


class RMSNorm(nn.Module):
    def __init__(self, dim, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rope(x, theta=10000.0):
    """x: (B, T, H, D); rotates the pairs (2i, 2i+1) by pos * theta^(-2i/D)."""
    _, T, _, D = x.shape
    inv = theta ** (-torch.arange(0, D, 2, device=x.device).float() / D)
    ang = torch.arange(T, device=x.device).float()[:, None] * inv[None]
    cos, sin = ang.cos()[None, :, None], ang.sin()[None, :, None]
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.h, self.kv, self.d = c['n_heads'], c['n_kv_heads'], c['dim'] // c['n_heads']
        self.causal = c.get('causal', True)
        self.compute_query = nn.Linear(c['dim'], self.h * self.d, bias=False)
        self.compute_key = nn.Linear(c['dim'], self.kv * self.d, bias=False)
        self.compute_value = nn.Linear(c['dim'], self.kv * self.d, bias=False)
        self.compute_output = nn.Linear(self.h * self.d, c['dim'], bias=False)

    def forward(self, x, mask=None):
        B, T, _ = x.shape
        q = rope(self.compute_query(x).view(B, T, self.h, self.d)).transpose(1, 2)
        k = rope(self.compute_key(x).view(B, T, self.kv, self.d)).transpose(1, 2)
        v = self.compute_value(x).view(B, T, self.kv, self.d).transpose(1, 2)
        r = self.h // self.kv
        if r > 1:
            k, v = k.repeat_interleave(r, 1), v.repeat_interleave(r, 1)
        s = q @ k.transpose(-1, -2) / math.sqrt(self.d)
        if mask is not None:
            s = s + mask
        return self.compute_output((s.softmax(-1) @ v).transpose(1, 2).reshape(B, T, -1))


class FeedForward(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.w1 = nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        norm = LayerNorm if c.get('norm', 'layernorm') == 'layernorm' else RMSNorm
        hidden = c.get('hidden_dim') or c['multiple_of'] * math.ceil(int(8 * c['dim'] / 3) / c['multiple_of'])
        self.attention = Attention(c)
        self.feed_forward = FeedForward(c['dim'], hidden)
        self.attention_norm = norm(c['dim'], c.get('norm_eps', 1e-5))
        self.ffn_norm = norm(c['dim'], c.get('norm_eps', 1e-5))

    def forward(self, x, mask=None):
        x = x + self.attention(self.attention_norm(x), mask)
        return x + self.feed_forward(self.ffn_norm(x))


class Llama(nn.Module):
    """causal=True masks the future; the assignment's own model masks nothing (causal=False)."""

    def __init__(self, c):
        super().__init__()
        c = dict(c)
        c['n_kv_heads'] = c.get('n_kv_heads') or c['n_heads']
        self.c = c
        self.tok_embeddings = nn.Embedding(c['vocab_size'], c['dim'])
        self.layers = nn.ModuleList(Layer(c) for _ in range(c['n_layers']))
        norm = LayerNorm if c.get('norm', 'layernorm') == 'layernorm' else RMSNorm
        self.norm = norm(c['dim'], c.get('norm_eps', 1e-5))
        self.output = nn.Linear(c['dim'], c['vocab_size'], bias=False)
        self.tok_embeddings.weight = self.output.weight
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Embedding)):
                nn.init.normal_(m.weight, std=0.02)
        for n, p in self.named_parameters():
            if n.endswith(('w2.weight', 'compute_output.weight')):
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * c['n_layers']))

    def forward(self, ids):
        """ids (B, T) -> hidden states (B, T, dim)."""
        h = self.tok_embeddings(ids)
        T = ids.shape[1]
        mask = None
        if self.c.get('causal', True):
            mask = torch.full((T, T), float('-inf'), device=ids.device).triu(1)
        for layer in self.layers:
            h = layer(h, mask)
        return self.norm(h)


def load(path, **override):
    ck = torch.load(path, map_location='cpu')
    c = dict(ck['model_args'], **override)
    m = Llama(c)
    m.load_state_dict(ck['model'], strict=False)
    return m, ck
