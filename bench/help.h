/*
 * help.h - what a verb says of itself, in one place: `--help` prints it, and the completions of the
 * shells and iopt(1) are made of the same pages, so that there is no second list to keep. A verb builds
 * its page where its flags are, when it is asked for help. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct choice;
struct flag;

struct help_page {
	const char *verb;
	/* "usage: iopt VERB …" lines, an empty line, then what it is about; indented lines stay as they are. */
	const char *usage;
	const struct choice *list;  /* printed behind that, a row each; ends with a NULL name; or NULL */
	bool options;               /* its flags are the rows of option_row.h; else … */
	const struct flag *flags;   /* … these; NULL: none but --help */
	const char *examples;       /* behind the flags, what else there is to say; or NULL */
	bool files;                 /* its arguments are files … */
	const char *const *words;   /* … and, or, the first is one of these; ends with NULL; or NULL */
};

/* The page on stdout, or wherever help_each() wants it. */
void help_show(const struct help_page *page);
void help_print(const struct help_page *page, FILE *out);
/*
 * Call fn with the page of every verb, in their order; it is only there during the call. Whatever else
 * a verb does when asked for help it does.
 */
void help_each(void (*fn)(void *ctx, const struct help_page *page), void *ctx);
