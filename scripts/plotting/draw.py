"""Figures onto paper, with matplotlib: column width, embedded fonts, the same bytes from the same numbers."""
import io
import os

import matplotlib
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from plotting import style

COLUMN, PAGE, ROW, BAR = 3.4, 7.0, 2.1, 0.17  # inches: widths of a paper, a row of panels, a bar
PANELS_A_FILE = 8
MANY = 24  # points of a line: beyond that small ones
# a date or a producer's version would make two drawings of the same numbers differ
METADATA = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Producer": None},
            "png": {"Software": None}}
SETTINGS = {
    "font.size": 7, "axes.titlesize": 7, "axes.labelsize": 7, "legend.fontsize": 6.5, "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5, "axes.linewidth": 0.6, "lines.linewidth": 1.1, "lines.markersize": 3,
    "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.5, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "hatch.linewidth": 0.4,
    "pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "iopt",
    "figure.facecolor": "white", "savefig.dpi": 300,
}
BESIDE = {"max": dict(linestyle="none", marker="x"), "ceiling": dict(linestyle="none", fillstyle="none"), "gaps": dict(linestyle="none", marker="x"),
          "law": dict(linewidth=0.6, marker=""), "ideal": dict(linewidth=0.8)}
# as in the HTML report: a ring is steal, a cross in it a worker that was switched out
MARKS = {"steal": dict(marker="o", facecolors="none", edgecolors=style.BLACK, s=14, linewidths=0.5),
         "switches": dict(marker="x", color=style.BLACK, s=6, linewidths=0.5)}


def short_titles(panels):
    """Titles without what all have in common (but the workload), and that."""
    names, words = zip(*((p.title.partition(" ")[0].split("/"), p.title.partition(" ")[2]) for p in panels))
    if len(panels) < 2 or not names[0][1:]:
        return [panel.title for panel in panels], ""
    same = [part for part in names[0][1:] if all(part in name[1:] for name in names)]
    titles = ["/".join(name[:1] + [part for part in name[1:] if part not in same]) for name in names]
    return [" ".join(filter(None, title)) for title in zip(titles, words)], "/".join(same)


def percent(x, _):
    return f"{100 - 100 / x:.10g}"


def thousands(axis):
    """k and M where numbers are large; never m for what is small."""
    if max(map(abs, axis.get_view_interval())) >= 1000:
        axis.set_major_formatter(ticker.EngFormatter(sep=""))


def by_figure(axes, figure, panel):
    """Scales and ticks."""
    if figure.log_y:
        axes.set_yscale("log")
    if figure.kind == "threads":
        counts = sorted(set(at[0] for line in panel.lines for at in line.points))
        axes.set_xscale("log", base=2)
        axes.set_xlim(counts[0] / 1.15, counts[-1] * 1.15)
        shown = counts if len(counts) <= 10 else [n for n in counts if n & (n - 1) == 0]
        axes.xaxis.set_major_locator(ticker.FixedLocator(shown))
        axes.xaxis.set_major_formatter(ticker.FormatStrFormatter("%d"))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    if figure.kind == "hdr":
        axes.set_xscale("log")
        axes.set_xlim(left=1)
        axes.xaxis.set_major_locator(ticker.LogLocator(numticks=6))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(percent))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    if not figure.log_y and figure.kind in ("lines", "threads"):
        low, high = axes.dataLim.intervaly
        axes.set_ylim(min(0, low) * 1.05, max(0, high) * 1.05 or 1)
        thousands(axes.yaxis)
    elif figure.log_y:
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high / low < 100 else (1,), numticks=12))
        axes.yaxis.set_major_formatter(ticker.EngFormatter(sep=""))
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    if figure.ideal and figure.kind == "strip":
        axes.axvline(figure.ideal, color=style.GREY, linewidth=0.6, linestyle=style.DOTTED)
    elif figure.ideal is not None:
        axes.axhline(figure.ideal, color=style.GREY, linewidth=0.6, linestyle=style.DOTTED)


def draw_line(axes, figure, line, gid):
    xs, ys = [at[0] for at in line.points], [at[1] for at in line.points]
    if line.style in MARKS:
        axes.scatter(xs, ys, zorder=4, gid=gid, **MARKS[line.style])
        return
    grey = line.style in ("ideal", "clock")
    colour, dash, marker = (style.GREY, style.DOTTED, "") if grey else style.look(line.label)
    look = dict(color=colour, linestyle=dash, marker=marker)
    if line.style == "points":
        look.update(linestyle="none", markersize=2)
    if figure.kind == "hdr":
        look.update(marker="", drawstyle="steps-pre")
    if len(line.points) > MANY:
        look.update(markersize=1.5)
    look.update(BESIDE.get(line.style, {}))
    if line.style == "clock":
        low, high = min(at[1] for at in line.points), max(at[1] for at in line.points)
        axes.axhspan(low, high, color=style.GREY, alpha=0.18, linewidth=0, gid=gid)
        axes.axhline(high, color=style.GREY, linewidth=0.6, linestyle=style.DOTTED)
        return
    axes.plot(xs, ys, gid=gid, **look)
    bounds = [at for at in line.points if len(at) == 4 and at[2] is not None and at[3] is not None]
    if bounds:
        lo, hi = [at[2] for at in bounds], [at[3] for at in bounds]
        axes.fill_between([at[0] for at in bounds], lo, hi, color=colour, alpha=0.15, linewidth=0)
        axes.vlines([at[0] for at in bounds], lo, hi, color=colour, linewidth=0.7)


def draw_strip(axes, panel, gid):
    """A row for each engine; workers from its lower to its upper edge."""
    for i, line in enumerate(reversed(panel.lines)):
        colour, _, marker = style.look(line.label)
        n = max(worker for _, worker in line.points) + 1
        axes.plot([x for x, _ in line.points], [i + 0.5 * ((w + 0.5) / n - 0.5) for _, w in line.points],
                  linestyle="none", color=colour, marker=marker, gid=f"{gid}-{line.label}")
    axes.set_yticks(range(len(panel.lines)), [line.label for line in reversed(panel.lines)])
    axes.set_ylim(-0.6, len(panel.lines) - 0.4)
    low, high = axes.get_xlim()
    reach = max(abs(1 - low), abs(high - 1), 0.02)
    axes.set_xlim(max(0, 1 - reach * 1.1), 1 + reach * 1.1)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(5))


def draw_bars(axes, panel, names, gid):
    bars = list(reversed(panel.bars))
    left = [0.0] * len(bars)
    for name in names:
        values = [dict(bar.parts).get(name, 0) for bar in bars]
        colour, hatch = style.part(name)
        drawn = axes.barh(range(len(bars)), values, left=left, height=0.7, color=colour, hatch=hatch,
                          edgecolor="white", linewidth=0.3)
        for patch, bar in zip(drawn, bars):
            patch.set_gid(f"{gid}-{bar.label}-{name}")
        left = [a + b for a, b in zip(left, values)]
    for y, bar in enumerate(bars):
        if bar.whole:
            value, lo, hi = bar.whole
            axes.plot([value], [y], marker="|", markersize=7, color=style.BLACK)
            if lo is not None and hi is not None:
                axes.hlines(y, lo, hi, color=style.BLACK, linewidth=0.7)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars])
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(6))
    thousands(axes.xaxis)


def parts_of(panels):
    """Names of all parts that are anywhere above zero, in their order."""
    names = {}
    for bar in (bar for panel in panels for bar in panel.bars):
        for name, value in bar.parts:
            names[name] = names.get(name, False) or value > 0
    return [name for name, there in names.items() if there]


def legend_of(figure, panels):
    if figure.kind == "strip":
        return []
    if figure.kind == "bars":
        return [Patch(facecolor=style.part(name)[0], hatch=style.part(name)[1], edgecolor="white", label=name)
                for name in parts_of(figure.panels)]
    handles = {}
    for line in (line for panel in panels for line in panel.lines):
        if line.style in MARKS:
            handles[line.label] = Line2D([], [], linestyle="none", color=style.BLACK, markersize=3,
                                         marker=MARKS[line.style]["marker"], fillstyle="none", label=line.label)
        elif line.style == "clock":
            handles[line.label] = Patch(facecolor=style.GREY, alpha=0.18, label=line.label)
        elif line.style == "ideal":
            handles[line.label] = Line2D([], [], color=style.GREY, linestyle=style.DOTTED, label=line.label)
        elif line.style in ("line", "points"):
            colour, dash, marker = style.look(line.label)
            handles[line.label] = Line2D([], [], color=colour, label=line.label, markersize=3,
                                         linestyle="none" if line.style == "points" else dash,
                                         marker="" if figure.kind == "hdr" else marker)
    own = [h for h in handles.values() if isinstance(h, Line2D) and h.get_color() not in (style.BLACK, style.GREY)]
    return own + [handle for handle in handles.values() if handle not in own]


def heights(figure, panels, columns):
    if figure.kind == "bars":
        most = [max(len(p.bars) for p in panels[i:i + columns]) for i in range(0, len(panels), columns)]
        return [0.75 + BAR * n for n in most]
    if figure.kind == "strip":
        most = [max(len(p.lines) for p in panels[i:i + columns]) for i in range(0, len(panels), columns)]
        return [0.65 + 0.25 * n for n in most]
    return [ROW] * -(-len(panels) // columns)


def canvas_of(figure, panels):
    """A file's worth of panels."""
    columns = 1 if len(panels) == 1 else 2
    rows = heights(figure, panels, columns)
    handles = legend_of(figure, panels)
    widest = max([len(handle.get_label()) for handle in handles], default=0)
    a_line = max(1, min(len(handles), 110 * columns // 2 // (widest + 9)))
    titles, common = short_titles(panels)
    words = "; ".join(w for w in (common, figure.note) if w)
    foot = 0.14 * -(-len(handles) // a_line) + (0.14 if words else 0) + 0.06
    canvas = Canvas(figsize=(PAGE if columns == 2 else COLUMN, sum(rows) + foot), layout="constrained")
    FigureCanvasAgg(canvas)
    grid = canvas.subplots(len(rows), columns, squeeze=False, gridspec_kw={"height_ratios": rows})
    names = parts_of(figure.panels)
    for i, axes in enumerate(grid.flat):
        if i >= len(panels):
            axes.remove()
            continue
        gid = f"{figure.name}-{figure.panels.index(panels[i])}"
        axes.set_title(titles[i], loc="left")
        axes.set_xlabel(figure.x)
        axes.set_ylabel(figure.y)
        if figure.kind == "bars":
            draw_bars(axes, panels[i], names, gid)
        elif figure.kind == "strip":
            draw_strip(axes, panels[i], gid)
        else:
            for line in panels[i].lines:
                draw_line(axes, figure, line, f"{gid}-{line.label}-{line.style}")
        by_figure(axes, figure, panels[i])
    inches = sum(rows) + foot
    canvas.get_layout_engine().set(rect=(0, foot / inches, 1, 1 - foot / inches), w_pad=0.03, h_pad=0.03)
    if handles:
        canvas.legend(handles=handles, loc="lower center", ncols=a_line, frameon=False,
                      bbox_to_anchor=(0.5, 0.14 / inches if words else 0), borderaxespad=0.1,
                      handlelength=2.8, columnspacing=1.2, labelspacing=0.2)
    if words:
        canvas.text(0.5, 0.03 / inches, words, ha="center", va="bottom", fontsize=6, color=style.MUTED)
    return canvas


def write(path, data):
    """Whole or not at all."""
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "wb") as f:
            f.write(data)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def save(figure, stem, formats):
    """Write stem.FORMAT, or stem-2.FORMAT and so on where there are many panels; yields the paths."""
    with matplotlib.rc_context(SETTINGS):
        for i in range(0, len(figure.panels), PANELS_A_FILE):
            canvas = canvas_of(figure, figure.panels[i:i + PANELS_A_FILE])
            for kind in formats:
                path = f"{stem}{f'-{i // PANELS_A_FILE + 1}' if i else ''}.{kind}"
                data = io.BytesIO()
                canvas.savefig(data, format=kind, metadata=METADATA[kind])
                write(path, data.getvalue())
                yield path
