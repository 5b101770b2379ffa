/* compare_store.c - the ways of `iopt compare` that are about what is kept: baselines and history. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/compare.h"
#include "bench/history.h"

#define PATH_BYTES 4096

/* What would make every later comparison with it fail is told now. */
static int refuse_baseline(const struct stored *s, struct err *err)
{
	if (s->lost_pinning || s->clock_stepped_back)
		return err_set(err, EXIT_UNTRUSTED, "%s is not to be trusted (%s): no baseline; measure "
			       "it again", s->path, s->lost_pinning ? "its threads were moved" :
			       "its clock stepped back");
	for (size_t i = 0; i < s->ncases; i++) {
		const struct stored_case *c = &s->cases[i];

		if (c->verified == VERIFIED_NO)
			return err_set(err, EXIT_VERIFY, "%.100s: the audit of %.200s failed: no "
				       "baseline", s->path, c->id);
		if (*c->handicap)
			return err_set(err, EXIT_BAD_DATA, "%.100s: %.200s was made worse on purpose "
				       "(--handicap %.20s): no baseline", s->path, c->id, c->handicap);
	}
	if (!s->ncases)
		return err_set(err, EXIT_BAD_DATA, "%s has no case: no baseline", s->path);
	return 0;
}

static int read_result(struct stored **out, const char *arg, struct err *err)
{
	char path[PATH_BYTES];
	int code = stored_path(arg, path, sizeof(path), err);

	return code ? code : stored_read(out, path, err);
}

/* It is read, then copied: what is kept must be what was looked at. */
static int only_a_file(const char *arg, struct err *err)
{
	struct stat st;

	if (!strcmp(arg, "-") || (!stat(arg, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return err_set(err, EXIT_USAGE, "--save-baseline: %.200s is no file: write the result to one "
			       "first (iopt run --out DIR)", arg);
	return 0;
}

static void tell_kept(const struct stored *s, const char *name, const char *path)
{
	unsigned long number = strtoul(strrchr(path, '/') + 1, NULL, 10);
	char host[192];

	fingerprint_show(&s->host, host, sizeof(host));
	printf("kept as %s@%lu: %zu %s, commit %s, %s\n%s\n", name, number, s->ncases,
	       s->ncases == 1 ? "case" : "cases", *s->host.commit ? s->host.commit : "unknown", host,
	       path);
	if (s->processes < STAT_UNITS_MIN)
		fprintf(stderr, "iopt compare: it is of %u %s: for a verdict against it, %u are needed "
			"(iopt run --processes %u)\n", s->processes,
			s->processes == 1 ? "process" : "processes", STAT_UNITS_MIN, STAT_UNITS_MIN);
}

int compare_save_baseline(const struct compare_options *o, struct err *err)
{
	char path[PATH_BYTES];
	struct stored *s = NULL;
	int code = only_a_file(o->args[0], err) ? err->code : read_result(&s, o->args[0], err);

	if (code)
		return code;
	code = refuse_baseline(s, err);
	if (!code)
		code = store_save_baseline(o->save_baseline, s, path, sizeof(path), err);
	if (!code)
		tell_kept(s, o->save_baseline, path);
	stored_free(s);
	return code;
}

/* One after the other: a baseline may be large. What cannot be read is named, not trusted. */
static int add_stored(struct history *h, char *const *paths, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = strrchr(paths[i], '/') + 1;
		struct stored *old = NULL;
		int code = stored_read(&old, paths[i], err);

		if (code == EXIT_NO_RESOURCE)
			return code;
		if (code) {
			struct err broken = *err;

			if (history_leave_out(h, name, broken.text, err))
				return err->code;
			continue;
		}
		code = history_add(h, old, name, err);
		stored_free(old);
		if (code)
			return code;
	}
	return 0;
}

static int tell_history(const struct compare_options *o, const struct stored *now, struct err *err)
{
	struct history h;
	char **paths = NULL, **foreign = NULL;
	size_t n = 0, nforeign = 0;
	int code = store_list_baseline(o->history, &paths, &n, err);

	if (code)
		return code;
	code = store_list_foreign(o->history, &foreign, &nforeign, err);
	if (code) {
		store_free_list(paths, n);
		return code;
	}
	code = history_begin(&h, now, o->gate.gated, err);
	if (!code)
		code = add_stored(&h, paths, n, err);
	for (size_t i = 0; !code && i < nforeign; i++)
		code = history_leave_out(&h, strrchr(foreign[i], '/') + 1,
					 "not put there by iopt; not read", err);
	if (!code)
		code = history_end(&h, err);
	if (!code) {
		err->text[0] = '\0'; /* of baselines that could not be read: told by name */
		err->code = 0;
		history_write(&h, o->history, o->format, stdout); /* main tells of a stdout that fails */
	}
	history_free(&h);
	store_free_list(paths, n);
	store_free_list(foreign, nforeign);
	return code;
}

int compare_history(const struct compare_options *o, struct err *err)
{
	struct stored *now = NULL;
	int code;

	code = read_result(&now, o->args[0], err);
	if (code)
		return code;
	code = tell_history(o, now, err);
	stored_free(now);
	return code;
}
