#!/usr/bin/env python3
"""Writes the fixtures formats_* beside this script: one small Llama with RMSNorm and grouped queries
as a Hugging Face directory (one file, and two shards of float16), the same pickled by torch.save
(the shards, and one file whose names a wrapping module begins), Meta's consolidated.00.pth, a GGUF
file (F32 and Q8_0), llama2.c's .bin, and a PEFT adapter (also pickled), with the logits that plain PyTorch computes (pyref.py). The bytes of each format
are put together here, from its documentation, not by minillama.

    python3 tests/reference/formats.py

Run it with PyTorch and NumPy; the committed files come from PyTorch 1.13 and NumPy 1.24.
"""
import collections
import json
import os
import struct
import sys

import numpy
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import pyref

C = dict(dim=32, n_layers=2, n_heads=4, n_kv_heads=2, hidden_dim=32, vocab_size=268, max_seq_len=16,
         norm='rmsnorm', multiple_of=8)
HEAD = C['dim'] // C['n_heads']

HF_PARTS = {'attention_norm': 'input_layernorm', 'attention.compute_query': 'self_attn.q_proj',
            'attention.compute_key': 'self_attn.k_proj', 'attention.compute_value': 'self_attn.v_proj',
            'attention.compute_output': 'self_attn.o_proj', 'ffn_norm': 'post_attention_layernorm',
            'feed_forward.w1': 'mlp.gate_proj', 'feed_forward.w3': 'mlp.up_proj',
            'feed_forward.w2': 'mlp.down_proj'}
GGUF_PARTS = {'attention_norm': 'attn_norm', 'attention.compute_query': 'attn_q',
              'attention.compute_key': 'attn_k', 'attention.compute_value': 'attn_v',
              'attention.compute_output': 'attn_output', 'ffn_norm': 'ffn_norm',
              'feed_forward.w1': 'ffn_gate', 'feed_forward.w3': 'ffn_up', 'feed_forward.w2': 'ffn_down'}


def path(*names):
    return os.path.join(HERE, *names)


def permute(weight, heads):
    """Meta's order of a head's rows to Hugging Face's, as transformers' conversion script has it."""
    return weight.view(heads, HEAD // 2, 2, -1).transpose(1, 2).reshape(weight.shape)


def renamed(state, parts, layers, ends, permuted):
    out = collections.OrderedDict()
    for name, tensor in state.items():
        if name == 'output.weight':
            continue
        if name.startswith('layers.'):
            _, layer, part = name.split('.', 2)
            part = part.removesuffix('.weight')
            if permuted and part.endswith(('compute_query', 'compute_key')):
                tensor = permute(tensor, C['n_heads' if part.endswith('query') else 'n_kv_heads'])
            name = f'{layers}.{layer}.{parts[part]}.weight'
        else:
            name = ends[name.removesuffix('.weight')] + '.weight'
        out[name] = tensor
    return out


def safetensors(file, tensors, metadata=None):
    header, data = {}, b''
    if metadata:
        header['__metadata__'] = metadata
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        header[name] = dict(dtype={torch.float32: 'F32', torch.float16: 'F16'}[tensor.dtype],
                            shape=list(tensor.shape), data_offsets=[len(data), len(data) + len(raw)])
        data += raw
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(file, 'wb') as out:
        out.write(struct.pack('<Q', len(text)) + text + data)


def dump(file, value):
    with open(file, 'w') as out:
        json.dump(value, out, indent=1)
        out.write('\n')


def hugging_face(state):
    tensors = renamed(state, HF_PARTS, 'model.layers',
                      dict(tok_embeddings='model.embed_tokens', norm='model.norm'), permuted=True)
    config = dict(architectures=['LlamaForCausalLM'], model_type='llama', hidden_size=C['dim'],
                  intermediate_size=C['hidden_dim'], num_hidden_layers=C['n_layers'],
                  num_attention_heads=C['n_heads'], num_key_value_heads=C['n_kv_heads'],
                  vocab_size=C['vocab_size'], max_position_embeddings=C['max_seq_len'],
                  rms_norm_eps=1e-5, hidden_act='silu', rope_scaling=None, tie_word_embeddings=True)
    os.makedirs(path('formats_hf'), exist_ok=True)
    dump(path('formats_hf', 'config.json'), dict(config, rope_theta=10000.0))
    safetensors(path('formats_hf', 'model.safetensors'), tensors, dict(format='pt'))

    os.makedirs(path('formats_hf_sharded'), exist_ok=True)
    dump(path('formats_hf_sharded', 'config.json'),
         dict(config, rope_parameters=dict(rope_type='default', rope_theta=10000.0)))
    names = list(tensors)
    index = {}
    for i, part in enumerate((names[:7], names[7:])):
        shard = f'model-{i + 1:05}-of-00002.safetensors'
        safetensors(path('formats_hf_sharded', shard), {name: tensors[name].half() for name in part})
        index.update({name: shard for name in part})
    dump(path('formats_hf_sharded', 'model.safetensors.index.json'),
         dict(metadata=dict(total_size=0), weight_map=index))


    os.makedirs(path('formats_hf_pickled'), exist_ok=True)
    dump(path('formats_hf_pickled', 'config.json'), dict(config, rope_theta=10000.0))
    half = collections.OrderedDict((name, tensor.detach().half()) for name, tensor in tensors.items())
    index = {}
    for i, part in enumerate((names[:7], names[7:])):
        shard = f'pytorch_model-{i + 1:05}-of-00002.bin'
        torch.save(collections.OrderedDict((name, half[name]) for name in part),
                   path('formats_hf_pickled', shard))
        index.update({name: shard for name in part})
    dump(path('formats_hf_pickled', 'pytorch_model.bin.index.json'),
         dict(metadata=dict(total_size=0), weight_map=index))
    torch.save(collections.OrderedDict((f'_orig_mod.module.{name}', tensor)
                                       for name, tensor in half.items()), path('formats_wrapped.bin'))


def meta(state):
    parts = {'compute_query': 'wq', 'compute_key': 'wk', 'compute_value': 'wv', 'compute_output': 'wo'}
    tensors = collections.OrderedDict()
    for name, tensor in state.items():
        for ours, theirs in parts.items():
            name = name.replace(ours, theirs)
        tensors[name] = tensor.detach().half()
    tensors['rope.freqs'] = 1e4 ** (-torch.arange(0, HEAD, 2).float() / HEAD)
    os.makedirs(path('formats_meta'), exist_ok=True)
    torch.save(tensors, path('formats_meta', 'consolidated.00.pth'))
    dump(path('formats_meta', 'params.json'),
         dict(dim=C['dim'], multiple_of=C['multiple_of'], n_heads=C['n_heads'],
              n_kv_heads=C['n_kv_heads'], n_layers=C['n_layers'], norm_eps=1e-5, vocab_size=-1))


def pieces():
    out = [('<unk>', 0.0, 2), ('<s>', 0.0, 3), ('</s>', 0.0, 3)]
    out += [(f'<0x{i:02X}>', 0.0, 6) for i in range(256)]
    words = ['\u2581t', 'he', '\u2581the', '\u2581', 't', 'h', 'e', 'a', '\u00e9']
    return out + [(word, -float(i), 1) for i, word in enumerate(words)]


def q8_0(tensor):
    """Blocks of 32 as ggml's reference quantises them, and what they stand for."""
    rows = tensor.detach().numpy().reshape(-1, 32)
    scale = (numpy.abs(rows).max(1, keepdims=True) / 127).astype(numpy.float32)
    inverse = numpy.divide(numpy.float32(1), scale, out=numpy.zeros_like(scale), where=scale > 0)
    scaled = rows * inverse
    codes = (numpy.sign(scaled) * numpy.floor(numpy.abs(scaled) + numpy.float32(0.5))).astype(numpy.int8)
    half = scale.astype(numpy.float16)
    raw = b''.join(half[i].tobytes() + codes[i].tobytes() for i in range(len(rows)))
    values = codes.astype(numpy.float32) * half.astype(numpy.float32)
    return raw, torch.from_numpy(values.reshape(tensor.shape))


def gguf(file, state, quantised):
    """Returns the weights that the file stands for."""
    def string(text):
        raw = text.encode()
        return struct.pack('<Q', len(raw)) + raw

    def array(kind, form, values):
        return struct.pack('<IIQ', 9, kind, len(values)) + b''.join(
            string(v) if form is None else struct.pack(form, v) for v in values)

    texts, scores, kinds = zip(*pieces())
    values = {
        'general.architecture': struct.pack('<I', 8) + string('llama'),
        'general.name': struct.pack('<I', 8) + string('a fixture'),
        'llama.block_count': struct.pack('<II', 4, C['n_layers']),
        'llama.context_length': struct.pack('<II', 4, C['max_seq_len']),
        'llama.embedding_length': struct.pack('<II', 4, C['dim']),
        'llama.feed_forward_length': struct.pack('<IQ', 10, C['hidden_dim']),
        'llama.attention.head_count': struct.pack('<II', 4, C['n_heads']),
        'llama.attention.head_count_kv': struct.pack('<II', 4, C['n_kv_heads']),
        'llama.attention.layer_norm_rms_epsilon': struct.pack('<If', 6, 1e-5),
        'llama.rope.dimension_count': struct.pack('<II', 4, HEAD),
        'tokenizer.ggml.model': struct.pack('<I', 8) + string('llama'),
        'tokenizer.ggml.tokens': array(8, None, texts),
        'tokenizer.ggml.scores': array(6, '<f', scores),
        'tokenizer.ggml.token_type': array(5, '<i', kinds),
        'tokenizer.ggml.bos_token_id': struct.pack('<II', 4, 1),
        'tokenizer.ggml.eos_token_id': struct.pack('<II', 4, 2),
        'tokenizer.ggml.add_bos_token': struct.pack('<IB', 7, 1),
    }
    tensors = renamed(state, GGUF_PARTS, 'blk', dict(tok_embeddings='token_embd', norm='output_norm'),
                      permuted=False)
    ours = [name for name in state if name != 'output.weight']
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), len(values))
    head += b''.join(string(key) + value for key, value in values.items())
    data, means = b'', {}
    for name, (theirs, tensor) in zip(ours, tensors.items()):
        if quantised and tensor.dim() == 2:
            raw, means[name] = q8_0(tensor)
        else:
            raw, means[name] = tensor.detach().numpy().tobytes(), tensor
        head += string(theirs) + struct.pack('<I', tensor.dim())
        head += b''.join(struct.pack('<Q', size) for size in reversed(tensor.shape))
        head += struct.pack('<IQ', 8 if quantised and tensor.dim() == 2 else 0, len(data))
        data += raw + b'\0' * (-len(raw) % 32)
    with open(file, 'wb') as out:
        out.write(head + b'\0' * (-len(head) % 32) + data)
    return means


def llama2c(file, state):
    layers = range(C['n_layers'])
    parts = ['attention_norm', 'attention.compute_query', 'attention.compute_key',
             'attention.compute_value', 'attention.compute_output', 'ffn_norm', 'feed_forward.w1',
             'feed_forward.w2', 'feed_forward.w3']
    tensors = [state['tok_embeddings.weight']]
    tensors += [state[f'layers.{i}.{part}.weight'] for part in parts for i in layers]
    angles = torch.outer(torch.arange(C['max_seq_len']).float(),
                         1e4 ** (-torch.arange(0, HEAD, 2).float() / HEAD))
    tensors += [state['norm.weight'], angles.cos(), angles.sin()]
    with open(file, 'wb') as out:
        out.write(struct.pack('<7i', C['dim'], C['hidden_dim'], C['n_layers'], C['n_heads'],
                              C['n_kv_heads'], C['vocab_size'], C['max_seq_len']))
        for tensor in tensors:
            out.write(tensor.detach().contiguous().numpy().tobytes())


def peft(model):
    """An adapter on queries and down projections. Returns the model with it merged."""
    rank, alpha = 2, 3.0
    tensors = collections.OrderedDict()
    for name, parameter in model.named_parameters():
        part = name.removesuffix('.weight').split('.', 2)[-1]
        if part not in ('attention.compute_query', 'feed_forward.w2'):
            continue
        down = torch.randn(rank, parameter.shape[1]) * 0.3
        up = torch.randn(parameter.shape[0], rank) * 0.3
        with torch.no_grad():
            parameter += alpha / rank * up @ down
        base = f'base_model.model.model.layers.{name.split(".")[1]}.{HF_PARTS[part]}'
        tensors[f'{base}.lora_A.weight'] = down
        tensors[f'{base}.lora_B.weight'] = permute(up, C['n_heads']) if 'query' in part else up
    os.makedirs(path('formats_peft'), exist_ok=True)
    safetensors(path('formats_peft', 'adapter_model.safetensors'), tensors)
    os.makedirs(path('formats_peft_pickled'), exist_ok=True)
    torch.save(dict(tensors), path('formats_peft_pickled', 'adapter_model.bin'))
    for directory in ('formats_peft', 'formats_peft_pickled'):
        dump(path(directory, 'adapter_config.json'),
             dict(peft_type='LORA', task_type='CAUSAL_LM', r=rank, lora_alpha=alpha, lora_dropout=0.0,
                  target_modules=['q_proj', 'down_proj'], bias='none', fan_in_fan_out=False,
                  modules_to_save=None, base_model_name_or_path='formats_hf'))


def main():
    torch.manual_seed(6)
    model = pyref.Llama(C)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3) if 'norm' in name else parameter.mul_(5)
    ids = torch.randint(0, C['vocab_size'], (1, 7))
    expected = collections.OrderedDict(ids=ids)

    def logits():
        with torch.no_grad():
            return model.output(model(ids)).clone()

    state = model.state_dict()
    expected['logits'] = logits()
    hugging_face(state)
    meta(state)
    llama2c(path('formats.bin'), state)
    gguf(path('formats_f32.gguf'), state, quantised=False)
    means = gguf(path('formats_q8_0.gguf'), state, quantised=True)
    before = {name: tensor.clone() for name, tensor in state.items()}
    model.load_state_dict(means, strict=False)
    expected['logits_q8_0'] = logits()
    model.load_state_dict(before)
    peft(model)
    expected['logits_peft'] = logits()
    torch.save(expected, path('formats_expected.pt'))


if __name__ == '__main__':
    main()
