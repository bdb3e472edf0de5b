#!/usr/bin/env python3
"""Writes the fixtures configs* beside this script: tiny random models of transformers' Llama, Mistral,
Qwen2 and Qwen3 as Hugging Face directories, some of them as GGUF files too, the logits and greedy ids
that transformers computes from them under several kinds of scaled rotary positions, and the rotary
frequencies that it makes of configs.

    python3 tests/reference/configs.py

Run it with PyTorch, transformers and gguf; the committed files come from PyTorch 2.4, transformers 4.57
and gguf 0.19.
"""
import copy
import json
import os

import gguf
import numpy
import torch
import transformers
from safetensors.torch import save_file
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

HERE = os.path.dirname(os.path.abspath(__file__))
LENGTH, PROMPT = 40, 5
COMMON = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, head_dim=8, vocab_size=32, max_position_embeddings=64,
              rms_norm_eps=1e-5, rope_theta=1000.0, bos_token_id=1, eos_token_id=None,
              pad_token_id=None, initializer_range=0.5)

# Directory: model_type, type of the weights, fields.
MODELS = {
    'llama': ('llama', torch.float32, dict(attention_bias=True, tie_word_embeddings=True)),
    'mistral': ('mistral', torch.float16, dict(sliding_window=64, tie_word_embeddings=False)),
    'qwen2': ('qwen2', torch.bfloat16, dict(head_dim=4, tie_word_embeddings=True)),
    'qwen3': ('qwen3', torch.bfloat16, dict(tie_word_embeddings=True)),
}
LINEAR = dict(rope_type='linear', factor=4.0)
DYNAMIC = dict(rope_type='dynamic', factor=2.0)
YARN = dict(rope_type='yarn', factor=4.0, original_max_position_embeddings=16)
YARN_ALL = dict(YARN, beta_fast=8.0, beta_slow=2.0, attention_factor=1.5)
LLAMA3 = dict(rope_type='llama3', factor=8.0, original_max_position_embeddings=16, low_freq_factor=1.0,
              high_freq_factor=4.0)
# Name of the logits: directory, rope_scaling.
CASES = {
    'llama': ('llama', None), 'llama.linear': ('llama', LINEAR), 'llama.dynamic': ('llama', DYNAMIC),
    'llama.llama3': ('llama', LLAMA3), 'mistral': ('mistral', None), 'mistral.yarn': ('mistral', YARN_ALL),
    'qwen2': ('qwen2', None), 'qwen2.yarn': ('qwen2', YARN), 'qwen3': ('qwen3', None),
    'qwen3.linear': ('qwen3', LINEAR), 'qwen3.yarn': ('qwen3', YARN),
}
# GGUF file: directory, what its rope_scaling is, whether in older keys.
FILES = {'llama.llama3': ('llama', LLAMA3), 'llama.linear': ('llama', LINEAR),
         'qwen2.yarn': ('qwen2', YARN), 'qwen3': ('qwen3', None)}


def path(*names):
    return os.path.join(HERE, *names)


def make_models():
    models = {}
    for name, (kind, dtype, fields) in MODELS.items():
        config = transformers.AutoConfig.for_model(kind, **{**COMMON, **fields})
        config._attn_implementation = 'eager'
        model = transformers.AutoModelForCausalLM.from_config(config).eval()
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                norm = 'norm' in key
                parameter.copy_(torch.randn_like(parameter) * (0.3 if norm or 'bias' in key else 0.4)
                                + (1 if norm else 0))
                parameter.copy_(parameter.to(dtype).float())
        models[name] = model
        directory = path('configs_' + name)
        os.makedirs(directory, exist_ok=True)
        text = json.loads(config.to_json_string(use_diff=True))
        text['architectures'] = [type(model).__name__]
        with open(os.path.join(directory, 'config.json'), 'w') as out:
            json.dump(text, out, indent=1)
            out.write('\n')
        tensors = {key: value.to(dtype).contiguous() for key, value in model.state_dict().items()
                   if not (key == 'lm_head.weight' and config.tie_word_embeddings)}
        save_file(tensors, os.path.join(directory, 'model.safetensors'), metadata=dict(format='pt'))
    return models


def with_scaling(model, scaling):
    config = copy.deepcopy(model.config)
    config.rope_scaling = scaling
    config._attn_implementation = 'eager'
    other = type(model)(config).eval()
    other.load_state_dict(model.state_dict())
    return other


def permute(tensor, heads):
    """Hugging Face's order of a head's rows to Meta's, as llama.cpp's converter has it for llama."""
    return tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:]).swapaxes(
        1, 2).reshape(tensor.shape)


def write_gguf(file, model, scaling):
    config = model.config
    architecture = config.model_type
    writer = gguf.GGUFWriter(file, architecture)
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_theta)
    if config.head_dim * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    kind = scaling['rope_type'] if scaling else None
    if kind in ('linear', 'yarn'):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(scaling['factor'])
    if kind == 'yarn':
        writer.add_rope_scaling_orig_ctx_len(scaling['original_max_position_embeddings'])
    if kind == 'llama3':
        scaled = with_scaling(model, scaling).model.rotary_emb.inv_freq
        plain = config.rope_theta ** (-torch.arange(0, config.head_dim, 2).double() / config.head_dim)
        writer.add_tensor('rope_freqs.weight', (plain / scaled.double()).float().numpy())
    names = gguf.get_tensor_name_map(
        {'llama': gguf.MODEL_ARCH.LLAMA, 'qwen2': gguf.MODEL_ARCH.QWEN2,
         'qwen3': gguf.MODEL_ARCH.QWEN3}[architecture], config.num_hidden_layers)
    for key, tensor in model.state_dict().items():
        if key == 'lm_head.weight' and config.tie_word_embeddings:
            continue
        tensor = tensor.numpy()
        if architecture == 'llama':
            if '.q_proj.' in key:
                tensor = permute(tensor, config.num_attention_heads)
            if '.k_proj.' in key:
                tensor = permute(tensor, config.num_key_value_heads)
        writer.add_tensor(names.get_name(key, try_suffixes=('.weight', '.bias')),
                          numpy.ascontiguousarray(tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def frequencies():
    """What transformers makes of configs: inverse frequencies and the factor of cosines and sines."""
    out = []
    for head_dim, theta, scaling in (
            (64, 1e4, dict(rope_type='default')), (128, 5e5, dict(rope_type='default')),
            (64, 1e4, dict(rope_type='linear', factor=2.5)),
            (64, 1e4, dict(rope_type='dynamic', factor=2.0)),
            (128, 5e5, dict(rope_type='llama3', factor=8.0, original_max_position_embeddings=8192,
                            low_freq_factor=1.0, high_freq_factor=4.0)),
            (64, 5e5, dict(rope_type='llama3', factor=32.0, original_max_position_embeddings=8192,
                           low_freq_factor=1.0, high_freq_factor=4.0)),
            (128, 1e6, dict(rope_type='yarn', factor=4.0, original_max_position_embeddings=32768)),
            (64, 1e4, dict(rope_type='yarn', factor=16.0, original_max_position_embeddings=8192,
                           beta_fast=16.0, beta_slow=2.0)),
            (64, 1e4, dict(rope_type='yarn', factor=4.0, original_max_position_embeddings=4096,
                           attention_factor=1.25)),
            (64, 1e4, dict(rope_type='yarn', factor=4.0, original_max_position_embeddings=4096,
                           mscale=1.0, mscale_all_dim=0.8)),
            (8, 100.0, dict(rope_type='yarn', factor=4.0, original_max_position_embeddings=4))):
        context = int(scaling.get('original_max_position_embeddings', 4096) * scaling.get('factor', 1))
        config = transformers.LlamaConfig(hidden_size=2 * head_dim, num_attention_heads=2,
                                          head_dim=head_dim, rope_theta=theta, rope_scaling=scaling,
                                          max_position_embeddings=context)
        inverse, factor = ROPE_INIT_FUNCTIONS[scaling['rope_type']](config, 'cpu')
        out.append(dict(head_dim=head_dim, rope_theta=theta, max_position_embeddings=context,
                        rope_scaling=scaling, scale=factor, frequencies=inverse.tolist()))
    with open(path('configs_rotary.json'), 'w') as file:
        file.write('[\n' + ',\n'.join(json.dumps(case) for case in out) + '\n]\n')


def main():
    torch.manual_seed(21)
    models = make_models()
    ids = torch.randint(0, COMMON['vocab_size'], (1, LENGTH))
    expected = dict(ids=ids.int())
    for name, (directory, scaling) in CASES.items():
        model = with_scaling(models[directory], scaling)
        with torch.no_grad():
            expected[f'{name}.logits'] = model(ids).logits[0].contiguous()
            text = ids[:, :PROMPT]
            while text.shape[1] < LENGTH:
                text = torch.cat([text, model(text).logits[:, -1:].argmax(-1)], 1)
            expected[f'{name}.greedy'] = text[0].int()
    save_file(expected, path('configs_expected.safetensors'),
              metadata={name: json.dumps(scaling) for name, (_, scaling) in CASES.items()})
    for name, (directory, scaling) in FILES.items():
        write_gguf(path(f'configs_{name}.gguf'), models[directory], scaling)
    frequencies()


if __name__ == '__main__':
    main()
