/* The document around the cases: is it ours, of which version, how and on what was it measured. */
#include "bench/stored.h"

#include <stdlib.h>
#include <string.h>

#include "bench/stored_parts.h"
#include "bench/write.h"

/* -- JSON -- */

/*
 * What jansson may take to read n bytes. Results of ours come to 6 times their size, and to 10
 * without blanks; `[[],[],[],…` would come to 40 times.
 */
#define TREE_BYTES(n) (24 * (n) + (1u << 20))

/* jansson's allocator has no argument, and it does not always tell that there was no memory */
static struct {
	size_t left;
	bool failed, beyond;
} tree;

static void *tree_malloc(size_t size)
{
	void *p;

	if (size > tree.left) {
		tree.beyond = true;
		return NULL;
	}
	tree.left -= size;
	p = malloc(size);
	tree.failed |= !p;
	return p;
}

/* Text that ends inside of something; it may be a word or a letter that is cut. */
static bool is_cut(const json_error_t *e, size_t n)
{
	switch (json_error_code(e)) {
	case json_error_premature_end_of_input:
		return true;
	case json_error_invalid_syntax:
		return (size_t)e->position == n;
	case json_error_invalid_utf8:
		return (size_t)e->position + 4 > n;
	default:
		return false;
	}
}

static int explain(const json_error_t *e, size_t n, const char *name, struct err *err)
{
	char *plain;
	int rc;

	if (tree.failed)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to read %.200s", name);
	if (tree.beyond)
		return err_set(err, EXIT_BAD_DATA, "%.200s: takes 24 times its size in memory: no result "
			       "of iopt run", name);
	if (is_cut(e, n))
		return err_set(err, EXIT_BAD_DATA, "%.200s: ends in the middle, in line %d: was the run "
			       "cut short, or the disk full?", name, e->line);
	plain = json_at_plain(e->text);
	rc = err_set(err, EXIT_BAD_DATA, "%.200s:%d:%d: no JSON: %.160s", name, e->line, e->column,
		     plain ? plain : "");
	free(plain);
	return rc;
}

static int decode(json_t **out, const char *bytes, size_t n, const char *name, struct err *err)
{
	json_malloc_t usual_malloc;
	json_free_t usual_free;
	json_error_t e;

	if (!n)
		return err_set(err, EXIT_BAD_DATA, "%.200s: empty: was the run cut short, or the disk "
			       "full?", name);
	tree.left = TREE_BYTES(n);
	tree.failed = tree.beyond = false;
	json_get_alloc_funcs(&usual_malloc, &usual_free);
	json_set_alloc_funcs(tree_malloc, free);
	*out = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &e);
	json_set_alloc_funcs(usual_malloc, usual_free);
	return *out ? 0 : explain(&e, n, name, err);
}

/* -- whose it is -- */

static int check_schema(const struct json_at *root)
{
	const json_t *schema = json_object_get(root->json, "schema");
	uint64_t version = 0;

	if (!json_is_object(root->json) || !schema)
		return err_set(root->err, EXIT_BAD_DATA, "%.200s: JSON, but no result of iopt: it has no "
			       "\"schema\"; want the result.json of iopt run --out DIR", root->file);
	if (!json_is_string(schema) || strcmp(json_string_value(schema), RESULT_SCHEMA))
		return json_at_bad(root, "schema", "\"" RESULT_SCHEMA "\", as in the result.json of "
				   "iopt run --out DIR");
	if (!json_object_get(root->json, "schema_version"))
		return json_at_bad(root, "schema_version", "a whole number");
	if (json_at_count(root, "schema_version", UINT32_MAX, &version))
		return root->err->code;
	if (version > RESULT_SCHEMA_VERSION)
		return err_set(root->err, EXIT_BAD_DATA, "%.200s: written by a newer iopt (schema %llu); "
			       "this one reads up to %d", root->file, (unsigned long long)version,
			       RESULT_SCHEMA_VERSION);
	if (!version)
		return err_set(root->err, EXIT_BAD_DATA, "%.200s: schema 0 is no iopt's; this one reads "
			       "schema %d", root->file, RESULT_SCHEMA_VERSION);
	return 0;
}

/* -- all of it -- */

static int read_warnings(struct stored *s, const struct json_at *root)
{
	struct json_at array;
	size_t n;

	if (json_at_array(root, "warnings", &array, &n))
		return root->err->code;
	s->warnings = calloc(n + 1, sizeof(*s->warnings));
	if (!s->warnings)
		return err_set(root->err, EXIT_NO_RESOURCE, "no memory to read %.200s", root->file);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(array.json, i));

		if (!text)
			return json_at_bad(&array, NULL, "texts");
		s->warnings[i] = json_at_plain(text);
		if (!s->warnings[i])
			return err_set(root->err, EXIT_NO_RESOURCE, "no memory to read %.200s",
				       root->file);
		s->nwarnings++;
	}
	return 0;
}

static int read_run(struct stored *s, const struct json_at *root)
{
	struct json_at audit;
	uint32_t processes = 0;

	if (json_at_bool(root, "complete", &s->complete) ||
	    json_at_text(root, "started_utc", "", &s->started_utc) ||
	    json_at_count(root, "seed", UINT64_MAX, &s->seed) ||
	    json_at_u32(root, "processes", &processes) || json_at_object(root, "audit", &audit) ||
	    json_at_bool(&audit, "lost_pinning", &s->lost_pinning) ||
	    json_at_bool(&audit, "clock_stepped_back", &s->clock_stepped_back) ||
	    stored_host_read(&s->host, root))
		return root->err->code;
	s->processes = processes;
	return read_warnings(s, root);
}

static int by_id(const void *a, const void *b)
{
	const struct stored_case *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

/* Sorted by name: to be found, and to see that none is there twice. */
static int index_cases(struct stored *s, const struct json_at *root)
{
	s->by_id = calloc(s->ncases + 1, sizeof(*s->by_id));
	if (!s->by_id)
		return err_set(root->err, EXIT_NO_RESOURCE, "no memory to read %.200s", root->file);
	for (size_t i = 0; i < s->ncases; i++)
		s->by_id[i] = &s->cases[i];
	qsort(s->by_id, s->ncases, sizeof(*s->by_id), by_id);
	for (size_t i = 1; i < s->ncases; i++)
		if (!strcmp(s->by_id[i - 1]->id, s->by_id[i]->id))
			return err_set(root->err, EXIT_BAD_DATA, "%.200s: cases[%zu] and cases[%zu] are "
				       "both %.200s", root->file, (size_t)(s->by_id[i - 1] - s->cases),
				       (size_t)(s->by_id[i] - s->cases), s->by_id[i]->id);
	return 0;
}

static int read_cases(struct stored *s, const struct json_at *root)
{
	struct json_at array, at;
	size_t n;

	if (json_at_array(root, "cases", &array, &n))
		return root->err->code;
	if (!array.json)
		return json_at_bad(root, "cases", "an array");
	s->cases = calloc(n + 1, sizeof(*s->cases));
	if (!s->cases)
		return err_set(root->err, EXIT_NO_RESOURCE, "no memory to read %.200s", root->file);
	for (size_t i = 0; i < n; i++) {
		s->ncases++;
		if (json_at_element(&array, i, &at) ||
		    stored_case_read(&s->cases[i], &at, s->processes))
			return root->err->code;
	}
	if (index_cases(s, root))
		return root->err->code;
	if (stored_steady(s))
		return err_set(root->err, EXIT_NO_RESOURCE, "no memory to read %.200s", root->file);
	return 0;
}

/* The document goes to *document unless that is NULL. */
static int parse(struct stored **out, json_t **document, const char *bytes, size_t n, const char *name,
		 struct err *err)
{
	struct stored *s;
	struct json_at root;
	json_t *json = NULL;

	*out = NULL;
	err->code = 0;
	if (decode(&json, bytes, n, name, err))
		return err->code;
	root = json_at_document(json, name, err);
	s = calloc(1, sizeof(*s));
	if (s)
		s->path = strdup(name);
	if (!s || !s->path)
		err_set(err, EXIT_NO_RESOURCE, "no memory to read %.200s", name);
	else if (!check_schema(&root) && !read_run(s, &root) && !read_cases(s, &root))
		*out = s;
	if (*out && document)
		*document = json;
	else
		json_decref(json);
	if (!*out)
		stored_free(s);
	return err->code;
}

int stored_parse(struct stored **out, const char *bytes, size_t n, const char *name,
		 struct err *err)
{
	return parse(out, NULL, bytes, n, name, err);
}

int stored_document(struct stored **out, json_t **document, const char *path, struct err *err)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	char *bytes = NULL;
	size_t n = 0;
	int rc;

	*out = NULL;
	rc = stored_load(&bytes, &n, path, err);
	if (!rc)
		rc = parse(out, document, bytes, n, name, err);
	free(bytes);
	return rc;
}

int stored_read(struct stored **out, const char *path, struct err *err)
{
	return stored_document(out, NULL, path, err);
}

void stored_free(struct stored *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->ncases; i++)
		stored_case_free(&s->cases[i]);
	for (size_t i = 0; i < s->nwarnings; i++)
		free(s->warnings[i]);
	stored_host_free(&s->host);
	free(s->by_id);
	free(s->warnings);
	free(s->cases);
	free(s->path);
	free(s->started_utc);
	free(s);
}

static int id_is(const void *id, const void *c)
{
	return strcmp(id, (*(const struct stored_case *const *)c)->id);
}

const struct stored_case *stored_find(const struct stored *s, const char *case_id)
{
	const struct stored_case *const *found;

	for (size_t i = 0; !s->by_id && i < s->ncases; i++)
		if (!strcmp(s->cases[i].id, case_id))
			return &s->cases[i];
	if (!s->by_id)
		return NULL;
	found = bsearch(case_id, s->by_id, s->ncases, sizeof(*s->by_id), id_is);
	return found ? *found : NULL;
}
