#!/usr/bin/env python3
"""Hold src/stat against SciPy, and measure the error rates of its intervals.

usage: check_scipy.py PROGRAM [--table]

PROGRAM is the built tests/stat/stat_values. --table prints the error rates of docs/statistics.md
(a minute or two) instead of checking. Exit: 0 fine, 1 a check failed, 77 no SciPy (skipped).
"""
import subprocess
import sys

try:
    import numpy as np
    from scipy import optimize, stats
except ImportError as missing:
    print(f"skipped: {missing}; install python3-scipy")
    sys.exit(77)

SEED = 20240229
failures = []


def ask(requests):
    """One answer, a list of floats, for each request."""
    text = "\n".join(" ".join(map(str, r)) for r in requests) + "\n"
    done = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True)
    answers = [[float(x) for x in line.split()] for line in done.stdout.splitlines()]
    assert len(answers) == len(requests)
    return answers


def with_values(*request_and_values):
    *request, values = request_and_values
    return [*request, len(values), *(repr(float(x)) for x in values)]


def check(what, ok, detail=""):
    print(f"{'ok  ' if ok else 'FAIL'} {what} {detail}")
    if not ok:
        failures.append(what)


def check_rates():
    # All the counts that iterate (up to 10000), then samples of those that use the expansion.
    counts = list(range(1, 10010)) + [12345, 10**5, 10**6, 10**7, 10**8, 10**9, 10**10, 10**12]
    answers = np.array(ask([["rate", k, 7.5] for k in counts]))
    k = np.array(counts, float)
    want = np.column_stack([k, stats.chi2.ppf(0.025, 2 * k) / 2, stats.chi2.ppf(0.975, 2 * k + 2) / 2])
    worst = np.max(np.abs(answers[:, :3] * 7.5 / want - 1))
    assert (answers[:, 3] == 1).all()
    check("Garwood interval", worst < 1e-9, f"worst relative error {worst:.1e}")


def check_summaries(rng):
    samples = [rng.lognormal(5, 2, n) for n in (1, 2, 3, 10, 101, 1000)]
    for verb, want in (("median", np.median),
                       ("jain", lambda x: x.sum() ** 2 / (len(x) * (x ** 2).sum()))):
        have = [a[0] for a in ask([with_values(verb, x) for x in samples])]
        check(verb, np.allclose(have, [want(x) for x in samples], rtol=1e-12, atol=0))


def check_quantiles(rng):
    worst = 0.0
    for sample in (rng.lognormal(5, 2, 20000), rng.pareto(1.2, 20000) * 100,
                   rng.integers(0, 300, 5000)):
        sample = np.floor(sample)
        levels = (0.001, 0.07, 0.5, 0.9, 0.99, 0.999, 0.9999, 1)
        answers = ask([with_values("quantile", q, sample) for q in levels])
        for q, (have, supported) in zip(levels, answers):
            # mstats.mquantiles has no nearest-rank rule; NumPy's inverted_cdf is that rule.
            exact = np.quantile(sample, q, method="inverted_cdf")
            beyond = len(sample) - np.ceil(round(q * len(sample), 6))
            worst = max(worst, abs(have - exact) / max(exact, 1))
            assert supported == (beyond >= 10), (q, have, supported)
    check("histogram quantiles", worst <= 1 / 128, f"worst relative error {worst:.2%}")


def series(rng, trials, n, rho, processes=1, spread=0.0):
    """AR(1) noise of standard deviation 1, a run for each process, plus its own offset."""
    x = np.empty((trials, processes, n))
    x[:, :, 0] = rng.standard_normal((trials, processes))
    for i in range(1, n):
        x[:, :, i] = rho * x[:, :, i - 1] + np.sqrt(1 - rho ** 2) * rng.standard_normal(
            (trials, processes))
    x += spread * rng.standard_normal((trials, processes, 1))
    return x.reshape(trials, -1)


def excludes_one(rng, trials, n, rho, shift=0.0, noise=0.1, processes=1, spread=0.0, tables=1):
    """Share of trials whose interval of the ratio lies beyond 1. One process: tables differ."""
    x = series(rng, trials, n, rho, max(processes, tables), spread)
    ratios = np.exp(shift + noise * x)
    answers = np.array(ask([with_values("ratio", i, processes, tables, r)
                            for i, r in enumerate(ratios)]))
    assert (answers[:, 3] == 1).all()
    return np.mean((answers[:, 1] > 1) | (answers[:, 2] < 1))


def check_intervals(rng):
    for what, limit, how in (
            ("false alarms, 50 correlated pairs", 0.08, dict(n=50, rho=0.3)),
            ("false alarms, 12 correlated pairs", 0.08, dict(n=12, rho=0.3)),
            ("false alarms, 50 independent pairs", 0.07, dict(n=50, rho=0.0)),
            ("false alarms, 8 processes of 12", 0.08,
             dict(n=12, rho=0.3, processes=8, spread=1.0)),
            ("false alarms, 8 tables of 12", 0.08,
             dict(n=12, rho=0.3, tables=8, spread=1.0))):
        share = excludes_one(rng, 2000, **how)
        check(what, share <= limit, f"{share:.1%}")
    share = excludes_one(rng, 400, 120, 0.3, shift=np.log(0.95))
    check("a shift of 5 % in 120 pairs of noise 10 % found", share >= 0.9, f"{share:.1%}")


def brute_force(x):
    """Signed ranks, from every pattern of signs."""
    x = x[x != 0]
    ranks = stats.rankdata(abs(x))
    have, sums = ranks[x > 0].sum(), np.zeros(1)
    for r in ranks:
        sums = np.concatenate([sums, sums + r])
    return min(1, 2 * min(np.mean(sums <= have + 1e-9), np.mean(sums >= have - 1e-9)))


def check_signed_ranks(rng):
    samples = [rng.standard_normal(n) + rng.uniform(-1, 1) for n in range(1, 26) for _ in range(8)]
    have = [a[0] for a in ask([with_values("ranks", x) for x in samples])]
    want = [stats.wilcoxon(x, mode="exact").pvalue for x in samples]
    check("signed ranks, exact", np.allclose(have, want, rtol=1e-10, atol=0))
    samples = [rng.integers(-4, 7, n).astype(float) for n in range(1, 19) for _ in range(4)]
    have = [a[0] for a in ask([with_values("ranks", x) for x in samples])]
    want = [brute_force(x) if x.any() else 1 for x in samples]
    check("signed ranks with ties and zeros", np.allclose(have, want, rtol=1e-10, atol=0))
    samples = [np.round(rng.standard_normal(n) + 0.1, 1 + n % 3) for n in range(40, 400, 7)]
    have = [a[0] for a in ask([with_values("ranks", x) for x in samples])]
    want = [stats.wilcoxon(x, mode="approx", correction=True, zero_method="wilcox").pvalue
            for x in samples]
    check("signed ranks, many", np.allclose(have, want, rtol=1e-9, atol=0))


def check_holm(rng):
    samples = [rng.uniform(0, 1, n) ** 3 for n in range(1, 40)]
    for x, have in zip(samples, ask([with_values("holm", x) for x in samples])):
        order, n = np.argsort(x), len(x)
        want = np.empty(n)
        want[order] = np.minimum(1, np.maximum.accumulate(x[order] * np.arange(n, 0, -1)))
        if not np.allclose(have, want, rtol=1e-12, atol=0):
            check("Holm", False, f"{x}")
    check("Holm", True)


def check_binomial(rng):
    requests = []
    for n in (1, 2, 7, 40, 1000, 10**6, 10**8):
        for share in (1e-4, 0.01, 0.3, 0.5, 0.9, 0.999):
            for k in stats.binom.ppf([1e-8, 0.01, 0.4, 0.99, 1 - 1e-8], n, share):
                requests.append((int(k), n, share))
    worst = 0.0
    for (k, n, share), have in zip(requests, ask([["tails", *r] for r in requests])):
        want = stats.binom.cdf(k, n, share), stats.binom.sf(k - 1, n, share)
        worst = max(worst, *(abs(h / w - 1) for h, w in zip(have, want)))
    check("binomial tails", worst < 1e-6, f"worst relative error {worst:.1e}")
    requests = [(int(n), q, p) for n in 10 ** rng.uniform(0, 7, 50)
                for q in (0.5, 0.9, 0.99, 0.999) for p in (0.01105, 0.025, 0.975)]
    have = [a[0] for a in ask([["binomial", *r] for r in requests])]
    want = [stats.binom.ppf(p, n, q) for n, q, p in requests]
    check("binomial quantiles, the ranks of order statistics", have == want)


def check_enclosed(rng):
    """How often the interval of a p99 misses, buckets being small against its width."""
    n, q, alpha, trials = 3000, 0.99, 0.05, 1000
    samples = 100 * (1 - rng.uniform(0, 1, (trials, n))) ** -2.0
    answers = np.array(ask([with_values("enclose", q, alpha, np.floor(x)) for x in samples]))
    assert (answers[:, 3] == 1).all()
    missed = np.mean((answers[:, 1] > 1e6) | (answers[:, 2] < 1e6))
    check("intervals of a p99", 0.02 < missed < 0.065, f"{missed:.1%} miss")


def spread_out(a, b, pairs, exposures):
    """As evenly as whole numbers go; the remainders too few to make parts differ beyond chance."""
    parts = []
    for i in range(pairs):
        parts += [a // pairs + (i < a % pairs), exposures[0] / pairs,
                  b // pairs + (i < b % pairs), exposures[1] / pairs]
    return parts


def check_counts(rng):
    worst = 0.0
    for alpha in (0.05, 0.0182):
        cases = [(int(a), int(b), xa, xb) for a, b in rng.integers(0, 500, (60, 2))
                 for xa, xb in ((1, 1), (3, 7))] + [(0, 9, 1, 2), (9, 0, 1, 2), (0, 40, 5, 5)]
        answers = ask([with_values("counts", alpha, spread_out(a, b, 6, (xa, xb)))
                       for a, b, xa, xb in cases])
        for (a, b, xa, xb), have in zip(cases, answers):
            if a + b == 0:
                continue
            even = xb / (xa + xb)
            ci = stats.binomtest(b, a + b).proportion_ci(1 - alpha, method="exact")
            want = [min(1, 2 * min(stats.binomtest(b, a + b, even, alternative=side).pvalue
                                   for side in ("less", "greater")))]
            for share in ci:
                want.append(np.inf if share == 1 else share / (1 - share) * xa / xb)
            ends = []
            for k, x in ((a, xa), (b, xb)):
                ends += [(stats.gamma.ppf(alpha / 2, k) if k else 0) / x, k / x,
                         stats.gamma.isf(alpha / 2, k + 1) / x]
            la, ra, ua, lb, rb, ub = ends
            want += [rb - ra - np.hypot(rb - lb, ua - ra), rb - ra + np.hypot(ub - rb, ra - la)]
            have = [have[i] for i in (0, 2, 3, 6, 7)]
            for h, w in zip(have, want):
                worst = max(worst, 0 if h == w else abs(h - w) / max(abs(w), 1e-3))
    check("counts: binomial p, Clopper-Pearson, difference of rates", worst < 1e-8,
          f"worst relative error {worst:.1e}")


def check_width(rng):
    """On many independent values the interval is as wide as the median's standard error."""
    answers = np.array(ask([with_values("series", i, 1, rng.standard_normal(1000))
                            for i in range(50)]))
    width = np.mean(answers[:, 2] - answers[:, 1])
    exact = 2 * stats.norm.ppf(0.975) * np.sqrt(np.pi / 2 / 1000)
    check("width on independent values", abs(width / exact - 1) < 0.1, f"{width / exact:.3f}")


def law(n, g, s, k):
    return g * n / (1 + s * (n - 1) + k * n * (n - 1))


def check_scalability(rng):
    """The fit against SciPy's non-negative least squares, on data that follow the law and that do not."""
    curves = []
    for i in range(400):
        n = np.array(sorted(rng.choice(np.arange(1, 129), rng.integers(4, 12), replace=False)), float)
        x = law(n, 10 ** rng.uniform(0, 9), *(10 ** rng.uniform(-4, 0.5, 2)))
        x *= np.exp(rng.choice([0.01, 0.3]) * rng.standard_normal(len(n)))
        curves.append((n, np.sort(x) if i % 4 == 0 else x))  # faster than linear, now and then
    worst, open_ones = 0.0, 0
    answers = ask([with_values("usl", np.column_stack(curve).ravel()) for curve in curves])
    for (n, x), (why, *have) in zip(curves, answers):
        columns = np.column_stack([np.ones_like(n), n - 1, n * (n - 1)]) * (x / n)[:, None]
        scale = np.linalg.norm(columns, axis=0)
        a, b, c = optimize.nnls(columns / scale, np.ones_like(n))[0] / scale
        open_ones += a <= 0
        assert (why == 0) == (a > 0), (n, x, why)
        if a > 0:
            want = [1 / a, b / a, c / a]
            want.append(np.max(np.abs(law(n, *want) / x - 1)))
            for h, w in zip(have, want):
                worst = max(worst, abs(h - w) / max(abs(w), 1e-9))
    check("scalability law", worst < 1e-6, f"worst relative error {worst:.1e}, {open_ones} open")


def usl_coverage(rng, trials, counts, slices, rho, s, k, noise=0.05):
    """Shares of trials whose intervals hold gamma, sigma and kappa."""
    n = np.array(counts, float)
    requests = []
    for i in range(trials):
        x = law(n, 3e7, s, k)[:, None] * np.exp(noise * series(rng, len(n), slices, rho))
        requests.append([*with_values("uslint", i, len(n), np.concatenate([n, x.ravel()]))])
    answers = np.array(ask(requests))
    assert (answers[:, 0] == 0).all()
    truth = np.array([3e7, s, k])
    return np.mean((answers[:, 1::2] <= truth) & (truth <= answers[:, 2::2]), axis=0)


def check_scalability_intervals(rng):
    shares = usl_coverage(rng, 200, (1, 2, 4, 8, 16), 50, 0.3, 0.05, 0.002)
    check("scalability intervals hold the truth", (shares >= 0.92).all(),
          " ".join(f"{s:.1%}" for s in shares))


def print_scalability_table(rng):
    for counts in ((1, 2, 4, 8), (1, 2, 4, 8, 16, 32, 64)):
        for s, k in ((0, 0), (0.05, 0), (0.05, 0.002), (0, 0.002), (0.9, 0)):
            row = []
            for slices in (12, 50, 200):
                shares = usl_coverage(rng, 500, counts, slices, 0.3, s, k)
                row.append(" / ".join(f"{100 * (1 - v):.1f}" for v in shares))
            print(f"| {s} | {k} | {counts[0]}..{counts[-1]} |", " | ".join(row), "|")


def print_table(rng):
    trials = 2000
    sizes = (6, 8, 12, 16, 20, 24, 50, 100, 200, 500)
    for rho in (-0.3, 0.0, 0.3, 0.6):
        shares = [excludes_one(rng, trials, n, rho) for n in sizes]
        print(f"| rho {rho} |", " | ".join(f"{s:.1%}" for s in shares), "|")
    counts = (2, 3, 4, 5, 6, 8, 10, 20)
    for spread in (0.0, 1.0, 5.0):
        shares = [excludes_one(rng, trials, 12, 0.3, processes=p, spread=spread)
                  for p in counts]
        print(f"| spread {spread} |", " | ".join(f"{s:.1%}" for s in shares), "|")
    for spread in (0.0, 1.0, 5.0):
        shares = [excludes_one(rng, trials, 12, 0.3, tables=t, spread=spread) for t in counts]
        print(f"| tables, spread {spread} |", " | ".join(f"{s:.1%}" for s in shares), "|")
    for noise in (0.03, 0.1, 0.3):
        shares = [excludes_one(rng, trials, n, 0.3, shift=np.log(0.95), noise=noise)
                  for n in sizes]
        print(f"| shift 5 %, noise {noise} |", " | ".join(f"{s:.0%}" for s in shares), "|")


def main():
    rng = np.random.default_rng(SEED)
    if "--table" in sys.argv:
        print_table(rng)
        print_scalability_table(rng)
        return 0
    check_rates()
    check_summaries(rng)
    check_quantiles(rng)
    check_width(rng)
    check_signed_ranks(rng)
    check_holm(rng)
    check_binomial(rng)
    check_enclosed(rng)
    check_counts(rng)
    check_intervals(rng)
    check_scalability(rng)
    check_scalability_intervals(rng)
    return 1 if failures else 0


sys.exit(main())
