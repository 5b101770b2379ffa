"""How engines look: colours of Okabe and Ito, which the colour-blind tell apart, and never colour alone.

Colours, dashes and points go by the engine's number as in the HTML report (bench/html/core.js): the four usual
ones first, then in the order in which the results have them, so that both show an engine alike.
"""
COLOURS = ["#0072b2", "#d55e00", "#c08600", "#009e73", "#3a96cc", "#bf5f98", "#8a6642", "#7d6bd0"]
DASHES = [(), (7, 3), (2, 3), (8, 3, 2, 3), (12, 3), (4, 2, 1, 2, 1, 2), (1, 2), (10, 2, 4, 2)]
MARKERS = ["o", "s", "^", "D", "*", "P", "X", "h"]
USUAL = ["lockless-2019", "mutex-2019", "spin-2019", "lockless"]
GREY, BLACK, MUTED = "#808488", "#000000", "#555555"
DOTTED = (0, (1, 1.5))
DASH_UNIT = 0.5  # of the report's pixels, in line widths

# parts of a bar: as in the report, no engine's colour, and told apart by hatching too
PARTS = {
    "alloc": ("#6b7a1f", ""), "map": ("#1f6f78", "////"), "unmap": ("#6fa8a0", "----"), "invalidate": ("#8b2942", "xxxx"),
    "free": ("#a8987a", "||||"), "other": ("#5a636b", ""), "growth": ("#8b2942", "xxxx"),
    "level 0": ("#3f4663", ""), "level 1": ("#5b6288", "////"), "level 2": ("#7a81a8", "----"),
    "level 3": ("#9aa0c0", "||||"), "level 4": ("#b5bad2", "xxxx"), "level 5": ("#d0d3e3", ""),
}

numbers = {name: i for i, name in enumerate(USUAL)}


def number(engines):
    """Give numbers to engines that have none, in this order."""
    for name in engines:
        numbers.setdefault(name, len(numbers))


def look(label):
    """(colour, dash, marker) of an engine; what follows its name behind a blank does not matter."""
    i = numbers[label.split(" ")[0]]
    turned = i + i // len(COLOURS)  # where colours repeat, the dash goes with another colour
    dash = tuple(n * DASH_UNIT for n in DASHES[turned % len(DASHES)])
    return COLOURS[i % len(COLOURS)], (0, dash), MARKERS[turned % len(MARKERS)]


def part(name):
    """(colour, hatch)"""
    return PARTS.get(name, PARTS["other"])
