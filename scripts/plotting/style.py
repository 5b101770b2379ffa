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

# parts of a bar tell themselves apart by hatching too
HATCHES = ["", "////", "----", "xxxx", "\\\\\\\\", "||||", "++", "//"]  # no dots: each is a circle in the file

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


def part(index):
    return COLOURS[index % len(COLOURS)], HATCHES[index % len(HATCHES)]
