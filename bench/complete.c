#include "bench/complete.h"

#include <string.h>

#include "bench/flags.h"
#include "bench/option_dma.h"
#include "bench/option_row.h"
#include "bench/verify.h"
#include "pt/engine.h"
#include "pt/mutant.h"

#define WORDS_MAX (sizeof(((struct complete_flag *)0)->words) / sizeof(const char *))
#define HELP_MAX 64u

static void add(struct complete_flag *f, const char *word)
{
	size_t n = 0;

	while (f->words[n])
		n++;
	if (n + 1 < WORDS_MAX)
		f->words[n] = word;
}

/* "node:N" is offered as "node:", for N is the user's. In one piece of static text for each. */
static const char *without_argument(const char *name)
{
	static char texts[16][24];
	size_t length = strcspn(name, ":") + 1, i = 0;

	if (length > strlen(name) || length >= sizeof(texts[0]))
		return name;
	while (i < sizeof(texts) / sizeof(texts[0]) - 1 && *texts[i] &&
	       (strncmp(texts[i], name, length) || texts[i][length]))
		i++;
	snprintf(texts[i], sizeof(texts[i]), "%.*s", (int)length, name);
	return texts[i];
}

static void add_choices(struct complete_flag *f, const struct choice *c)
{
	for (; c && c->name; c++)
		add(f, without_argument(c->name));
}

/* By the part behind the slash where that will do; groups only where a word may stand for many. */
static void add_engines(struct complete_flag *f, bool groups)
{
	if (groups)
		add_choices(f, engine_groups);
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		const char *word = strchr(e->name, '/') + 1;

		add(f, pt_engine_find(word) == e ? word : e->name);
	}
}

static void add_iovas(struct complete_flag *f)
{
	for (const struct iova_kind *const *k = iova_kinds; *k; k++)
		add(f, (*k)->name);
}

static void add_mutants(struct complete_flag *f)
{
	for (unsigned m = MUTANT_NONE + 1; m < MUTANTS; m++)
		add(f, pt_mutants[m].name);
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
			add(f, verify_layer_name[l]);
		return VALUE_LIST;
	}
	if (!strcmp(f->metavar, "MUTANT"))
		add_mutants(f);
	else if (!strcmp(f->metavar, "PLACE"))
		add_choices(f, place_choices);
	return f->words[0] ? VALUE_WORDS : VALUE_FREE;
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
	if (f->words[0])
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
		add(f, flag->choices[i]);
	f->attached = flag->kind == FLAG_MODE;
	f->value = f->words[0] ? VALUE_WORDS : by_metavar(f);
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

char *complete_help(char *buf, size_t size, const char *help)
{
	size_t length = strcspn(help, ";:(");

	length = length < HELP_MAX ? length : HELP_MAX;
	if (help[length]) /* no half words */
		while (length && strchr(" ,;", help[length - 1]))
			length--;
	if (length == HELP_MAX)
		while (length && help[length] != ' ')
			length--;
	snprintf(buf, size, "%.*s", (int)length, help);
	return buf;
}
