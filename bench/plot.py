# SPDX-License-Identifier: Apache-2.0
"""Two kinds of plots as SVG text: horizontal bars of ratios, and lines over two logarithmic axes."""
import math
from html import escape

COLORS = ["#2a6f97", "#e07a1f", "#5b8c5a", "#8d5a97"]
INK, FAINT = "#222", "#ddd"


class Canvas:
    def __init__(self, width, height):
        self.parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
                      f'font-family="sans-serif" font-size="12" fill="{INK}"><rect width="100%" height="100%" fill="#fff"/>']

    def text(self, x, y, words, anchor="start", size=12, turn=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{turn}>{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, color=FAINT, width=1):
        self.parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{color}" stroke-width="{width}"/>')

    def bar(self, x, y, width, height, color):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}" fill="{color}"/>')

    def curve(self, points, color):
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self.parts.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in points]

    def legend(self, x, y, labels):
        for label, color in zip(labels, COLORS):
            self.bar(x, y - 9, 10, 10, color)
            self.text(x + 15, y, label)
            x += 30 + 7 * len(label)

    def svg(self):
        return "".join(self.parts) + "</svg>\n"


def number(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def bars(title, rows, series):
    """`rows`: (label, [ratio of each series or None], target or None), on a logarithmic axis around 1."""
    left, right, step = 390, 40, 12 * len(series) + 10
    width, height = 920, 70 + step * len(rows)
    canvas = Canvas(width, height)
    values = [value for _, ratios, target in rows for value in [*ratios, target] if value]
    low, high = math.log2(min(0.8, *values)), math.log2(max(2, *values)) + 0.15

    def place(value):
        return left + (math.log2(value) - low) / (high - low) * (width - left - right)
    canvas.text(10, 20, title, size=14)
    canvas.legend(left, 40, series)
    for tick in (0.25, 0.5, 1, 2, 4, 8, 16, 32):
        if low <= math.log2(tick) <= high:
            canvas.line(place(tick), 48, place(tick), height - 18, INK if tick == 1 else FAINT)
            canvas.text(place(tick), height - 5, f"{tick:g}×", "middle", 11)
    for i, (label, ratios, target) in enumerate(rows):
        top = 54 + i * step
        canvas.text(left - 8, top + step / 2, label, "end")
        for j, ratio in enumerate(ratios):
            if ratio:
                start, end = sorted((place(1), place(ratio)))
                canvas.bar(start, top + 12 * j, end - start, 10, COLORS[j])
                canvas.text(place(ratio) + 4 if ratio >= 1 else start - 4, top + 12 * j + 9, f"{ratio:.2f}",
                            "start" if ratio >= 1 else "end", 10)
        if target:
            canvas.line(place(target), top - 3, place(target), top + 12 * len(series) + 1, "#c1121f", 2)
    return canvas.svg()


def lines(title, across, up, series):
    """`series`: {label: [(x, y)]}, x and y positive; both axes logarithmic."""
    width, height, left, bottom, top, right = 560, 340, 60, 44, 52, 16
    canvas = Canvas(width, height)
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    spans = [(math.log2(min(values)), math.log2(max(values))) for values in (xs, ys)]

    def place(x, y):
        (x0, x1), (y0, y1) = spans
        return (left + (math.log2(x) - x0) / max(x1 - x0, 1e-9) * (width - left - right),
                height - bottom - (math.log2(y) - y0) / max(y1 - y0, 1e-9) * (height - bottom - top))
    canvas.text(10, 20, title, size=14)
    canvas.legend(left, 40, list(series))
    powers = range(math.ceil(spans[0][0]), math.floor(spans[0][1]) + 1)
    for power in powers[::1 + len(powers) // 12]:
        x, _ = place(2.0 ** power, min(ys))
        canvas.line(x, top, x, height - bottom)
        canvas.text(x, height - bottom + 16, number(2.0 ** power), "middle", 11)
    ticks = [10.0 ** power * digit for power in range(-3, 10) for digit in (1, 2, 5)]
    for tick in ticks[::1 if spans[1][1] - spans[1][0] < 6 else 3]:
        if 2 ** spans[1][0] <= tick <= 2 ** spans[1][1]:
            _, y = place(min(xs), tick)
            canvas.line(left, y, width - right, y)
            canvas.text(left - 6, y + 4, number(tick), "end", 11)
    canvas.text((left + width - right) / 2, height - 8, across, "middle")
    canvas.text(14, (top + height - bottom) / 2, up, "middle", turn=f' transform="rotate(-90 14 {(top + height - bottom) / 2:.0f})"')
    for (label, points), color in zip(series.items(), COLORS):
        canvas.curve([place(x, y) for x, y in sorted(points)], color)
    return canvas.svg()
