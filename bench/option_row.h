/*
 * option_row.h - the table behind options.h. A row says all there is to know about an option; its
 * kind says how one value of it is read, checked and written.
 */
#pragma once

#include "bench/options.h"

struct option_row;

/* What is wrong with a value, and the remedy: the tail of an error message. */
struct why {
	char item[256]; /* the piece of a list it is about */
	char text[400];
};

struct choice {
	const char *name;
	const char *help;
};

struct option_kind {
	const char *metavar;
	size_t size;     /* of a value in struct options */
	bool (*parse)(const struct option_row *row, const char *text, void *value, struct why *why);
	/* The value as parse() reads it back. */
	char *(*show)(const struct option_row *row, const void *value, char *buf, size_t size);
	/* The i-th member of a group that is written as one word, or NULL. May be NULL. */
	const char *(*member)(const char *text, size_t i);
};

extern const struct option_kind kind_bool, kind_count, kind_unsigned, kind_sample, kind_threads,
	kind_duration, kind_page_size, kind_choice, kind_text, kind_engine, kind_workload,
	kind_place, kind_mem, kind_ratio, kind_auto, kind_handicap;

enum option_group { GROUP_WHAT, GROUP_SHAPE, GROUP_WHERE, GROUP_MEASURE, GROUP_OUTPUT, GROUPS };

#define ROW_SCALAR SIZE_MAX
enum {
	ROW_CHOOSES = 1, /* turns the default comparison into a run of one's own */
	ROW_ONCE = 2,    /* about the invocation: not in a section, not in a written job */
	ROW_AUTO = 4,    /* a list that may be empty, written `auto` */
};

struct option_row {
	const char *name;
	const struct option_kind *kind;
	size_t count;    /* offset of the number of values; ROW_SCALAR: one value */
	size_t offset;   /* of the (first) value */
	uint64_t min, max;
	const struct choice *choices; /* ends with a NULL name */
	const char *def, *metavar, *help;
	enum option_group group;
	unsigned flags;
	const char *only; /* workloads it is about, with commas; NULL: most */
};

/* Ends with a row whose name is NULL; at most 64 rows (options.given has a bit for each). */
extern const struct option_row option_rows[];
const struct option_row *option_find(const char *name);
extern const char *const option_group_title[GROUPS];
/* What its value is called in help; "1..64; default 4", or "" where there is nothing to say. */
const char *option_metavar(const struct option_row *row);
char *option_note(const struct option_row *row, char *buf, size_t size);
/* Is the option about this workload? */
bool option_about(const struct option_row *row, const char *workload);
/* Tells the nearest option name, with `prefix` before it; "" when none is near. */
char *option_suggest(const char *name, const char *prefix, char *buf, size_t size);

/*
 * Replace the row's values by those in `text` (a list where the row is one). False: *why says
 * which piece of the text is wrong and what to do; the values are then unspecified.
 */
bool option_set(struct options *o, const struct option_row *row, const char *text,
		struct why *why);
/* The bit of options.given. */
static inline uint64_t option_bit(const struct option_row *row)
{
	return 1ULL << (row - option_rows);
}
/* Is the option about any of the workloads chosen? */
bool options_about(const struct options *o, const struct option_row *row);
/* Settle preset_default; refuse options that contradict each other (EXIT_USAGE). */
int options_check(struct options *o, struct err *err);
/* Read a job file into *jobs, each on top of the defaults. */
int jobfile_read(struct options **jobs, size_t *n, const char *path, struct err *err);

/* Names with a line of help, each ending with a NULL name. */
extern const struct choice place_choices[], smt_choices[], mem_choices[], zero_choices[],
	source_choices[], share_choices[], order_choices[], range_choices[], walk_choices[],
	levels_choices[], pace_choices[], speed_choices[], breakage_choices[], counters_choices[], format_choices[],
	engine_groups[], preset_choices[];
const struct choice *workload_choices(void);
