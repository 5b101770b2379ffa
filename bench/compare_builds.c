/* compare_builds.c - `iopt compare --old PATH --new PATH -- RUN OPTIONS`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare.h"
#include "bench/duet.h"

#define PAIRS_FIRST 12u
#define PAIRS_CAP 96u

/* What was measured before an interrupt is told; only what is worse than that outranks it. */
static int interrupted(const struct duet_result *r, int told, struct err *err)
{
	if (told == EXIT_VERIFY || told == EXIT_UNTRUSTED || err->text[0])
		return told;
	if (!r->pairs)
		err_set(err, 0, "interrupted before the first pair was complete");
	return EXIT_INTERRUPTED;
}

/*
 * The default run has `cursor` for its waste. It has no ruler, and a quarter of a second of it is
 * fifty thousand operations: its times are held to margins that it can be held to.
 */
static const struct gate_threshold default_thresholds[] = {
	{ "cursor/*", GATE_THROUGHPUT, 0.25, NAN },
	{ "cursor/*", GATE_P99, 1.0, NAN },
};

/*
 * Those of metrics whose --min-effect was left alone, then what the user has: the last that fits
 * counts. *all from malloc.
 */
static int add_thresholds(struct gate_options *gate, struct gate_threshold **all, struct err *err)
{
	const size_t most = sizeof(default_thresholds) / sizeof(default_thresholds[0]);
	struct gate_options usual;
	size_t n = 0;

	gate_options_default(&usual);
	*all = calloc(most + gate->nthresholds, sizeof(**all));
	if (!*all)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for thresholds");
	for (size_t i = 0; i < most; i++) {
		enum gate_metric metric = default_thresholds[i].metric;

		if (!(gate->min_effect[metric] > usual.min_effect[metric] ||
		      gate->min_effect[metric] < usual.min_effect[metric]))
			(*all)[n++] = default_thresholds[i];
	}
	if (gate->nthresholds)
		memcpy(*all + n, gate->thresholds, gate->nthresholds * sizeof(**all));
	gate->thresholds = *all;
	gate->nthresholds += n;
	return 0;
}

int compare_builds(const struct compare_options *o, struct err *err)
{
	struct gate_threshold *thresholds = NULL;
	struct gate_options gate = o->gate;
	struct duet d = { .a = { o->old, NULL }, .b = { o->new, NULL }, .args = o->run_args,
			  .nargs = o->nrun, .first = o->first ? o->first : PAIRS_FIRST,
			  .cap = o->first ? o->cap : PAIRS_CAP, .gate = &gate,
			  .floor = compare_load_floor, .keep = o->keep, .quiet = o->quiet };
	struct duet_result r;
	int code, told;

	if (!o->nrun)
		d.args = duet_default_args(duet_cpus(), &d.nargs);
	if (!o->nrun && add_thresholds(&gate, &thresholds, err))
		return err->code;
	code = duet_measure(&d, &r, err);
	if (!code || code == EXIT_INTERRUPTED) {
		*err = (struct err){ 0 };
		told = compare_tell(&r.gate, &r.as, o, err);
		code = code ? interrupted(&r, told, err) : told;
	}
	duet_free(&r);
	free(thresholds);
	return code;
}
