"""Writes beam_search.json: what transformers' beam search finds with checkpoints/reviews, and what
diverse beam search does, by its definition, which without groups must find the same as transformers.

    python3 tests/reference/beam_search.py CONVERT

CONVERT is the program built here. Run it with PyTorch and transformers; the committed file comes from
PyTorch 2.15, transformers 5.24.
"""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
PROMPTS = [
    [1, 507, 360, 299],  # This movie is
    [1, 297, 393, 728, 328, 345, 4329, 626, 287],  # I have seen this film twice , and
    [1, 336, 946],  # The director
]
STOPS = [2, 8139, 8141]  # the end of a text, a full stop and a comma
CASES = [
    dict(num_beams=1),
    dict(num_beams=4),
    dict(num_beams=4, length_penalty=0.0),
    dict(num_beams=4, length_penalty=2.0),
    dict(num_beams=4, length_penalty=-1.0),
    dict(num_beams=3, early_stopping=True),
    dict(num_beams=3, early_stopping="never", length_penalty=1.5),
    dict(num_beams=5, max_new_tokens=3),
    dict(num_beams=4, num_beam_groups=2, diversity_penalty=0.5),
    dict(num_beams=6, num_beam_groups=3, diversity_penalty=1.5, length_penalty=0.5),
    dict(num_beams=3, num_beam_groups=3, diversity_penalty=2.0, early_stopping=True),
]


def searched(model, prompt, stops, num_beams, max_new_tokens, length_penalty=1.0, early_stopping=False,
             num_beam_groups=1, diversity_penalty=0.0):
    """(score, ids) of the best texts, the best first."""
    width = num_beams // num_beam_groups
    groups = [dict(beams=[(0.0, [])], ended=[]) for _ in range(num_beam_groups)]
    for length in range(1, max_new_tokens + 1):
        taken = collections.Counter()
        for group in groups:
            if not group["beams"]:
                continue
            ids = torch.tensor([prompt + text for _, text in group["beams"]])
            steps = torch.log_softmax(model(ids).logits[:, -1].double(), -1)
            for token, n in taken.items():
                steps[:, token] -= n * diversity_penalty
            sums = torch.tensor([s for s, _ in group["beams"]]).double()[:, None] + steps
            values, places = sums.flatten().topk(width * (1 + len(stops)))
            beams = []
            for rank, (value, place) in enumerate(zip(values.tolist(), places.tolist())):
                token = place % sums.shape[1]
                text = group["beams"][place // sums.shape[1]][1] + [token]
                if token in stops or length == max_new_tokens:
                    if rank < width:
                        score = value / length ** length_penalty
                        group["ended"].append((score, text[:-1] if token in stops else text))
                elif len(beams) < width:
                    beams.append((value, text))
            group["ended"] = sorted(group["ended"], key=lambda end: -end[0])[:width]
            taken.update(text[-1] for _, text in beams)
            if beams and len(group["ended"]) == width:
                best = max_new_tokens if early_stopping == "never" and length_penalty > 0 else length
                if early_stopping is True or beams[0][0] / best ** length_penalty <= group["ended"][-1][0]:
                    beams = []
            group["beams"] = beams
    return sorted((end for group in groups for end in group["ended"]), key=lambda end: -end[0])[:num_beams]


def generated(model, prompt, stops, num_beams, **options):
    """The same by transformers."""
    ids = torch.tensor([prompt])
    out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, num_beams=num_beams,
                         num_return_sequences=num_beams, eos_token_id=stops, pad_token_id=0,
                         return_dict_in_generate=True, output_scores=True, **options)
    found = []
    for i, sequence in enumerate(out.sequences[:, len(prompt):].tolist()):
        end = next((k for k, token in enumerate(sequence) if token in stops), len(sequence))
        found.append((out.sequences_scores[i].item() if num_beams > 1 else None, sequence[:end]))
    return found


def main():
    torch.set_num_threads(1)
    cases = []
    with tempfile.TemporaryDirectory() as directory, torch.no_grad():
        subprocess.run([sys.argv[1], "-m", HERE.parent.parent / "checkpoints/reviews", "--to", "hf", "--dtype",
                        "f32", "--out", directory + "/hf", "--quiet"], check=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(directory + "/hf", dtype=torch.float32).eval()
        for number, options in enumerate(CASES * len(PROMPTS)):
            prompt = PROMPTS[number // len(CASES)]
            options = dict(dict(max_new_tokens=12), **options)
            stops = STOPS[:number % 3 + 1]
            texts = searched(model, prompt, stops, **options)
            if options.get("num_beam_groups", 1) == 1:
                for (score, text), (theirs, their_text) in zip(texts, generated(model, prompt, stops, **options),
                                                               strict=True):
                    assert text == their_text, (options, texts)
                    assert theirs is None or abs(score - theirs) < 1e-5 * max(1, abs(score)), (score, theirs)
            cases.append(dict(options, prompt=prompt, stops=stops, texts=[t for _, t in texts],
                              scores=[round(s, 6) for s, _ in texts]))
    (HERE / "beam_search.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
