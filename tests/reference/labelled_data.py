"""Writes labelled_data/: one small data set in every form that data/data_formats.h reads, written by Python's csv, json
and gzip, and expected.json, which is what all of them say.

    python3 tests/reference/labelled_data.py
"""

import csv
import gzip
import json
import pathlib
import shutil

HERE = pathlib.Path(__file__).resolve().parent / "labelled_data"
EXAMPLES = [
    ("good", "A delight , from its first scene to its last ."),
    ("bad", 'He said "no" , and so do I .'),
    ("so so", "\u00c7a va ; c'est la vie ."),
    ("bad", "\u6620\u753b \U0001f600 \u043a\u0438\u043d\u043e"),
    ("good", "'Tis a | pity || she's gone"),
    ("so so", '"'),
    ("good", "tab\there, comma, semicolon; \\n is no line end"),
    ("bad", "{\"text\": \"not an object\"}"),
]  # fmt: skip


def table(name, newline="\n", delimiter=",", quoting=csv.QUOTE_MINIMAL, start="", header=True):
    with open(HERE / name, "w", newline="", encoding="utf-8") as file:
        file.write(start)
        writer = csv.writer(file, delimiter=delimiter, lineterminator=newline, quoting=quoting)
        if header:
            writer.writerow(["id", "Label", "Text"])
        for i, (label, text) in enumerate(EXAMPLES):
            writer.writerow(([i] if header else []) + [label, text])


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    table("comma.csv")
    table("crlf.csv", newline="\r\n", quoting=csv.QUOTE_ALL, start="\ufeff")
    table("cr.csv", newline="\r")
    table("semicolon.csv", delimiter=";")
    table("tab.tsv", delimiter="\t")
    table("headless.csv", header=False)
    (HERE / "objects.jsonl").write_text(
        "".join(json.dumps({"id": i, "sentence": t, "class": l}) + "\n" for i, (l, t) in enumerate(EXAMPLES))
    )
    (HERE / "lines.txt").write_text("".join(f"{label} ||| {text}\n" for label, text in EXAMPLES))
    # fastText's labels have no spaces.
    (HERE / "fast.txt").write_text(
        "".join(f"__label__{label.replace(' ', '_')} {text}\n" for label, text in EXAMPLES)
    )
    for i, (label, text) in enumerate(EXAMPLES):
        folder = HERE / "folder" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{i}.txt").write_text(text + "\n")
    for name in ("comma.csv", "objects.jsonl", "lines.txt"):
        (HERE / (name + ".gz")).write_bytes(gzip.compress((HERE / name).read_bytes(), mtime=0))
    (HERE / "expected.json").write_text(json.dumps(EXAMPLES) + "\n")


if __name__ == "__main__":
    main()
