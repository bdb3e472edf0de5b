#!/usr/bin/env python3
"""Writes the fixtures torch_save_*.pt beside this script with PyTorch's own torch.save.

Run it with PyTorch >= 1.6 and NumPy; the committed files come from PyTorch 1.13 and NumPy 1.24.
What the values must be is stated in tests/io/torch_save_test.cpp.
"""

import argparse
import pathlib
import random
import types

import numpy
import torch

HERE = pathlib.Path(__file__).parent


def save(name, value, **options):
    torch.save(value, HERE / f"torch_save_{name}.pt", **options)


def counting(*shape, dtype=torch.float32):
    return torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)


class Tied(torch.nn.Module):
    """Its state_dict() is an OrderedDict with _metadata; embeddings and output share a storage."""

    def __init__(self):
        super().__init__()
        self.tok_embeddings = torch.nn.Embedding(4, 3)
        self.norm = torch.nn.LayerNorm(3)
        self.output = torch.nn.Linear(3, 4, bias=False)
        self.tok_embeddings.weight = torch.nn.Parameter(counting(4, 3))
        self.output.weight = self.tok_embeddings.weight


def main():
    state = Tied().state_dict()
    compiled = type(state)((f"_orig_mod.{key}", value) for key, value in state.items())
    compiled._metadata = state._metadata
    model_args = dict(dim=3, n_kv_heads=None, dropout=0.25, vocab_size=-(2**40), tied=True, name="é")
    save("llama2c", {
        "model": compiled,
        "model_args": dict(model_args, betas=(0.9, 0.95)),
        "iter_num": 7,
        "best_val_loss": torch.tensor(1.5),
        "config": {"compile": False},
    })
    save("state_dict", state)
    save("dtypes", {
        str(dtype).removeprefix("torch."): counting(5, dtype=dtype)
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64,
                      torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
    })
    base = counting(4, 6)
    save("views", {
        "base": base,
        "transposed": base.t(),
        "slice": base[1:3, ::2],
        "column": base[:, 5],
        "scalar": base[2, 2],
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(base[0]),
    })
    # What the CMU assignment saves after fine-tuning.
    save("finetuned", {
        "model": {"llama.norm.weight": counting(3), "classifier_head.bias": counting(2)},
        "optim": {"state": {0: {"step": 1, "exp_avg": counting(2)}}, "param_groups": [{"lr": 0.1}]},
        "args": argparse.Namespace(option="finetune", lr=2e-5, use_gpu=False),
        "model_config": types.SimpleNamespace(hidden_dropout_prob=0.3, num_labels=5),
        "system_rng": random.Random(0).getstate(),
        "numpy_rng": numpy.random.RandomState(0).get_state(),
        "torch_rng": torch.zeros(16, dtype=torch.uint8),
        "set": {1, 2}, "big": 2**100, "bytes": b"\x00\xff",
    })
    save("tuple", (counting(2), [1, 2], counting(1, 2) + 5))
    for protocol in (3, 4, 5):
        save(f"protocol{protocol}", {"model": {"x": counting(2)}, "model_args": model_args},
             pickle_protocol=protocol)
    # What training code leaves among its arguments by computing them.
    computed = dict(
        float64=numpy.float64(0.25), float32=numpy.float32(0.25), int64=numpy.int64(-3),
        int32=numpy.int32(-3), int16=numpy.int16(-3), uint32=numpy.uint32(3),
        bool=numpy.bool_(True),
        half=numpy.float16(0.25), array=numpy.array([3, 4]),
        tensor=torch.tensor(0.25), tensor_float64=torch.tensor(0.25, dtype=torch.float64),
        tensor_int64=torch.tensor(-3), tensor_int32=torch.tensor(-3, dtype=torch.int32),
        tensor_half=torch.tensor(0.25, dtype=torch.float16), vector=torch.tensor([3, 4]))
    for protocol in (2, 4):
        save(f"numpy{protocol}", {"model": {"x": counting(2)}, "model_args": computed},
             pickle_protocol=protocol)
    save("legacy", {"x": counting(2)}, _use_new_zipfile_serialization=False)
    save("sparse", {"x": torch.eye(2).to_sparse()})
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), HERE / "torch_save_script.pt")


if __name__ == "__main__":
    main()
