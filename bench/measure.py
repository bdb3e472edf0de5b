"""Runs the benchmarks and prints a table: see bench/run.sh, which builds them first. Python's standard
library only."""
import argparse, json, os, re, shutil, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / 'build/release/bin'
OUT = ROOT / 'build/bench'
PYTHON = os.environ.get('PYTHON', 'python3')
WEIGHTS_42M = 41_680_896     # floats of the model in bench/decode_bench.cpp, norms left out
WEIGHTS_BODY = 25_296_896    # the same without the embeddings
WEIGHTS_5M_BODY = 2_949_120  # of reviews5M: matrices without the embeddings
MB_42M = WEIGHTS_42M * 4 / 2**20


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, cwd=OUT)


def timed(*command):
    """Output, seconds from start to end, and peak memory in MB."""
    start = time.perf_counter()
    with open(OUT / 'output', 'w+') as output:
        process = subprocess.Popen([str(c) for c in command], stdout=output,
                                   stderr=subprocess.STDOUT, cwd=OUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            sys.exit(f'failed: {" ".join(map(str, command))}')
        output.seek(0)
        return output.read(), seconds, usage.ru_maxrss / 1024


def micro(program, pattern, repetitions=5, in_turn=True):
    """Medians of the Google Benchmarks whose names match, by name: items or bytes per second. In turn
    they are repeated in random order, so that what else the machine does befalls all of them."""
    out = OUT / f'{program}.json'
    run(BIN / program, f'--benchmark_filter={pattern}', f'--benchmark_repetitions={repetitions}',
        '--benchmark_min_time=0.2', f'--benchmark_enable_random_interleaving={str(in_turn).lower()}',
        f'--benchmark_out={out}', '--benchmark_out_format=json')
    rates = {}
    for b in json.load(open(out))['benchmarks']:
        if b['run_type'] == 'iteration':
            rate = b.get('items_per_second') or b['bytes_per_second']
            rates.setdefault(re.sub('/.*', '', b['run_name']), []).append(rate)
    return {name: sorted(all_)[len(all_) // 2] for name, all_ in rates.items()}


def median_seconds(command, rounds=5):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run(*command)
        times.append(time.perf_counter() - start)
    return sorted(times)[rounds // 2]


def one_run(*arguments):
    """The best of three: what varies is what else the machine does."""
    results = [json.loads(run(BIN / 'one_run', *arguments).stdout) for _ in range(3)]
    return {key: min(r[key] for r in results) for key in results[0]}


class Table:
    def __init__(self, only):
        self.rows, self.only = [], only

    def wants(self, section):
        return section.startswith(self.only)

    def add(self, work, figure, compared, ratio, target):
        self.rows.append((work, figure, compared, ratio, target))
        print('| ' + ' | '.join(self.rows[-1]) + ' |', flush=True)


def generation(table):
    rate = micro('decode_bench', 'limit|decode 42M, [fq]|prompt 42M, [fq]|decode 5M|decode 260K')
    rate |= micro('decode_bench', '16 prompts', repetitions=1)
    read, flops = rate['limit: memory read'], rate['limit: sgemm']
    limit = f'memory read {read / 1e9:.1f} GB/s'
    tokens = lambda name: f'{rate[name]:.0f} tokens/s'
    share = rate['decode 42M, float32'] * WEIGHTS_42M * 4 / read
    table.add('decode 42M, float32', tokens('decode 42M, float32'), limit, f'{share:.0%}', '≥ 85 %')
    table.add('decode 42M, q8_0', tokens('decode 42M, q8_0'), 'float32',
              f"{rate['decode 42M, q8_0'] / rate['decode 42M, float32']:.2f}×", '≥ 2.5×')
    for line in run(BIN / 'stream_bench').stdout.splitlines():
        name, speed, read, share = re.fullmatch(
            r'(.*?) +([\d.]+) tokens/s.*plain read +([\d.]+) GB/s: ([\d.]+)', line).groups()
        table.add(f'stream 42M, {name}', f'{float(speed):.0f} tokens/s', f'plain read {read} GB/s',
                  f'{float(share):.0%}', '≥ 90 %' if name == 'f32, mapped' else '')
    for size, target in (('5M', '≥ 3,200 tokens/s'), ('260K', '≥ 8,000 tokens/s')):
        name = f'decode {size}, float32'
        table.add(name, tokens(name), 'the torch::nn module',
                  f"{rate[name] / rate[f'decode {size}, module']:.1f}×", target)
    for kind, target in (('float32', '≥ 60 %'), ('q8_0', '')):
        name = f'prompt 42M, {kind}'
        share = rate[name] * 2 / flops
        table.add(name + ', 512 tokens', tokens(name), f'sgemm {flops / 1e9:.0f} GFLOP/s',
                  f'{share * WEIGHTS_42M:.0%} ({share * WEIGHTS_BODY:.0%} without embeddings)', target)
    for kind, target in (('float32', '≥ 4×'), ('q8_0', '')):
        together, alone = (rate[f'16 prompts 42M {how}, {kind}'] for how in ('together', 'one by one'))
        table.add(f'16 prompts of 4–19 tokens, {kind}', f'{together:.0f} tokens/s', 'one by one',
                  f'{together / alone:.1f}×', target)


def processes(table):
    model = OUT / '42M'
    if not model.exists():
        run(BIN / 'one_run', 'write', model, ROOT / 'checkpoints/reviews/tokenizer.model')
    files = [(model, 'safetensors, 168 MB', '≤ 0.15 s')]
    script = OUT / 'torch_save.py'
    script.write_text(f"""import json, sys
sys.path.insert(0, {str(ROOT / 'tests/reference')!r})
import torch
c = json.load(open({str(model / 'config.json')!r}))
f = open({str(model / 'model.safetensors')!r}, 'rb').read()
n = int.from_bytes(f[:8], 'little')
h = json.loads(f[8:8 + n])
m = {{k: torch.frombuffer(bytearray(f[8 + n + v['data_offsets'][0]:8 + n + v['data_offsets'][1]]),
      dtype=torch.float32).reshape(v['shape']) for k, v in h.items() if k != '__metadata__'}}
torch.save({{'model': m, 'model_args': {{k: c[k] for k in ('dim', 'n_layers', 'n_heads', 'vocab_size', 'max_seq_len')}}
            | {{'multiple_of': 32}}}}, {str(OUT / '42M.pt')!r})
""")
    if not (OUT / '42M.pt').exists():
        subprocess.run([PYTHON, script], check=False, stderr=subprocess.DEVNULL)
    if (OUT / '42M.pt').exists():
        files.append((OUT / '42M.pt', '.pt, 168 MB', '≤ 0.5 s'))
    for path, name, target in files:
        table.add('load ' + name, f"{one_run('load', path)['load_s']:.3f} s", '', '', target)
    empty = one_run('empty')['peak_mb']
    for kind, weights in (('f32', MB_42M), ('q8_0', MB_42M * 34 / 128)):
        peak = one_run('decode', model, kind)['peak_mb']
        allowed = 1.15 * weights + empty + 30
        table.add(f'peak memory, decode 42M {kind}', f'{peak:.0f} MB',
                  f'1.15 × weights + empty program + 30 MB = {allowed:.0f} MB', f'{peak / allowed:.2f}', '≤ 1')
    nothing = median_seconds([BIN / 'one_run', 'empty'])
    first = median_seconds([BIN / 'generate', '-p', 'This movie is', '-n', '1'])
    table.add('start to first token', f'{first:.2f} s', f'empty LibTorch program {nothing:.2f} s',
              f'{first / nothing:.2f}×', '≤ 1.3×')


def optimizer(table):
    rate = micro('adamw_bench', 'minillama: step/|libtorch: step/|memory: read')
    ours, theirs, read = (rate[n] for n in ('minillama: step', 'libtorch: step', 'memory: read'))
    table.add('AdamW step, 42M parameters', f'{ours / 1e9:.1f} GB/s', 'torch::optim::AdamW',
              f'{ours / theirs:.1f}×', '≥ 3×')
    table.add('', '', f'memory read {read / 1e9:.1f} GB/s', f'{ours / read:.0%}', '≥ 60 %')


def phases(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith('{')]


def training(table, data, limit):
    """One epoch and an evaluation of SST with the 5M model, ours and the assignment's, by turns."""
    checkpoint, tokenizer = data / 'reviews/reviews5M.pt', data / 'reviews/reviews8k.model'
    sst = ['--train', data / 'sst/sst-train.txt', '--dev', data / 'sst/sst-dev.txt']
    epoch = ['--tokenizer', tokenizer, *sst, '--epochs', '1', '--batch-size', '80']
    for option in ('finetune', 'lora'):
        text, theirs, their_peak = timed(
            PYTHON, ROOT / 'bench/assignment.py', '--option', option, '--checkpoint', checkpoint, *epoch,
            '--label-names', data / 'sst/sst-label-mapping.json', *limit)
        peer = {p['phase']: p for p in phases(text)}
        theirs -= peer['eval-train']['seconds']
        for pooling in ('last', 'mean'):
            out = OUT / f'sst-{option}-{pooling}'
            shutil.rmtree(out, ignore_errors=True)
            report, ours, our_peak = timed(BIN / 'classify_sst', '--option', option, '-m', checkpoint,
                                           *epoch, '--pooling', pooling, '--out-dir', out)
            work = f'SST {option}, pooling the {pooling}'
            table.add(f'{work}: one epoch and dev', f'{ours:.1f} s', f'assignment.py {theirs:.1f} s',
                      f'{theirs / ours:.1f}×', '≥ 3×')
            table.add('  peak memory', f'{our_peak:.0f} MB', f'assignment.py {their_peak:.0f} MB',
                      f'{our_peak / their_peak:.2f}', '≤ 0.6')
            if option == 'lora':
                continue
            again = run(BIN / 'classify_sst', '-m', out, '--dev', data / 'sst/sst-train.txt', '--dev-out',
                        OUT / 'predictions').stderr
            for split, output in (('dev', report), ('train', again)):
                rate = float(re.search(r'(\d+) sentences/s', output)[1])
                other = peer[f'eval-{split}']['sentences'] / peer[f'eval-{split}']['seconds']
                table.add(f'  evaluation of {split}', f'{rate:.0f} sentences/s',
                          f'assignment.py {other:.0f}', f'{rate / other:.1f}×', '≥ 4×')
            speed = json.loads((out / 'metrics.jsonl').read_text().splitlines()[0])['tokens_per_second']
            flops = micro('decode_bench', 'limit: sgemm')['limit: sgemm']
            table.add('  training alone', f'{speed:.0f} tokens/s', f'sgemm {flops / 1e9:.0f} GFLOP/s',
                      f'{speed * 6 * WEIGHTS_5M_BODY / flops:.0%}', '≥ 55 %')


def growth():
    """How speed changes with the position and with the tokens of a batch, drawn by bench/plot.py."""
    plot('decode_growth', micro('decode_bench', 'decode 42M at', in_turn=False),
         'Decoding, 42M parameters, float32', 'position', 'tokens/s')
    rate = micro('step_bench', '.', in_turn=False)
    seconds = {name: int(name.rsplit(' ', 1)[1]) / value for name, value in rate.items()}
    plot('step_growth', seconds, 'Training step of a 5M classifier', 'tokens in the batch', 'seconds')


def plot(name, values, *labels):
    points = sorted((int(key.rsplit(' ', 1)[1]), value) for key, value in values.items())
    (OUT / f'{name}.json').write_text(json.dumps(points))
    run('python3', ROOT / 'bench/plot.py', OUT / f'{name}.json', ROOT / f'bench/{name}.svg', *labels)
    print('\n' + ', '.join(labels) + ': ' + ', '.join(f'{y:.4g} at {x}' for x, y in points))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--data', type=Path)
    parser.add_argument('--only', default='', help='generation, processes, optimizer, training or growth')
    parser.add_argument('--limit', help='of the sentences that the peer trains on', default='')
    a = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    table = Table(a.only)
    print('| work | measured | compared with | ratio | target |\n|---|---|---|---|---|')
    if table.wants('generation'):
        generation(table)
    if table.wants('processes'):
        processes(table)
    if table.wants('optimizer'):
        optimizer(table)
    if table.wants('training') and a.data:
        training(table, a.data.resolve(), ['--limit', a.limit] if a.limit else [])
    if table.wants('growth'):
        growth()


if __name__ == '__main__':
    main()
