"""What is not decided must look like it: no figure in a sentence, no filled point, no axis without its zero.

Like those of check_page.py these return what is wrong, in words.
"""

CLAIMS = """
    const found = headline(RESULTS[0])[0];
    const claim = more => lock_claim({ ...found, comparison: { ...found.comparison, ...more } }, 'there');
    return {
      decided: claim({ verdict: 'worse', added_ns: 123, added_ns_lo: 111, added_ns_hi: 135 }),
      unbounded: claim({ verdict: 'worse', added_ns: 123, added_ns_lo: null, added_ns_hi: null, pairs: 4 }),
      unjudged: claim({ verdict: null, added_ns: 123, added_ns_lo: 111, added_ns_hi: 135, pairs: 4 }),
      unsure: claim({ verdict: 'unsure', added_ns: 123, added_ns_lo: -8, added_ns_hi: 135 }),
      first: [[true, 64], [false, 2], [false, 4]].map(([oversubscribed, threads]) =>
        ({ locked: { ...found.locked, oversubscribed, threads } })).sort(by_rank(lock_rank))
        .map(f => f.locked.threads),
    };"""

POINTS = """
    const at = (x, lo, hi, verdict) => ({ x, y: 50, lo, hi, verdict });
    const points = [at(1, 40, 60), at(2, 41, 61), at(4, null, null), at(8, 42, 62), at(16, null, null),
      at(32, -5, 60, 'unsure')];
    const made = band({ engine: 'amdv1/mutex-2019' }, points);
    const wide = [{ engine: 'amdv1/mutex-2019', points: [{ x: 1, y: 1, lo: 0.5, hi: 2 },
      { x: 2, y: 900, lo: 800, hi: 999 }] }];
    const axis = lo => { wide[0].points[0].lo = lo;
      return curves_config(wide, [1, 2], { title: '', show: String }, 'auto', []).options.scales.y.type; };
    return {
      hollow: made[0].pointBackgroundColor.map(c => c !== made[0].borderColor),
      others: made.slice(1).map(d => d.data.map(p => p.x)), axes: [axis(0.5), axis(-0.5)],
    };"""


def doubt(browser):
    claims, points = browser.js(CLAIMS), browser.js(POINTS)
    wrong = [f"{name}: {claims[name]}" for name in ("unbounded", "unjudged", "unsure") if "123" in claims[name]]
    wrong += [f"{name}: {claims[name]}" for name in ("unbounded", "unjudged") if "4 pairs: too few" not in claims[name]]
    if "123 ns [111, 135]" not in claims["decided"] or "not decided" not in claims["unsure"]:
        wrong.append(f"{claims['decided']}; {claims['unsure']}")
    if claims["first"] != [4, 2, 64]:
        wrong.append(f"cases that share CPUs are not the last: {claims['first']}")
    if points["hollow"] != [False, False, True, False, True, True]:
        wrong.append(f"hollow: {points['hollow']}")
    if points["others"] != [[1, 2], [1, 2], [8, 8], [32, 32]]:  # an area for neighbours, a bar for who has none
        wrong.append(f"intervals at {points['others']}")
    if points["axes"] != ["logarithmic", "linear"]:
        wrong.append(f"axes {points['axes']}")
    return wrong
