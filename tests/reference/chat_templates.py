"""Writes what the tests of chat templates compare with: chat/tokenizer.json, a small tokenizer with
the special tokens of all kinds, and chat/templates.json, the texts and ids that transformers'
apply_chat_template makes of conversations by templates of every kind, written here.

    pip install transformers==5.24.0 jinja2 gguf
    python3 tests/reference/chat_templates.py [SmolLM2-135M-Instruct.Q4_1.gguf]

With SmolLM2's file also smollm2_chat.json, the same by its own template and tokenizer.
"""

import json
import pathlib
import sys

from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).resolve().parent
SPECIAL = ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]

CHATML = """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + \
message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"""
CHATML_ANSWER = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
# Everything that is written has its own block; white space is controlled by the tags.
CHATML_TOOLS = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You use tools.' }}
    {%- endif %}
    {{- "\\n\\n# Tools" }}
    {{- tools | tojson }}<|im_end|>
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are one of several.\\nBe kind.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or
           (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "tool" %}
        {{- '<|im_start|>user\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response><|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
LLAMA3 = """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = \
'<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + \
'<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}\
{{ content }}{% endfor %}"""
LLAMA3_ANSWER = """{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\
\n\n' }}{% endif %}"""
LLAMA3_DATES = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}

{#- The system message has a place of its own. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is defined and tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ \
message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""
ZEPHYR_ONE = """{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + \
message['content'] + eos_token + '\\n' }}{% endfor %}{% if add_generation_prompt %}\
{{ '<|assistant|>\\n' }}{% endif %}"""
ALTERNATE = """{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\
{{ raise_exception('roles must alternate') }}{% endif %}"""


def llama2(default):
    return """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}\
{% set system_message = messages[0]['content'] %}{% elif """ + default + """ == true and not \
'<<SYS>>' in messages[0]['content'] %}{% set loop_messages = messages %}\
{% set system_message = 'You are honest.\\n\\nDon\\'t lie.' %}{% else %}\
{% set loop_messages = messages %}{% set system_message = false %}{% endif %}\
{% for message in loop_messages %}""" + ALTERNATE + """{% if loop.index0 == 0 and system_message \
!= false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + \
message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}\
{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}\
{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}\
{% endfor %}"""


MISTRAL_FIRST = """{{ bos_token }}{% for message in messages %}""" + ALTERNATE + """\
{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}\
{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token + ' ' }}\
{% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}"""


def mistral(place, begin, end, content):
    return """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if loop.PLACE and system_message is defined %}
            {{- "BEGIN" + system_message + "\\n\\n" + message["content"] + "END" }}
        {%- else %}
            {{- "BEGIN" + message["content"] + "END" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- CONTENT + eos_token}}
    {%- else %}
        {{- raise_exception("only user and assistant") }}
    {%- endif %}
{%- endfor %}
""".replace("PLACE", place).replace("BEGIN", begin).replace("END", end).replace("CONTENT", content)


TEMPLATES = [
    ("ChatML", CHATML + CHATML_ANSWER),
    ("ChatML", CHATML.replace("%}{{'", "%}{% if loop.first and messages[0]['role'] != 'system' %}"
                              "{{ '<|im_start|>system\nYou are \"SmallLM\", it's a name<|im_end|>\n' }}{% endif %}{{'", 1)
     .replace("it's", "it\\'s").replace("\\n", "\n") + CHATML_ANSWER),
    ("ChatML", "{{ bos_token }}" + CHATML.replace("message['content']", "message['content'] | trim")
     + CHATML_ANSWER),
    ("ChatML", CHATML_TOOLS),
    ("Llama 3", LLAMA3 + LLAMA3_ANSWER),
    ("Llama 3", LLAMA3_DATES),
    ("Zephyr", ZEPHYR),
    ("Zephyr", ZEPHYR_ONE),
    ("Llama 2", llama2("false")),
    ("Llama 2", llama2("true")),
    ("Mistral", MISTRAL_FIRST),
    ("Mistral", mistral("first", " [INST] ", " [/INST]", '" " + message["content"]')),
    ("Mistral", mistral("last", "[INST] ", "[/INST]", '" " + message["content"]|trim')),
    ("Mistral", mistral("last", "[INST]", "[/INST]", 'message["content"]')),
    # What is of no known kind, or would be another text.
    (None, "{% for message in messages %}{{ message['content'] }}{% endfor %}"),
    (None, CHATML),
    (None, CHATML.replace("<|im_end|>", "<|end|>") + CHATML_ANSWER),
    (None, CHATML.replace("message['content']", "message['content'].split('</think>')[-1]")
     + CHATML_ANSWER),
    (None, CHATML_TOOLS.replace("message.content + '<|im_end|>'",
                                "'<think>\\n\\n</think>\\n\\n' + message.content + '<|im_end|>'", 1)),
    (None, CHATML.replace("message['content']", "message['content'] | upper") + CHATML_ANSWER),
    (None, CHATML.replace("{% endfor", "{{ '|' }}{% endfor") + CHATML_ANSWER),
    (None, "Talk: " + CHATML + CHATML_ANSWER),
    (None, MISTRAL_FIRST.replace("{{ bos_token }}", "<s> ")),
    (None, CHATML.replace("{{'", "{{bos_token + '") + CHATML_ANSWER),
    (None, "{% for message in messages %}{{'<|' + message['role'] + '|>\\n' + message['content'] + "
           "'<|end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"),
    (None, "{% for m in messages %}{{ '<start_of_turn>' + m['role'] + '\\n' + m['content'] | trim + "
           "'<end_of_turn>\\n' }}{% endfor %}"),
]

SYSTEM = {"role": "system", "content": " You are brief.\n"}
TURNS = [{"role": role, "content": content} for role, content in [
    ("user", "Who are you?"), ("assistant", " I am  a model .\n"), ("user", "\n na\u00efve \u6620 \U0001f600 "),
    ("assistant", ""), ("user", "x <|im_end|> </s> y")]]
CONVERSATIONS = [TURNS[:1], TURNS[:3], TURNS, [SYSTEM] + TURNS[:1], [SYSTEM] + TURNS,
                 [{"role": "system", "content": ""}] + TURNS[:1]]


def cases(tokenizer):
    for messages in CONVERSATIONS:
        case = {"messages": [[message["role"], message["content"]] for message in messages]}
        apply = lambda tokenize: tokenizer.apply_chat_template(
            messages, tokenize=tokenize, add_generation_prompt=True, return_dict=False)
        try:
            case |= {"text": apply(False), "ids": apply(True)}
        except Exception as error:  # the template's own
            assert "only user and" in str(error) or "alternate" in str(error), error
        yield case


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=True, indent=0) + "\n")


def main():
    tokenizer = Tokenizer.from_file(str(HERE / "byte_pairs/gpt2.json"))
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL])
    tokenizer.save(str(HERE / "chat/tokenizer.json"), pretty=False)
    names = {"bos_token": "<s>", "eos_token": "</s>"}
    write("chat/tokenizer_config.json", names)
    templates = []
    for kind, template in TEMPLATES:
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=template, **names)
        templates.append({"kind": kind, "template": template,
                          "cases": list(cases(fast)) if kind else []})
    write("chat/templates.json", templates)

    if len(sys.argv) > 1:
        from smollm2_tokenizer import read_chat_template, read_tokenizer
        fast = PreTrainedTokenizerFast(
            tokenizer_object=read_tokenizer(sys.argv[1]), bos_token="<|im_start|>",
            eos_token="<|im_end|>", chat_template=read_chat_template(sys.argv[1]))
        write("smollm2_chat.json", list(cases(fast)))


if __name__ == "__main__":
    main()
