/* option_kinds.c - how a single value of each kind of option is read, checked and written. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/option_row.h"
#include "bench/page_mix.h"
#include "bench/workload.h"
#include "bench/suggest.h"
#include "bench/units.h"
#include "pt/engine.h"

__attribute__((format(printf, 2, 3))) static bool refuse(struct why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return false;
}

static bool in_range(const struct option_row *row, uint64_t v, struct why *why)
{
	char min[32], max[32];

	if (v >= row->min && v <= row->max)
		return true;
	return refuse(why, "must be %s..%s", row->kind->show(row, &row->min, min, sizeof(min)),
		      row->kind->show(row, &row->max, max, sizeof(max)));
}

static bool bool_parse(const struct option_row *row, const char *text, void *value,
		       struct why *why)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };

	(void)row;
	for (size_t i = 0; i < 6; i++)
		if (!strcmp(text, words[i])) {
			*(bool *)value = i & 1;
			return true;
		}
	return refuse(why, "must be yes or no");
}

static char *bool_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	snprintf(buf, size, "%s", *(const bool *)value ? "yes" : "no");
	return buf;
}

static bool count_parse(const struct option_row *row, const char *text, void *value,
			struct why *why)
{
	if (!parse_count(text, value))
		return refuse(why, "not a whole number (such as 8, 1500 or 1.5k)");
	return in_range(row, *(uint64_t *)value, why);
}

static char *count_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	snprintf(buf, size, "%" PRIu64, *(const uint64_t *)value);
	return buf;
}

/* An `unsigned` in struct options; min and max of the row stay 64 bits wide. */
static bool unsigned_parse(const struct option_row *row, const char *text, void *value,
			   struct why *why)
{
	uint64_t v;

	if (!parse_count(text, &v))
		return refuse(why, "not a whole number (such as 8)");
	if (v < row->min || v > row->max)
		return refuse(why, "must be %" PRIu64 "..%" PRIu64, row->min, row->max);
	*(unsigned *)value = (unsigned)v;
	return true;
}

static char *unsigned_show(const struct option_row *row, const void *value, char *buf,
			   size_t size)
{
	(void)row;
	snprintf(buf, size, "%u", *(const unsigned *)value);
	return buf;
}

static bool sample_parse(const struct option_row *row, const char *text, void *value,
			 struct why *why)
{
	uint64_t *v = value;

	*v = strcmp(text, "none") ? SAMPLE_AUTO : SAMPLE_NONE;
	if (!strcmp(text, "auto") || !strcmp(text, "none"))
		return true;
	if (!count_parse(row, text, value, why))
		return false;
	if (!*v || *v & (*v - 1))
		return refuse(why, "must be a power of two, auto or none");
	return true;
}

static char *sample_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	uint64_t v = *(const uint64_t *)value;

	if (v != SAMPLE_AUTO && v != SAMPLE_NONE)
		return count_show(row, value, buf, size);
	snprintf(buf, size, "%s", v == SAMPLE_AUTO ? "auto" : "none");
	return buf;
}

static bool threads_parse(const struct option_row *row, const char *text, void *value,
			  struct why *why)
{
	if (!strcmp(text, "all")) {
		*(uint64_t *)value = THREADS_ALL;
		return true;
	}
	if (!parse_count(text, value))
		return refuse(why, "neither a number of threads nor `all`");
	return in_range(row, *(uint64_t *)value, why);
}

static char *threads_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	if (*(const uint64_t *)value != THREADS_ALL)
		return count_show(row, value, buf, size);
	snprintf(buf, size, "all");
	return buf;
}

static bool duration_parse(const struct option_row *row, const char *text, void *value,
			   struct why *why)
{
	if (!parse_duration_ns(text, value))
		return refuse(why, "not a duration with its unit (such as 0, 100ns, 20ms or 1.5s)");
	return in_range(row, *(uint64_t *)value, why);
}

/* In the largest unit that holds it exactly. */
static char *duration_show(const struct option_row *row, const void *value, char *buf,
			   size_t size)
{
	static const char *const names[] = { "ns", "us", "ms", "s", "h" };
	uint64_t v = *(const uint64_t *)value;
	size_t i = 0;

	(void)row;
	while (v && i < 3 && v % 1000 == 0) {
		v /= 1000;
		i++;
	}
	if (v && i == 3 && v % 3600 == 0) {
		v /= 3600;
		i++;
	}
	snprintf(buf, size, "%" PRIu64 "%s", v, v ? names[i] : "");
	return buf;
}

static bool page_size_parse(const struct option_row *row, const char *text, void *value,
			    struct why *why)
{
	uint64_t *v = value, weight = 0;
	const char *colon = strchr(text, ':');
	char size[32];

	(void)row;
	snprintf(size, sizeof(size), "%.*s", (int)(colon ? colon - text : 31), text);
	if (!parse_page_size_lg2(size, v))
		return refuse(why, "must be a power of two 4K..2P other than 512G");
	if (colon && (!parse_count(colon + 1, &weight) || !weight || weight > MIX_WEIGHT_MAX))
		return refuse(why, "the weight behind the colon must be 1..%u (such as 4K:60)",
			      MIX_WEIGHT_MAX);
	*v = page_size_weighted(*v, weight);
	return true;
}

static char *page_size_show(const struct option_row *row, const void *value, char *buf,
			    size_t size)
{
	uint64_t v = *(const uint64_t *)value;
	size_t used;

	(void)row;
	used = strlen(show_bytes(buf, size, 1ULL << page_size_lg2(v)));
	if (page_size_weight(v))
		snprintf(buf + used, size - used, ":%u", page_size_weight(v));
	return buf;
}

static bool choice_parse(const struct option_row *row, const char *text, void *value,
			 struct why *why)
{
	char all[200] = "", did[80];
	struct suggest s;

	suggest_start(&s, text);
	for (unsigned i = 0; row->choices[i].name; i++) {
		size_t len = strlen(all);

		if (!strcmp(text, row->choices[i].name)) {
			*(unsigned *)value = i;
			return true;
		}
		suggest_offer(&s, row->choices[i].name);
		snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "",
			 row->choices[i].name);
	}
	return refuse(why, "must be one of %s%s", all, suggest_text(&s, "", did, sizeof(did)));
}

static char *choice_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	snprintf(buf, size, "%s", row->choices[*(const unsigned *)value].name);
	return buf;
}

/* A path has to survive the way through a job file: one line of 200 bytes, `;` a comment. */
static bool path_fits(const char *text, struct why *why)
{
	if (strlen(text) > 180)
		return refuse(why, "too long: at most 180 bytes");
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == ';')
			return refuse(why, "must not hold a semicolon or a control character");
	return true;
}

static bool text_parse(const struct option_row *row, const char *text, void *value,
		       struct why *why)
{
	(void)row;
	if (!*text)
		return refuse(why, "must not be empty");
	if (!path_fits(text, why))
		return false;
	snprintf(value, 256, "%s", text);
	return true;
}

static char *text_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	snprintf(buf, size, "%s", (const char *)value);
	return buf;
}

static bool engine_parse(const struct option_row *row, const char *text, void *value,
			 struct why *why)
{
	const struct pt_engine *e = pt_engine_find(text);
	struct suggest s;
	char did[80];

	(void)row;
	if (e) {
		snprintf(value, 256, "%s", e->name);
		return true;
	}
	suggest_start(&s, text);
	for (e = pt_engines; e->name; e++) {
		const char *slash = strchr(e->name, '/');

		suggest_offer(&s, e->name);
		suggest_offer(&s, slash ? slash + 1 : e->name);
	}
	for (const struct choice *g = engine_groups; g->name; g++)
		suggest_offer(&s, g->name);
	return refuse(why, "no such engine%s (`iopt list engines` names all)",
		      suggest_text(&s, "", did, sizeof(did)));
}

static bool engine_in(const struct pt_engine *e, const char *group)
{
	return !e->ruler && !e->sibling &&
	       (!strcmp(group, "all") || !strcmp(group, e->body) ||
		(!strcmp(group, "intel") && !strcmp(e->format, "vtdss")));
}

static const char *engine_member(const char *text, size_t i)
{
	const struct choice *g = engine_groups;

	while (g->name && strcmp(g->name, text))
		g++;
	for (const struct pt_engine *e = pt_engines; g->name && e->name; e++)
		if (engine_in(e, text) && !i--)
			return e->name;
	return NULL;
}

static bool workload_parse(const struct option_row *row, const char *text, void *value,
			   struct why *why)
{
	size_t name = strcspn(text, ":");
	const char *argument;
	struct suggest s;
	char did[80];

	(void)row;
	snprintf(value, 256, "%s", text);
	if (workload_find(text, &argument))
		return path_fits(text, why);
	suggest_start(&s, text);
	for (const struct workload *const *w = workloads; *w; w++) {
		if (strlen((*w)->name) == name && !strncmp((*w)->name, text, name))
			return (*w)->argument
			       ? refuse(why, "names no %s: write %s:%s, or %s:nvme-amd-lazy for a "
					"shipped one", (*w)->argument, (*w)->name, (*w)->argument,
					(*w)->name)
			       : refuse(why, "takes no argument: write %s", (*w)->name);
		suggest_offer(&s, (*w)->name);
	}
	return refuse(why, "no such workload%s (`iopt list workloads` names all)",
		      suggest_text(&s, "", did, sizeof(did)));
}

static bool place_parse_row(const struct option_row *row, const char *text, void *value,
			    struct why *why)
{
	struct err err = { 0 };

	(void)row;
	if (!place_parse(value, text, &err))
		return true;
	/* It names the flag and the value, which our caller does for every kind. */
	const char *tail = strncmp(err.text, "--place", 7) ? NULL : strstr(err.text, ": ");

	return refuse(why, "%.*s", (int)sizeof(why->text) - 1, tail ? tail + 2 : err.text);
}

static char *place_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	snprintf(buf, size, "%s", ((const struct place *)value)->text);
	return buf;
}

static bool mem_parse(const struct option_row *row, const char *text, void *value, struct why *why)
{
	struct mem_choice *mem = value;
	const char *colon = strchr(text, ':');
	uint64_t node = 0;

	(void)row;
	*mem = (struct mem_choice){ .kind = POOL_MEM_LOCAL };
	if (!strcmp(text, "interleave"))
		mem->kind = POOL_MEM_INTERLEAVE;
	else if (!strcmp(text, "remote"))
		mem->kind = POOL_MEM_REMOTE;
	else if (!strncmp(text, "bind:", 5))
		mem->kind = POOL_MEM_BIND;
	else if (!strncmp(text, "device:", 7))
		mem->kind = POOL_MEM_DEVICE;
	else if (strcmp(text, "local"))
		return refuse(why, "must be local, bind:NODE, device:NODE, interleave or remote");
	if (mem->kind != POOL_MEM_INTERLEAVE && colon && (!parse_count(colon + 1, &node) ||
							  node >= POOL_NODES_MAX))
		return refuse(why, "the node must be a number 0..%u", POOL_NODES_MAX - 1);
	mem->node = (unsigned)node;
	if (colon)
		snprintf(mem->text, sizeof(mem->text), "%.*s:%u", (int)(colon - text), text,
			 mem->node);
	else
		snprintf(mem->text, sizeof(mem->text), "%s", text);
	return true;
}

static char *mem_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	snprintf(buf, size, "%s", ((const struct mem_choice *)value)->text);
	return buf;
}

const struct option_kind kind_bool = { "", sizeof(bool), bool_parse, bool_show, NULL };
const struct option_kind kind_count = { "N", sizeof(uint64_t), count_parse, count_show, NULL };
const struct option_kind kind_unsigned = { "N", sizeof(unsigned), unsigned_parse, unsigned_show,
					   NULL };
const struct option_kind kind_sample = { "N", sizeof(uint64_t), sample_parse, sample_show, NULL };
const struct option_kind kind_threads = { "LIST", sizeof(uint64_t), threads_parse, threads_show,
					  NULL };
const struct option_kind kind_duration = { "TIME", sizeof(uint64_t), duration_parse,
					   duration_show, NULL };
const struct option_kind kind_page_size = { "LIST", sizeof(uint64_t), page_size_parse,
					    page_size_show, NULL };
const struct option_kind kind_choice = { "WORD", sizeof(unsigned), choice_parse, choice_show,
					 NULL };
const struct option_kind kind_text = { "PATH", 256, text_parse, text_show, NULL };
const struct option_kind kind_engine = { "LIST", 256, engine_parse, text_show, engine_member };
const struct option_kind kind_workload = { "LIST", 256, workload_parse, text_show, NULL };
const struct option_kind kind_place = { "LIST", sizeof(struct place), place_parse_row, place_show,
					NULL };
const struct option_kind kind_mem = { "LIST", sizeof(struct mem_choice), mem_parse, mem_show,
				      NULL };
