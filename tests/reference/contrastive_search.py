"""Writes contrastive_search.json: what contrastive search (Su et al. 2022, arXiv:2202.06417, section
3.3) finds with checkpoints/reviews, by its definition, every text anew through transformers' model.

    python3 tests/reference/contrastive_search.py CONVERT

CONVERT is the program built here. Run it with PyTorch and transformers; the committed file comes from
PyTorch 2.15, transformers 5.24.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
PROMPTS = [
    [1],
    [1, 507, 360, 299],  # This movie is
    [1, 297, 393, 728, 328, 345, 4329, 626, 287],  # I have seen this film twice , and
]
STOPS = [2, 8139]  # the end of a text, a full stop
SETTINGS = [(0.6, 4), (0.3, 8), (0.9, 5), (1.0, 3), (0.5, 1)]


def searched(model, prompt, stops, alpha, k, n):
    """The ids, and by how much the best score was ahead of the second at the closest step."""
    ids, closest = list(prompt), float("inf")
    while len(ids) < len(prompt) + n:
        out = model(torch.tensor([ids]), output_hidden_states=True)
        before = torch.nn.functional.normalize(out.hidden_states[-1][0].double(), dim=-1)
        probabilities, tokens = out.logits[0, -1].double().softmax(-1).topk(k)
        scores = []
        for p, token in zip(probabilities, tokens):
            hidden = model(torch.tensor([ids + [token]]), output_hidden_states=True).hidden_states[-1][0, -1]
            likeness = (before @ torch.nn.functional.normalize(hidden.double(), dim=-1)).max()
            scores.append(((1 - alpha) * p - alpha * likeness).item())
        if k > 1:
            first, second = sorted(scores)[:-3:-1]
            closest = min(closest, first - second)
        token = tokens[scores.index(max(scores))].item()
        if token in stops:
            break
        ids.append(token)
    return ids[len(prompt):], closest


def main():
    torch.set_num_threads(1)
    cases = []
    with tempfile.TemporaryDirectory() as directory, torch.no_grad():
        subprocess.run([sys.argv[1], "-m", HERE.parent.parent / "checkpoints/reviews", "--to", "hf", "--dtype",
                        "f32", "--out", directory + "/hf", "--quiet"], check=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(directory + "/hf", dtype=torch.float32).eval()
        for number, prompt in enumerate(PROMPTS):
            for alpha, k in SETTINGS:
                stops = STOPS[:number]
                ids, closest = searched(model, prompt, stops, alpha, k, 24)
                assert closest > 1e-5, "another rounding may choose otherwise"
                cases.append(dict(prompt=prompt, stops=stops, alpha=alpha, k=k, ids=ids))
    (HERE / "contrastive_search.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


if __name__ == "__main__":
    main()
