"""Writes what the tokenizer tests compare with: two small sentencepiece models (unigram.model,
bpe.model) and sentencepiece.json, the ids and texts that Python's sentencepiece (0.1.97) gives.

    python3 tests/reference/tokenizer.py DATA

DATA holds llama2-tokenizer/tokenizer.model and reviews/reviews8k.model.
"""

import json
import os
import pathlib
import random
import shutil
import sys
import tempfile

import sentencepiece
from tokenizer_text import TRAINING_TEXT

HERE = pathlib.Path(__file__).resolve().parent

# What Unicode calls compatibility characters, spaces of several kinds, something to be removed, a
# rule that begins like another one.
NORMALIZATION = {
    "\ufb00": "ff", "\ufb01": "fi", "\ufb03": "ffi", "e\u0301": "\u00e9", "\u2026": "...",
    "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\u200b": "", "``": '"', "`": "'",
    **{chr(0xFF21 + i): chr(ord("A") + i) for i in range(26)},
}  # fmt: skip

TEXTS = [
    "", " ", "  ", "a", " a", "a ", "  a  b  ", "\t", "\n", "a\tb\nc", "\u00a0a\u3000b",
    "This movie is", "This movie is ", " This movie is",
    "It 's a lovely film with lovely performances .",
    "`` Nothing '' -LRB- and I mean nothing -RRB- happens ; then it happens again .",
    "I saw it twice!<br /><br />10/10, would see it a 3rd time... \"Really?\" Yes, really.",
    "Is this movie awful, bad, average, good, or excellent? This movie is ",
    "<s> <unk> </s> <0x41> <pad> <sep> <cls> x<sep>y",
    "na\u00efve caf\u00e9, e\u0301tude, \ufb01lm, o\ufb03ce, \uff21\uff22\uff23\u2026",
    "Фильм — «чудо». 映画は良い。 فيلم",
    "\U0001f600\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
    "\u2581a\u2581\u2581b \u2581", "\ufffd\ufeff\u200b\u2028", "a\x00b\x01\x7f\x1b[0m\r\n",
    "\u0301\u0301\u0301", "\U0010ffff\ue000",
    "if (x >= 10 && y[3] != '\\0') { return x / y; } // 3.14159e-26",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    " ".join(["It is long , and it knows it ;   the second half is the first again ."] * 12),
]  # fmt: skip


def train():
    """Trains in a directory of its own, by relative names: the models store the paths."""
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        pathlib.Path("text").write_text(TRAINING_TEXT)
        code_points = lambda text: " ".join(f"{ord(c):X}" for c in text)
        pathlib.Path("rules.tsv").write_text("".join(
            f"{code_points(source)}\t{code_points(target)}\n"
            for source, target in NORMALIZATION.items()))
        common = dict(input="text", num_threads=1, minloglevel=2, hard_vocab_limit=False)
        sentencepiece.SentencePieceTrainer.train(
            model_prefix="unigram", model_type="unigram", vocab_size=200,
            normalization_rule_tsv="rules.tsv", user_defined_symbols=["<sep>", "<sep><sep>"],
            control_symbols=["<cls>"], pad_id=3, **common)
        sentencepiece.SentencePieceTrainer.train(
            model_prefix="bpe", model_type="bpe", vocab_size=420, byte_fallback=True,
            normalization_rule_name="identity", remove_extra_whitespaces=False, **common)
        for name in ["unigram.model", "bpe.model"]:
            shutil.copy(name, HERE / name)
        os.chdir(HERE)


def random_ids(processor, rng):
    """Ids with more bytes, spaces and special pieces than text has, more so at the start."""
    size = processor.get_piece_size()
    words = [i for i in range(size) if processor.id_to_piece(i).startswith("\u2581")]
    special = [i for i in range(size) if processor.is_control(i) or processor.is_unknown(i)]
    byte_ids = {
        int(processor.id_to_piece(i)[3:5], 16): i for i in range(size) if processor.is_byte(i)}
    space = processor.piece_to_id("\u2581")
    ids = []
    for _ in range(rng.randrange(1, 9)):
        kind = rng.randrange(7)
        if kind == 0:
            ids.append(rng.choice(special))
        elif kind == 1:
            ids += [space] * rng.randrange(1, 3)
        elif kind == 2:
            ids.append(rng.choice(words))
        elif kind <= 4 and byte_ids:
            text = rng.choice(["\u00e9", "\u2581", "\ufffd", "\U0001f600", "\u6620\U0010ffff", " "])
            data = bytearray(text.encode())
            if rng.random() < 0.4:
                data[rng.randrange(len(data))] = rng.choice(
                    [0x80, 0xBF, 0xC0, 0xE2, 0xF4, 0xFF, 0x41, 0])
            if rng.random() < 0.3:
                del data[rng.randrange(len(data))]
            ids += [byte_ids[b] for b in data]
        else:
            ids.append(rng.randrange(size))
    return ids


def reference(path, seed):
    processor = sentencepiece.SentencePieceProcessor(str(path))
    rng = random.Random(seed)
    sequences = [random_ids(processor, rng) for _ in range(60)]
    return {
        "vocab_size": processor.get_piece_size(),
        "bos": processor.bos_id(),
        "eos": processor.eos_id(),
        "unk": processor.unk_id(),
        "pad": processor.piece_to_id("<0x00>"),
        "encoded": [processor.encode(text) for text in TEXTS],
        "round_trip": [processor.decode(processor.encode(text)) for text in TEXTS],
        "decoded": [[ids, processor.decode(ids)] for ids in sequences],
    }


def main():
    data = pathlib.Path(sys.argv[1]).resolve()
    train()
    tokenizers = {
        "unigram": HERE / "unigram.model",
        "bpe": HERE / "bpe.model",
        "llama2": data / "llama2-tokenizer" / "tokenizer.model",
        "reviews8k": data / "reviews" / "reviews8k.model",
    }
    out = {"texts": TEXTS}
    for seed, (name, path) in enumerate(tokenizers.items()):
        out[name] = reference(path, seed)
    lines = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in out.items()]
    (HERE / "sentencepiece.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()
