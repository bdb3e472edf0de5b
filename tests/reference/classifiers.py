#!/usr/bin/env python3
"""Writes the fixtures classifier_* beside this script: tiny random classifiers of transformers' Llama,
Mistral, Qwen2 and Qwen3 as save_pretrained() stores them, with a tokenizer of single bytes, an adapter of
PEFT's with a head of its own beside the first, and what transformers answers to some texts.

    python3 tests/reference/classifiers.py

Run it with PyTorch, transformers and peft; the committed files come from PyTorch 2.4, transformers 4.57 and
peft 0.17.
"""
import json
import os

import peft
import tokenizers
import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
COMMON = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, head_dim=8, max_position_embeddings=64, rms_norm_eps=1e-5)
LABELS = ['awful', 'not bad', 'great']

# Directory: type of the weights, bytes of a file, pad_token, whether BOS is in front, fields.
MODELS = {
    'llama': (torch.float32, None, '<pad>', True, dict(attention_bias=True)),
    'mistral': (torch.float16, None, None, False, dict(sliding_window=64)),
    'qwen2': (torch.bfloat16, 8000, '</s>', False, dict(head_dim=4)),
    'qwen3': (torch.float32, None, '</s>', True, dict(tie_word_embeddings=True)),
}
SPECIAL = ['<s>', '</s>', '<pad>']
# A special token that is typed is one, so that a text may end with padding of its own.
TEXTS = ['A delight from its first scene to its last .', 'bad', 'Good', 'good </s></s>', 'good <pad>',
         '<pad><pad>', '</s>', 'g</s>d', 'caf\u00e9 \U0001f600']


def make_tokenizer(pad, adds_bos):
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: i for i, piece in enumerate(SPECIAL + alphabet)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    if adds_bos:
        tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
            single='<s> $A', special_tokens=[('<s>', 0)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token='<s>', eos_token='</s>', pad_token=pad,
        clean_up_tokenization_spaces=False, model_input_names=['input_ids', 'attention_mask'])


def load(name):
    return transformers.AutoModelForSequenceClassification.from_pretrained(
        os.path.join(HERE, 'classifier_' + name), torch_dtype=torch.float32)


def answers(model, tokenizer):
    """As people do it: a batch that the tokenizer pads or, where nothing pads, each text alone."""
    pads = tokenizer.pad_token is not None
    logits = []
    with torch.no_grad():
        for batch in [TEXTS] if pads else [[text] for text in TEXTS]:
            logits += model(**tokenizer(batch, padding=pads, return_tensors='pt')).logits
    return dict(labels=[model.config.id2label[i] for i in range(model.config.num_labels)], texts=TEXTS,
                logits=[row.tolist() for row in logits])


def make_adapter():
    directory = os.path.join(HERE, 'classifier_peft')
    config = peft.LoraConfig(task_type='SEQ_CLS', r=2, lora_alpha=4,
                             target_modules=['q_proj', 'k_proj', 'down_proj'])
    model = peft.get_peft_model(load('llama'), config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn_like(parameter) * 0.3)
    model.save_pretrained(directory)
    os.remove(os.path.join(directory, 'README.md'))
    path = os.path.join(directory, 'adapter_config.json')
    with open(path) as file:
        saved = dict(json.load(file), base_model_name_or_path='../classifier_llama')
    with open(path, 'w') as file:
        json.dump(saved, file, indent=2)
        file.write('\n')
    model = peft.PeftModel.from_pretrained(load('llama'), directory).eval()
    return answers(model, transformers.AutoTokenizer.from_pretrained(os.path.join(HERE, 'classifier_llama')))


def main():
    torch.manual_seed(31)
    expected = {}
    for name, (dtype, shard, pad, adds_bos, fields) in MODELS.items():
        tokenizer = make_tokenizer(pad, adds_bos)
        config = transformers.AutoConfig.for_model(
            name, **{**COMMON, **fields}, vocab_size=len(tokenizer), bos_token_id=0, eos_token_id=1,
            pad_token_id=tokenizer.pad_token_id)
        if name != 'mistral':  # whose labels have no names
            config.id2label = dict(enumerate(LABELS))
            config.label2id = {label: i for i, label in enumerate(LABELS)}
        model = transformers.AutoModelForSequenceClassification.from_config(config).eval()
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                norm = 'norm' in key
                parameter.copy_(torch.randn_like(parameter) * (0.3 if norm or 'bias' in key else 0.4)
                                + (1 if norm else 0))
                parameter.copy_(parameter.to(dtype).float())
        directory = os.path.join(HERE, 'classifier_' + name)
        size = dict(max_shard_size=shard) if shard else {}
        model.to(dtype).save_pretrained(directory, **size)
        tokenizer.save_pretrained(directory)
        os.remove(os.path.join(directory, 'special_tokens_map.json'))

        expected[name] = answers(load(name), tokenizer)
    expected['peft'] = make_adapter()
    with open(os.path.join(HERE, 'classifier_expected.json'), 'w') as file:
        json.dump(expected, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
