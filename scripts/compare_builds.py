#!/usr/bin/env python3
"""Runs the same commands with the programs of two builds, on one machine, and compares what they write:

    scripts/compare_builds.py OLD/bin NEW/bin [CHECKPOINTS]

Continuations, probabilities of labels, converted models, ten steps of fine-tuning, LoRA and pretraining,
all with the models that ship, or those in CHECKPOINTS where an older build cannot read these, and texts that
are made up here. For each output: "equal" if its bytes are, else the largest relative difference of its
numbers, or "differs" if it is not in numbers alone. Ends with 1 unless all are equal. Python's standard
library only."""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODELS = Path(sys.argv[3]).resolve() if len(sys.argv) == 4 else ROOT / 'checkpoints'
NUMBER = re.compile(rb'-?\d+\.?\d*(?:e[-+]?\d+)?')
VOLATILE = {'seconds', 'tokens_per_second', 'total_seconds', 'elapsed'}  # figures of time in records

REFUSED = b'refused: '

VERDICTS = ['awful', 'rather bad', 'so so', 'good fun', 'simply wonderful']


def sentences(count):
    """Lines of a data set whose labels can be learned."""
    return ''.join(f'{i % 5} ||| Film number {i} , with its {i % 7} endings , is {VERDICTS[i % 5]} .\n'
                   for i in range(count))


def tasks(directory):
    """Name, program, arguments, the files that it writes ("-": standard output)."""
    (directory / 'train.txt').write_text(sentences(80))
    (directory / 'dev.txt').write_text(sentences(40))
    (directory / 'plain.txt').write_text(re.sub(r'.*\|\|\| ', '', sentences(40)))
    (directory / 'corpus.txt').write_text(re.sub(r'.*\|\|\| ', '', sentences(400)))
    for model in ['reviews', 'reviews-tiny']:
        path = str(MODELS / model)
        for name, more in [('greedy', ['--temp', '0']), ('sampled', ['--temp', '1', '--top-p', '0.9']),
                           ('top-k', ['--top-k', '40', '--min-p', '0.02']), ('no cache', ['--no-cache']),
                           ('q8_0', ['--temp', '0', '--weights', 'q8_0'])]:
            yield (f'generate {model} {name}', 'generate',
                   ['-m', path, '-p', 'This movie is', '-n', '60', '--quiet', *more], ['-'])
        yield (f'generate {model} batch', 'generate',
               ['-m', path, '-f', 'plain.txt', '--each-line', '-n', '20', '--quiet'], ['-'])
    for model in ['sst', 'cfimdb', 'reviews']:
        app = 'classify_cfimdb' if model == 'cfimdb' else 'classify_sst'
        yield (f'probabilities {model}', app,
               ['-m', str(MODELS / model), '-f', 'plain.txt', '--json', '--quiet'], ['-'])
    for model in ['sst', 'reviews']:
        yield (f'evaluation {model}', 'classify_sst',
               ['-m', str(MODELS / model), '--dev', 'dev.txt', '--dev-out', 'predicted.txt', '--quiet'],
               ['-', 'predicted.txt'])
    yield ('probabilities compatible', 'classify_sst',
           ['-m', str(MODELS / 'reviews'), '--compat', 'cmu2025', '-f', 'plain.txt', '--json', '--quiet'],
           ['-'])
    for form, type_ in [('dir', 'f32'), ('hf', 'bf16'), ('gguf', 'f16'), ('gguf', 'q8_0'),
                        ('pt', 'f32'), ('llama2c', 'f32')]:
        out = f'{form}-{type_}'
        written = {'dir': out + '/model.safetensors', 'hf': out + '/model.safetensors'}.get(form, out)
        model = str(MODELS / 'reviews-tiny')
        if form == 'hf' or form == 'gguf' or form == 'llama2c':
            model = 'rmsnorm/'
        yield (f'convert to {form} {type_}', 'convert',
               ['-m', model.rstrip('/'), '--to', form, '--dtype', type_, '--out', out], [written])
    for option in ['finetune', 'lora']:
        yield (f'ten steps of {option}', 'classify_sst',
               ['-m', str(MODELS / 'reviews-tiny'), '--option', option, '--train', 'train.txt', '--dev',
                'dev.txt', '--out-dir', option, '--batch-size', '8', '--epochs', '1', '--quiet'],
               [f'{option}/model.safetensors', f'{option}/metrics.jsonl'])
    yield ('ten steps in bfloat16', 'classify_sst',
           ['-m', str(MODELS / 'reviews-tiny'), '--option', 'finetune', '--train', 'train.txt', '--dev',
            'dev.txt', '--out-dir', 'bf16', '--batch-size', '8', '--epochs', '1', '--dtype', 'bf16', '--quiet'],
           ['bf16/model.safetensors', 'bf16/metrics.jsonl'])


def first_model(directory):
    """A model with RMSNorm, which Hugging Face's format, GGUF and llama2.c's need: ten steps of pretraining."""
    return ('ten steps of pretraining', 'pretrain',
            ['--train', 'corpus.txt', '--valid', 'dev.txt', '--out-dir', 'rmsnorm', '--train-tokenizer', '300',
             '--dim', '64', '--layers', '2', '--heads', '4', '--kv-heads', '2', '--hidden-dim', '96',
             '--max-seq-len', '256', '--norm', 'rmsnorm', '--steps', '10', '--batch-size', '4', '--window',
             '200', '--record-every', '1', '--evaluate-every', '5', '--quiet'],
            ['rmsnorm/model.safetensors', 'rmsnorm/log.jsonl'])


def run(binaries, directory):
    """Runs all tasks in the directory; what each wrote, by name and file."""
    written = {}
    everything = list(tasks(directory))
    for name, program, arguments, files in [first_model(directory), *everything]:
        # The BLAS is the machine's, not the build's.
        environment = {'OPENBLAS_CORETYPE': 'Haswell', **os.environ}
        result = subprocess.run([str(binaries / program), *arguments], cwd=directory, capture_output=True,
                                stdin=subprocess.DEVNULL, env=environment)
        if result.returncode == 2:  # what this machine cannot do (bfloat16) is refused by both
            written[name] = REFUSED + result.stderr
            continue
        if result.returncode:
            sys.exit(f'{binaries / program} {" ".join(arguments)}\n{result.stderr.decode()}')
        for file in files:
            content = result.stdout if file == '-' else (directory / file).read_bytes()
            written[f'{name}' if file == '-' else f'{name}: {Path(file).name}'] = content
    return written


def without_times(content):
    lines = []
    for line in content.splitlines():
        record = json.loads(line)
        lines.append(json.dumps({k: v for k, v in record.items() if k not in VOLATILE}).encode())
    return b'\n'.join(lines)


def floats(content):
    """The float32 numbers of a safetensors file, by the names of its tensors, in whatever order they lie
    there; None if it is no such file."""
    size = struct.unpack('<Q', content[:8])[0] if len(content) > 8 else 0
    if not 0 < size < len(content) or content[8:9] != b'{':
        return None
    tensors = json.loads(content[8:8 + size])
    tensors.pop('__metadata__', None)
    numbers = []
    for name in sorted(tensors):
        start, end = (8 + size + offset for offset in tensors[name]['data_offsets'])
        numbers += struct.unpack(f'<{(end - start) // 4}f', content[start:end])
    return numbers


def largest(pairs):
    return max((abs(a - b) / max(abs(a), abs(b), 1e-12) for a, b in pairs if a != b), default=0.0)


def compare(name, old, new):
    if name.endswith('.jsonl'):
        old, new = without_times(old), without_times(new)
    if old == new:
        return 'equal, refused by both' if old.startswith(REFUSED) else 'equal'
    old_floats, new_floats = floats(old), floats(new)
    if old_floats and new_floats and len(old_floats) == len(new_floats):
        scale = max(abs(x) for x in old_floats)
        worst = max(abs(a - b) for a, b in zip(old_floats, new_floats))
        return f'differs by {worst / scale:.3g} of the largest weight' if worst else 'equal, in another order'
    if NUMBER.sub(b'#', old) == NUMBER.sub(b'#', new):
        pairs = zip(map(float, NUMBER.findall(old)), map(float, NUMBER.findall(new)))
        return f'numbers differ by up to {largest(pairs):.3g} of themselves'
    return 'differs'


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    written = []
    for binaries in map(Path, sys.argv[1:3]):
        directory = Path(tempfile.mkdtemp(prefix='minillama-compare-'))
        try:
            written.append(run(binaries.resolve(), directory))
        finally:
            shutil.rmtree(directory)
    results = {name: compare(name, old, written[1][name]) for name, old in written[0].items()}
    for name, result in results.items():
        print(f'{name:50} {result}')
    sys.exit(any(not result.startswith('equal') for result in results.values()))


if __name__ == '__main__':
    main()
