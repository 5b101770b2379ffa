#include "bench/mix.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/result.h"

#define DEPTH_USUAL 256u

/* A number up to RATIO_MAX and the character behind it; NULL otherwise. */
static const char *number(const char *text, char behind, uint8_t *out)
{
	unsigned long v;
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	v = strtoul(text, &end, 10);
	if (v > RATIO_MAX || *end != behind)
		return NULL;
	*out = (uint8_t)v;
	return behind ? end + 1 : end;
}

bool ratio_parse(const char *text, struct ratio *out)
{
	*out = (struct ratio){ 0 };
	if (!strcmp(text, "auto"))
		return true;
	text = number(text, ':', &out->map);
	text = text ? number(text, ':', &out->unmap) : NULL;
	text = text ? number(text, '\0', &out->lookup) : NULL;
	return text && out->map && out->unmap;
}

char *ratio_text(struct ratio ratio, char *buf, size_t size)
{
	if (ratio_is(ratio, (struct ratio){ 0 }))
		snprintf(buf, size, "auto");
	else
		snprintf(buf, size, "%u:%u:%u", ratio.map, ratio.unmap, ratio.lookup);
	return buf;
}

struct ratio group_ratio(const struct group *g)
{
	const struct ratio none = { 0 };

	if (!g->workload->ratio)
		return none;
	return ratio_is(g->ratio, none) ? *g->workload->ratio : g->ratio;
}

unsigned group_readers(const struct group *g)
{
	if (g->workload->readers == READERS_NEVER)
		return 0;
	if (g->readers)
		return (unsigned)g->readers;
	if (g->workload->readers == READERS_IF_ASKED)
		return 0;
	return g->threads > 1 ? g->threads / 2 : 1;
}

uint64_t group_depth(const struct group *g)
{
	return g->depth ? g->depth : g->workload->depth ? g->workload->depth : DEPTH_USUAL;
}

int check_readers(const struct group *g, struct err *err)
{
	unsigned readers = group_readers(g);

	if (readers < g->threads)
		return 0;
	return err_set(err, EXIT_USAGE, "%s: --readers %u of %u threads leaves nobody to write; use "
		       "fewer readers or more --threads", g->workload->name, readers, g->threads);
}

int check_balanced(const struct group *g, struct err *err)
{
	struct ratio ratio = group_ratio(g);

	if (ratio.map == ratio.unmap)
		return 0;
	return err_set(err, EXIT_USAGE, "%s: --ratio %u:%u:%u: every page mapped is unmapped here; write "
		       "%u:%u:%u, or use --workload churn", g->workload->name, ratio.map, ratio.unmap,
		       ratio.lookup, ratio.map, ratio.map, ratio.lookup);
}

int check_own_pages(const struct group *g, struct err *err)
{
	const char *name = g->workload->name;

	if (g->page_lg2 != 12 || g->mix.n)
		return err_set(err, EXIT_USAGE, "%s: --page-size: has pages of its own choice; leave it at "
			       "4K, or name the workloads without %s", name, name);
	if (g->batch != 1)
		return err_set(err, EXIT_USAGE, "%s: --batch %lu: has ranges of its own choice; leave --batch "
			       "at 1, or name the workloads without %s", name, (unsigned long)g->batch, name);
	return 0;
}

void case_mix(struct case_result *c, const struct group *g, char *id, size_t size)
{
	const struct workload *w = g->workload;
	struct ratio ratio = group_ratio(g);
	const struct group usual = { .workload = w };
	size_t used = 0;

	id[0] = '\0';
	c->readers = group_readers(g);
	c->depth = w->queue || w->dma ? group_depth(g) : 0;
	if (w->ratio)
		ratio_text(ratio, c->ratio, sizeof(c->ratio));
	if (c->readers)
		used += (size_t)snprintf(id, size, "/r%u", c->readers);
	/* of pairs as it always was; elsewhere only what is not as usual */
	if (c->depth && (w->queue || c->depth != group_depth(&usual)))
		used += (size_t)snprintf(id + used, size - used, "/d%lu", (unsigned long)c->depth);
	if (w->ratio && !ratio_is(ratio, *w->ratio))
		snprintf(id + used, size - used, "/%s", c->ratio);
}
