"""Two kinds of drawing: stacked bars, and lines over an axis. Plain SVG, readable on light and dark pages."""

from html import escape

COLOURS = ["#3b7dd8", "#d9822b", "#6a9f3f", "#a04fb5", "#c0392b", "#5f6b76"]
FONT = 'font-family="sans-serif" font-size="12"'


def text(x, y, what, anchor="start", more=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="#333" {FONT} {more}>{escape(what)}</text>'


def page(width, height, title, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
            f'<rect width="{width}" height="{height}" fill="#fff"/>')
    return "\n".join([head, text(16, 24, title, more='font-weight="bold"'), *parts, "</svg>"]) + "\n"


def nice_step(largest, steps=6):
    """A round number that divides an axis up to `largest` into about so many."""
    raw = largest / steps
    power = 10 ** (len(str(int(raw))) - 1 if raw >= 1 else -1)
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)


def bars(title, unit, parts, rows):
    """`rows`: (label, [value of each part]); `parts` names them. The sum stands behind the bar."""
    left, width, line = 400, 940, 26
    top, height = 60, 60 + 26 * len(rows) + 40
    scale = (width - left - 70) / max(sum(values) for _, values in rows)
    out = []
    for number, part in enumerate(parts):
        x = left + 130 * number
        out += [f'<rect x="{x}" y="36" width="12" height="12" fill="{COLOURS[number]}"/>', text(x + 18, 46, part)]
    for index, (label, values) in enumerate(rows):
        x, y = left, top + line * index
        out.append(text(left - 8, y + 14, label, "end"))
        for number, value in enumerate(values):
            out.append(f'<rect x="{x:.1f}" y="{y}" width="{value * scale:.1f}" height="18" fill="{COLOURS[number]}"/>')
            x += value * scale
        out.append(text(x + 6, y + 14, f"{sum(values):.2f}"))
    out.append(text(left, height - 16, unit))
    return page(width, height, title, out)


def lines(title, x_name, y_name, series, y_most=None):
    """`series`: label -> [(x, y)]. What is above `y_most` is cut off."""
    left, right, top, bottom, width, height = 70, 220, 50, 50, 900, 420
    points = [point for line in series.values() for point in line]
    x_max = max(x for x, _ in points)
    y_max = min(max(y for _, y in points), y_most or float("inf")) * 1.05

    def at(x, y):
        return (left + x / x_max * (width - left - right),
                height - bottom - min(y, y_max) / y_max * (height - top - bottom))
    out = []
    step = nice_step(y_max)
    for number in range(int(y_max / step) + 1):
        _, y = at(0, number * step)
        out += [f'<line x1="{left}" x2="{width - right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>',
                text(left - 6, y + 4, f"{number * step:g}", "end")]
    step = nice_step(x_max)
    for number in range(int(x_max / step) + 1):
        x, _ = at(number * step, 0)
        out.append(text(x, height - bottom + 18, f"{number * step:g}", "middle"))
    out += [text((left + width - right) / 2, height - 10, x_name, "middle"), text(left, top - 8, y_name)]
    for number, (label, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join("{:.1f},{:.1f}".format(*at(*point)) for point in sorted(line))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{at(*point)[0]:.1f}" cy="{at(*point)[1]:.1f}" r="3" fill="{colour}"/>' for point in line]
        y = top + 20 * number
        out += [f'<rect x="{width - right + 16}" y="{y}" width="12" height="12" fill="{colour}"/>',
                text(width - right + 34, y + 10, label)]
    return page(width, height, title, out)
