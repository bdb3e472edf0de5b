#!/usr/bin/env python3
"""Fine-tunes on a few examples of each label, with a random head and with label words (prompt-based fine-tuning), and
writes the table of docs/experiments/finetuning.md. Python's standard library only.

    scripts/few_shot_curves.py DATA [--sizes 16,64,256] [--seeds N] [--results FILE] [--out FILE]

DATA holds sst/sst-{train,dev,test}.txt (scripts/fetch_assets.sh gets them). A figure goes into the file of results when
it is known (default: docs/logs/few-shot.jsonl), and what is in there is not computed again. Without DATA the table is
made from there.
"""
import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from measured_rows import measured, shown, write_between

ROOT = Path(__file__).resolve().parent.parent
MARK = '<!-- few-shot curves -->'
HEADS = {'random': [], 'label words': ['--head', 'label-words']}
BATCHES = {16: 8, 64: 16, 256: 32}


def fine_tune(data, head, size, seed):
    """The figures on dev and test of the best of ten epochs."""
    with tempfile.TemporaryDirectory() as folder:
        command = [ROOT / 'build/release/bin/classify_sst', '--option', 'lora', '-m', ROOT / 'checkpoints/reviews',
                   '--lora-targets', 'compute_query,compute_key,compute_value,compute_output,w1,w2,w3', '--lr', '1e-3',
                   '--epochs', '10', '--batch-size', BATCHES.get(size, 32), '--seed', seed, '--train-per-label', size,
                   '--train', data / 'sst/sst-train.txt', '--dev', data / 'sst/sst-dev.txt', '--test',
                   data / 'sst/sst-test.txt', '--out-dir', folder, '--force', '--json', '--quiet', *HEADS[head]]
        out = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True, text=True).stdout
    lines = [json.loads(line) for line in out.splitlines()]
    return {line['split']: line['accuracy'] for line in lines if 'split' in line}


def table(rows):
    text = '| examples of each label | head | seeds | dev | test |\n|---|---|---|---|---|\n'
    for size in sorted({row['size'] for row in rows}):
        for head in HEADS:
            some = [row for row in rows if (row['size'], row['head']) == (size, head)]
            if not some:
                continue
            text += (f'| {size} | {head} | {len(some)} | {shown([row["dev"] for row in some])} | '
                     f'{shown([row["test"] for row in some])} |\n')
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, nargs='?')
    parser.add_argument('--sizes', default='16,64,256')
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--results', type=Path, default=ROOT / 'docs/logs/few-shot.jsonl')
    parser.add_argument('--out', type=Path, default=ROOT / 'docs/experiments/finetuning.md')
    arguments = parser.parse_args()
    cases = [{'head': head, 'size': size, 'seed': seed} for size in map(int, arguments.sizes.split(','))
             for seed in range(1, arguments.seeds + 1) for head in HEADS if arguments.data is not None]
    rows = measured(arguments.results, cases, lambda head, size, seed: fine_tune(arguments.data, head, size, seed))
    write_between(arguments.out, MARK, table(rows))


if __name__ == '__main__':
    main()
