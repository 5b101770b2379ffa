/* report_page.c - `iopt report` without another format: where the page goes, and what is told beside it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/out_file.h"
#include "bench/page.h"

#define PAGE_NAME "report.html"
/* In the first lines of every page of ours. */
#define PAGE_MARK "<meta name=\"generator\" content=\"iopt\">"

static int write_it(FILE *out, const void *document)
{
	return page_write(document, out);
}

/* "out/result.json", also with ".gz", to "out/report.html"; of stdin it is here. NULL: no memory. */
static char *place_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *place = NULL;

	if (asprintf(&place, "%.*s" PAGE_NAME, slash ? (int)(slash + 1 - path) : 0, path) < 0)
		return NULL;
	return place;
}

/* 1: a page of ours, or empty; 0: something else; -1: not there, or not to be read. */
static int is_page(const char *path)
{
	char head[1024];
	FILE *file = fopen(path, "r");
	size_t n;

	if (!file)
		return -1;
	n = fread(head, 1, sizeof(head) - 1, file);
	head[n] = '\0';
	fclose(file);
	return !n || strstr(head, PAGE_MARK);
}

/* A file that nobody named is replaced only if it is a page of ours. */
static int check_place(const char *place, struct err *err)
{
	if (is_page(place))
		return 0; /* if it cannot be read, out_file_write() says why */
	return err_set(err, EXIT_CANT_CREATE, "%.300s: is there, and no page of iopt: name another file "
		       "with --out, or move it away", place);
}

void page_forget(const char *dir)
{
	char *path = NULL;

	if (asprintf(&path, "%s/" PAGE_NAME, dir) < 0)
		return;
	if (is_page(path) == 1)
		unlink(path);
	free(path);
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
	char *beside = out ? NULL : place_beside(p->results[0].path);
	const char *place = out ? out : beside;
	json_t *document = NULL;
	int code = place && !out ? check_place(place, err) : 0;

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
