/* list_tables.c - the tables of `iopt list`, as wide as the terminal. */
#include <string.h>

#include "bench/columns.h"
#include "bench/fit.h"
#include "bench/gate.h"
#include "bench/list.h"
#include "bench/option_row.h"
#include "bench/trace.h"
#include "bench/workload.h"
#include "pt/engine.h"
#include "pt/mutant.h"

#define NAMES_LEAST 13u

static void title(const char *text)
{
	struct terminal terminal = terminal_of(stdout);

	columns_words(stdout, &terminal, PAINT_TITLE, 0, 2, text);
}

/* Names, and what there is to say of each. */
static struct columns begin(const struct column *column, unsigned n)
{
	static struct terminal terminal;

	terminal = terminal_of(stdout);
	return columns_begin(stdout, &terminal, column, n, 2);
}

static const struct column pair[] = { { .least = NAMES_LEAST }, { .title = NULL } };

static void put(struct columns *t, const char *name, const char *text)
{
	columns_row(t);
	columns_cell(t, "%s", name);
	columns_rest(t, PAINT_NONE, "%s", text);
}

static void list_words(const char *what, const struct choice *c)
{
	struct columns t = begin(pair, 2);

	title(what);
	for (; c->name; c++)
		put(&t, c->name, c->help);
	columns_end(&t);
}

static void list_choices(const char *what, const char *flag, const struct choice *c)
{
	char text[120];

	snprintf(text, sizeof(text), "%s (--%s)", what, flag);
	list_words(text, c);
}

/* Words in lines of the terminal's width. */
static void put_words(const char *intro, char *words)
{
	struct terminal terminal = terminal_of(stdout);

	title(intro);
	fputs("     ", stdout);
	columns_words(stdout, &terminal, PAINT_NONE, 5, 5, words);
}

/* Names only: what there is to say of them is said of their elders. */
static void list_siblings(void)
{
	char words[2048] = "";

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (e->sibling)
			snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s", *words ? " " : "", e->name);
	fputc('\n', stdout);
	put_words("Siblings without the cursor: from the root again for every page (--walk re-walk)", words);
}

/* Of each format, by the first engine that has it. */
static void list_formats(void)
{
	struct columns t = begin(pair, 2);

	title("Formats");
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		const struct pt_engine *first = pt_engines;
		char sizes[80], text[200];

		while (strcmp(first->format, e->format))
			first++;
		if (first != e)
			continue;
		snprintf(text, sizeof(text), "pages of %s; 3 to %u levels, %s",
			 fit_show_sizes(sizes, sizeof(sizes), pt_engine_sizes(e)), pt_engine_levels_max(e),
			 pt_engine_grows(e) ? "growing" : "as many as it was created with");
		put(&t, e->format, text);
	}
	columns_end(&t);
}

void list_engines(void)
{
	static const struct column column[] = { { .title = "name" }, { .title = "body" },
						{ .title = "what is its own" } };
	struct columns t = begin(column, 3);

	title("Engines (--engines; the part after the slash will do): format/how callers are kept apart");
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		if (e->sibling)
			continue;
		columns_row(&t);
		columns_cell(&t, "%s", e->name);
		columns_cell(&t, "%s", e->body);
		columns_rest(&t, PAINT_NONE, "%s", e->help);
	}
	columns_end(&t);
	list_siblings();
	fputc('\n', stdout);
	t = begin(pair, 2);
	title("Groups of engines (--engines)");
	for (const struct choice *g = engine_groups; g->name; g++)
		put(&t, g->name, g->help);
	columns_end(&t);
	fputc('\n', stdout);
	list_formats();
}

/* "cold: …" for those about allocation; the others start from a warm table. */
static const char *kind_of(const struct workload *w)
{
	return w->unowned ? "broken" : w->forced ? "forced" : w->cold ? "cold" : w->dma ? "DMA" : "warm";
}

/* Does the text name the option? */
static bool names(const char *text, const char *option)
{
	size_t length = strlen(option);

	for (const char *at = strstr(text, option); at; at = strstr(at + 1, option))
		if (at - text >= 2 && at[-1] == '-' && at[-2] == '-' && !strchr("-abcdefghijklmnopqrstuvwxyz", at[length]))
			return true;
	return false;
}

/* Options that not every workload takes, beyond those of its line. */
static void put_options_of(struct columns *t, const struct workload *w)
{
	char words[300] = "";

	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->only && option_about(row, w->name) && !names(w->help, row->name))
			snprintf(words + strlen(words), sizeof(words) - strlen(words), " --%s", row->name);
	if (!*words)
		return;
	columns_row(t);
	columns_cell(t, "%s", "");
	columns_cell(t, "%s", "");
	columns_rest(t, PAINT_NONE, "%s%s", strstr(w->help, "(--") ? "also" : "takes", words);
}

void list_workloads(void)
{
	const struct choice *choices = workload_choices();
	static const struct column column[] = { { .least = NAMES_LEAST }, { .title = NULL }, { .title = NULL } };
	struct columns t = begin(column, 3);

	title("Workloads (--workload)");
	for (size_t i = 0; workloads[i]; i++) {
		const char *kind = kind_of(workloads[i]), *help = workloads[i]->help;
		size_t said = strlen(kind);

		columns_row(&t);
		columns_cell(&t, "%s", choices[i].name);
		columns_cell(&t, "%s", kind);
		columns_rest(&t, PAINT_NONE, "%s", strncmp(help, kind, said) || help[said] != ':' ? help
						   : help + said + 2);
		put_options_of(&t, workloads[i]);
	}
	columns_end(&t);
	fputc('\n', stdout);
	t = begin(pair, 2);
	title("What the kinds of workloads are about");
	put(&t, "warm", "pages come and go in tables that are there: time, throughput, latency");
	put(&t, "DMA", "the same with what is around it in the kernel: an allocator of addresses, a flush");
	put(&t, "cold", "tables are built: each slice begins with a fresh root; lost pages a table");
	put(&t, "forced", "the same, arrival forced by a barrier: not a rate, in no headline");
	put(&t, "broken", "the contract is broken on purpose: what is left of a range that two wrote");
	columns_end(&t);
	fputc('\n', stdout);
	list_choices("What workers share in private and adjacent", "share", share_choices);
	fputc('\n', stdout);
	list_choices("What writers fight over in workload overlap", "range", range_choices);
}

/* Every flag, in the groups of its help; what a value is called, what it does, range and default. */
static void list_rows(void)
{
	static const struct column column[] = { { .least = NAMES_LEAST, .most = 18 }, { .title = NULL } };
	struct columns t = begin(column, 2);
	char name[64], note[128];

	title("All options of `iopt run`, which are the keys of job files");
	for (int group = 0; group < GROUPS; group++) {
		for (const struct option_row *row = option_rows; row->name; row++) {
			if ((int)row->group != group)
				continue;
			snprintf(name, sizeof(name), "%s%s%s", row->name, *option_metavar(row) ? " " : "",
				 option_metavar(row));
			option_note(row, note, sizeof(note));
			columns_row(&t);
			columns_cell(&t, "%s", name);
			columns_rest(&t, PAINT_NONE, "%s%s%s%s", row->help, *note ? " [" : "", note,
				     *note ? "]" : "");
		}
	}
	columns_end(&t);
}

void list_options(void)
{
	char text[240];

	list_rows();
	for (const struct option_row *row = option_rows; row->name; row++) {
		/* those that are told of with the workloads they are about, or by themselves */
		if (!row->choices || row->choices == share_choices || row->choices == range_choices ||
		    row->choices == preset_choices)
			continue;
		fputc('\n', stdout);
		snprintf(text, sizeof(text), "Words of --%s: %s", row->name, row->help);
		list_words(text, row->choices);
	}
}

void list_iova(void)
{
	struct columns t = begin(pair, 2);

	title("Allocators of I/O addresses (--iova), in workloads ring, storage, bulk, piecewise");
	for (const struct iova_kind *const *k = iova_kinds; *k; k++)
		put(&t, (*k)->name, (*k)->help);
	columns_end(&t);
}

void list_presets(void)
{
	list_choices("Runs that line up with published numbers", "preset", preset_choices);
}

void list_traces(void)
{
	char names[512], *rest = names, *name;
	struct columns t = begin(pair, 1);

	title("Recorded traces (--workload replay:NAME; `iopt trace NAME` summarises one)");
	trace_shipped(names, sizeof(names));
	while ((name = strsep(&rest, ", "))) {
		if (!*name)
			continue;
		columns_row(&t);
		columns_cell(&t, "%s", name);
	}
	columns_end(&t);
}

void list_metrics(void)
{
	static const char *const helps[GATE_METRICS] = {
		[GATE_THROUGHPUT] = "operations a second, in units of the ruler beside them (--raw: as measured)",
		[GATE_P50] = "median latency, of each kind of operation",
		[GATE_P99] = "99th percentile of latency, of each kind",
		[GATE_P999] = "99.9th percentile of latency, of each kind",
		[GATE_WASTE] = "table pages allocated in vain, a table built",
	};
	struct columns t = begin(pair, 2);

	title("Metrics that a comparison judges (iopt compare --gate, --min-effect)");
	for (unsigned m = 0; m < GATE_METRICS; m++)
		put(&t, gate_metric_name[m], helps[m]);
	columns_end(&t);
}

void list_mutants(void)
{
	static const struct column column[] = { { .title = "name" }, { .title = "shows in" },
						{ .title = "what is wrong" } };
	struct columns t = begin(column, 3);

	title("Mutants: bugs that `iopt verify` must notice (--break)");
	for (unsigned m = MUTANT_NONE + 1; m < MUTANTS; m++) {
		columns_row(&t);
		columns_cell(&t, "%s", pt_mutants[m].name);
		columns_cell(&t, "%s", pt_mutants[m].engine);
		columns_rest(&t, PAINT_NONE, "%s", pt_mutants[m].help);
	}
	columns_end(&t);
}
