/* options.c - the rows put to work: defaults, lists, flags, and what contradicts what. */
#include "bench/options.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bench/fit.h"
#include "bench/option_dma.h"
#include "bench/option_row.h"
#include "bench/page_mix.h"
#include "bench/preset.h"

__attribute__((format(printf, 3, 4))) static bool refuse(struct why *why, const char *item,
							  const char *fmt, ...)
{
	va_list ap;

	snprintf(why->item, sizeof(why->item), "%s", item);
	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return false;
}

/* Append one value to the row's list; two of a kind would measure the same case twice. */
static bool list_add(struct options *o, const struct option_row *row, const char *text,
		     struct why *why)
{
	size_t *n = (size_t *)((char *)o + row->count);
	char *values = (char *)o + row->offset;
	char shown[256], other[256];
	void *value = values + *n * row->kind->size;

	snprintf(why->item, sizeof(why->item), "%s", text);
	if (*n == LIST_MAX)
		return refuse(why, text, "more than %u values", LIST_MAX);
	if (!row->kind->parse(row, text, value, why))
		return false;
	row->kind->show(row, value, shown, sizeof(shown));
	for (size_t i = 0; i < *n; i++) {
		row->kind->show(row, values + i * row->kind->size, other, sizeof(other));
		if (!strcmp(shown, other))
			return refuse(why, text, "in the list twice; name it once");
	}
	++*n;
	return true;
}

static bool list_add_word(struct options *o, const struct option_row *row, const char *word,
			  struct why *why)
{
	const char *member;

	if (!row->kind->member || !row->kind->member(word, 0))
		return list_add(o, row, word, why);
	for (size_t i = 0; (member = row->kind->member(word, i)); i++) {
		if (!list_add(o, row, member, why))
			return false;
		if (row->kind == &kind_engine)
			o->engines_of_words |= 1ull << (o->engines.n - 1);
	}
	return true;
}

/* Length of the next piece: up to a comma, but `cpus:0,2-5` is one piece. */
static size_t piece_len(const struct option_row *row, const char *text)
{
	size_t len = strcspn(text, ",");

	if (row->kind == &kind_place && !strncmp(text, "cpus:", 5))
		while (text[len] == ',' && text[len + 1] >= '0' && text[len + 1] <= '9')
			len += 1 + strcspn(text + len + 1, ",");
	return len;
}

static bool list_set(struct options *o, const struct option_row *row, const char *text,
		     struct why *why)
{
	const char *all = text;
	char word[256];

	*(size_t *)((char *)o + row->count) = 0;
	if (row->kind == &kind_engine)
		o->engines_of_words = 0;
	if (row->flags & ROW_AUTO && !strcmp(text, "auto"))
		return true;
	for (;;) {
		text += strspn(text, " ");
		size_t len = piece_len(row, text), end = len;

		while (end && text[end - 1] == ' ')
			end--;
		if (!end)
			return refuse(why, all, "an empty place in the list");
		if (end >= sizeof(word))
			return refuse(why, "", "longer than %zu bytes", sizeof(word) - 1);
		snprintf(word, sizeof(word), "%.*s", (int)end, text);
		if (!list_add_word(o, row, word, why))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

bool option_set(struct options *o, const struct option_row *row, const char *text,
		struct why *why)
{
	*why = (struct why){ 0 };
	snprintf(why->item, sizeof(why->item), "%s", text);
	if (row->count != ROW_SCALAR)
		return list_set(o, row, text, why);
	return row->kind->parse(row, text, (char *)o + row->offset, why);
}

void options_default(struct options *o)
{
	struct why why;

	*o = (struct options){ .preset_default = true };
	for (const struct option_row *row = option_rows; row->name; row++) {
		bool good = !*row->def || option_set(o, row, row->def, &why);

		assert(good);
		(void)good;
	}
}

bool options_given(const struct options *o, const char *name)
{
	const struct option_row *row = option_find(name);

	assert(row);
	return o->given & option_bit(row);
}

static bool options_workload(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->workloads.n; i++)
		if (!strcmp(o->workloads.v[i], name))
			return true;
	return false;
}

bool options_about(const struct options *o, const struct option_row *row)
{
	for (size_t i = 0; i < o->workloads.n; i++)
		if (option_about(row, o->workloads.v[i]))
			return true;
	return false;
}

static int check_share(const struct options *o, const char *job, struct err *err)
{
	bool leaves = o->share == SHARE_TABLE || o->share == SHARE_LINE;
	const char *about = leaves ? "adjacent" : "private", *name = share_name(o->share);

	if (o->share == SHARE_AUTO)
		return 0;
	if (!leaves && options_workload(o, "adjacent"))
		return err_set(err, EXIT_USAGE, "%s--share %s: workload adjacent shares leaf "
			       "tables; use --share table or line, or --workload private", job, name);
	if (!options_workload(o, about))
		return err_set(err, EXIT_USAGE, "%s--share %s: is about workload %s; add --workload %s",
			       job, name, about, about);
	return 0;
}

int options_check(struct options *o, struct err *err)
{
	const struct preset *p = preset_of(o);
	char job[72] = "";

	if (*o->job)
		snprintf(job, sizeof(job), "[%s] ", o->job);
	o->preset_default = true;
	for (const struct option_row *row = option_rows; row->name; row++) {
		if (!(o->given & option_bit(row)))
			continue;
		if (row->flags & ROW_CHOOSES)
			o->preset_default = false;
		if (p && preset_takes(p, row->name))
			continue;
		if (p && preset_chooses(row))
			return err_set(err, EXIT_USAGE, "%s--%s: --preset %s chooses that itself; leave one "
				       "out", job, row->name, p->name);
		if (!options_about(o, row))
			return err_set(err, EXIT_USAGE, "%s--%s: is about workload %s; add "
				       "--workload %.*s", job, row->name, row->only,
				       (int)strcspn(row->only, ","), row->only);
	}
	if (options_given(o, "pace") && o->rate.n == 1 && !o->rate.v[0])
		return err_set(err, EXIT_USAGE, "%s--pace: is about --rate; add --rate 50k, say", job);
	if (o->warmup_ns >= o->slice_ns)
		return err_set(err, EXIT_USAGE, "%s--warmup: must be shorter than --slice, whose "
			       "untimed start it is; --warmup 0 goes without", job);
	if (o->lock_stat && (o->breakage || o->handicap.kind))
		return err_set(err, EXIT_USAGE, "%s--lock-stat: its observed copies know nothing of --%s; "
			       "leave one out", job, o->breakage ? "break" : "handicap");
	if (*o->topology && !o->dry_run)
		return err_set(err, EXIT_USAGE, "%s--topology: another machine can be planned "
			       "for, not measured; add --dry-run", job);
	if (page_sizes_check(o->page_size.v, o->page_size.n, "page-size", job, err) ||
	    options_check_dma(o, job, err))
		return err->code;
	return check_share(o, job, err);
}

struct flag {
	const struct option_row *row;
	const char *value;
};

struct command_line {
	struct flag *flags;
	size_t nflags;
	const char *path; /* of the job file, or NULL */
};

/* One flag at argv[0]; *used is the number of arguments it takes. */
static int flag_read(struct command_line *line, int argc, char **argv, int *used,
		     struct err *err)
{
	const char *equals = strchr(argv[0], '=');
	char name[32], did[64];

	snprintf(name, sizeof(name), "%.*s",
		 equals ? (int)(equals - argv[0] - 2) : (int)sizeof(name), argv[0] + 2);
	const struct option_row *row = option_find(name);

	if (!row)
		return err_set(err, EXIT_USAGE, "--%s: unknown option%s (`iopt run --help` lists "
			       "all)", name, option_suggest(name, "--", did, sizeof(did)));
	for (size_t i = 0; i < line->nflags; i++)
		if (line->flags[i].row == row)
			return err_set(err, EXIT_USAGE, "--%s: given twice; %s", name,
				       row->count == ROW_SCALAR ? "give it once" :
				       "put the values into one list, with commas");
	line->flags[line->nflags++] = (struct flag){ row, equals ? equals + 1 : "yes" };
	*used = 1;
	if (equals || row->kind == &kind_bool)
		return 0;
	if (argc < 2 || !strncmp(argv[1], "--", 2))
		return err_set(err, EXIT_USAGE, "--%s: needs a value, such as --%s %s", name, name,
			       *row->def ? row->def : "NAME");
	line->flags[line->nflags - 1].value = argv[1];
	*used = 2;
	return 0;
}

static int command_line_read(struct command_line *line, int argc, char **argv, struct err *err)
{
	int rc, used;

	for (int i = 0; i < argc; i += used) {
		used = 1;
		if (!strncmp(argv[i], "--", 2) && argv[i][2]) {
			rc = flag_read(line, argc - i, argv + i, &used, err);
			if (rc)
				return rc;
		} else if (argv[i][0] == '-') {
			return err_set(err, EXIT_USAGE, "%s: unknown option; options are written "
				       "out, such as --threads 2", argv[i]);
		} else if (line->path) {
			return err_set(err, EXIT_USAGE, "%s: a second job file (the first is %s); "
				       "one file may hold many jobs", argv[i], line->path);
		} else {
			line->path = argv[i];
		}
	}
	return 0;
}

static int flags_apply(struct options *o, const struct command_line *line, struct err *err)
{
	struct why why;

	for (size_t i = 0; i < line->nflags; i++) {
		const struct option_row *row = line->flags[i].row;

		if (!option_set(o, row, line->flags[i].value, &why))
			return err_set(err, EXIT_USAGE, "--%s %.180s: %.280s", row->name, why.item,
				       why.text);
		o->given |= option_bit(row);
	}
	return options_check(o, err);
}

/*
 * --resume DIR: the jobs are those of DIR/job.ini and the results go there again, so other choices
 * would not belong to what was measured.
 */
static int resume_read(struct command_line *line, char *path, size_t size, struct err *err)
{
	const char *dir = NULL;

	for (size_t i = 0; i < line->nflags; i++)
		if (!strcmp(line->flags[i].row->name, "resume"))
			dir = line->flags[i].value;
	if (!dir)
		return 0;
	for (size_t i = 0; i < line->nflags; i++) {
		const struct option_row *row = line->flags[i].row;

		if (!(row->flags & ROW_ONCE) || !strcmp(row->name, "out"))
			return err_set(err, EXIT_USAGE, "--%s: what is resumed is what %.200s/job.ini "
				       "says; leave it out", row->name, dir);
	}
	if (line->path)
		return err_set(err, EXIT_USAGE, "%.200s: --resume has its own job file, %.200s/job.ini; "
			       "leave one out", line->path, dir);
	if (snprintf(path, size, "%s/job.ini", dir) >= (int)size)
		return err_set(err, EXIT_USAGE, "--resume: the path is too long");
	line->path = path;
	return 0;
}

static int jobs_read(struct options **jobs, size_t *n, const struct command_line *line,
		     struct err *err)
{
	if (line->path)
		return jobfile_read(jobs, n, line->path, err);
	*jobs = malloc(sizeof(**jobs));
	if (!*jobs)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the options");
	*n = 1;
	options_default(*jobs);
	return 0;
}

/* Its tables take the place of the screen's list of cases, so there is no room for another job's. */
static int check_presets(const struct options *jobs, size_t n, struct err *err)
{
	for (size_t i = 0; i < n && n > 1; i++)
		if (preset_of(&jobs[i]))
			return err_set(err, EXIT_USAGE, "[%s] --preset %s: stands alone, and here are %zu jobs; "
				       "give it a job file of its own", jobs[i].job, preset_of(&jobs[i])->name, n);
	return 0;
}

int jobs_parse(struct options **jobs, size_t *n, int argc, char **argv, bool *help,
	       struct err *err)
{
	struct command_line line = { 0 };
	char resumed[300];
	int rc;

	*jobs = NULL;
	*n = 0;
	*help = false;
	for (int i = 0; i < argc; i++)
		*help = *help || !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");
	if (*help)
		return 0;
	line.flags = calloc((size_t)argc + 1, sizeof(*line.flags));
	if (!line.flags)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for the options");
	rc = command_line_read(&line, argc, argv, err);
	if (!rc)
		rc = resume_read(&line, resumed, sizeof(resumed), err);
	if (!rc)
		rc = jobs_read(jobs, n, &line, err);
	for (size_t i = 0; !rc && i < *n; i++) {
		rc = flags_apply(&(*jobs)[i], &line, err);
		if ((*jobs)[i].resume[0])
			memcpy((*jobs)[i].out, (*jobs)[i].resume, sizeof((*jobs)[i].out));
	}
	if (!rc)
		rc = check_presets(*jobs, *n, err);
	for (size_t i = 0; !rc && i < *n; i++)
		fit_engines(&(*jobs)[i]);
	free(line.flags);
	if (rc) {
		free(*jobs);
		*jobs = NULL;
		*n = 0;
	}
	return rc;
}
