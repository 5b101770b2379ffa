/* What results on a page are called: short, and each differently. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/page.h"

/* Of "results/vm/result.json", also with ".gz", "vm"; of "old.json.gz" "old". malloc; NULL: no memory. */
static char *short_name(const char *path)
{
	char *whole = realpath(path, NULL); /* of "result.json" and "." too there is a name */
	char *text = whole ? whole : strdup(path), *slash, *name;

	if (!text)
		return NULL;
	slash = strrchr(text, '/');
	if (slash && slash > text && (!strcmp(slash, "/result.json") || !strcmp(slash, "/result.json.gz"))) {
		*slash = '\0';
		slash = strrchr(text, '/');
	}
	name = strdup(slash && slash[1] ? slash + 1 : text);
	free(text);
	if (name && strlen(name) > 3 && !strcmp(name + strlen(name) - 3, ".gz"))
		name[strlen(name) - 3] = '\0';
	if (name && strlen(name) > 5 && !strcmp(name + strlen(name) - 5, ".json"))
		name[strlen(name) - 5] = '\0';
	return name;
}

static bool is_taken(const struct page *p, size_t i)
{
	for (size_t k = 0; k < p->n; k++)
		if (k != i && p->results[k].name && !strcmp(p->results[k].name, p->results[i].name))
			return true;
	return false;
}

/* Until nobody else has it; the first of several keeps what it has. */
static int number(struct page *p, size_t i)
{
	for (size_t k = 2; i && is_taken(p, i); k++) {
		free(p->results[i].name);
		if (asprintf(&p->results[i].name, "%s (%zu)", p->results[i].path, k) < 0) {
			p->results[i].name = NULL;
			return -1;
		}
	}
	return 0;
}

int page_name_results(struct page *p)
{
	bool taken[PAGE_RESULTS_MAX] = { false };

	for (size_t i = 0; i < p->n; i++) {
		p->results[i].name = short_name(p->results[i].path);
		if (!p->results[i].name)
			return -1;
	}
	for (size_t i = 0; i < p->n; i++)
		taken[i] = is_taken(p, i);
	for (size_t i = 0; i < p->n; i++) {
		if (!taken[i])
			continue;
		free(p->results[i].name);
		p->results[i].name = strdup(p->results[i].path);
		if (!p->results[i].name)
			return -1;
	}
	for (size_t i = 0; i < p->n; i++)
		if (number(p, i))
			return -1;
	return 0;
}
