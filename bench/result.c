#include "bench/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/case_dma.h"
#include "bench/scaling.h"

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
		snprintf(r->warnings[r->nwarnings++], sizeof(r->warnings[0]), "%s", text);
}

static void case_free(struct case_result *c)
{
	for (int kind = 0; kind < OP_KINDS; kind++)
		free(c->latency[kind]);
	free(c->pace.lag);
	for (int kind = 0; kind < OP_KINDS; kind++)
		free(c->pace.response[kind]);
	free(c->window);
	free(c->vain);
	free(c->gap);
	free(c->lock);
	case_dma_free(&c->dma);
	free(c->workers);
	free(c->slices);
	free(c->draws);
}

void result_drop_unmeasured(struct result *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->ncases; i++) {
		struct case_result *c = &r->cases[i];

		if (c->nslices || c->verified == VERIFIED_NO)
			r->cases[kept++] = *c;
		else
			case_free(c);
	}
	r->ncases = kept;
}

void result_free(struct result *r)
{
	for (size_t i = 0; i < r->ncases; i++)
		case_free(&r->cases[i]);
	scaling_free(r);
	free(r->cases);
	free(r->comparisons);
	free(r->knees);
	r->cases = NULL;
	r->comparisons = NULL;
	r->knees = NULL;
	r->ncases = r->ncomparisons = r->nknees = 0;
}
