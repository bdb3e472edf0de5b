#!/usr/bin/env python3
"""transformers reads the Hugging Face directory that minillama wrote and computes the same logits,
and minillama's fixture of one is read by transformers too.

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


if __name__ == '__main__':
    main()
