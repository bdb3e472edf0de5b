"""The CMU assignment's pipeline as its reference does it, in plain PyTorch: what minillama is compared with
and timed against.

    python3 assignment.py --option prompt|finetune|lora|generate --checkpoint X.pt --tokenizer T.model \
        --train F --dev F --test F --label-names F.json [--epochs 5] [--batch-size 80] [--limit N]

What it keeps of the reference, on purpose:
  * attention has no mask at all (neither causal nor padding), LayerNorm with weight and bias;
  * sentences are right-padded with <0x00> to the longest of their batch, BOS in front, no EOS,
    and the class comes from the hidden state at the last position of the padded row;
  * zero-shot: log-softmax at the last position, summed over the label's token ids;
  * AdamW with the efficient bias correction, weight decay after the update, no schedule;
  * the loss is the batch's sum over batch_size (short last batch too); every training epoch is followed by an
    evaluation of the whole training set and the dev set; test uses the epoch that was best on dev;
  * generation recomputes the whole prefix for every token.
Prints one JSON line per phase: seconds, sentences, tokens, accuracy.
"""
import argparse, copy, json, math, os, random, sys, time
import torch
import torch.nn as nn
import torch.nn.functional as F
import sentencepiece

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'reference'))
import pyref


class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0, max_grad_norm=None):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, max_grad_norm=max_grad_norm))

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            if g['max_grad_norm'] is not None:
                nn.utils.clip_grad_norm_(g['params'], g['max_grad_norm'])
            for p in g['params']:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s['t'], s['m'], s['v'] = 0, torch.zeros_like(p), torch.zeros_like(p)
                s['t'] += 1
                b1, b2 = g['betas']
                s['m'].mul_(b1).add_(p.grad, alpha=1 - b1)
                s['v'].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                lr = g['lr'] * math.sqrt(1 - b2 ** s['t']) / (1 - b1 ** s['t'])
                p.addcdiv_(s['m'], s['v'].sqrt().add_(g['eps']), value=-lr)
                if g['weight_decay']:
                    p.add_(p, alpha=-g['lr'] * g['weight_decay'])


class LoRA(nn.Module):
    def __init__(self, base, r, alpha):
        super().__init__()
        self.base, self.scale = base, alpha / r
        self.lora_A = nn.Parameter(torch.randn(r, base.in_features) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, r))
        base.weight.requires_grad_(False)

    def forward(self, x):
        return self.base(x) + F.linear(F.linear(x, self.lora_A), self.lora_B) * self.scale


class Classifier(nn.Module):
    def __init__(self, llama, labels, dropout):
        super().__init__()
        self.llama, self.dropout = llama, nn.Dropout(dropout)
        self.classifier_head = nn.Linear(llama.c['dim'], labels)

    def forward(self, ids):
        h = self.llama(ids)
        self.llama.output(h[:, -1:])          # the reference computes the vocabulary logits here too
        return F.log_softmax(self.classifier_head(self.dropout(h[:, -1])), -1)


def read(path, suffix=None, limit=None):
    rows = []
    for line in open(path, encoding='utf8'):
        label, text = line.split(' ||| ')
        text = text.strip() + (f' {suffix}' if suffix else '')
        rows.append((text, int(label)))
    return rows[:limit]


def batches(rows, sp, size, shuffle=False):
    order = list(range(len(rows)))
    if shuffle:
        random.shuffle(order)
    pad = sp.piece_to_id('<0x00>')
    for i in range(0, len(order), size):
        part = [rows[j] for j in order[i:i + size]]
        enc = [[sp.bos_id()] + sp.encode(t) for t, _ in part]
        n = max(map(len, enc))
        yield torch.tensor([e + [pad] * (n - len(e)) for e in enc]), torch.tensor([y for _, y in part]), sum(map(len, enc))


def report(**kw):
    print(json.dumps(kw), flush=True)


@torch.no_grad()
def evaluate(model, rows, sp, size, name, out=None):
    model.eval()
    t0, ok, real, padded, labels = time.time(), 0, 0, 0, []
    for ids, y, n in batches(rows, sp, size):
        best = model(ids).argmax(-1)
        labels += best.tolist()
        ok += (best == y).sum().item()
        real += n
        padded += ids.numel()
    if out:
        with open(out, 'w', encoding='utf8') as f:
            f.writelines(f'{label} ||| {text}\n' for label, (text, _) in zip(labels, rows))
    report(phase=f'eval-{name}', seconds=round(time.time() - t0, 3), sentences=len(rows), tokens=real, padded_tokens=padded, accuracy=round(ok / len(rows), 4))
    return ok / len(rows)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--option', choices=('generate', 'prompt', 'finetune', 'lora'), required=True)
    p.add_argument('--checkpoint', required=True); p.add_argument('--tokenizer', required=True)
    p.add_argument('--train'); p.add_argument('--dev'); p.add_argument('--test'); p.add_argument('--label-names')
    p.add_argument('--epochs', type=int, default=5); p.add_argument('--batch-size', type=int, default=80)
    p.add_argument('--lr', type=float, default=2e-5); p.add_argument('--dropout', type=float, default=0.3)
    p.add_argument('--lora-rank', type=int, default=4); p.add_argument('--lora-alpha', type=float, default=1.0)
    p.add_argument('--limit', type=int); p.add_argument('--seed', type=int, default=1337); p.add_argument('--threads', type=int, default=os.cpu_count())
    p.add_argument('--prompt', default="I have wanted to see this thriller for a while, and it didn't disappoint. Keanu Reeves, playing the hero John Wick, is")
    p.add_argument('--max-new-tokens', type=int, default=75); p.add_argument('--causal', action='store_true')
    p.add_argument('--skip-train-eval', action='store_true'); p.add_argument('--dev-out'); p.add_argument('--test-out')
    a = p.parse_args()
    torch.set_num_threads(a.threads); torch.manual_seed(a.seed); random.seed(a.seed)
    sp = sentencepiece.SentencePieceProcessor(model_file=a.tokenizer)
    llama, _ = pyref.load(a.checkpoint, causal=a.causal)
    if a.option == 'generate':
        ids = torch.tensor([[sp.bos_id()] + sp.encode(a.prompt)])
        t0 = time.time()
        with torch.no_grad():
            for _ in range(a.max_new_tokens):
                ids = torch.cat([ids, llama.output(llama(ids)[:, -1]).argmax(-1, keepdim=True)], 1)
        dt = time.time() - t0
        print(sp.decode(ids[0].tolist()))
        report(phase='generate', seconds=round(dt, 3), tokens_per_second=round(a.max_new_tokens / dt, 1))
        return
    names = json.load(open(a.label_names))
    if a.option == 'prompt':
        listing = ' or '.join(names) if len(names) == 2 else ', '.join(names[:-1]) + ', or ' + names[-1]
        suffix = f'Is this movie {listing}? This movie is '
        label_ids = [sp.encode(n) for n in names]

        class ZeroShot(nn.Module):
            def forward(self, ids):
                lp = F.log_softmax(llama.output(llama(ids)[:, -1]), -1)
                return torch.stack([lp[:, t].sum(-1) for t in label_ids], -1)
        for name, path, out in (('dev', a.dev, a.dev_out), ('test', a.test, a.test_out)):
            if path:
                evaluate(ZeroShot(), read(path, suffix, a.limit), sp, a.batch_size, name, out)
        return
    train, dev = read(a.train, limit=a.limit), read(a.dev, limit=a.limit)
    if a.option == 'lora':
        for layer in llama.layers:
            for n in ('compute_query', 'compute_key', 'compute_value', 'compute_output'):
                setattr(layer.attention, n, LoRA(getattr(layer.attention, n), a.lora_rank, a.lora_alpha))
    model = Classifier(llama, len(names), a.dropout)
    if a.option == 'lora':
        params = [q for n, q in model.named_parameters() if 'lora_' in n] + list(model.classifier_head.parameters())
    else:
        params = list(model.parameters())
    opt = AdamW(params, lr=a.lr)
    best, best_state = -1.0, None
    for epoch in range(a.epochs):
        model.train()
        t0, loss_sum, real, padded, k = time.time(), 0.0, 0, 0, 0
        for ids, y, n in batches(train, sp, a.batch_size, shuffle=True):
            opt.zero_grad()
            loss = F.nll_loss(model(ids), y, reduction='sum') / a.batch_size
            loss.backward()
            opt.step()
            loss_sum += loss.item(); real += n; padded += ids.numel(); k += 1
        report(phase='train', epoch=epoch, seconds=round(time.time() - t0, 3), sentences=len(train), tokens=real, padded_tokens=padded, loss=round(loss_sum / k, 4))
        if not a.skip_train_eval:
            evaluate(model, train, sp, a.batch_size, 'train')
        accuracy = evaluate(model, dev, sp, a.batch_size, 'dev')
        if accuracy > best:
            best, best_state = accuracy, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    if a.dev_out:
        evaluate(model, dev, sp, a.batch_size, 'best-dev', a.dev_out)
    if a.test:
        evaluate(model, read(a.test, limit=a.limit), sp, a.batch_size, 'test', a.test_out)


if __name__ == '__main__':
    main()
