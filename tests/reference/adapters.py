#!/usr/bin/env python3
"""Writes the fixtures adapter_* beside this script: adapters of several kinds of the model formats_hf, as
Hugging Face's PEFT stores them after some steps of training, and the logits that PEFT computes with them.

    python3 tests/reference/adapters.py

Run it with PyTorch, transformers, peft and safetensors; the committed files come from PyTorch 2.15,
transformers 5.24 and peft 0.21.
"""
import json
import os
import shutil
import tempfile

import peft
import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = os.path.join(HERE, 'formats_hf')
EVERY = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'down_proj']
PATTERNS = dict(rank_pattern={'k_proj': 3, r'model\.layers\.[1-9]\.mlp\..*': 1, 'o_proj': 3},
                alpha_pattern={'layers.0.self_attn.q_proj': 5, 'down_proj': 2})
KINDS = {
    'rslora': peft.LoraConfig(r=4, lora_alpha=3, use_rslora=True, target_modules=EVERY),
    'patterns': peft.LoraConfig(r=2, lora_alpha=3, target_modules=EVERY, **PATTERNS),
    'dora': peft.LoraConfig(r=2, lora_alpha=3, use_dora=True, target_modules=EVERY),
    'ia3': peft.IA3Config(target_modules=['q_proj', 'k_proj', 'v_proj', 'down_proj'],
                          feedforward_modules=['down_proj']),
    'pissa': peft.LoraConfig(r=2, lora_alpha=3, init_lora_weights='pissa', target_modules=EVERY),
}


def load():
    return transformers.AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()


def train(model, ids):
    """Some steps, so that every parameter of an adapter has moved."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()


def save(model, name, **options):
    directory = os.path.join(HERE, 'adapter_' + name)
    model.save_pretrained(directory, **options)
    readme = os.path.join(directory, 'README.md')
    if os.path.exists(readme):
        os.remove(readme)
    path = os.path.join(directory, 'adapter_config.json')
    with open(path) as file:
        saved = dict(json.load(file), base_model_name_or_path='../formats_hf')
    for key, value in saved.items():  # which have no order
        if key in ('target_modules', 'feedforward_modules'):
            saved[key] = sorted(value)
    with open(path, 'w') as file:
        json.dump(saved, file, indent=2)
        file.write('\n')
    return directory


def main():
    torch.manual_seed(17)
    ids = torch.randint(0, load().config.vocab_size, (1, 7))
    expected = {'ids': ids}
    for name, config in KINDS.items():
        config.task_type = 'CAUSAL_LM'
        model = peft.get_peft_model(load(), config)
        if name == 'pissa':
            weight = model.get_base_model().model.layers[0].mlp.down_proj.base_layer.weight
            expected['pissa_residual'] = weight.detach().clone()
            initial = tempfile.mkdtemp()
            model.peft_config['default'].init_lora_weights = True  # of what is saved
            model.save_pretrained(initial)
            model.peft_config['default'].init_lora_weights = 'pissa'
        train(model, ids)
        if name == 'pissa':
            directory = save(model, name, path_initial_model_for_weight_conversion=initial)
            shutil.rmtree(initial)
        else:
            directory = save(model, name)
        model = peft.PeftModel.from_pretrained(load(), directory).eval()
        with torch.no_grad():
            expected[name] = model(input_ids=ids).logits.clone()
    torch.save(expected, os.path.join(HERE, 'adapters_expected.pt'))


if __name__ == '__main__':
    main()
