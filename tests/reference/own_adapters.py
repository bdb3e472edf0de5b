#!/usr/bin/env python3
"""Writes the fixtures adapter_bitfit and adapter_bottleneck beside this script: adapters of the model formats_hf of kinds that
Hugging Face's PEFT does not have, in a directory like PEFT's, and the logits that transformers computes when
what their papers say is added to the outputs of its linears.

    python3 tests/reference/own_adapters.py

Run it with PyTorch, transformers and safetensors; the committed files come from PyTorch 2.15 and
transformers 5.24.
"""
import json
import os

import safetensors.torch
import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = os.path.join(HERE, 'formats_hf')


def linears_of(model, ends):
    return {name: module for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and name.rsplit('.', 1)[-1] in ends}


def bitfit(model):
    """Ben Zaken et al. 2022: every linear has a bias."""
    tensors = {}
    ends = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
    for name, linear in linears_of(model, ends).items():
        assert linear.bias is None
        linear.bias = torch.nn.Parameter(torch.randn(linear.out_features) * 0.3)
        tensors[name + '.bitfit_bias'] = linear.bias
    return {'peft_type': 'BITFIT', 'target_modules': sorted(ends)}, tensors


def bottleneck(model):
    """Houlsby et al. 2019: a narrow network behind each sublayer, beside an identity."""
    width, tensors, ends = 3, {}, ['down_proj', 'o_proj']
    for name, linear in linears_of(model, ends).items():
        down = torch.nn.Linear(linear.out_features, width)
        up = torch.nn.Linear(width, linear.out_features)
        for suffix, parameter in (('down', down.weight), ('down_bias', down.bias), ('up', up.weight),
                                  ('up_bias', up.bias)):
            torch.nn.init.normal_(parameter, std=0.5)
            tensors[f'{name}.bottleneck_{suffix}'] = parameter
        linear.register_forward_hook(
            lambda _, __, h, down=down, up=up: h + up(torch.nn.functional.relu(down(h))))
    config = {'peft_type': 'BOTTLENECK', 'target_modules': ends, 'bottleneck_width': width}
    return config, tensors


KINDS = {'bitfit': bitfit, 'bottleneck': bottleneck}


def main():
    torch.manual_seed(23)
    expected = {}
    for kind, adapt in KINDS.items():
        model = transformers.AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()
        expected.setdefault('ids', torch.randint(0, model.config.vocab_size, (1, 7)))
        config, tensors = adapt(model)
        with torch.no_grad():
            expected[kind] = model(input_ids=expected['ids']).logits.clone()
        directory = os.path.join(HERE, 'adapter_' + kind)
        os.makedirs(directory, exist_ok=True)
        config.update(task_type='CAUSAL_LM', base_model_name_or_path='../formats_hf')
        with open(os.path.join(directory, 'adapter_config.json'), 'w') as file:
            json.dump(config, file, indent=2)
            file.write('\n')
        safetensors.torch.save_file(
            {'base_model.model.' + name: tensor.detach().contiguous() for name, tensor in tensors.items()},
            os.path.join(directory, 'adapter_model.safetensors'))
    torch.save(expected, os.path.join(HERE, 'own_adapters_expected.pt'))


if __name__ == '__main__':
    main()
