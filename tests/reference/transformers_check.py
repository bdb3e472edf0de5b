#!/usr/bin/env python3
"""transformers reads the Hugging Face directories that minillama wrote and computes the same logits,
and minillama's fixtures of them are read by transformers too: a Llama's, and those of other architectures
and kinds of scaled rotary positions (configs.py), and their classifiers (classifiers.py). Where there is
PEFT, it continues texts as generate does with an adapter that minillama wrote.

    python3 tests/reference/transformers_check.py CONVERT

Exits with 77, which ctest reports as skipped, where transformers is missing: Debian 12 does not have
it (Debian testing does: python3-transformers, python3-sentencepiece, python3-protobuf).
"""
import os
import subprocess
import sys
import tempfile

try:
    import google.protobuf  # LlamaTokenizer needs it and sentencepiece
    import sentencepiece
    import torch
    import transformers
except ImportError as error:
    print(f'SKIPPED: {error}; Debian 12 has no python3-transformers')
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
EXPECTED = torch.load(os.path.join(HERE, 'formats_expected.pt'))


def check(directory):
    model = transformers.LlamaForCausalLM.from_pretrained(directory, torch_dtype=torch.float32)
    with torch.no_grad():
        logits = model(EXPECTED['ids']).logits
    worst = (logits - EXPECTED['logits']).abs().max().item()
    print(f'{directory}: largest logit difference {worst:.3g}')
    assert worst <= 1e-4


def check_configs(convert, directory):
    """Models of configs.py on their way through minillama."""
    import json
    import shutil
    from safetensors import safe_open
    expected = safe_open(os.path.join(HERE, 'configs_expected.safetensors'), 'pt')
    ids = expected.get_tensor('ids').long()
    for case, scaling in sorted(expected.metadata().items()):
        source, out = (os.path.join(directory, f'{case}-{end}') for end in ('in', 'out'))
        shutil.copytree(os.path.join(HERE, 'configs_' + case.split('.')[0]), source)
        with open(os.path.join(source, 'config.json')) as file:
            config = json.load(file)
        with open(os.path.join(source, 'config.json'), 'w') as file:
            json.dump(dict(config, rope_scaling=json.loads(scaling)), file)
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(['the quick brown fox jumps over a lazy dog 12']), model_type='char',
            vocab_size=config['vocab_size'], hard_vocab_limit=False, minloglevel=2,
            model_prefix=os.path.join(source, 'tokenizer'))
        subprocess.run([convert, '-m', source, '--to', 'hf', '--out', out, '--quiet', '--verify'],
                       check=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(out, torch_dtype=torch.float32)
        with torch.no_grad():
            logits = model(ids).logits[0]
        worst = (logits - expected.get_tensor(case + '.logits')).abs().max().item()
        print(f'{case}: {type(model).__name__}, largest logit difference {worst:.3g}')
        assert worst <= 1e-4


def check_classifiers(convert, directory):
    """Classifiers of classifiers.py on their way through minillama, by its own directory and without."""
    import json
    with open(os.path.join(HERE, 'classifier_expected.json')) as file:
        expected = json.load(file)
    for name, answers in expected.items():
        source = os.path.join(HERE, 'classifier_' + name)
        own, out, again = (os.path.join(directory, f'classifier-{name}-{end}')
                           for end in ('own', 'out', 'again'))
        for model, to, path in ((source, 'dir', own), (source, 'hf', out), (own, 'hf', again)):
            subprocess.run([convert, '-m', model, '--to', to, '--out', path, '--quiet', '--verify'],
                           check=True)
        for path in (out, again):
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                path, torch_dtype=torch.float32)
            assert list(model.config.id2label.values()) == answers['labels'], model.config.id2label
            tokenizer = transformers.AutoTokenizer.from_pretrained(path)
            worst = 0
            for text, logits in zip(answers['texts'], answers['logits']):
                with torch.no_grad():
                    found = model(**tokenizer(text, return_tensors='pt')).logits[0]
                # mistral had no padding, and has EOS for it now: a text may end with it.
                if name != 'mistral' or not text.endswith('</s>'):
                    worst = max(worst, (found - torch.tensor(logits)).abs().max().item())
            print(f'{name}: {type(model).__name__}, largest logit difference {worst:.3g}')
            assert worst <= 1e-4
            # A batch, which the tokenizer pads.
            with torch.no_grad():
                found = model(**tokenizer(answers['texts'], padding=True, return_tensors='pt')).logits
                alone = torch.cat([model(**tokenizer(text, return_tensors='pt')).logits
                                   for text in answers['texts']])
            assert (found - alone).abs().max().item() <= 1e-4


def check_adapter(convert, directory):
    """The first 32 greedy tokens behind an adapter that PEFT made and minillama wrote again."""
    try:
        import peft
    except ImportError as error:
        return print(f'without an adapter: {error}')
    base, made, out = (os.path.join(directory, f'adapter-{name}') for name in ('base', 'made', 'out'))
    reviews = os.path.join(HERE, '..', '..', 'checkpoints', 'reviews')
    subprocess.run([convert, '-m', reviews, '--to', 'hf', '--dtype', 'f32', '--out', base, '--quiet'],
                   check=True)
    load = lambda: transformers.AutoModelForCausalLM.from_pretrained(base, torch_dtype=torch.float32)
    torch.manual_seed(1)
    model = peft.get_peft_model(load(), peft.LoraConfig(
        task_type='CAUSAL_LM', r=4, lora_alpha=12, init_lora_weights=False,
        target_modules=['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']))
    for name, parameter in model.named_parameters():
        if 'lora_B' in name:
            parameter.data *= 0.4
    model.save_pretrained(made)
    subprocess.run([convert, '-m', base, '--adapter', made, '--to', 'peft', '--dtype', 'bf16', '--base-name',
                    base, '--out', out, '--quiet'], check=True)
    model = peft.PeftModel.from_pretrained(load(), out)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    plain = load()
    for prompt in ('This movie is', 'I have seen this film twice', 'The director'):
        text = lambda ids: tokenizer.decode(ids, skip_special_tokens=True)
        ids = tokenizer(prompt, return_tensors='pt').input_ids
        greedy = lambda m: text(m.generate(input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False,
                                           max_new_tokens=32, min_new_tokens=32)[0])
        theirs = greedy(model)
        ours = subprocess.run([os.path.join(os.path.dirname(convert), 'generate'), '-m', out, '-p', prompt, '-n',
                               '32', '--temp', '0', '--ignore-eos', '--quiet'], check=True, stdout=subprocess.PIPE,
                              text=True).stdout
        print(f'PEFT: {theirs!r}')
        assert ours.strip() == theirs.strip(), ours
        assert theirs != greedy(plain), 'the adapter changes nothing'


def main():
    check(os.path.join(HERE, 'formats_hf'))
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, 'model')
        subprocess.run([sys.argv[1], '-m', os.path.join(HERE, 'formats.bin'), '--tokenizer',
                        os.path.join(HERE, 'formats_f32.gguf'), '--to', 'hf', '--out', out, '--quiet'],
                       check=True)
        check(out)
        tokenizer = transformers.LlamaTokenizer.from_pretrained(out)
        assert tokenizer('the').input_ids[0] == 1
        check_configs(sys.argv[1], directory)
        check_classifiers(sys.argv[1], directory)
        check_adapter(sys.argv[1], directory)


if __name__ == '__main__':
    main()
