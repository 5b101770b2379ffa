#include "bench/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const op_kind_name[OP_KINDS] = { "map", "unmap", "lookup" };

void result_warn(struct result *r, const char *fmt, ...)
{
	char text[sizeof(r->warnings[0])];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (unsigned i = 0; i < r->nwarnings; i++)
		if (!strcmp(r->warnings[i], text))
			return;
	if (r->nwarnings < sizeof(r->warnings) / sizeof(r->warnings[0]))
		strcpy(r->warnings[r->nwarnings++], text);
}

void result_free(struct result *r)
{
	for (size_t i = 0; i < r->ncases; i++) {
		struct case_result *c = &r->cases[i];

		for (int kind = 0; kind < OP_KINDS; kind++)
			free(c->latency[kind]);
		free(c->window);
		free(c->workers);
		free(c->slices);
	}
	free(r->cases);
	free(r->comparisons);
	free(r->knees);
	r->cases = NULL;
	r->comparisons = NULL;
	r->knees = NULL;
	r->ncases = r->ncomparisons = r->nknees = 0;
}
