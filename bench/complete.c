#include "bench/complete.h"

#include <stdlib.h>
#include <string.h>

#include "bench/flags.h"
#include "bench/option_dma.h"
#include "bench/option_row.h"
#include "bench/trace.h"
#include "bench/verify.h"
#include "pt/engine.h"
#include "pt/mutant.h"

#define HELP_MAX 76u

/* A table has outgrown us: whoever made it so is to see it, in the build and its tests. */
static void outgrown(const char *what)
{
	fprintf(stderr, "iopt list: %s: too many words, complete.c has no room for them\n", what);
	abort();
}

static void add(struct complete_flag *f, const char *word, const char *help)
{
	size_t n = 0;

	while (f->words[n].name)
		n++;
	if (n + 1 == COMPLETE_WORDS)
		outgrown(f->name);
	f->words[n] = (struct choice){ word, help };
}

/* "node:N" is offered as "node:", for N is the user's. In one piece of static text for each. */
static const char *without_argument(const char *name)
{
	static char texts[16][24];
	size_t length = strcspn(name, ":") + 1, i = 0;

	if (length > strlen(name))
		return name;
	while (i < sizeof(texts) / sizeof(texts[0]) && *texts[i] &&
	       (strncmp(texts[i], name, length) || texts[i][length]))
		i++;
	if (length >= sizeof(texts[0]) || i == sizeof(texts) / sizeof(texts[0]))
		outgrown(name);
	snprintf(texts[i], sizeof(texts[i]), "%.*s", (int)length, name);
	return texts[i];
}

static void add_choices(struct complete_flag *f, const struct choice *c)
{
	for (; c && c->name; c++)
		add(f, without_argument(c->name), c->help);
}

/* By the part behind the slash where that will do; groups only where a word may stand for many. */
static void add_engines(struct complete_flag *f, bool groups)
{
	if (groups)
		add_choices(f, engine_groups);
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		const char *word = strchr(e->name, '/') + 1;

		add(f, pt_engine_find(word) == e ? word : e->name, e->help);
	}
}

static void add_iovas(struct complete_flag *f)
{
	for (const struct iova_kind *const *k = iova_kinds; *k; k++)
		add(f, (*k)->name, (*k)->help);
}

static void add_mutants(struct complete_flag *f)
{
	for (unsigned m = MUTANT_NONE + 1; m < MUTANTS; m++)
		add(f, pt_mutants[m].name, pt_mutants[m].help);
}

/* What the help calls a value says what it is. */
static enum complete_value by_metavar(struct complete_flag *f)
{
	static const struct {
		const char *metavar;
		enum complete_value value;
	} files[] = {
		{ "FILE", VALUE_FILE }, { "FILE|SYNTHETIC", VALUE_FILE }, { "IOPT", VALUE_FILE },
		{ "PROGRAM", VALUE_FILE }, { "DIR", VALUE_DIR },
	};

	for (size_t i = 0; f->metavar && i < sizeof(files) / sizeof(files[0]); i++)
		if (!strcmp(f->metavar, files[i].metavar))
			return files[i].value;
	if (!f->metavar)
		return VALUE_FREE;
	if (!strncmp(f->metavar, "ENGINE", 6)) {
		add_engines(f, false);
		return strchr(f->metavar, ',') ? VALUE_LIST : VALUE_WORDS;
	}
	if (!strncmp(f->metavar, "LAYER", 5)) {
		for (unsigned l = 0; l < VERIFY_EXPLORER; l++)
			add(f, verify_layer_name[l], "");
		return VALUE_LIST;
	}
	if (!strcmp(f->metavar, "MUTANT"))
		add_mutants(f);
	else if (!strcmp(f->metavar, "PLACE"))
		add_choices(f, place_choices);
	return f->words[0].name ? VALUE_WORDS : VALUE_FREE;
}

/* Of values that are numbers, the words that may stand for one. */
static void add_words_of(struct complete_flag *f, const struct option_row *row)
{
	if (row->kind == &kind_threads)
		add(f, "all", "one on each allowed CPU");
	if (row->kind == &kind_sample)
		add(f, "none", "no latencies");
	if (!row->choices && !strcmp(row->def, "auto"))
		add(f, "auto", "the default");
}

static void of_row(struct complete_flag *f, const struct option_row *row)
{
	*f = (struct complete_flag){ .name = row->name, .help = row->help,
				     .metavar = row->metavar ? row->metavar : row->kind->metavar };
	if (row->kind == &kind_bool)
		return;
	if (row->kind == &kind_engine)
		add_engines(f, true);
	else if (row->kind == &kind_workload)
		add_choices(f, workload_choices());
	else if (row->kind == &kind_iova)
		add_iovas(f);
	else
		add_choices(f, row->choices);
	add_words_of(f, row);
	if (f->words[0].name)
		f->value = row->count == ROW_SCALAR ? VALUE_WORDS : VALUE_LIST;
	else
		f->value = by_metavar(f);
}

static void of_flag(struct complete_flag *f, const struct flag *flag)
{
	*f = (struct complete_flag){ .name = flag->name, .help = flag->help, .metavar = flag->metavar };
	if (flag->kind == FLAG_BOOL)
		return;
	for (size_t i = 0; flag->choices && flag->choices[i]; i++)
		add(f, flag->choices[i], "");
	f->attached = flag->kind == FLAG_MODE;
	f->value = f->words[0].name ? VALUE_WORDS : by_metavar(f);
}

void complete_flags(const struct help_page *page,
		    void (*fn)(void *ctx, const struct complete_flag *flag), void *ctx)
{
	struct complete_flag f;

	for (const struct option_row *row = option_rows; page->options && row->name; row++) {
		of_row(&f, row);
		fn(ctx, &f);
	}
	for (const struct flag *flag = page->flags; flag && flag->name; flag++) {
		of_flag(&f, flag);
		fn(ctx, &f);
	}
	f = (struct complete_flag){ .name = "help", .help = "what this verb does, and its flags" };
	fn(ctx, &f);
}

char *complete_help(char buf[COMPLETE_HELP_BYTES], const char *help)
{
	size_t length = strnlen(help, HELP_MAX + 1);

	if (length <= HELP_MAX) {
		snprintf(buf, COMPLETE_HELP_BYTES, "%s", help);
		return buf;
	}
	while (length && help[length] != ' ') /* no half words, nor half characters */
		length--;
	while (length && strchr(" ,;:", help[length - 1]))
		length--;
	snprintf(buf, COMPLETE_HELP_BYTES, "%.*s …", (int)length, help);
	return buf;
}

char *complete_traces(char *buf, size_t size)
{
	trace_shipped(buf, size);
	for (char *comma = buf; (comma = strchr(comma, ','));)
		memmove(comma, comma + 1, strlen(comma));
	return buf;
}
