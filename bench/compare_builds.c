/* compare_builds.c - `iopt compare --old PATH --new PATH -- RUN OPTIONS`. */
#include "bench/compare.h"
#include "bench/duet.h"

#define PAIRS_FIRST 12u
#define PAIRS_CAP 48u

/* What was measured before an interrupt is told; only what is worse than that outranks it. */
static int interrupted(const struct duet_result *r, int told, struct err *err)
{
	if (told == EXIT_VERIFY || told == EXIT_UNTRUSTED || err->text[0])
		return told;
	if (!r->pairs)
		err_set(err, 0, "interrupted before the first pair was complete");
	return EXIT_INTERRUPTED;
}

int compare_builds(const struct compare_options *o, struct err *err)
{
	struct duet d = { .a = { o->old, NULL }, .b = { o->new, NULL }, .args = o->run_args,
			  .nargs = o->nrun, .first = o->first ? o->first : PAIRS_FIRST,
			  .cap = o->first ? o->cap : PAIRS_CAP, .gate = &o->gate,
			  .floor = compare_load_floor, .keep = o->keep, .quiet = o->quiet };
	struct duet_result r;
	int code, told;

	if (!o->nrun)
		d.args = duet_default_args(duet_cpus(), &d.nargs);
	code = duet_measure(&d, &r, err);
	if (!code || code == EXIT_INTERRUPTED) {
		*err = (struct err){ 0 };
		told = compare_tell(&r.gate, &r.as, o, err);
		code = code ? interrupted(&r, told, err) : told;
	}
	duet_free(&r);
	return code;
}
