#!/usr/bin/env python3
"""Python reads what minillama wrote and computes the same logits.

    python3 tests/reference/read_back.py CONVERT

CONVERT is the built program. It turns the fixture formats.bin into every format; this script reads
each with PyTorch or by the format's documentation and compares with formats_expected.pt. Exits with
77, which ctest reports as skipped, where PyTorch is missing.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import torch
except ImportError:
    print('SKIPPED: this python3 has no torch')
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import formats
import pyref

EXPECTED = torch.load(os.path.join(HERE, 'formats_expected.pt'))
C = formats.C
DTYPES = dict(F32=torch.float32, F16=torch.float16, BF16=torch.bfloat16)


def tensor(raw, dtype, shape):
    return torch.frombuffer(bytearray(raw), dtype=dtype).reshape(shape)


def read_safetensors(path):
    with open(path, 'rb') as file:
        size, = struct.unpack('<Q', file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    header.pop('__metadata__', None)
    return {name: tensor(data[slice(*entry['data_offsets'])], DTYPES[entry['dtype']], entry['shape'])
            for name, entry in header.items()}


def read_hugging_face(directory):
    """The weights under our names, in Meta's order."""
    config = json.load(open(os.path.join(directory, 'config.json')))
    assert config['model_type'] == 'llama' and config['tie_word_embeddings'] is True, config
    assert config['rope_theta'] == config['rope_parameters']['rope_theta'] == 10000, config
    assert (config['bos_token_id'], config['eos_token_id']) == (1, 2), config
    theirs = read_safetensors(os.path.join(directory, 'model.safetensors'))
    state = {'tok_embeddings.weight': theirs.pop('model.embed_tokens.weight'),
             'norm.weight': theirs.pop('model.norm.weight')}
    for i in range(config['num_hidden_layers']):
        for ours, part in formats.HF_PARTS.items():
            weight = theirs.pop(f'model.layers.{i}.{part}.weight')
            heads = {'q_proj': config['num_attention_heads'],
                     'k_proj': config['num_key_value_heads']}.get(part.split('.')[-1])
            if heads:
                weight = weight.view(heads, 2, -1, config['hidden_size']).transpose(1, 2)
                weight = weight.reshape(-1, config['hidden_size'])
            state[f'layers.{i}.{ours}.weight'] = weight
    assert not theirs, theirs.keys()
    return state


def read_gguf(path):
    raw = open(path, 'rb').read()
    at = 0

    def take(form):
        nonlocal at
        value = struct.unpack_from('<' + form, raw, at)
        at += struct.calcsize('<' + form)
        return value[0]

    def string():
        nonlocal at
        size = take('Q')
        at += size
        return raw[at - size:at].decode()

    forms = {0: 'B', 1: 'b', 2: 'H', 3: 'h', 4: 'I', 5: 'i', 6: 'f', 7: '?', 10: 'Q', 11: 'q', 12: 'd'}

    def value(kind):
        if kind == 8:
            return string()
        if kind == 9:
            kind = take('I')
            return [value(kind) for _ in range(take('Q'))]
        return take(forms[kind])

    assert raw[:4] == b'GGUF'
    at = 4
    assert take('I') == 3
    n_tensors, n_values = take('Q'), take('Q')
    metadata = {}
    for _ in range(n_values):
        key = string()
        metadata[key] = value(take('I'))
    infos = []
    for _ in range(n_tensors):
        name = string()
        shape = [take('Q') for _ in range(take('I'))][::-1]
        infos.append((name, shape, take('I'), take('Q')))
    start = -(-at // 32) * 32
    ours = {v: k for k, v in formats.GGUF_PARTS.items()}
    state = {}
    for name, shape, kind, offset in infos:
        assert offset % 32 == 0
        count = torch.Size(shape).numel()
        begin = start + offset
        if kind == 8:
            blocks = tensor(raw[begin:begin + count // 32 * 34], torch.uint8, (-1, 34))
            scale = blocks[:, :2].contiguous().view(torch.float16).float()
            weight = (blocks[:, 2:].contiguous().view(torch.int8).float() * scale).reshape(shape)
        else:
            dtype = {0: torch.float32, 1: torch.float16, 30: torch.bfloat16}[kind]
            size = 4 if kind == 0 else 2
            weight = tensor(raw[begin:begin + count * size], dtype, shape)
        if name.startswith('blk.'):
            _, layer, part = name.split('.', 2)
            name = f'layers.{layer}.{ours[part.removesuffix(".weight")]}.weight'
        else:
            name = {'token_embd.weight': 'tok_embeddings.weight',
                    'output_norm.weight': 'norm.weight', 'output.weight': 'output.weight'}[name]
        state[name] = weight
    assert metadata['general.architecture'] == 'llama'
    assert metadata['llama.attention.head_count_kv'] == C['n_kv_heads']
    texts, scores, kinds = zip(*formats.pieces())
    assert metadata['tokenizer.ggml.tokens'] == list(texts)
    assert metadata['tokenizer.ggml.scores'] == list(scores)
    assert metadata['tokenizer.ggml.token_type'] == list(kinds)
    return state


def logits_of(state):
    model = pyref.Llama(C)
    state = {name: weight.float() for name, weight in state.items()}
    state['output.weight'] = state['tok_embeddings.weight']
    model.load_state_dict(state)
    with torch.no_grad():
        return model.output(model(EXPECTED['ids']))


def read_pt(path):
    checkpoint = torch.load(path, weights_only=True)
    model, args = checkpoint['model'], checkpoint['model_args']
    shape = [key for key in C if key not in ('norm', 'multiple_of')]  # which a .bin does not say
    assert [args[key] for key in shape] == [C[key] for key in shape], args
    assert model['output.weight'].data_ptr() == model['tok_embeddings.weight'].data_ptr()
    spelling = dict(wq='compute_query', wk='compute_key', wv='compute_value', wo='compute_output')
    state = {}
    for name, weight in model.items():
        for theirs, ours in spelling.items():
            name = name.replace(f'attention.{theirs}.', f'attention.{ours}.')
        state[name] = weight
    return state


def main():
    convert = sys.argv[1]
    with tempfile.TemporaryDirectory() as directory:
        def run(to, name, *arguments):
            out = os.path.join(directory, to + name, 'model')
            os.makedirs(os.path.dirname(out))
            subprocess.run([convert, '-m', os.path.join(HERE, 'formats.bin'), '--tokenizer',
                            os.path.join(HERE, 'formats_f32.gguf'), '--to', to, '--out', out,
                            '--quiet', *arguments], check=True)
            return out

        def check(what, actual, expected, tolerance):
            worst = (actual - expected).abs().max().item()
            print(f'{what}: largest logit difference {worst:.3g}')
            assert worst <= tolerance, what

        # On another processor PyTorch may round otherwise: what is to be the same bits is computed here.
        original = logits_of(read_gguf(os.path.join(HERE, 'formats_f32.gguf')))
        quantized = logits_of(read_gguf(os.path.join(HERE, 'formats_q8_0.gguf')))
        check('the fixture', original, EXPECTED['logits'], 1e-5)
        check('the fixture in q8_0', quantized, EXPECTED['logits_q8_0'], 1e-5)
        readers = dict(pt=read_pt, hf=read_hugging_face, gguf=read_gguf)
        for to, reader in readers.items():
            for dtype, tolerance in dict(f32=0, f16=2e-2, bf16=2e-1).items():
                check(f'{to} {dtype}', logits_of(reader(run(to, dtype, '--dtype', dtype))),
                      original, tolerance)
        check('gguf q8_0', logits_of(read_gguf(run('gguf', 'q8', '--dtype', 'q8_0'))), quantized, 0)
        source = open(os.path.join(HERE, 'formats.bin'), 'rb').read()
        written = open(run('llama2c', ''), 'rb').read()
        tables = 4 * C['max_seq_len'] * formats.HEAD
        assert written[:-tables] == source[:-tables]
        pair = torch.frombuffer(bytearray(written[-tables:]), dtype=torch.float32)
        close = torch.frombuffer(bytearray(source[-tables:]), dtype=torch.float32)
        assert torch.allclose(pair, close, rtol=0, atol=1e-6)
        print('llama2c: the same bytes')
    print('COUNT 11 conversions that Python read')


if __name__ == '__main__':
    main()
