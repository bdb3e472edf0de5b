#!/usr/bin/env python3
"""Asks language models which label a sentence has, in every way that classify_sst and classify_cfimdb
know, and writes the table of docs/experiments/zero-shot.md. Python's standard library only.

    scripts/zero_shot_table.py DATA [--out FILE] [--results FILE] [--models NAMES] [--at-most N]

DATA holds sst/sst-{train,dev}.txt and cfimdb/cfimdb-{train,dev}.txt (scripts/fetch_assets.sh gets
them). Of the models those are asked that are there: checkpoints/reviews, checkpoints/stories42M.pt,
and SmolLM2 in data/smollm2 or $SMOLLM2. Every figure goes into the file of results when it is known
(default: docs/logs/zero-shot.jsonl); what is in there is not computed again, so that a run that was
stopped goes on.
"""
import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SMOLLM2 = Path(os.environ.get('SMOLLM2', ROOT / 'data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf'))
STORIES = ROOT / 'checkpoints/stories42M.pt'

TEMPLATES = ['{sentence} The acting is', '{sentence} All in all this film is', '{sentence} The movie was']
CONTENT_FREE = ['--content-free=N/A', '--content-free=', '--content-free=[MASK]']
SHOTS = {'sst': '5', 'cfimdb': '4'}
MARK = '## Results'


def methods(name, chat):
    """What is asked, and how, of a data set: names and options, the reference's way first."""
    templates = [f'--template={text.replace("{sentence} ", "{sentence}{answer}") if chat else text}'
                 for text in TEMPLATES]
    shots = ['--shots', SHOTS[name]]
    rows = [
        ('likelihood', []),
        ('likelihood per token', ['--length-normalization', 'tokens']),
        ('likelihood per byte', ['--length-normalization', 'bytes']),
        ('prior: content-free, "N/A"', ['--prior', 'content-free']),
        ('prior: content-free, three texts', ['--prior', 'content-free', *CONTENT_FREE]),
        ('prior: domain', ['--prior', 'domain']),
        ('prior: batch', ['--prior', 'batch']),
        ('a sentence to end', templates[:1]),
        ('mean of three such', templates),
        ('mean of three, prior: batch', [*templates, '--prior', 'batch']),
        (f'{shots[1]} shots', shots),
        (f'{shots[1]} shots, prior: content-free, three texts', [*shots, '--prior', 'content-free', *CONTENT_FREE]),
        (f'{shots[1]} shots, prior: batch', [*shots, '--prior', 'batch']),
    ]
    if chat:
        return [(row, ['--chat', *options]) for row, options in rows]
    return [('as the reference', ['--compat', 'cmu2025']), *rows]


def models(data):
    """Name, options and whether it is asked in a conversation."""
    found = [('reviews', ['-m', ROOT / 'checkpoints/reviews'], False)]
    if STORIES.exists():
        tokenizer = data / 'llama2-tokenizer/tokenizer.model'
        found.append(('stories42M', ['-m', STORIES, '--tokenizer', tokenizer, '--attention', 'causal'], False))
    if SMOLLM2.exists():
        found.append(('SmolLM2', ['-m', SMOLLM2], False))
        found.append(('SmolLM2 --chat', ['-m', SMOLLM2], True))
    return found


def wilson(right, n, z=1.96):
    """Wilson's interval of a share (Wilson 1927)."""
    p, zz = right / n, z * z / n
    middle, half = p + zz / 2, z * math.sqrt(p * (1 - p) / n + zz / (4 * n))
    return (middle - half) / (1 + zz), (middle + half) / (1 + zz)


def macro_f1(confusion):
    scores = []
    for label, row in enumerate(confusion):
        predicted = sum(other[label] for other in confusion)
        total = predicted + sum(row)
        scores.append(2 * row[label] / total if total else 0)
    return sum(scores) / len(scores)


def bootstrap(confusion, draws=1000):
    """The middle 95 % of macro-F1 over samples of the sentences with replacement (Efron 1979)."""
    k = len(confusion)
    cells = [(truth, guess) for truth in range(k) for guess in range(k)]
    counts = [confusion[truth][guess] for truth, guess in cells]
    chance, scores = random.Random(1), []
    for _ in range(draws):
        sample = [[0] * k for _ in range(k)]
        for truth, guess in chance.choices(cells, counts, k=sum(counts)):
            sample[truth][guess] += 1
        scores.append(macro_f1(sample))
    scores.sort()
    return scores[round(0.025 * draws)], scores[round(0.975 * draws) - 1]


def some_lines(path, most, folder):
    """The file, or so many of its lines, evenly spaced."""
    lines = path.read_text().splitlines(keepends=True)
    if not most or len(lines) <= most:
        return path
    some = folder / f'{path.stem}-{most}.txt'
    some.write_text(''.join(lines[i * len(lines) // most] for i in range(most)))
    return some


def ask(name, options, data, dev, folder):
    """The figures that the app prints for `dev`, as JSON."""
    command = [ROOT / f'build/release/bin/classify_{name}', '--option', 'prompt', '--json', '--quiet',
               '--dev', dev, '--dev-out', folder / 'predictions.txt', *options]
    outcome = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                             env={**os.environ, 'MINILLAMA_DATA': str(data)}, check=True)
    return json.loads(outcome.stdout)


def table(results):
    """Markdown: of each model a table of all methods on both sets."""
    def cell(figures):
        if not figures:
            return '| | | '
        n, accuracy, confusion = figures['sentences'], figures['accuracy'], figures['confusion']
        low, high = wilson(round(accuracy * n), n)
        low_f1, high_f1 = bootstrap(confusion)
        return (f'| {accuracy:.3f} [{low:.3f}, {high:.3f}] | {macro_f1(confusion):.3f} '
                f'[{low_f1:.3f}, {high_f1:.3f}] ')

    text = ''
    for model in dict.fromkeys(r['model'] for r in results):
        in_order = [(name, row) for name in SHOTS for row, _ in methods(name, False)]
        of_model = sorted((r for r in results if r['model'] == model),
                          key=lambda r: in_order.index((r['set'], r['method'])))
        sizes = {r['set']: r['figures']['sentences'] for r in of_model}
        text += f'\n### {model}\n\n'
        sets = [name for name in ('sst', 'cfimdb') if name in sizes]
        heads = [f'{name.upper()} dev ({sizes[name]}): accuracy | {name.upper()}: macro-F1' for name in sets]
        text += f'| method | {" | ".join(heads)} |\n|{"---|" * (1 + 2 * len(sets))}\n'
        rows = {}
        for r in of_model:
            row = r['method'].replace(f'{SHOTS[r["set"]]} shots', '4 (SST: 5) shots')
            rows.setdefault(row, {})[r['set']] = r['figures']
        for row, by_set in rows.items():
            text += f'| {row} {"".join(cell(by_set.get(name)) for name in sets)}|\n'
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path)
    parser.add_argument('--out', type=Path, help='write the tables at the end of this file, in place of those that are there')
    parser.add_argument('--results', type=Path, default=ROOT / 'docs/logs/zero-shot.jsonl')
    parser.add_argument('--models', help='only these, with commas between')
    parser.add_argument('--sets', default='sst,cfimdb')
    parser.add_argument('--at-most', type=int, default=0, help='so many sentences of a set, evenly spaced; 0: all')
    arguments = parser.parse_args()
    data = arguments.data.resolve()

    results = []
    if arguments.results.exists():
        results = [json.loads(line) for line in arguments.results.read_text().splitlines()]
    known = {(r['model'], r['set'], r['method']) for r in results}
    with tempfile.TemporaryDirectory() as folder:
        for model, model_options, chat in models(data):
            if arguments.models and model not in arguments.models.split(','):
                continue
            for name in arguments.sets.split(','):
                dev = some_lines(data / name / f'{name}-dev.txt', arguments.at_most, Path(folder))
                for method, options in methods(name, chat):
                    if (model, name, method) in known:
                        continue
                    print(f'{model}, {name}: {method}', file=sys.stderr)
                    if options[:1] == ['--compat']:  # brings its own attention
                        model_options = [o for o in model_options if o not in ('--attention', 'causal')]
                    figures = ask(name, [*model_options, *options], data, dev, Path(folder))
                    figures.pop('predictions')
                    results.append({'model': model, 'set': name, 'method': method, 'figures': figures})
                    with open(arguments.results, 'a') as out:
                        out.write(json.dumps(results[-1]) + '\n')
    text = table(results)
    if arguments.out:
        head = arguments.out.read_text() if arguments.out.exists() else '# Zero-shot\n'
        arguments.out.write_text(head.split(f'\n{MARK}\n')[0].rstrip('\n') + f'\n\n{MARK}\n' + text)
    else:
        print(text)


if __name__ == '__main__':
    main()
