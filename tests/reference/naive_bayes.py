"""Writes naive_bayes.json: the scores of multinomial naive Bayes by its definition (eval/naive_bayes.h), in plain Python.

    python3 tests/reference/naive_bayes.py
"""

import json
import math
import pathlib
import random
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
WORDS = "it's a DULL, overlong mess ... delight! Stra\u00dfe caf\u00e9 \u041a\u0438\u043d\u043e \u6620\u753b \u0939\u093f\u0928\u094d\u0926\u0940 \u0130stanbul \u03a3\u039f\u03a6\u039f\u03a3 2024 x_y (good) \U0001f600\U0001f600!\u00a0so\u3000so".split(" ")  # fmt: skip


def kind(character):
    if character.isspace():
        return "space"
    category = unicodedata.category(character)
    return "word" if category[0] in "LM" or category in ("Nd", "Nl", "Pc") else "other"


def words(text):
    found, before = [], "space"
    for character in "".join(c.lower() for c in text):
        now = kind(character)
        if now != "space":
            if now != before:
                found.append("")
            found[-1] += character
        before = now
    return found


def scores(examples, n_labels, smoothing, text):
    vocabulary = {word for sentence, _ in examples for word in words(sentence)}
    out = []
    for y in range(n_labels):
        of_label = [word for sentence, label in examples if label == y for word in words(sentence)]
        n = sum(label == y for _, label in examples)
        score = math.log(n / len(examples)) if n else -math.inf
        for word in words(text):
            if word in vocabulary:
                score += math.log(
                    (of_label.count(word) + smoothing) / (len(of_label) + smoothing * len(vocabulary))
                )
        out.append(score)
    return out


def main():
    rng = random.Random(7)
    cases = []
    for n_labels, smoothing in ((2, 1.0), (3, 0.5), (5, 1.0)):
        # The last label of five has no example.
        given = max(n_labels - 1, 2) if n_labels == 5 else n_labels
        examples = [
            [" ".join(rng.choices(WORDS, k=rng.randrange(0, 9))), rng.randrange(given)] for _ in range(25)
        ]
        texts = [" ".join(rng.choices(WORDS + ["unseen"], k=rng.randrange(0, 9))) for _ in range(12)]
        of_texts = [scores(examples, n_labels, smoothing, text) for text in texts]
        cases.append(
            {
                "labels": n_labels,
                "smoothing": smoothing,
                "examples": examples,
                "texts": texts,
                # JSON has no infinity.
                "scores": [[s if s > -math.inf else None for s in each] for each in of_texts],
                "answers": [each.index(max(each)) for each in of_texts],
            }
        )
    split = [{"text": text, "words": words(text)} for text in (*WORDS, " ".join(WORDS), "", " \t ")]
    with open(HERE / "naive_bayes.json", "w") as file:
        json.dump({"cases": cases, "words": split}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
