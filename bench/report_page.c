/* report_page.c - `iopt report` without another format: the page, and what is told beside it. */
#include <stdlib.h>

#include "bench/out_file.h"
#include "bench/page.h"

static int write_it(FILE *out, const void *document)
{
	return page_write(document, out);
}

/* What a reader had better know before the page is open. */
static void tell(const struct page *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct stored *s = p->results[i].stored;
		size_t failed = 0;

		for (size_t k = 0; k < s->ncases; k++)
			failed += s->cases[k].verified == VERIFIED_NO;
		if (failed)
			fprintf(stderr, "iopt report: %s: the audit of %zu of %zu cases failed\n",
				p->results[i].path, failed, s->ncases);
		if (!s->complete)
			fprintf(stderr, "iopt report: %s: the run was interrupted: cases may be missing\n",
				p->results[i].path);
		if (s->lost_pinning || s->clock_stepped_back)
			fprintf(stderr, "iopt report: %s: not to be trusted: %s\n", p->results[i].path,
				s->lost_pinning ? "a worker did not stay pinned to its CPU"
						: "the clock stepped back");
	}
}

static int write_page(struct page *p, const char *out, struct err *err)
{
	char *beside = out ? NULL : page_place_beside(p->results[0].path);
	const char *place = out ? out : beside;
	json_t *document = NULL;
	int code = place && !out ? page_check_place(place, NULL, err) : 0;

	if (!code && place)
		document = page_document(p);
	if (!code && !document)
		code = err_set(err, EXIT_NO_RESOURCE, "no memory for the page");
	if (!code)
		code = out_file_write(place, out ? "--out" : "page", write_it, document, err);
	if (!code)
		fprintf(stderr, "iopt report: %s\n", place);
	json_decref(document);
	free(beside);
	return code;
}

int report_page(const struct flag_args *args, const char *out, struct err *err)
{
	struct page p = { .n = 0 };
	int code = 0;

	if (!page_built())
		return err_set(err, EXIT_NO_RESOURCE, "this iopt was built without Chart.js, which draws the "
			       "page: install libjs-chart.js, or give cmake -D IOPT_CHART_JS=chart.min.js, and "
			       "build again; --format go, bmf and gha do without");
	for (size_t i = 0; !code && i < args->nargs; i++)
		code = page_add(&p, args->args[i], err);
	if (!code) {
		tell(&p);
		code = write_page(&p, out, err);
	}
	page_end(&p);
	return code;
}
