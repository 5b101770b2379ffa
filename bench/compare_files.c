/* compare_files.c - two results that were measured one after the other. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/compare.h"

#define PATH_BYTES 4096

int compare_load_floor(struct gate_options *gate, const struct stored_host *host, struct err *err)
{
	struct floor_facts facts;
	char key[FINGERPRINT_KEY];
	bool found = false;

	fingerprint_key(host, key);
	if (store_load_floor(key, &facts, &found, err))
		return err->code;
	for (unsigned m = 0; m < GATE_METRICS; m++)
		gate->floor[m] = found ? facts.floor[gate->design][m] : NAN;
	return 0;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool same_figure(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool same_draws(const struct stored_case *a, const struct stored_case *b)
{
	bool same = !strcmp(a->id, b->id) && a->ndraws == b->ndraws;

	for (size_t i = 0; same && i < a->ndraws; i++)
		same = same_figure(a->draws[i].ops_per_s, b->draws[i].ops_per_s) &&
		       a->draws[i].lost == b->draws[i].lost;
	return same;
}

/* A copy of one result: no two measurements agree in every figure and began in the same second. */
static bool same_content(const struct stored *a, const struct stored *b)
{
	bool same = a->ncases == b->ncases && a->seed == b->seed &&
		    !strcmp(a->started_utc ? a->started_utc : "", b->started_utc ? b->started_utc : "");

	for (size_t i = 0; same && i < a->ncases; i++)
		same = same_draws(&a->cases[i], &b->cases[i]);
	return same;
}

int compare_two(struct gate *gate, struct gate_options *as, const struct stored *a,
		const struct stored *b, const struct gate_options *o, struct err *err)
{
	struct gate_side base = { 0 }, new = { 0 };
	int code = 0;

	*as = *o;
	as->design = GATE_FILES;
	as->looks = 1;
	if (same_content(a, b))
		return err_set(err, EXIT_USAGE, "%.200s and %.200s hold the same result: measure again, and "
			       "compare that", a->path, b->path);
	if (gate_side_add(&base, a) || gate_side_add(&new, b))
		code = err_set(err, EXIT_NO_RESOURCE, "no memory to compare the results");
	else
		code = compare_load_floor(as, &a->host, err);
	if (!code)
		code = gate_judge(gate, &base, &new, as, err);
	gate_side_free(&base);
	gate_side_free(&new);
	return code;
}

static int judge(const struct stored *a, const struct stored *b, const struct compare_options *o,
		 struct err *err)
{
	struct gate_options as;
	struct gate gate;
	int code = compare_two(&gate, &as, a, b, &o->gate, err);

	if (code)
		return code;
	code = compare_tell(&gate, &as, o, err);
	gate_free(&gate);
	return code;
}

static int find_base(const struct compare_options *o, char *path, struct err *err)
{
	if (o->baseline)
		return store_find_baseline(o->baseline, path, PATH_BYTES, err);
	return stored_path(o->args[0], path, PATH_BYTES, err);
}

int compare_files(const struct compare_options *o, struct err *err)
{
	char base[PATH_BYTES], new[PATH_BYTES];
	struct stored *a = NULL, *b = NULL;
	int code;

	if (find_base(o, base, err) || stored_path(o->args[o->nargs - 1], new, sizeof(new), err))
		return err->code;
	if (same_file(base, new))
		return err_set(err, EXIT_USAGE, "%.200s and %.200s are the same file: measure again, and "
			       "compare that", base, new);
	code = stored_read(&a, base, err);
	if (!code)
		code = stored_read(&b, new, err);
	if (!code)
		code = judge(a, b, o, err);
	stored_free(a);
	stored_free(b);
	return code;
}
