/* option_dma.c - the DMA path's options: how values of --iova, --buffers and so on are read and written. */
#include "bench/option_dma.h"

#include <string.h>

#include "bench/preset.h"
#include "bench/suggest.h"
#include "bench/units.h"

const struct choice flush_choices[] = {
	{ "none", "nothing: the range is free at once" },
	{ "strict", "a command for every unmap, and a wait for its completion (a model)" },
	{ "lazy", "ranges wait in a queue of the worker's; a full or old one flushes all (a model)" },
	{ NULL, NULL },
};

/* In the order of enum flush_lock. */
const struct choice flush_lock_choices[] = {
	{ "held", "kept while waiting for the completion, too: the driver until 2026" },
	{ "queue", "for queuing commands only" },
	{ "none", "no lock: a fetch-add and a compare-exchange" },
	{ NULL, NULL },
};

const char *flush_lock_name(enum flush_lock k)
{
	return flush_lock_choices[k].name;
}

const char *flush_name(enum flush_kind k)
{
	return flush_choices[k].name;
}

static bool refuse(struct why *why, const char *text)
{
	snprintf(why->text, sizeof(why->text), "%s", text);
	return false;
}

static bool iova_parse(const struct option_row *row, const char *text, void *value, struct why *why)
{
	const struct iova_kind *kind = iova_kind_find(text);
	char all[160] = "", did[80];
	struct suggest s;

	(void)row;
	*(const struct iova_kind **)value = kind;
	if (kind)
		return true;
	suggest_start(&s, text);
	for (const struct iova_kind *const *k = iova_kinds; *k; k++) {
		size_t used = strlen(all);

		suggest_offer(&s, (*k)->name);
		snprintf(all + used, sizeof(all) - used, "%s%s", used ? ", " : "", (*k)->name);
	}
	snprintf(why->text, sizeof(why->text), "must be one of %s%s", all,
		 suggest_text(&s, "", did, sizeof(did)));
	return false;
}

static char *iova_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	snprintf(buf, size, "%s", (*(const struct iova_kind *const *)value)->name);
	return buf;
}

static bool window_parse(const struct option_row *row, const char *text, void *value, struct why *why)
{
	uint64_t v;

	if (!parse_bytes(text, &v) || v & (v - 1) || v < row->min || v > row->max)
		return refuse(why, "must be a power of two 1M..4G");
	*(uint64_t *)value = v;
	return true;
}

static char *window_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	return show_bytes(buf, size, *(const uint64_t *)value);
}

static bool buffer_parse(const struct option_row *row, const char *text, void *value, struct why *why)
{
	if (!kind_page_size.parse(row, text, value, why))
		return false;
	return 1ull << page_size_lg2(*(uint64_t *)value) <= BUFFER_MAX ||
	       refuse(why, "must be a power of two 4K..1G");
}

static char *buffer_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	return kind_page_size.show(row, value, buf, size);
}

const struct option_kind kind_iova = { "LIST", sizeof(const struct iova_kind *), iova_parse, iova_show,
				       NULL };
const struct option_kind kind_window = { "SIZE", sizeof(uint64_t), window_parse, window_show, NULL };
const struct option_kind kind_buffer = { "LIST", sizeof(uint64_t), buffer_parse, buffer_show, NULL };

struct page_mix buffers_of(const struct list_u64 *list)
{
	struct page_mix mix = page_mix_of(list->v, list->n);

	if (list->n == 1) { /* all of one size: a mix of one */
		mix.n = 1;
		mix.lg2[0] = (uint8_t)page_size_lg2(list->v[0]);
		mix.weight[0] = 1;
	}
	return mix;
}

char *buffers_show(char *buf, size_t size, const struct page_mix *buffers)
{
	const struct page_mix one = { .n = 0 };

	buf[0] = '\0';
	if (!buffers->n)
		return buf;
	if (buffers->n == 1)
		return page_mix_show(buf, size, &one, 1ull << buffers->lg2[0]);
	return page_mix_show(buf, size, buffers, 0);
}

/* A list without weights is no sweep here: several sizes of one run want to be told how many of each. */
static int check_buffers(const struct list_u64 *list, const char *job, struct err *err)
{
	bool bare = list->n && !page_size_weight(list->v[0]);
	char first[16], second[16];

	if (list->n == 1 || !list->n)
		return 0;
	if (!bare)
		return page_sizes_check(list->v, list->n, "buffers", job, err);
	return err_set(err, EXIT_USAGE, "%s--buffers: several sizes want weights, such as %s:80,%s:20", job,
		       show_bytes(first, sizeof(first), 1ull << page_size_lg2(list->v[0])),
		       show_bytes(second, sizeof(second), 1ull << page_size_lg2(list->v[1])));
}

static bool all_fixed(const struct options *o)
{
	for (size_t i = 0; i < o->niovas; i++)
		if (o->iovas[i] != iova_kinds[0])
			return false;
	return true;
}

int options_check_dma(const struct options *o, const char *job, struct err *err)
{
	bool flushes = false, dma = options_about(o, option_find("iova"));
	const struct preset *p = preset_of(o);

	dma |= p && preset_takes(p, "flush"); /* its workload is its own choice */
	for (size_t i = 0; i < o->nflushes; i++)
		flushes |= o->flushes[i] != FLUSH_NONE;
	if (dma && !flushes && (o->flush_ns != FLUSH_LATENCY_NS || o->flush_lock != FLUSH_LOCK_HELD))
		return err_set(err, EXIT_USAGE, "%s--flush%s: nothing is invalidated with --flush none; add "
			       "--flush strict or --flush lazy", job, o->flush_lock != FLUSH_LOCK_HELD ? "-lock" : "-ns");
	if (dma && all_fixed(o) && o->iova_window != IOVA_WINDOW_MAX)
		return err_set(err, EXIT_USAGE, "%s--iova-window: nobody allocates with --iova fixed; use "
			       "another allocator, or leave the window out", job);
	return check_buffers(&o->buffers, job, err);
}
