#!/usr/bin/env python3
"""Writes the seed corpus beside this script, fuzz/corpus/<target>/*: for each target a few small
files that are right, and a few that are nearly. Needs nothing but the repository.

    python3 fuzz/seeds.py
"""
import io
import json
import os
import struct
import zipfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = os.path.join(HERE, '..', 'tests', 'reference')


def write(target, name, content):
    directory = os.path.join(HERE, 'corpus', target)
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), 'wb') as file:
        file.write(content)


def reference(name):
    with open(os.path.join(REFERENCE, name), 'rb') as file:
        return file.read()


def string(text):
    return struct.pack('<Q', len(text)) + text


def gguf():
    texts = [b'<unk>', b'<s>', b'</s>', b'\xe2\x96\x81a', b'b']
    values = {
        b'general.architecture': struct.pack('<I', 8) + string(b'llama'),
        b'llama.block_count': struct.pack('<II', 4, 1),
        b'llama.rope.freq_base': struct.pack('<If', 6, 1e4),
        b'tokenizer.ggml.model': struct.pack('<I', 8) + string(b'llama'),
        b'tokenizer.ggml.tokens': struct.pack('<IIQ', 9, 8, 5) + b''.join(map(string, texts)),
        b'tokenizer.ggml.scores': struct.pack('<IIQ5f', 9, 6, 5, 0, 0, 0, -1, -2),
        b'tokenizer.ggml.token_type': struct.pack('<IIQ5i', 9, 5, 5, 2, 3, 3, 1, 1),
        b'tokenizer.ggml.bos_token_id': struct.pack('<II', 4, 1),
    }
    head = b'GGUF' + struct.pack('<IQQ', 3, 2, len(values))
    head += b''.join(string(key) + value for key, value in values.items())
    head += string(b'token_embd.weight') + struct.pack('<IQQIQ', 2, 32, 1, 8, 0)
    head += string(b'output_norm.weight') + struct.pack('<IQIQ', 1, 4, 0, 64)
    return head + b'\0' * (-len(head) % 32) + bytes(34) + bytes(30) + bytes(16)


def gguf_byte_pairs():
    texts = [b'<s>', b'a', b'b', b'ab', b'<go>', b'\xc4\xa0']
    values = {
        b'tokenizer.ggml.model': struct.pack('<I', 8) + string(b'gpt2'),
        b'tokenizer.ggml.pre': struct.pack('<I', 8) + string(b'llama-bpe'),
        b'tokenizer.ggml.tokens': struct.pack('<IIQ', 9, 8, 6) + b''.join(map(string, texts)),
        b'tokenizer.ggml.token_type': struct.pack('<IIQ6i', 9, 5, 6, 3, 1, 1, 1, 4, 1),
        b'tokenizer.ggml.merges': struct.pack('<IIQ', 9, 8, 1) + string(b'a b'),
    }
    return b'GGUF' + struct.pack('<IQQ', 3, 0, len(values)) + b''.join(
        string(key) + value for key, value in values.items())


def safetensors(header, data):
    text = json.dumps(header).encode()
    return struct.pack('<Q', len(text)) + text + data


def main():
    for name in ('tuple', 'views', 'llama2c', 'protocol5'):
        content = reference(f'torch_save_{name}.pt')
        write('zip', name, content)
        archive = zipfile.ZipFile(io.BytesIO(content))
        records = {entry.split('/', 1)[1]: archive.read(entry) for entry in archive.namelist()}
        write('pickle', name, records['data.pkl'])
        storage = records['data/0']
        write('torch_save', name, records['data.pkl'] + storage + bytes(64 - len(storage) % 64))
    write('zip', 'empty', b'PK\x05\x06' + bytes(18))
    one = dict(dtype='F32', shape=[2, 2], data_offsets=[0, 16])
    write('safetensors', 'two', safetensors({'__metadata__': {'format': 'pt'}, 'a': one,
                                             'b': dict(dtype='BF16', shape=[], data_offsets=[16, 18])},
                                            bytes(18)))
    write('safetensors', 'hole', safetensors({'a': dict(one, data_offsets=[4, 20])}, bytes(20)))
    write('llama2c_bin', 'small', struct.pack('<7i', 4, 3, 1, 2, 1, 5, 3) + bytes(4 * 118))
    write('llama2c_bin', 'untied', struct.pack('<7i', 4, 3, 1, 2, 1, -5, 3) + bytes(4 * 138))
    write('gguf', 'small', gguf())
    config = dict(model_type='minillama', version=1, dim=8, n_layers=1, n_heads=2, n_kv_heads=1,
                  hidden_dim=8, vocab_size=5, max_seq_len=4, norm='layernorm', norm_eps=1e-5,
                  attention='causal', rope_theta=1e4, dropout=0.0, tie_word_embeddings=True)
    write('config_json', 'right', json.dumps(config).encode())
    write('config_json', 'wrong', json.dumps(dict(config, dim=-1e300, norm=['x'])).encode())
    scaling = dict(rope_type='llama3', factor=8, original_max_position_embeddings=16, low_freq_factor=1,
                   high_freq_factor=4)
    write('config_json', 'scaled', json.dumps(dict(config, head_dim=6, qkv_bias=True, qk_norm=True,
                                                   rope_scaling=scaling)).encode())
    write('config_json', 'alibi', json.dumps(dict(config, positions='alibi')).encode())
    write('config_json', 'half', json.dumps(dict(config, rotary_share=0.5)).encode())
    config = json.loads(reference('formats_hf/config.json'))
    write('hugging_face', 'right', json.dumps(config).encode())
    config.update(rope_scaling={'type': 'linear'}, hidden_act='gelu', head_dim=-1, mlp_bias=True)
    write('hugging_face', 'wrong', json.dumps(config).encode())
    for name in ('llama', 'mistral', 'qwen3'):
        config = json.loads(reference(f'configs_{name}/config.json'))
        config.update(rope_scaling=dict(rope_type='yarn', factor=4.0, mscale=1.0, mscale_all_dim=0.5))
        write('hugging_face', name, json.dumps(config).encode())
    write('hugging_face', 'classifier', reference('classifier_llama/config.json'))
    index = dict(metadata=dict(total_size=16), weight_map={'lm_head.weight': 'a', 'b': '../b', 'c': 1})
    write('hugging_face', 'index', json.dumps(index).encode())
    adapter = json.loads(reference('formats_peft/adapter_config.json'))
    write('peft_config', 'right', json.dumps(adapter).encode())
    adapter.update(use_dora=True, bias='all', rank_pattern={'q_proj': 4}, lora_alpha='x')
    write('peft_config', 'wrong', json.dumps(adapter).encode())
    for name in ('patterns', 'dora', 'ia3', 'bitfit', 'bottleneck', 'prefix'):
        write('peft_config', name, reference(f'adapter_{name}/adapter_config.json'))
    write('tokenizer', 'unigram', reference('unigram.model'))
    write('tokenizer', 'gguf', gguf())
    write('tokenizer', 'gguf_byte_pairs', gguf_byte_pairs())
    pieces = [b'<unk>', b'\n<s>\n', b'\n</s>\n'] + [b'<0x%02X>' % i for i in range(256)] + [b' a', b'b']
    write('tokenizer', 'llama2c', struct.pack('<I', 6) + b''.join(
        struct.pack('<fI', -i, len(piece)) + piece for i, piece in enumerate(pieces)))
    for kind in ('gpt2', 'normalized', 'llama2', 'metaspace_split'):
        file = json.loads(reference(f'byte_pairs/{kind}.json'))
        vocab = dict(list(file['model']['vocab'].items())[-20:])  # the fuzzer learns little from more
        file['model'].update(vocab={piece: i for i, piece in enumerate(vocab)}, merges=[], unk_token=None)
        for i, token in enumerate(file['added_tokens']):
            token.update(id=vocab[token['content']] if token['content'] in vocab else len(vocab) + i)
        file['post_processor'] = None
        write('tokenizer_json', kind, json.dumps(file).encode())
    write('tokenizer_json', 'llama3', reference('byte_pairs/llama3.json'))
    for i, entry in enumerate(json.loads(reference('chat/templates.json'))):
        write('chat_template', f'{(entry["kind"] or "none").lower().replace(" ", "")}_{i}',
              entry['template'].encode())
    for i, pattern in enumerate((r'^(?:a|[^\d-z]+?){2,3}$', r'\u00e9\u{1F600}?.*[\s\S]', '(a{50}){50}', 'é|(b*)*|$')):
        write('regular_expression', str(i), pattern.encode())
    schema = dict(type='object', required=['b'], properties=dict(
        a=dict(type='array', items={'$ref': '#/$defs/x'}, minItems=1, maxItems=3),
        b=dict(anyOf=[dict(type=['string', 'null'], minLength=1, maxLength=4), dict(enum=[1, 'é', {}])]),
        c=dict(pattern='^a|b$', title='t'), d=dict(minimum=-7, exclusiveMaximum=105)))
    schema['$defs'] = dict(x=dict(additionalProperties=dict(const=True)))
    write('json_schema', 'right', json.dumps(schema).encode())
    schema['$defs']['x'] = {'$ref': '#'}
    write('json_schema', 'wrong', json.dumps(schema).encode())
    write('json_schema', 'any', b'true')
    for width in (2, 4):
        ids = b''.join(i.to_bytes(width, 'little') for i in (1, 4, 2, 3))
        write('token_file', f'width{width}', b'minitok1' + struct.pack('<4I2Q', width, 7, 8, 0, 20, 5) +
              ids + struct.pack('<I', zlib.crc32(ids)))
    write('data_lines', 'lines', b'\xef\xbb\xbf3 ||| A fine film .\r\n0 ||| caf\xc3\xa9\n\n')
    write('data_lines', 'names', b'["bad", "good"]')
    write('data_lines', 'broken', b'9 ||| x\n|||\n3 || y\n')
    for name in ('comma.csv', 'crlf.csv', 'semicolon.csv', 'tab.tsv', 'headless.csv', 'comma.csv.gz'):
        write('csv', name, reference('labelled_data/' + name))
    write('csv', 'broken', b'text,label\r\n"a""\n",x\r"b"c,y\n"d')
    for name in ('objects.jsonl', 'objects.jsonl.gz'):
        write('json_lines', name, reference('labelled_data/' + name))
    write('json_lines', 'broken', b'{"text": "a", "label": 1}\n{"text": "\\ud800", "label": [1, {}]}\n{"a": [[[')


if __name__ == '__main__':
    main()
