"""Writes what the tests of byte-pair tokenizers compare with: byte_pairs/<kind>.json, small files
with the normalizer, pre-tokenizer, post-processor and decoder that models of that kind have, and
byte_pairs.json, the ids and texts that Python's tokenizers (0.23.3) gives.

    pip install tokenizers==0.23.3; python3 tests/reference/byte_pairs.py
"""

import json
import pathlib
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers
from tokenizer_text import TRAINING_TEXT

HERE = pathlib.Path(__file__).resolve().parent
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + REST
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + REST
UPPER, LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
TEKKEN = (rf"[^\r\n\p{{L}}\p{{N}}]?[{UPPER}]*[{LOWER}]+|[^\r\n\p{{L}}\p{{N}}]?[{UPPER}]+[{LOWER}]*|\p{{N}}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")  # fmt: skip

TEXTS = [
    "", " ", "  ", "   a", "a ", "\n", "\n\n\n", "\t x", "a\r\nb", " \r\n \n x", "a\u00a0b\u3000c", "\u180e \u180e",
    "This movie is", " This movie is ", "Hello  world ", "don't you'll I'M WE'RE IT'S 'S 's' it\u017f'\u017f",
    "12345 1 22 333 4444", "\u0663\u0664\u0665 \u2167\u00bd\u00b2 \U00011de1\U00011de2", "3.14159, -1e10!",
    "na\u00efve caf\u00e9 e\u0301 \u00e9 \ufb01 \u0130stanbul \u212b \u1e9b\u0323 \ud55c\uae00 \u1112\u1161\u11ab",
    "def f(x):\n    return {'a': [x] * 2}  # \u2192 \u00a7\n", "https://example.org/?q=a_b&c=%20#d",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1e9\U0001f1ea \u2764\ufe0f",
    "\u6620\u753b\u306f\u3088\u304b\u3063\u305f\u3067\u3059\u3002 \u043a\u0438\u043d\u043e \u0643\u062a\u0627\u0628 \u0939\u093f\u0928\u094d\u0926\u0940",
    "\x00\x01\x06\x13\x7f\x80\x9f", "\ufeff\ufffe\uffff\ue000\U0010ffff", "\u1c8a\U00031350\U0002ebf0\U000105c0\u0897",
    "\u2581a \u2581\u2581b\u2581", "<unk> <0x41> <0x0A>", "a" * 300, "ab" * 200, " " * 100, "\n \n" * 30, "!?" * 60,
    "<s>A</s>", "<s> A </s>B", "a<|end|>b", "a <|end|> b", "<|end|><|end|> ", "<|end|", "<|end|>\n<|start|>user\nHi<|end|>\n",
    "x<left>y", "x \t<left> y", "x<right> \n y", "x  <both>\u3000 y", "word", " word ", "words word_ word.word\u00e9 \u00e9word wordword",
    "a<go>b<go", "<go><goal><goals>", "It is neverland", "CAF\u00c9 cafe\u0301 caf\u00e9x", "\u0120a\u010a", "Ma\u00dfe STRASSE \u03a3\u03a3",
]  # fmt: skip


def random_texts(count):
    """Words, and characters of every plane, with added tokens in between."""
    random.seed(21)
    words = TRAINING_TEXT.split()
    specials = ["<s>", "</s>", "<|end|>", "<left>", "<right>", "<both>", "word", "<go>", "<goal>"]
    ranges = [(0x20, 0x7F), (0x80, 0x250), (0x300, 0x370), (0x370, 0x1000), (0x1000, 0x3000), (0x3000, 0xA000),
              (0xAC00, 0xD7A4), (0xE000, 0x10000), (0x10000, 0x20000), (0x20000, 0x32000), (0xE0000, 0xE0200)]
    for _ in range(count):
        text = ""
        for _ in range(random.randint(1, 8)):
            kind = random.random()
            if kind < 0.4:
                text += " " * random.randint(0, 2) + random.choice(words)
            elif kind < 0.5:
                text += random.choice(specials)
            elif kind < 0.6:
                text += random.choice(" \t\n\r\u00a0\u2003\u0085") * random.randint(1, 4)
            else:
                low, high = random.choice(ranges)
                text += "".join(chr(random.randrange(low, high)) for _ in range(random.randint(1, 4)))
        yield text


def added(special_begin, special_end):
    return [AddedToken(special_begin, special=True, normalized=False),
            AddedToken(special_end, special=True, normalized=False),
            AddedToken("<left>", lstrip=True, special=True, normalized=False),
            AddedToken("<right>", rstrip=True, special=True, normalized=False),
            AddedToken("<both>", lstrip=True, rstrip=True, special=False, normalized=False),
            AddedToken("word", single_word=True, special=False, normalized=True),
            AddedToken("<go>", special=False, normalized=False),
            AddedToken("<goal>", special=False, normalized=True),
            AddedToken("caf\u00e9", special=False, normalized=True)]  # fmt: skip


def byte_level(pre_tokenizer, normalizer=None, ignore_merges=False, bos=None, size=420, lacking=()):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    alphabet = sorted(set(pre_tokenizers.ByteLevel.alphabet()) - set(lacking))
    trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, initial_alphabet=alphabet)
    tokenizer.train_from_iterator([TRAINING_TEXT], trainer)
    file = json.loads(tokenizer.to_str())
    file["model"]["ignore_merges"] = ignore_merges
    if ignore_merges:  # a piece that no merges make
        file["model"]["vocab"]["\u0120neverland"] = len(file["model"]["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(file))
    tokenizer.decoder = decoders.ByteLevel()
    tokens = added("<|start|>", "<|end|>")
    tokenizer.add_tokens(tokens)
    if bos:
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1",
                                          special_tokens=[(bos, tokenizer.token_to_id(bos))])])  # fmt: skip
    return tokenizer


def with_fallback(normalizer, pre_tokenizer, decoder, n_bytes=256, fuse=True):
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "\u2581")
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(n_bytes)]
    trainer = trainers.BpeTrainer(vocab_size=len(pieces) + 160, show_progress=False, special_tokens=pieces)
    trained.train_from_iterator(TRAINING_TEXT.split("\n"), trainer)
    vocab = json.loads(trained.to_str())["model"]["vocab"]
    # As transformers makes them of a sentencepiece model: all ways to make a piece of two.
    merges = [(piece[:i], piece[i:]) for piece in vocab if piece not in pieces for i in range(1, len(piece))
              if piece[:i] in vocab and piece[i:] in vocab]  # fmt: skip
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=fuse, byte_fallback=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens(["<unk>"])
    tokenizer.add_tokens(added("<s>", "</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    return tokenizer


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def tokenizers():
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    yield "gpt2", byte_level(gpt2)
    yield "smollm", byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2]),
                               lacking="\u0106\u0113\u0181")
    yield "llama3", byte_level(pre_tokenizers.Sequence([split(LLAMA3), plain]), ignore_merges=True, bos="<|start|>")
    yield "qwen2", byte_level(pre_tokenizers.Sequence([split(QWEN2), plain]), normalizers.NFC())
    yield "tekken", byte_level(pre_tokenizers.Sequence([split(TEKKEN), plain]), ignore_merges=True, bos="<|start|>")
    yield "deepseek_coder", byte_level(pre_tokenizers.Sequence([
        split("[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"),
        pre_tokenizers.Digits(individual_digits=True), plain]), bos="<|start|>")  # fmt: skip
    yield "prefix_space", byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True))
    yield "normalized", byte_level(
        pre_tokenizers.Sequence([
            pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(individual_digits=False),
            split(r"[\p{P}\p{S}]", "merged_with_previous"), split(r"\p{Lu}", "merged_with_next"),
            split(r"[\p{L}]+", "contiguous", True), pre_tokenizers.Split("er", "removed"), plain]),
        normalizers.Sequence([normalizers.NFKD(), normalizers.Lowercase(), normalizers.Replace(Regex(r"\p{Mn}+"), ""),
                              normalizers.Replace("ie", "y"), normalizers.Strip()]))  # fmt: skip
    llama2 = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                decoders.Strip(" ", 1, 0)])  # fmt: skip
    yield "llama2", with_fallback(
        normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]), None, llama2)
    yield "metaspace_first", with_fallback(None, pre_tokenizers.Metaspace(prepend_scheme="first", split=False), llama2)
    yield "metaspace_split", with_fallback(
        None, pre_tokenizers.Metaspace(prepend_scheme="always", split=True),
        decoders.Sequence([decoders.Metaspace(prepend_scheme="always"), decoders.ByteFallback(), decoders.Fuse()]),
        n_bytes=200, fuse=False)  # fmt: skip
    yield "gemma", with_fallback(
        normalizers.Replace(" ", "\u2581"), pre_tokenizers.Split(" ", "merged_with_previous"),
        decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]))  # fmt: skip


def main():
    texts = TEXTS + list(random_texts(60))
    expected = {"texts": texts, "kinds": {}}
    (HERE / "byte_pairs").mkdir(exist_ok=True)
    for name, tokenizer in tokenizers():
        tokenizer.save(str(HERE / "byte_pairs" / f"{name}.json"), pretty=False)
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        # Ids as a model might give them: characters in pieces.
        random.seed(len(name))
        some = [[random.randrange(tokenizer.get_vocab_size()) for _ in range(12)] for _ in range(40)]
        if tokenizer.model.byte_fallback:
            some = []  # bytes that form no character are shown otherwise
        expected["kinds"][name] = {"ids": ids, "decoded": [tokenizer.decode(i) for i in ids],
                                   "some_ids": some, "some_decoded": [tokenizer.decode(i) for i in some]}  # fmt: skip
    text = json.dumps(expected, ensure_ascii=True, separators=(",", ":"))
    (HERE / "byte_pairs.json").write_text(text.replace('],"', '],\n"').replace('},"', '},\n"') + "\n")


if __name__ == "__main__":
    main()
