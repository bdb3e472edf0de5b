"""What the scripts that fill a table of docs/ share: rows that are measured once, and the table between two
marks of a page."""
import json
import statistics


def measured(results, cases, measure):
    """The rows in the file of results, and one of each case that has none there: the case, and what
    `measure` says of it. Each is written when it is known."""
    rows = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    for case in cases:
        if any(case.items() <= row.items() for row in rows):
            continue
        rows.append({**case, **measure(**case)})
        with open(results, 'a') as file:
            file.write(json.dumps(rows[-1]) + '\n')
        print(rows[-1], flush=True)
    return rows


def shown(values):
    """The mean and, of several, the sample's standard deviation."""
    mean = f'{statistics.mean(values):.3f}'
    return f'{mean} ({statistics.stdev(values):.3f})' if len(values) > 1 else mean


def write_between(page, mark, text):
    """Puts `text` between the two places of the page that have the mark."""
    before, _, after = page.read_text().partition(mark)
    page.write_text(f'{before}{mark}\n\n{text}\n{mark}{after.partition(mark)[2]}')
