#!/usr/bin/env python3
"""Writes the fixture adapter_prefix beside this script: a prefix of the model formats_hf as Hugging Face's PEFT
stores it, after some steps of training, and the logits that PEFT computes with it.

    python3 tests/reference/prefix_tuning.py

Run it with PyTorch, transformers, peft and safetensors; the committed files come from PyTorch 2.15,
transformers 5.24 and peft 0.21.
"""
import os

import peft
import torch

from adapters import HERE, load, save, train


def main():
    torch.manual_seed(29)
    ids = torch.randint(0, load().config.vocab_size, (2, 7))
    config = peft.PrefixTuningConfig(task_type='CAUSAL_LM', num_virtual_tokens=3)
    model = peft.get_peft_model(load(), config)
    train(model, ids)
    directory = save(model, 'prefix')
    model = peft.PeftModel.from_pretrained(load(), directory).eval()
    with torch.no_grad():
        expected = {'ids': ids, 'prefix': model(input_ids=ids).logits.clone()}
    torch.save(expected, os.path.join(HERE, 'prefix_expected.pt'))


def check(directory):
    """What another program wrote there computes the same: python3 -c "import prefix_tuning; …check(DIR)"."""
    expected = torch.load(os.path.join(HERE, 'prefix_expected.pt'))
    model = peft.PeftModel.from_pretrained(load(), directory).eval()
    with torch.no_grad():
        logits = model(input_ids=expected['ids']).logits
    print((logits - expected['prefix']).abs().max().item())


if __name__ == '__main__':
    main()
