"""Draws points as a line in an SVG file. Python's standard library only.

    python3 plot.py POINTS.json OUT.svg TITLE X-LABEL Y-LABEL

POINTS is a list of [x, y]; x is drawn logarithmically, y from 0.
"""
import json, math, sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 320, 64, 20, 36, 48


def ticks(highest):
    step = 10 ** math.floor(math.log10(highest / 2))
    step *= next(k for k in (1, 2, 5, 10) if highest / (step * k) <= 6)
    return [step * i for i in range(int(highest / step) + 1)]


def plot(points, title, x_label, y_label):
    xs, ys = zip(*points)
    low, high, top = math.log(min(xs)), math.log(max(xs)), max(ys) * 1.1
    px = lambda x: LEFT + (math.log(x) - low) / (high - low) * (WIDTH - LEFT - RIGHT)
    py = lambda y: HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)
    text = lambda x, y, s, anchor='middle': f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{s}</text>'
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', text(WIDTH / 2, 20, title),
           text(WIDTH / 2, HEIGHT - 8, x_label), text(LEFT, TOP - 6, y_label)]
    for y in ticks(top):
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{py(y):.1f}" y2="{py(y):.1f}" stroke="#ddd"/>')
        out.append(text(LEFT - 6, py(y) + 4, f'{y:g}', 'end'))
    for x in xs:
        out.append(text(px(x), HEIGHT - BOTTOM + 16, f'{x:g}'))
    line = ' '.join(f'{px(x):.1f},{py(y):.1f}' for x, y in points)
    out.append(f'<polyline points="{line}" fill="none" stroke="#1f6fb2" stroke-width="2"/>')
    out += [f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="3" fill="#1f6fb2"/>' for x, y in points]
    return '\n'.join(out + ['</svg>', ''])


if __name__ == '__main__':
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    source, target, *labels = sys.argv[1:]
    with open(target, 'w', encoding='utf8') as file:
        file.write(plot(json.load(open(source)), *labels))
