/* page.c - see page.h. */
#include "bench/page.h"

#include <stdlib.h>
#include <string.h>

#include "bench/json.h"
#include "sys/host.h"

/* Digits of reals, as in result.json. */
#define PAGE_DIGITS 12

static int no_memory(struct err *err, const char *path)
{
	return err_set(err, EXIT_NO_RESOURCE, "no memory to read %.200s", path);
}

int page_add(struct page *p, const char *path, struct err *err)
{
	struct page_result *r = &p->results[p->n];
	char file[4096];
	int code;

	if (p->n == PAGE_RESULTS_MAX)
		return err_set(err, EXIT_USAGE, "%.200s: a page holds at most %d results", path,
			       PAGE_RESULTS_MAX);
	if (stored_path(path, file, sizeof(file), err))
		return err->code;
	p->n++;
	r->path = strdup(file);
	if (!r->path)
		return no_memory(err, path);
	code = stored_document(&r->stored, &r->json, r->path, err);
	if (code || strcmp(path, "-"))
		return code;
	free(r->path);
	r->path = strdup("standard input");
	return r->path ? 0 : no_memory(err, path);
}

void page_end(struct page *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->results[i].path);
		free(p->results[i].name);
		stored_free(p->results[i].stored);
		json_decref(p->results[i].json);
	}
	p->n = 0;
}

/* As on the screen: iopt 0.1.0-g1234567. */
static void put_made_by(struct node root)
{
	struct host_facts facts;
	char text[sizeof(facts.version) + sizeof(facts.commit) + 8];
	bool known;

	host_read(&facts, NULL);
	known = facts.commit[0] && strcmp(facts.commit, "unknown"); /* built outside git */
	snprintf(text, sizeof(text), "iopt %s%s%s", facts.version, known ? "-g" : "",
		 known ? facts.commit : "");
	put_text(root, "made_by", text);
}

static void put_results(struct node root, struct page *p)
{
	struct node array = put_array(root, "results");

	for (size_t i = 0; i < p->n; i++) {
		struct node o = add_object(array);

		put_text(o, "name", p->results[i].name);
		put_text(o, "path", p->results[i].path);
		put_json(o, "result", p->results[i].json);
		p->results[i].json = NULL;
	}
}

json_t *page_document(struct page *p)
{
	bool failed = page_name_results(p) || page_pack_slices(p, PAGE_SLICES_MAX);
	struct node root = { json_object(), &failed }, verdicts;

	for (size_t i = 0; i < p->n; i++)
		failed |= page_merge_buckets(p->results[i].json, PAGE_BUCKETS_MAX) != 0;
	put_made_by(root);
	put_results(root, p);
	verdicts = put_array(root, "verdicts");
	for (size_t i = 0; i < p->n; i++)
		failed |= json_array_append_new(verdicts.json, i ? page_verdict(p->results[0].stored,
									p->results[i].stored)
							     : json_null()) != 0;
	if (!failed)
		return root.json;
	json_decref(root.json);
	return NULL;
}

/* `<` stands in texts only, and could begin </script> or <!-- there. */
static int write_escaped(const char *bytes, size_t n, void *out)
{
	while (n) {
		const char *found = memchr(bytes, '<', n);
		size_t plain = found ? (size_t)(found - bytes) : n;

		if (fwrite(bytes, 1, plain, out) != plain || (found && fputs("\\u003c", out) == EOF))
			return -1;
		bytes += plain + (found != NULL);
		n -= plain + (found != NULL);
	}
	return 0;
}

static int write_text(struct page_text text, FILE *out)
{
	return fwrite(text.bytes, 1, text.n, out) == text.n ? 0 : -1;
}

int page_write(const json_t *document, FILE *out)
{
	if (write_text(page_before(), out) ||
	    json_dump_callback(document, write_escaped, out,
			       JSON_COMPACT | JSON_REAL_PRECISION(PAGE_DIGITS)) ||
	    write_text(page_after(), out))
		return -1;
	return fflush(out) || ferror(out) ? -1 : 0;
}
