#!/usr/bin/env python3
"""Fine-tunes the model that ships on SST in every way that classify_sst knows, one change at a time, and writes the
table of docs/experiments/finetuning.md. Python's standard library only.

    scripts/methods_table.py DATA [--only NAMES] [--seeds N] [--programs DIR] [--results FILE] [--out FILE]

DATA holds sst/sst-{train,dev,test}.txt (scripts/fetch_assets.sh gets them). A figure goes into the file of results when
it is known (default: docs/logs/methods.jsonl), and what is in there is not computed again. Without DATA the table is
made from there.
"""
import argparse
import json
import math
import os
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from measured_rows import measured, shown, write_between

ROOT = Path(__file__).resolve().parent.parent
MARK = '<!-- methods -->'
ALL_SEVEN = ['--lora-targets', 'compute_query,compute_key,compute_value,compute_output,w1,w2,w3']
LORA = ['--option', 'lora', '--epochs', '3', *ALL_SEVEN, '--lr', '1e-3']
FULL = ['--option', 'finetune', '--epochs', '3']

# Each the first one of its kind, or one change to it. Fixed before any was measured; learning rates of other kinds of
# adapters by their papers' order of magnitude.
METHODS = {
    'adapters': LORA,
    'adapters: rsLoRA': [*LORA, '--rslora'],
    'adapters: LoRA+': [*LORA, '--lora-plus-ratio', '4'],
    'adapters: PiSSA': [*LORA, '--lora-init', 'pissa'],
    'adapters: DoRA': [*LORA, '--adapter', 'dora'],
    'adapters: IA3': [*LORA[:4], '--adapter', 'ia3', '--lr', '1e-2'],
    'adapters: BitFit': [*LORA[:4], '--adapter', 'bitfit', '--lr', '5e-3'],
    'adapters: bottleneck': [*LORA[:4], '--adapter', 'bottleneck', '--lr', '1e-3'],
    'adapters: prefix': [*LORA[:4], '--adapter', 'prefix', '--lr', '1e-2'],
    'adapters, full attention': [*LORA, '--attention', 'full'],
    'adapters, label smoothing 0.1': [*LORA, '--label-smoothing', '0.1'],
    'adapters, balanced classes': [*LORA, '--class-weights', 'balanced'],
    'adapters, ordinal': [*LORA, '--objective', 'ordinal'],
    'adapters, R-Drop': [*LORA, '--objective', 'r-drop'],
    'adapters, SMART': [*LORA, '--objective', 'smart'],
    'adapters, SMART, radius 0.01': [*LORA, '--objective', 'smart', '--adversarial-radius', '0.01',
                                     '--adversarial-step-size', '0.01'],
    'adapters, FreeLB': [*LORA, '--objective', 'free-lb'],
    'adapters, moving average': [*LORA, '--average-decay', '0.99'],
    'adapters, label words': [*LORA, '--head', 'label-words'],
    'all weights': FULL,
    'all weights, rates that fall': [*FULL, '--layer-decay', '0.8'],
    'all weights, last layer anew': [*FULL, '--reinit-layers', '1'],
    'all weights, Mixout': [*FULL, '--mixout', '0.5'],
    'all weights, WiSE-FT': [*FULL, '--wise-ft', '10'],
}


def trained_numbers(folder):
    """How many numbers a run trained: those of its best epoch."""
    with open(folder / 'training.safetensors', 'rb') as file:
        header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
    return sum(math.prod(tensor['shape']) for name, tensor in header.items() if name.startswith('best.'))


def fine_tune(programs, data, options, seed):
    """The figures of the best epoch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [programs / 'classify_sst', '-m', ROOT / 'checkpoints/reviews', *options, '--seed', seed]
        for split in ('train', 'dev', 'test'):
            command += [f'--{split}', data / f'sst/sst-{split}.txt']
        command += ['--out-dir', folder, '--force', '--json', '--quiet']
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f'failed: {" ".join(map(str, command))}')
        lines = [json.loads(line) for line in out.splitlines()]
        row = {line['split']: line['accuracy'] for line in lines if 'split' in line}
        row.update(trained=trained_numbers(folder), cpu_seconds=usage.ru_utime + usage.ru_stime, megabytes=usage.ru_maxrss / 1024)
        return row


def table(rows):
    text = ('| | numbers trained | seconds of processors | MB | seeds | SST dev | SST test |\n|---|---|---|---|---|---|---|\n')
    for method in METHODS:
        some = [row for row in rows if row['method'] == method]
        if not some:
            continue
        mean = {name: statistics.mean(row[name] for row in some) for name in ('trained', 'cpu_seconds', 'megabytes')}
        text += (f'| {method} | {mean["trained"]:,.0f} | {mean["cpu_seconds"]:.0f} | {mean["megabytes"]:.0f} | {len(some)} '
                 f'| {shown([row["dev"] for row in some])} | {shown([row["test"] for row in some])} |\n')
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, nargs='?')
    parser.add_argument('--only', default=';'.join(METHODS), help='names, with semicolons between')
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--programs', type=Path, default=ROOT / 'build/release/bin')
    parser.add_argument('--results', type=Path, default=ROOT / 'docs/logs/methods.jsonl')
    parser.add_argument('--out', type=Path, default=ROOT / 'docs/experiments/finetuning.md')
    arguments = parser.parse_args()
    cases = [{'method': method, 'seed': seed} for seed in range(1, arguments.seeds + 1)
             for method in arguments.only.split(';') if arguments.data is not None]
    rows = measured(arguments.results, cases, lambda method, seed: fine_tune(
        arguments.programs, arguments.data, METHODS[method], seed))
    write_between(arguments.out, MARK, table(rows))


if __name__ == '__main__':
    main()
