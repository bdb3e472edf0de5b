"""The tokenizer of a GGUF file of SmolLM2's kind as one of Hugging Face's package tokenizers."""

from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

CONTROL = 3  # of tokenizer.ggml.token_type


def field(reader, key):
    return reader.get_field("tokenizer." + key).contents()


def read_tokenizer(path):
    reader = GGUFReader(path)
    tokens = field(reader, "ggml.tokens")
    merges = [tuple(merge.split(" ")) for merge in field(reader, "ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    # What GGUF calls "smollm": each digit alone, then GPT-2's pattern.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True),
         pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    types = field(reader, "ggml.token_type")
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False)
         for token, kind in zip(tokens, types) if kind == CONTROL])
    return tokenizer


def read_chat_template(path):
    return field(GGUFReader(path), "chat_template")
