/*
 * preset.h - runs that line up with numbers somebody else has published (--preset): the same work,
 * and their figures beside ours with source and hardware. A preset is one row of presets.c and one
 * file preset_NAME.c. Main thread.
 */
#pragma once

#include <stddef.h>

#include "bench/options.h"

struct err;
struct node;
struct option_row;
struct plan;
struct screen;
struct topology;

struct preset {
	const char *name, *help;
	const char *argument; /* metavariable of NAME:ARGUMENT, NULL for none */
	const char *takes; /* options of what and where that it leaves to the user, with commas */
	/* Are these the arguments of one? False: what is wrong is in `why`. NULL: it takes none. */
	bool (*parse)(const char *args, char *why, size_t size);
	/* Append its groups with plan_add() (plan_default.h). Pure. 0, or EXIT_* in err. */
	int (*plan)(struct plan *plan, const struct options *o, const struct topology *topo,
		    struct err *err);
	/* Its part of the screen, in place of the list of cases. */
	void (*print)(const struct screen *s);
	/* Objects with the published numbers into `array`: published[] of the document. */
	void (*publish)(struct node array);
};

/* In the order of preset_choices, whose first is `none`; ends with NULL. */
extern const struct preset *const presets[];
/* The one asked for; NULL: none. */
const struct preset *preset_of(const struct options *o);
/* Is the option one that it leaves to the user? */
bool preset_takes(const struct preset *p, const char *option);
/* Is it one that presets choose, unless they take it: what is measured, and where? */
bool preset_chooses(const struct option_row *row);

/* "NAME" or "NAME:ARGUMENTS" as a value of an option. */
extern const struct option_kind kind_preset;
/* As it was written; "" for none. Returns buf. */
char *preset_show(const struct options *o, char *buf, size_t size);

extern const struct preset preset_generic_pt, preset_dma_map_benchmark;
