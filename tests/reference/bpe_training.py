"""Writes bpe_training.json: what Python's tokenizers (0.23.3) learns from a text, for the test of what
text/bpe_trainer learns from it.

    pip install tokenizers==0.23.3; python3 tests/reference/bpe_training.py [TEXT PIECES]

With a text, prints the pieces in the order of their ids, a JSON string a line, to compare a tokenizer that
pretrain made of it with.
"""

import json
import pathlib
import re
import sys

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from tokenizer_text import TRAINING_TEXT

HERE = pathlib.Path(__file__).resolve().parent
# Words of the same letters in several ways, ties, overlaps, line ends, digits, other alphabets.
TEXT = TRAINING_TEXT + "\n" + "aaa aaaa aaaaa abab ababab bababa\n" * 3 + "2024 1999 2024\n\n\tx = y[10]\n" + (
    "na\u00efve caf\u00e9 na\u00efve \u043a\u0438\u043d\u043e \u043a\u0438\u043d\u043e\u043c \u6620\u753b\u6620\u753b \U0001f600\U0001f600\n" * 2
)  # fmt: skip


def learn(text, size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        show_progress=False,
        special_tokens=["<|begin_of_text|>", "<|end_of_text|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(re.findall(r"[^\n]*\n|[^\n]+", text), trainer)
    return json.loads(tokenizer.to_str())["model"]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        with open(sys.argv[1], encoding="utf-8", newline="") as file:
            vocabulary = learn(file.read(), int(sys.argv[2]))["vocab"]
        for piece in sorted(vocabulary, key=vocabulary.get):
            print(json.dumps(piece))
    else:
        model = learn(TEXT, 10**6)
        pieces = sorted(model["vocab"], key=model["vocab"].get)
        result = {"text": TEXT, "pieces": pieces, "merges": model["merges"]}
        (HERE / "bpe_training.json").write_text(json.dumps(result, indent=0) + "\n")
