/*
 * complete.h - completion for bash, zsh and fish, made of the pages that `--help` shows: verbs, their
 * flags, and what values these take. A value is known by the kind of its row, or by its name in the
 * help (FILE, DIR, ENGINE …). Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/help.h"
#include "bench/option_row.h"

#define COMPLETE_WORDS 128u
#define COMPLETE_HELP_BYTES 84u

enum complete_value {
	VALUE_NONE,   /* the flag takes none */
	VALUE_FREE,   /* one that cannot be guessed: a number, a time */
	VALUE_FILE,
	VALUE_DIR,
	VALUE_WORDS,  /* one of words[] */
	VALUE_LIST,   /* some of them, with commas */
};

struct complete_flag {
	const char *name, *metavar, *help;
	enum complete_value value;
	bool attached;                 /* the value stands behind `=` only, and may be left out */
	struct choice words[COMPLETE_WORDS]; /* ends with a NULL name; "node:" wants something behind it */
};

/* Call fn with every flag of the page, --help the last; what it is shown is its only during the call. */
void complete_flags(const struct help_page *page,
		    void (*fn)(void *ctx, const struct complete_flag *flag), void *ctx);
/* A help text, or its first words and "…": a row of a list has room for so many. Returns buf. */
char *complete_help(char buf[COMPLETE_HELP_BYTES], const char *help);
/* "a b c": names of shipped traces, which a FILE may be, and what follows replay:. Returns buf. */
char *complete_traces(char *buf, size_t size);

/* What the shell is to read. */
void complete_bash(FILE *out);
void complete_zsh(FILE *out);
void complete_fish(FILE *out);
