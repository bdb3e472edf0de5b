"""Prints the rows of lib/minillama/text/unicode_additions.cpp: characters that Unicode 15 and 16
added to 14, by general category.

    pip install unicodedata2==16.0.0; python3.11 tests/reference/unicode_additions.py

Python 3.11's own unicodedata is Unicode 14, as is PCRE2 10.40 to 10.42.
"""

import unicodedata

import unicodedata2

rows = []
for point in range(0x110000):
    before, after = (u.category(chr(point)) for u in (unicodedata, unicodedata2))
    if before == after or before != "Cn":
        continue
    if rows and rows[-1][1:] == [point - 1, after]:
        rows[-1][1] = point
    else:
        rows.append([point, point, after])
for first, last, category in rows:
    print(f'    {{0x{first:X}, 0x{last:X}, "{category}"}},')
