#!/usr/bin/env python3
"""Draws the loss over the tokens trained on, as SVG, from the log of `pretrain`, or from those of runs
that went on from each other.

    scripts/loss_curve.py runs/a/log.jsonl [runs/b/log.jsonl ...] > loss.svg
"""
import json
import math
import sys

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 20, 50


def ticks(low, high, count):
    """Round numbers between low and high, about so many."""
    rough = (high - low) / count
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 5, 10) if unit * m >= rough)
    first = math.ceil(low / step)
    return [step * i for i in range(first, math.floor(high / step) + 1)]


def smooth(points, half_life):
    """An exponential moving mean, so that the trend shows."""
    mean, smoothed = None, []
    for x, y in points:
        mean = y if mean is None else mean + (y - mean) * (1 - 0.5 ** (1 / half_life))
        smoothed.append((x, mean))
    return smoothed


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    records, before = [], 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            records += [r | {"tokens": before + r["tokens"]} for r in map(json.loads, file)]
        before = records[-1]["tokens"] if records else 0
    train = [(r["tokens"] / 1e6, r["train_loss"]) for r in records]
    valid = [(r["tokens"] / 1e6, r["valid_loss"]) for r in records if "valid_loss" in r]
    if len(train) < 2:
        sys.exit("the log has too few records")
    low = min(y for _, y in train + valid) - 0.05
    # The first steps, near log(vocabulary), would take most of the picture.
    late = [y for x, y in train if x >= train[-1][0] * 0.02] + [y for _, y in valid]
    high = max(late) + 0.05
    x_max = train[-1][0]

    def place(x, y):
        return (LEFT + (WIDTH - LEFT - RIGHT) * x / x_max,
                HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (min(y, high) - low) / (high - low))

    def line(points, style):
        coordinates = " ".join("%.1f,%.1f" % place(x, y) for x, y in points)
        return f'<polyline points="{coordinates}" fill="none" {style}/>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12" fill="#333">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for y in ticks(low, high, 6):
        _, v = place(0, y)
        out.append(f'<path d="M{LEFT} {v:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 8}" y="{v + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in ticks(0, x_max, 8):
        u, _ = place(x, low)
        out.append(f'<text x="{u:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:g}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
               'million tokens</text>')
    out.append(line(train, 'stroke="#bcd" stroke-width="0.7"'))
    out.append(line(smooth(train, 2), 'stroke="#36c" stroke-width="1.5"'))
    out.append(line(valid, 'stroke="#c33" stroke-width="1.5"'))
    for i, (name, color) in enumerate((("training loss per token", "#36c"),
                                       ("validation loss per token", "#c33"))):
        v = TOP + 14 + 18 * i
        out.append(f'<path d="M{WIDTH - 220} {v - 4}h24" stroke="{color}" stroke-width="2"/>'
                   f'<text x="{WIDTH - 190}" y="{v}">{name}</text>')
    if valid:
        x, y = valid[-1]
        u, v = place(x, y)
        out.append(f'<text x="{u - 4:.1f}" y="{v + 18:.1f}" text-anchor="end" fill="#c33">{y:.3f}'
                   '</text>')
    print("\n".join(out + ["</svg>"]))


if __name__ == "__main__":
    main()
