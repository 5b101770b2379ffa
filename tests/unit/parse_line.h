/* parse_line.h - jobs_parse() on a line of text, for the tests of options and job files. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bench/options.h"

#define ARGS_MAX 32

struct parsed {
	struct options *jobs;
	size_t n;
	bool help;
	int rc;
	struct err err;
};

/* `line` is cut at blanks. */
static inline struct parsed parse(const char *line)
{
	struct parsed p = { 0 };
	char *copy = strdup(line), *argv[ARGS_MAX + 1] = { 0 }, *rest = copy, *arg;
	int argc = 0;

	while ((arg = strsep(&rest, " ")))
		if (*arg) {
			assert_true(argc < ARGS_MAX);
			argv[argc++] = arg;
		}
	p.rc = jobs_parse(&p.jobs, &p.n, argc, argv, &p.help, &p.err);
	free(copy);
	if (p.rc) {
		assert_null(p.jobs);
		assert_int_equal(p.rc, p.err.code);
	}
	return p;
}

static inline struct parsed parse_good(const char *line)
{
	struct parsed p = parse(line);

	if (p.rc)
		fail_msg("'%s' is refused: %s", line, p.err.text);
	return p;
}
