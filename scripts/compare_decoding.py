#!/usr/bin/env python3
"""Compares ways to continue texts, and writes the tables and the figure of docs/experiments/decoding.md.
Python's standard library only.

    scripts/compare_decoding.py TEXTS [--at-most N] [--methods FILE] [--results FILE] [--out FILE]

TEXTS has a held-out text a line, of which the first N are taken. What `generate --compare --json` says of them goes
into the file of results (default: docs/logs/decoding.jsonl). Without TEXTS, tables and figure are made again from
there. The first two methods are those with which the others are compared.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
MARK = '## Results'
JUDGED = [('area', 'divergence'), ('repetition', 'repetition'), ('log_likelihood', 'likelihood')]
WIDTH, ROW, NAMES, PANEL, GAP, TOP = 980, 22, 170, 240, 26, 34


def compare(texts, at_most, methods, model, results):
    lines = [line for line in texts.read_text().split('\n') if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        some = Path(folder) / 'texts.txt'
        some.write_text(''.join(f'{line}\n' for line in lines[:at_most]))
        done = Path(folder) / 'results.jsonl'
        with open(done, 'w') as out:
            subprocess.run([ROOT / 'build/release/bin/generate', '-m', model, '--weights', 'q8_0', '--compare', methods,
                            '--file', some, '--json'], stdout=out, check=True)
        results.write_text(done.read_text())


def shown(estimate, scale=1, digits=3):
    if estimate['value'] is None:
        return '–'
    value, low, high = (f'{estimate[key] * scale:.{digits}f}' for key in ('value', 'low', 'high'))
    return f'{value} [{low}, {high}]'


def farther(row, other, measure):
    """By how much the method of a row is farther from the held-out texts than that of another."""
    if other['method'] in row.get('farther_than', {}):
        return row['farther_than'][other['method']][measure]
    back = other['farther_than'][row['method']][measure]
    return {'value': -back['value'], 'low': -back['high'], 'high': -back['low']}


def measures_table(rows):
    text = ('| method | tokens/s | area | seq-rep-4, % | log-likelihood | self-BLEU | distinct-1 | distinct-2 | '
            'distinct-3 |\n|' + '---|' * 9 + '\n')
    for row in rows:
        speed = f'{row["tokens_per_second"]:.0f}' if 'tokens_per_second' in row else ''
        area = '1' if row is rows[0] else shown(row['area'])
        text += (f'| {row["method"]} | {speed} | {area} | {shown(row["repetition"], 100, 2)} | '
                 f'{shown(row["log_likelihood"])} | {shown(row["self_bleu"])} | '
                 + ' | '.join(f'{share:.3f}' for share in row['distinct']) + ' |\n')
    return text


def differences_table(methods, baseline):
    text = '| method | ' + ' | '.join(name + (', %' if measure == 'repetition' else '') for measure, name in JUDGED)
    text += ' |\n|' + '---|' * (1 + len(JUDGED)) + '\n'
    for row in methods:
        if row is baseline:
            continue
        cells = []
        for measure, _ in JUDGED:
            beside = farther(row, baseline, measure)
            cell = shown(beside, 100, 2) if measure == 'repetition' else shown(beside)
            cells.append(f'**{cell}**' if beside['high'] < 0 else cell)
        text += f'| {row["method"]} | {" | ".join(cells)} |\n'
    return text


def winners(methods, baseline):
    """Which methods beat a baseline, of each judged measure a line."""
    text = ''
    for measure, name in JUDGED:
        names = [row['method'] for row in methods
                 if row is not baseline and farther(row, baseline, measure)['high'] < 0]
        text += f'- {name}: {", ".join(names) or "none"}\n'
    return text


def ticks(low, high):
    step = 10 ** math.floor(math.log10((high - low) / 2))
    step *= next(k for k in (1, 2, 5, 10) if (high - low) / (step * k) <= 5)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def panel(rows, held_out, measure, title, left):
    # Repetition goes from less than one percent to most of a text: there roots are drawn.
    is_root = measure == 'repetition'
    scale = (lambda value: math.sqrt(max(value, 0))) if is_root else (lambda value: value)
    low = min(scale(row[measure]['low']) for row in rows)
    high = max(scale(row[measure]['high']) for row in rows)
    low, high = low - (high - low) * 0.04, high + (high - low) * 0.04
    x = lambda value: left + (scale(value) - low) / (high - low) * PANEL
    bottom = TOP + ROW * len(rows)
    out = [f'<text x="{left + PANEL / 2}" y="{TOP - 14}" text-anchor="middle">{title}</text>']
    for value in [v for v in (0, 0.01, 0.05, 0.2, 0.5) if v <= high ** 2] if is_root else ticks(low, high):
        out.append(f'<path d="M{x(value):.1f} {TOP}V{bottom}" stroke="#ddd"/><text x="{x(value):.1f}" '
                   f'y="{bottom + 16}" text-anchor="middle">{value:g}</text>')
    out.append(f'<path d="M{x(held_out[measure]["value"]):.1f} {TOP}V{bottom}" stroke="#c33" stroke-dasharray="4 3"/>')
    for i, row in enumerate(rows):
        y = TOP + ROW * (i + 0.5)
        figure = row[measure]
        out.append(f'<path d="M{x(figure["low"]):.1f} {y}H{x(figure["high"]):.1f}" stroke="#36c" stroke-width="2"/>'
                   f'<circle cx="{x(figure["value"]):.1f}" cy="{y}" r="3.5" fill="#36c"/>')
    return out


def figure(rows):
    height = TOP + ROW * len(rows) + 28
    held_out = rows[0]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
           'font-size="12" fill="#333">', f'<rect width="{WIDTH}" height="{height}" fill="white"/>']
    for i, row in enumerate(rows):
        out.append(f'<text x="{NAMES - 10}" y="{TOP + ROW * (i + 0.5) + 4}" text-anchor="end">'
                   f'{escape(row["method"])}</text>')
    titles = ['area under the divergence curve', 'seq-rep-4 (roots)', 'log-likelihood of a token']
    for i, ((measure, _), title) in enumerate(zip(JUDGED, titles)):
        out += panel(rows, held_out, measure, title, NAMES + i * (PANEL + GAP))
    return '\n'.join(out + ['</svg>', ''])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('texts', type=Path, nargs='?')
    parser.add_argument('--at-most', type=int, default=200)
    parser.add_argument('--methods', type=Path, default=ROOT / 'docs/experiments/decoding-methods.txt')
    parser.add_argument('--model', type=Path, default=ROOT / 'checkpoints/reviews')
    parser.add_argument('--results', type=Path, default=ROOT / 'docs/logs/decoding.jsonl')
    parser.add_argument('--out', type=Path, default=ROOT / 'docs/experiments/decoding.md',
                        help='the tables take the place of those at its end; the figure is an .svg beside it')
    arguments = parser.parse_args()
    if arguments.texts:
        compare(arguments.texts, arguments.at_most, arguments.methods, arguments.model, arguments.results)
    rows = [json.loads(line) for line in arguments.results.read_text().splitlines()]
    methods = rows[1:]
    if len(methods) < 3:
        sys.exit(f'{arguments.results}: a comparison with two methods needs a third one')
    picture = arguments.out.with_suffix('.svg')
    picture.write_text(figure(rows))
    text = (f'{rows[0]["texts"]} texts. In brackets: 95 % intervals. Area, seq-rep-4 and log-likelihood are the '
            f'better the nearer they are to the first row.\n\n{measures_table(rows)}\n'
            f'![The three measures of each method, with intervals; dashed: the held-out texts]({picture.name})\n')
    for baseline in methods[:2]:
        text += (f'\n### By how much methods are farther from the held-out texts than {baseline["method"]}\n\n'
                 'Below 0: nearer. Bold: the interval is below 0, the method beats plain sampling.\n\n'
                 + differences_table(methods, baseline)
                 + f'\nWhat beats {baseline["method"]}:\n\n' + winners(methods, baseline))
    head = arguments.out.read_text() if arguments.out.exists() else ''
    arguments.out.write_text(head.split(f'\n{MARK}\n')[0].rstrip('\n') + f'\n\n{MARK}\n\n{text}')


if __name__ == '__main__':
    main()
