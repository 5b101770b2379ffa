/* One case of a stored result. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/page_mix.h"
#include "bench/stored_parts.h"

#define ID_MAX sizeof(((struct case_result *)0)->case_id)

static int read_identity(struct stored_case *c, const struct json_at *at)
{
	uint32_t threads = 0, group = 0;

	if (json_at_text(at, "case_id", NULL, &c->id) ||
	    json_at_text(at, "engine", NULL, &c->engine) ||
	    json_at_text(at, "workload", NULL, &c->workload) ||
	    json_at_text(at, "place", "", &c->place) || json_at_text(at, "mem", "", &c->mem) ||
	    json_at_text(at, "handicap", "", &c->handicap) || json_at_u32(at, "group", &group) ||
	    json_at_u32(at, "threads", &threads) ||
	    json_at_count(at, "batch", UINT64_MAX, &c->batch) ||
	    json_at_count(at, "think_ns", UINT64_MAX, &c->think_ns))
		return at->err->code;
	if (!*c->id || strlen(c->id) >= ID_MAX)
		return json_at_bad(at, "case_id", "a text of 1..1023 bytes");
	if (!threads)
		return json_at_bad(at, "threads", "a whole number above 0");
	c->group = group;
	c->threads = threads;
	return 0;
}

/* Sizes of a mix with their weights, into *mix. */
static int read_mix(struct page_mix *mix, const struct json_at *sizes, size_t n)
{
	struct json_at at;
	uint64_t bytes, weight;

	if (n > MIX_MAX)
		return json_at_bad(sizes, NULL, "at most 8 sizes");
	for (size_t i = 0; i < n; i++) {
		bytes = weight = 0;
		if (json_at_element(sizes, i, &at) ||
		    json_at_count(&at, "bytes", UINT64_MAX, &bytes) ||
		    json_at_count(&at, "weight", MIX_WEIGHT_MAX, &weight))
			return sizes->err->code;
		if (!bytes || bytes & (bytes - 1))
			return json_at_bad(&at, "bytes", "a power of two");
		mix->lg2[i] = (uint8_t)__builtin_ctzll(bytes);
		mix->weight[i] = (uint32_t)weight;
		mix->n++;
	}
	return 0;
}

/* page_size, or of a mix page_sizes, as shown: "4K", "4K:60+64K:40". */
static int read_page_size(struct stored_case *c, const struct json_at *at)
{
	struct page_mix mix = { .n = 0 };
	struct json_at sizes;
	char text[MIX_TEXT_MAX + 32] = "";
	uint64_t bytes = 0;
	size_t n;

	if (json_at_count(at, "page_size", UINT64_MAX, &bytes) ||
	    json_at_array(at, "page_sizes", &sizes, &n) ||
	    (!bytes && read_mix(&mix, &sizes, n)))
		return at->err->code;
	if (bytes || mix.n)
		page_mix_show(text, sizeof(text), &mix, bytes);
	c->page_size = strdup(text);
	if (!c->page_size)
		return err_set(at->err, EXIT_NO_RESOURCE, "no memory to read %.200s", at->file);
	return 0;
}

static int read_flags(struct stored_case *c, const struct json_at *at)
{
	const char *slash = strrchr(c->engine, '/'), *name = slash ? slash + 1 : c->engine;
	bool verified = false;

	if (json_at_bool(at, "forced", &c->forced) || json_at_bool(at, "cold", &c->cold) ||
	    json_at_bool(at, "unowned", &c->unowned) || json_at_bool(at, "verified", &verified))
		return at->err->code;
	c->verified = VERIFIED_NULL;
	if (json_is_boolean(json_object_get(at->json, "verified")))
		c->verified = verified ? VERIFIED_YES : VERIFIED_NO;
	c->is_ruler = !strcmp(name, "limit") || !strcmp(name, "null");
	return 0;
}

static int read_figures(struct stored_case *c, const struct json_at *at)
{
	struct json_at waste;

	c->ops_per_s = c->lost_per_table = c->lost_per_table_lo = c->lost_per_table_hi = NAN;
	for (int kind = 0; kind < OP_KINDS; kind++)
		c->ns_per_op[kind] = NAN;
	if (json_at_real(at, "ops_per_s", &c->ops_per_s) ||
	    json_at_real(at, "map_ns_per_op", &c->ns_per_op[OP_MAP]) ||
	    json_at_real(at, "unmap_ns_per_op", &c->ns_per_op[OP_UNMAP]) ||
	    json_at_real(at, "lookup_ns_per_op", &c->ns_per_op[OP_LOOKUP]) ||
	    json_at_object(at, "waste", &waste) ||
	    json_at_real(&waste, "per_table", &c->lost_per_table) ||
	    json_at_real(&waste, "per_table_lo", &c->lost_per_table_lo) ||
	    json_at_real(&waste, "per_table_hi", &c->lost_per_table_hi))
		return at->err->code;
	return 0;
}

/* When operations begin may have been given beforehand: then how many there are a second tells nothing. */
static int read_schedule(struct stored_case *c, const struct json_at *at)
{
	struct json_at rate, replay;
	char *speed = NULL;
	int rc;

	if (json_at_object(at, "rate", &rate) || json_at_bool(&rate, "saturated", &c->saturated) ||
	    json_at_object(at, "replay", &replay))
		return at->err->code;
	rc = json_at_text(&replay, "speed", "", &speed);
	c->scheduled = rate.json || (speed && !strcmp(speed, "recorded"));
	free(speed);
	if (c->scheduled)
		c->ops_per_s = NAN;
	return rc;
}

int stored_case_read(struct stored_case *c, const struct json_at *at, unsigned processes)
{
	if (read_identity(c, at) || read_page_size(c, at) || read_flags(c, at) ||
	    read_figures(c, at) || read_schedule(c, at))
		return at->err->code;
	return stored_draws_read(c, at, processes);
}

void stored_case_free(struct stored_case *c)
{
	free(c->id);
	free(c->engine);
	free(c->workload);
	free(c->page_size);
	free(c->ruler);
	free(c->handicap);
	free(c->place);
	free(c->mem);
	free(c->draws);
	free(c->slices);
}
