#include "bench/duet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/duet_process.h"
#include "bench/terminal.h"
#include "sys/clock.h"

#define STUCK_FACTOR 10.0 /* times the longest process so far, and … */
#define STUCK_S 60.0      /* … so much: then one hangs */
#define KEPT_BYTES 240    /* of a path that `run --out` takes in every build */

static const char *const roles[2] = { "base", "new" };

/* A comparison under way. */
struct course {
	const struct duet *d;
	struct duet_result *r;
	uint64_t began_ns;
	double longest_s;      /* of all processes */
	int worst;             /* EXIT_VERIFY, EXIT_UNTRUSTED: of a process that left a result */
	struct err why;        /* its words */
	bool shows;            /* progress */
};

unsigned duet_looks(unsigned first, unsigned cap, unsigned at[DUET_LOOKS_MAX])
{
	unsigned n = 0;

	while (cap > first << (DUET_LOOKS_MAX - 1))
		first *= 2;
	for (unsigned pairs = first; pairs < cap; pairs *= 2)
		at[n++] = pairs;
	at[n++] = cap;
	return n;
}

static double since_s(uint64_t began_ns)
{
	return (double)(clock_monotonic_ns() - began_ns) / 1e9;
}

/* Progress: one line, on a terminal only. */

static bool shows_progress(const struct duet *d)
{
	return !d->quiet && terminal_redraws(stderr);
}

/* After a process: how many pairs, what the last look said, how long still. */
static void show(const struct course *c, double pairs)
{
	const struct duet_result *r = c->r;
	unsigned next = r->look_at[r->looks < r->nlooks ? r->looks : r->nlooks - 1];
	double each_s = since_s(c->began_ns) / pairs;

	if (!c->shows)
		return;
	if (pairs == 0.5 && !c->d->label)
		fprintf(stderr, "\r\033[K%u to %u pairs of processes, about %.0f s to %.0f s\n",
			r->look_at[0], r->look_at[r->nlooks - 1], each_s * r->look_at[0],
			each_s * r->look_at[r->nlooks - 1]);
	fprintf(stderr, "\r\033[K%s%u of %u to %u pairs  %s  %.0f s to %.0f s left",
		c->d->label ? c->d->label : "", (unsigned)pairs, next, r->look_at[r->nlooks - 1],
		r->looks ? gate_verdict_name[r->gate.verdict] : "no look yet", each_s * (next - pairs),
		each_s * (r->look_at[r->nlooks - 1] - pairs));
	fflush(stderr);
}

/* KEEP and what it holds. */

/* "0001-a" below it, which is not there yet. */
static int kept_path(const struct duet *d, unsigned pair, unsigned side, char *path, size_t size,
		     struct err *err)
{
	struct stat st;

	snprintf(path, size, "%s/%04u-%c", d->keep, pair + 1, "ab"[side]);
	if (!lstat(path, &st))
		return err_set(err, EXIT_CANT_CREATE, "--keep: %s is there already; choose another "
			       "directory", path);
	return 0;
}

static int open_keep(const struct duet *d, struct err *err)
{
	char path[KEPT_BYTES + 16];

	if (!d->keep)
		return 0;
	if (strlen(d->keep) >= KEPT_BYTES - 16)
		return err_set(err, EXIT_CANT_CREATE, "--keep: the path is too long");
	if (mkdir(d->keep, 0777) && errno != EEXIST)
		return err_set(err, EXIT_CANT_CREATE, "--keep: cannot create directory %s: %s", d->keep,
			       strerror(errno));
	return kept_path(d, 0, 0, path, sizeof(path), err);
}

/* One process, whose result joins its side. 0 too when it failed and yet left a result. */
static int measure_one(struct course *c, unsigned pair, unsigned side, struct stored **out,
		       struct err *err)
{
	const struct duet *d = c->d;
	struct duet_process p = { .build = side ? &d->b : &d->a, .role = roles[side],
				  .args = d->args, .nargs = d->nargs, .seed = d->gate->seed + pair };
	uint64_t began_ns = clock_monotonic_ns();
	char path[KEPT_BYTES + 16];
	double took_s;
	int code;

	if (d->keep && kept_path(d, pair, side, path, sizeof(path), err))
		return err->code;
	p.keep = d->keep ? path : NULL;
	if (c->longest_s > 0)
		p.limit_s = STUCK_FACTOR * c->longest_s + STUCK_S;
	code = duet_process_run(&p, out, err);
	took_s = since_s(began_ns);
	c->longest_s = took_s > c->longest_s ? took_s : c->longest_s;
	if (!code || !*out)
		return code;
	if (!c->worst || code == EXIT_VERIFY) {
		c->worst = code;
		c->why = *err;
	}
	return 0;
}

/* Is there anything that a gate may judge? Of the first result. */
static int check_cases(const struct stored *s, struct err *err)
{
	const struct stored_case *last = NULL;

	for (size_t i = 0; i < s->ncases; i++) {
		const struct stored_case *at = &s->cases[i];

		if (at->is_ruler)
			continue;
		if (!at->forced && !at->unowned)
			return 0;
		last = at;
	}
	if (!last)
		return err_set(err, EXIT_USAGE, "nothing to gate: no engine but rulers was measured; name "
			       "one with --engines after `--`");
	return err_set(err, EXIT_USAGE, "--workload %s is %s, and never a gate: add another, such as "
		       "private or cursor, after `--`", last->workload,
		       last->forced ? "forced" : "a broken contract");
}

static int keep_pair(struct duet_result *r, struct stored *const pair[2], struct err *err)
{
	struct stored **files = realloc(r->files, (r->nfiles + 2) * sizeof(*files));

	if (files)
		r->files = files;
	if (!files || gate_side_add(&r->side[0], pair[0]))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %zu results", r->nfiles + 2);
	if (gate_side_add(&r->side[1], pair[1])) {
		r->side[0].n--;
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %zu results", r->nfiles + 2);
	}
	files[r->nfiles++] = pair[0];
	files[r->nfiles++] = pair[1];
	r->pairs++;
	return 0;
}

/* A B, then B A: a machine that drifts does so to both. */
static int measure_pair(struct course *c, struct err *err)
{
	struct stored *pair[2] = { NULL, NULL };
	unsigned k = c->r->pairs;
	int code = 0;

	for (unsigned turn = 0; !code && turn < 2; turn++) {
		unsigned side = turn ^ (k & 1);

		code = measure_one(c, k, side, &pair[side], err);
		if (!code && !k)
			code = check_cases(pair[side], err);
		if (!code && !k && !turn && c->d->floor)
			code = c->d->floor(&c->r->as, &pair[side]->host, err);
		if (!code)
			show(c, k + 0.5 * (turn + 1));
	}
	if (!code)
		code = keep_pair(c->r, pair, err);
	if (code) {
		stored_free(pair[0]);
		stored_free(pair[1]);
	}
	return code;
}

static int judge(struct course *c, struct err *err)
{
	struct duet_result *r = c->r;

	gate_free(&r->gate);
	memset(&r->gate, 0, sizeof(r->gate));
	return gate_judge(&r->gate, &r->side[0], &r->side[1], &r->as, err);
}

/* How it was measured, and what is not as it should be. */
static int tell_how(const struct course *c)
{
	const struct duet_result *r = c->r;
	const struct stored_host *a, *b;
	struct gate *g = &c->r->gate;
	char text[300], looks[64] = "";
	int failed = 0;

	for (unsigned i = 0; i < r->nlooks; i++)
		snprintf(looks + strlen(looks), sizeof(looks) - strlen(looks), "%s%u", i ? ", " : "",
			 r->look_at[i]);
	failed |= gate_note(g, "%u pairs of processes in %.0f s, by turns: base new, new base, ...; looks at %s "
		       "pairs, %u taken; seeds %lu to %lu, one a pair", r->pairs, r->seconds, looks, r->looks,
		       (unsigned long)c->d->gate->seed,
		       (unsigned long)(c->d->gate->seed + (r->pairs ? r->pairs - 1 : 0)));
	if (!r->pairs)
		return failed;
	a = &r->side[0].files[0]->host;
	b = &r->side[1].files[0]->host;
	for (unsigned i = 0; fingerprint_differs(a, b, FINGERPRINT_ALL, i, text, sizeof(text)); i++)
		if (!strncmp(text, "compiler", 8) || !strncmp(text, "flags", 5))
			failed |= gate_note(g, "%s", text);
	return failed;
}

static bool look_due(const struct duet_result *r)
{
	return r->looks < r->nlooks && r->pairs == r->look_at[r->looks];
}

/* Is what is open open for want of anything but pairs? */
static bool hopeless(const struct gate *g)
{
	for (size_t i = 0; i < g->nrows; i++)
		if (g->rows[i].verdict == GATE_INCONCLUSIVE && !g->rows[i].hopeless)
			return false;
	return true;
}

/* Until a look is clear, more pairs would not make it so, the cap is reached, or something ends it. */
static int measure_all(struct course *c, struct err *err)
{
	struct duet_result *r = c->r;
	int code;

	while (r->looks < r->nlooks) {
		code = measure_pair(c, err);
		if (code)
			return code;
		if (!look_due(r) && !c->worst)
			continue;
		r->looks++;
		code = judge(c, err);
		if (code || c->worst || r->gate.code != EXIT_INCONCLUSIVE ||
		    hopeless(&r->gate))
			return code;
	}
	return 0;
}

static int begin(const struct duet *d, struct duet_result *out, struct err *err)
{
	memset(out, 0, sizeof(*out));
	out->nlooks = duet_looks(d->first, d->cap, out->look_at);
	out->as = *d->gate;
	out->as.design = GATE_BUILDS;
	out->as.looks = out->nlooks;
	if (duet_check_args(d->args, d->nargs, err) || duet_check_build(&d->a, roles[0], err) ||
	    duet_check_build(&d->b, roles[1], err))
		return err->code;
	return open_keep(d, err);
}

/* What an interrupt left is told, and decides nothing: it was no planned look. */
static int judge_interrupted(struct course *c, struct err *err)
{
	struct duet_result *r = c->r;
	struct gate *g = &r->gate;
	unsigned wanted = r->look_at[r->looks];

	if (judge(c, err))
		return err->code;
	g->interrupted = true;
	if (g->code != EXIT_FINE && g->code != EXIT_REGRESSED && g->code != EXIT_INCONCLUSIVE)
		return 0;
	g->verdict = GATE_INCONCLUSIVE;
	g->code = EXIT_INCONCLUSIVE;
	snprintf(g->summary, sizeof(g->summary), "interrupted after %u of at least %u pairs", r->pairs,
		 wanted);
	return 0;
}

int duet_measure(const struct duet *d, struct duet_result *out, struct err *err)
{
	struct course c = { .d = d, .r = out, .began_ns = clock_monotonic_ns(),
			    .shows = shows_progress(d) };
	int code = begin(d, out, err);

	if (code)
		return code;
	code = measure_all(&c, err);
	if (c.shows)
		fprintf(stderr, "\r\033[K");
	out->seconds = since_s(c.began_ns);
	if (code == EXIT_INTERRUPTED && judge_interrupted(&c, err))
		return err->code;
	if (!code && c.worst && out->gate.code != EXIT_VERIFY && out->gate.code != EXIT_UNTRUSTED) {
		*err = c.why; /* its result does not show why */
		return c.worst;
	}
	if (code && code != EXIT_INTERRUPTED)
		return code;
	if (tell_how(&c))
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the notes of a verdict");
	return code;
}

void duet_free(struct duet_result *r)
{
	gate_free(&r->gate);
	gate_side_free(&r->side[0]);
	gate_side_free(&r->side[1]);
	for (size_t i = 0; i < r->nfiles; i++)
		stored_free(r->files[i]);
	free(r->files);
}
