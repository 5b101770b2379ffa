/* list.c - `iopt list`: engines, workloads, and the words that options take. */
#include <string.h>

#include "bench/complete.h"
#include "bench/fit.h"
#include "bench/list.h"
#include "bench/manual.h"
#include "bench/option_dma.h"
#include "bench/suggest.h"
#include "bench/verbs.h"
#include "pt/engine.h"
#include "pt/mutant.h"

#define LIST_COLUMNS 96u

static void list_choices(const char *title, const char *flag, const struct choice *c)
{
	printf("\n%s (--%s)\n", title, flag);
	for (; c->name; c++)
		printf("  %-13s %s\n", c->name, c->help);
}

/* Names only, several to a line: what there is to say of them is said of their elders. */
static void list_siblings(void)
{
	size_t column = 0;

	printf("\nSiblings without the cursor: from the root again for every page (--walk re-walk)");
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		size_t length = strlen(e->name) + 1;

		if (!e->sibling)
			continue;
		if (!column || column + length > LIST_COLUMNS)
			column = (size_t)printf("\n     ") - 1;
		printf(" %s", e->name);
		column += length;
	}
	printf("\n");
}

/* Of each format, by the first engine that has it. */
static void list_formats(void)
{
	printf("\nFormats\n");
	for (const struct pt_engine *e = pt_engines; e->name; e++) {
		const struct pt_engine *first = pt_engines;
		char sizes[80];

		while (strcmp(first->format, e->format))
			first++;
		if (first == e)
			printf("  %-13s pages of %s; 3 to %u levels, %s\n", e->format,
			       fit_show_sizes(sizes, sizeof(sizes), pt_engine_sizes(e)),
			       pt_engine_levels_max(e),
			       pt_engine_grows(e) ? "growing" : "as many as it was created with");
	}
}

static void list_engines(void)
{
	printf("Engines (--engines; the part after the slash will do)\n");
	printf("  %-29s %-8s %-7s %s\n", "name", "format", "body", "sync");
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!e->sibling)
			printf("  %-29s %-8s %-7s %s\n      %s%s\n", e->name, e->format, e->body,
			       e->sync, e->help, e->single ? " (one thread only)" : "");
	list_siblings();
	printf("\nGroups of engines\n");
	for (const struct choice *g = engine_groups; g->name; g++)
		printf("  %-13s %s\n", g->name, g->help);
	list_formats();
}

static void list_workloads(void)
{
	list_choices("Workloads", "workload", workload_choices());
	list_choices("What workers share in private and adjacent", "share", share_choices);
	list_choices("What writers fight over in workload overlap", "range", range_choices);
}

static void list_options(void)
{
	list_choices("Walks", "walk", walk_choices);
	list_choices("Placements", "place", place_choices);
	list_choices("When a core's second hyperthread is used", "smt", smt_choices);
	list_choices("Memory policies", "mem", mem_choices);
	list_choices("Zeroing of table pages", "zero", zero_choices);
	list_choices("Sources of table pages", "page-source", source_choices);
	list_choices("Orders of pages", "order", order_choices);
	list_choices("Levels of a new table", "levels", levels_choices);
	list_choices("Invalidation behind an unmap", "flush", flush_choices);
	list_choices("Breakages that the audit must catch", "break", breakage_choices);
	list_choices("Formats of stdout", "format", format_choices);
	printf("\nAll options (flags, and keys of job files)\n");
	for (const struct option_row *row = option_rows; row->name; row++)
		printf("  %-13s %s\n", row->name, row->help);
}

static void list_iova(void)
{
	printf("\nAllocators of I/O addresses (--iova), in workloads ring, storage, bulk, piecewise\n");
	for (const struct iova_kind *const *k = iova_kinds; *k; k++)
		printf("  %-13s %s\n", (*k)->name, (*k)->help);
}

static void list_mutants(void)
{
	printf("\nMutants: bugs that `iopt verify` must notice (--break)\n");
	printf("  %-19s %-14s %s\n", "name", "shows in", "what is wrong");
	for (unsigned m = MUTANT_NONE + 1; m < MUTANTS; m++)
		printf("  %-19s %-14s %s\n", pt_mutants[m].name, pt_mutants[m].engine,
		       pt_mutants[m].help);
}

static void list_bash(void)
{
	complete_bash(stdout);
}

static void list_zsh(void)
{
	complete_zsh(stdout);
}

static void list_fish(void)
{
	complete_fish(stdout);
}

static void list_man(void)
{
	manual_write(stdout);
}

static const struct {
	const char *name;
	void (*print)(void);
	bool apart; /* no part of the list of everything */
} topics[] = {
	{ "engines", list_engines, false },
	{ "workloads", list_workloads, false },
	{ "options", list_options, false },
	{ "iova", list_iova, false },
	{ "mutants", list_mutants, false },
	{ "bash", list_bash, true },
	{ "zsh", list_zsh, true },
	{ "fish", list_fish, true },
	{ "man", list_man, true },
};

#define NTOPICS (sizeof(topics) / sizeof(topics[0]))

static const char usage[] =
	"usage: iopt list [engines|workloads|options|iova|mutants|baselines]\n"
	"       iopt list bash|zsh|fish|man\n"
	"\n"
	"Name what can be measured and what options of `iopt run` take. Without an argument: all of\n"
	"that. Mutants are known bugs that `iopt verify` can switch on, to see that they are noticed.\n"
	"Baselines are the results that `iopt compare --save-baseline` has kept here.\n"
	"\n"
	"The completion of a shell, and iopt(1) in man(7), are written for installation; they are made\n"
	"of the same tables as this.\n"
	"\n"
	"Examples:\n"
	"  iopt list engines\n"
	"  source <(iopt list bash)\n"
	"  iopt list man | man -l -\n";

int verb_list(int argc, char **argv)
{
	const char *words[NTOPICS + 2] = { "baselines" };
	const struct help_page page = { .verb = "list", .usage = usage, .words = words };
	const char *topic;
	struct suggest s;
	struct err err;
	char did[64];
	int rc;

	for (size_t i = 0; i < NTOPICS; i++)
		words[i + 1] = topics[i].name;
	if (!verb_argument(&page, argc, argv, &topic, &rc))
		return rc;
	if (topic && !strcmp(topic, "baselines"))
		return list_baselines(&err) ? verb_fail("list", &err) : EXIT_FINE;
	suggest_start(&s, topic ? topic : "");
	suggest_offer(&s, "baselines");
	for (size_t i = 0; i < NTOPICS; i++) {
		if (topic ? !strcmp(topic, topics[i].name) : !topics[i].apart) {
			topics[i].print();
			if (topic)
				return EXIT_FINE;
		}
		suggest_offer(&s, topics[i].name);
	}
	if (!topic)
		return EXIT_FINE;
	err_set(&err, EXIT_USAGE, "%s: not one of engines, workloads, options, iova, mutants, "
		"baselines, bash, zsh, fish, man%s", topic,
		suggest_text(&s, "", did, sizeof(did)));
	return verb_fail("list", &err);
}
