/*
 * page.h - results as one self-contained page of HTML, which `iopt report` writes. Its files are in
 * bench/html; they, and Chart.js of the distribution, are in the program (page_files.c). Here the data
 * of the page is made; what is shown of it, and how, is in bench/html alone. Main thread.
 *
 * The data is one JSON document, in a script element that no browser runs:
 *   { "made_by": "iopt 0.1.0-g1234567",
 *     "results": [ { "name", "path", "result": result.json but for the slices } … ],
 *     "verdicts": [ null, VERDICT or { "error": TEXT } … ] }
 * `slices` of a case is an object of columns there (page_slices.c), and a `histogram` has not too many
 * buckets (page_buckets.c). Every `<` is written as \u003c, so
 * nothing in a result can end the element.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "bench/flags.h"
#include "bench/stored.h"

/* More would fill no screen, and flags.h takes no more. */
#define PAGE_RESULTS_MAX 8
/* Slices of all results on a page: beyond, a browser takes seconds to read them. */
#define PAGE_SLICES_MAX 100000

/* Buckets of a distribution on a page: twice the pixels of a chart. */
#define PAGE_BUCKETS_MAX 1000

/* Results on their way onto a page. Zero it; page_end() also after an error. */
struct page {
	struct page_result {
		char *path;             /* of the file; "standard input" */
		char *name;             /* short, and no other's */
		struct stored *stored;  /* what `iopt compare` knows of it */
		json_t *json;           /* the document */
	} results[PAGE_RESULTS_MAX];
	size_t n;
};

/*
 * One result more: `path` is a result.json, its directory, or "-". Errors are stored_read()'s:
 * EXIT_BAD_DATA, EXIT_NO_RESOURCE.
 */
int page_add(struct page *p, const char *path, struct err *err);
void page_end(struct page *p);
/* The document above; NULL: no memory. Takes the results' documents out of *p. */
json_t *page_document(struct page *p);
/* The page of a document: 0, or -1 when the stream would not take it all. */
int page_write(const json_t *document, FILE *out);
/* Was Chart.js there when the program was built? page_write() needs it. */
bool page_built(void);

/*
 * report_page.c: `iopt report` of args, into `out` (NULL: report.html beside the first), saying on stderr
 * where. EXIT_NO_RESOURCE without Chart.js, EXIT_BAD_DATA, EXIT_CANT_CREATE, EXIT_WRITE.
 */
int report_page(const struct flag_args *args, const char *out, struct err *err);

/*
 * report_place.c. May `out`, which --out named, be written? EXIT_USAGE if it is one of the results in
 * args, EXIT_CANT_CREATE if it is another result, or where a page is to be written something that is
 * no page of ours.
 */
int report_check_out(const struct flag_args *args, const char *out, bool page, struct err *err);
/* The last of these alone; flag: who named it, NULL: nobody. */
int page_check_place(const char *place, const char *flag, struct err *err);
/* report.html beside the file `path`, from malloc; NULL: no memory. */
char *page_place_beside(const char *path);

/* A new result goes into `dir`: away with the page of the one before, which would be taken for its own. */
void page_forget(const char *dir);

/* page_names.c: a name for each result, from its path. -1: no memory. */
int page_name_results(struct page *p);
/* page_slices.c: the slices of all cases as columns, most of them where they are very many. -1: no memory. */
int page_pack_slices(struct page *p, size_t most);
/* page_buckets.c: every `histogram` in v, merged to `most` buckets; dropped if misshapen. -1: no memory. */
int page_merge_buckets(json_t *v, size_t most);
/*
 * page_verdicts.c: result `now` judged against `base` as `iopt compare` does: docs/verdict.schema.json, or
 * {"error": TEXT} where they cannot be compared. NULL: no memory.
 */
json_t *page_verdict(const struct stored *base, const struct stored *now);

/* page_files.c: the page before the data, and what comes after it. */
struct page_text {
	const char *bytes;
	size_t n;
};
struct page_text page_before(void);
struct page_text page_after(void);
