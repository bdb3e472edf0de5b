"""Writes csv_files.json: a hundred hostile tables and what Python's csv module reads of them.

    python3 tests/reference/csv_files.py

Of each table its text, its delimiter and the records that csv.reader gives with strict=True, each with the line
where it begins, up to the end or to the record that it refuses, whose line is "refused". Lines that have nothing in
them, which csv.reader gives as records without fields, are left out.
"""

import csv
import io
import json
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
SOUP = ['"', '"', '""', ",", ",", ";", "\t", "\n", "\n", "\r\n", "\r", " ", "a", "b c", "'", "\\", "\u00e9", "\U0001f600", "\u2028"]  # fmt: skip
CHARACTERS = ['"', ",", ";", "\t", "\n", "\r\n", "\r", " ", "x", "word", "\u6620\u753b", "'", "\x0b"]


def soup(rng, delimiter):
    """Anything behind anything: much of it is refused."""
    return "".join(rng.choice(SOUP + [delimiter] * 3) for _ in range(rng.randrange(1, 30)))


def table(rng, delimiter):
    """Fields that are quoted where they must be, and at times where they need not be."""
    text = ""
    for row in range(rng.randrange(1, 6)):
        fields = []
        for column in range(rng.randrange(1, 4)):
            field = "".join(rng.choice(CHARACTERS) for _ in range(rng.randrange(0, 5)))
            must = any(c in field for c in delimiter + "\r\n") or field.startswith('"')
            fields.append('"' + field.replace('"', '""') + '"' if must or rng.random() < 0.3 else field)
        text += delimiter.join(fields) + rng.choice(["\n", "\r\n", "\r", "\n\n"])
    return text if rng.random() < 0.7 else text.rstrip("\r\n")


def spoiled(rng, delimiter):
    """A table with a character more, or one less."""
    text = table(rng, delimiter)
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(['"', delimiter, "\n", "\r", " "]) + text[at + rng.randrange(2) :]


def read(text, delimiter):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records = []
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return {"records": records}
        except csv.Error:
            return {"records": records, "refused": line}
        if record:
            records.append({"line": line, "fields": record})


def main():
    rng = random.Random(20)
    cases = []
    while len(cases) < 100:
        make = [soup, table, table, spoiled][len(cases) % 4]
        delimiter = rng.choice(",,;\t")
        text = make(rng, delimiter)
        cases.append({"text": text, "delimiter": delimiter, **read(text, delimiter)})
    refused = sum("refused" in case for case in cases)
    assert 15 < refused < 50, refused
    assert sum(len(case["records"]) for case in cases) > 150
    with open(HERE / "csv_files.json", "w") as file:
        file.write("[" + ",\n".join(map(json.dumps, cases)) + "]\n")


if __name__ == "__main__":
    main()
