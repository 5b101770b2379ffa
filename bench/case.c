#include "bench/case.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/case_dma.h"
#include "bench/draws.h"
#include "bench/lock_stat.h"
#include "bench/mix.h"
#include "bench/option_row.h"
#include "bench/units.h"

/* Only what is not as usual: ids stay readable. */
static void name_axes(char *text, size_t size, const struct case_result *c, const struct group *g)
{
	size_t used = strlen(text);

	if (g->order != ORDER_AUTO && g->order != g->workload->order)
		used += (size_t)snprintf(text + used, size - used, "/%s", c->order);
	if (g->rate)
		used += (size_t)snprintf(text + used, size - used, "/rate%lu%s", (unsigned long)g->rate,
					 g->pace == PACE_CONSTANT ? "-constant" : "");
	if (g->direction || g->scatter)
		used += (size_t)snprintf(text + used, size - used, "/d%u%s", g->direction, g->scatter ? "-sg" : "");
	if (c->speed != SPEED_MAX)
		used += (size_t)snprintf(text + used, size - used, "/%s", speed_name(c->speed));
	if (g->source != POOL_SOURCE_POOL)
		snprintf(text + used, size - used, "/from-%s", c->source);
}

/* What the option was for this group: its value, or 0 where the workload has no use for it. */
static uint64_t if_about(const char *option, const struct group *g, uint64_t value)
{
	return option_about(option_find(option), g->workload->name) ? value : 0;
}

/* "/tables64/round256" where they are not as usual. */
static void name_sizes(char *text, size_t size, const struct case_result *c)
{
	size_t used = 0;

	text[0] = '\0';
	if (c->tables && c->tables != strtoull(option_find("tables")->def, NULL, 10))
		used = (size_t)snprintf(text, size, "/tables%lu", (unsigned long)c->tables);
	if (c->round && c->round != strtoull(option_find("round")->def, NULL, 10))
		snprintf(text + used, size - used, "/round%lu", (unsigned long)c->round);
}

/* amdv1/mutex is "mutex", which its cases were called before there was another format. */
static const char *engine_id(char *buf, size_t size, const struct pt_engine *e)
{
	const char *slash = strchr(e->name, '/');

	if (!slash)
		return e->name;
	if (!strcmp(e->format, "amdv1"))
		return slash + 1;
	snprintf(buf, size, "%s-%s", e->format, slash + 1);
	return buf;
}

static void name_case(struct case_result *c, const struct group *g)
{
	char page[MIX_TEXT_MAX], think[16], smt[16] = "", shape[256] = "", mix[48], levels[24] = "", name[32];
	char sizes[64], twin[16] = "";

	page_mix_show(page, sizeof(page), &c->mix, c->page_bytes);
	show_ns(think, sizeof(think), (double)c->think_ns);
	for (char *p = think; *p; p++)
		if (*p == ' ')
			memmove(p, p + 1, strlen(p)); /* no blanks in an id */
	if (g->workload->unowned)
		snprintf(shape, sizeof(shape), "/%s%s", c->range, c->disjoint ? "/disjoint" : "");
	else if (g->share != SHARE_ROOT)
		snprintf(shape, sizeof(shape), "/%s", c->share);
	name_axes(shape, sizeof(shape), c, g);
	case_dma_name(shape, sizeof(shape), c);
	if (g->place.smt != SMT_LAST)
		snprintf(smt, sizeof(smt), "+smt-%s", c->smt);
	if (c->levels)
		snprintf(levels, sizeof(levels), "/levels%u", c->levels);
	name_sizes(sizes, sizeof(sizes), c);
	if (g->twin)
		snprintf(twin, sizeof(twin), "#%u", g->twin + 1);
	case_mix(c, g, mix, sizeof(mix));
	snprintf(c->case_id, sizeof(c->case_id), "%s/%s/t%u%s/%s/b%lu/think%s/%.64s%s/%s/%s%s%s%s%s%s%s",
		 c->workload, engine_id(name, sizeof(name), c->engine), c->threads,
		 c->oversubscribed ? "+shared" : "", page, (unsigned long)c->batch, think, c->place,
		 smt, c->mem, c->zero, shape, levels, sizes, mix, twin,
		 c->again ? "#again" : "");
}

static void name_workload(struct case_result *c, const struct group *g)
{
	const char *base = strrchr(g->argument, '/');
	char *suffix;

	base = base ? base + 1 : g->argument;
	snprintf(c->workload, sizeof(c->workload), "%.16s%s%.40s", g->workload->name, *base ? ":" : "",
		 base);
	suffix = strstr(c->workload, ".trace");
	if (suffix)
		*suffix = '\0';
}

static int allocate_pace(struct pace_result *p)
{
	p->lag = calloc(1, sizeof(*p->lag));
	for (unsigned k = 0; k < OP_KINDS; k++)
		p->response[k] = calloc(1, sizeof(*p->response[k]));
	return p->lag && p->response[OP_MAP] && p->response[OP_UNMAP] && p->response[OP_LOOKUP] ? 0 : -ENOMEM;
}

static int allocate(struct case_result *c, bool lock_stat)
{
	if ((c->pace.asked_per_s || c->speed != SPEED_MAX) && allocate_pace(&c->pace))
		return -ENOMEM;
	c->workers = calloc(c->threads, sizeof(c->workers[0]));
	c->window = calloc(1, sizeof(*c->window));
	c->vain = calloc(1, sizeof(*c->vain));
	c->gap = calloc(1, sizeof(*c->gap));
	if (lock_stat)
		c->lock = lock_stat_create();
	if (!c->workers || !c->window || !c->vain || !c->gap || (lock_stat && !c->lock))
		return -ENOMEM;
	for (unsigned k = 0; k < OP_KINDS; k++) {
		c->latency[k] = calloc(1, sizeof(*c->latency[k]));
		if (!c->latency[k])
			return -ENOMEM;
	}
	return case_dma_init(&c->dma);
}

void case_identify(struct case_result *c, const struct group *g, unsigned group_index, unsigned e)
{
	memset(c, 0, sizeof(*c));
	c->group = group_index;
	c->section = g->section;
	c->engine = g->engines[e];
	c->forced = g->workload->forced;
	c->cold = g->workload->cold;
	c->arrival = g->workload->arrival;
	c->unowned = g->workload->unowned;
	c->waits = g->workload->waits;
	c->singly = g->workload->singly;
	for (unsigned k = 0; k < PHASES_MAX; k++)
		c->phases[k].name = g->workload->phases[k];
	c->threads = g->threads;
	c->nodes_used = g->nodes_used;
	c->page_bytes = 1ull << g->page_lg2;
	c->mix = g->mix;
	c->batch = g->batch;
	c->think_ns = g->think_ns;
	c->pace.asked_per_s = g->rate;
	c->pace.kind = g->pace;
	c->speed = (enum replay_speed)if_about("speed", g, g->speed);
	c->disjoint = g->disjoint;
	c->again = g->again[e];
	c->levels = c->engine->ruler ? 0 : g->levels; /* rulers walk three */
	if (g->handicap.kind && !c->engine->ruler)
		handicap_text(&g->handicap, c->handicap, sizeof(c->handicap));
	c->tables = if_about("tables", g, g->tables);
	c->round = if_about("round", g, g->round);
	snprintf(c->place, sizeof(c->place), "%s", g->place.text);
	snprintf(c->smt, sizeof(c->smt), "%s", smt_name(g->place.smt));
	c->oversubscribed = g->oversubscribed;
	snprintf(c->mem, sizeof(c->mem), "%s", g->mem.text);
	snprintf(c->zero, sizeof(c->zero), "%s", zero_name(g->zero));
	snprintf(c->share, sizeof(c->share), "%s", share_name(g->share));
	snprintf(c->range, sizeof(c->range), "%s", range_name(g->range));
	if (g->workload->order != ORDER_AUTO)
		snprintf(c->order, sizeof(c->order), "%s",
			 order_name(g->order == ORDER_AUTO ? g->workload->order : g->order));
	snprintf(c->source, sizeof(c->source), "%s", source_name(g->source));
	case_dma_identify(c, g);
	name_workload(c, g);
	name_case(c, g);
}

int case_init(struct case_result *c, const struct group *g, unsigned group_index, unsigned e,
	      const struct topology *topo)
{
	case_identify(c, g, group_index, e);
	c->longest_wait_ns = c->jain = c->min_max = NAN;
	c->pages.on_asked_node = c->waste.window_ns = c->waste.skew_ns = c->waste.overlap = NAN;
	if (allocate(c, g->lock_stat && !c->engine->ruler))
		return -ENOMEM;
	for (unsigned w = 0; w < c->threads; w++) {
		c->workers[w].cpu_asked = c->workers[w].cpu = g->cpus[w];
		c->workers[w].node = topology_cpu_node(topo, g->cpus[w]);
		c->workers[w].memory = plan_memory_node(topo, &g->mem, g->cpus[w]);
	}
	return 0;
}

int case_add_slice(struct case_result *c, const struct slice *s)
{
	/* room for a power of two, doubled when the count reaches one */
	if ((c->nslices & (c->nslices - 1)) == 0) {
		size_t room = c->nslices ? 2 * c->nslices : 1;
		struct slice *v = realloc(c->slices, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		c->slices = v;
	}
	c->slices[c->nslices++] = *s;
	return 0;
}

int case_save(const struct case_result *c, FILE *f)
{
	bool ok = fwrite(c, sizeof(*c), 1, f) == 1 &&
		  fwrite(c->workers, sizeof(c->workers[0]), c->threads, f) == c->threads &&
		  fwrite(c->window, sizeof(*c->window), 1, f) == 1 &&
		  fwrite(c->vain, sizeof(*c->vain), 1, f) == 1 &&
		  fwrite(c->gap, sizeof(*c->gap), 1, f) == 1;

	for (unsigned k = 0; ok && k < OP_KINDS; k++)
		ok = fwrite(c->latency[k], sizeof(*c->latency[k]), 1, f) == 1;
	for (unsigned k = 0; ok && c->pace.lag && k < OP_KINDS; k++)
		ok = fwrite(c->pace.response[k], sizeof(*c->pace.response[k]), 1, f) == 1;
	if (ok && c->pace.lag)
		ok = fwrite(c->pace.lag, sizeof(*c->pace.lag), 1, f) == 1;
	if (ok && c->dma.stale)
		ok = fwrite(c->dma.stale, sizeof(*c->dma.stale), 1, f) == 1 &&
		     fwrite(c->dma.depth, sizeof(*c->dma.depth), 1, f) == 1;
	if (ok && c->lock)
		ok = fwrite(c->lock, sizeof(*c->lock), 1, f) == 1;
	if (ok && c->nslices)
		ok = fwrite(c->slices, sizeof(c->slices[0]), c->nslices, f) == c->nslices;
	if (ok && c->ndraws)
		ok = fwrite(c->draws, sizeof(c->draws[0]), c->ndraws, f) == c->ndraws;
	return ok ? 0 : -1;
}

static void merge_ledger(struct page_ledger *into, const struct page_ledger *from)
{
	into->allocated += from->allocated;
	into->freed += from->freed;
	into->reachable += from->reachable;
	into->spare += from->spare;
	into->retired += from->retired;
	into->lost += from->lost;
	into->wasted += from->wasted;
	into->wasted_install += from->wasted_install;
	into->wasted_growth += from->wasted_growth;
	into->recycled += from->recycled;
	for (unsigned l = 0; l < PT_LEVELS_MAX; l++)
		into->wasted_by_level[l] += from->wasted_by_level[l];
	if (from->peak > into->peak)
		into->peak = from->peak;
	into->nodes_known = from->nodes_known;
	into->on_asked_node = from->on_asked_node;
	memcpy(into->by_node, from->by_node, sizeof(into->by_node));
}

static void merge_overlap(struct overlap_result *into, const struct overlap_result *from)
{
	into->ranges += from->ranges;
	into->one_writer += from->one_writer;
	into->mixed_chunks += from->mixed_chunks;
	into->torn_leaf += from->torn_leaf;
	into->absent += from->absent;
	into->leaked_tables += from->leaked_tables;
}

static void merge_verdict(struct case_result *into, const struct case_result *from)
{
	if (from->verified != VERIFIED_NO) {
		if (into->verified == VERIFIED_NULL)
			into->verified = from->verified;
		return;
	}
	if (into->verified != VERIFIED_NO) {
		into->nevidence = from->nevidence;
		memcpy(into->evidence, from->evidence, sizeof(into->evidence));
	}
	into->verified = VERIFIED_NO;
}

static void merge_fairness(struct case_result *into, const struct case_result *from)
{
	/* the worst process is what a reader wants to know about; NaN, where it has none, gives way */
	into->longest_wait_ns = fmax(into->longest_wait_ns, from->longest_wait_ns);
	into->jain = fmin(into->jain, from->jain);
	into->min_max = fmin(into->min_max, from->min_max);
}

static void merge_head(struct case_result *into, const struct case_result *from)
{
	merge_ledger(&into->pages, &from->pages);
	merge_overlap(&into->overlap, &from->overlap);
	merge_verdict(into, from);
	merge_fairness(into, from);
	case_dma_merge(&into->dma, &from->dma);
	map_benchmark_merge(&into->map_benchmark, &from->map_benchmark);
	into->waste.tables += from->waste.tables;
	into->levels_end = from->levels_end;
	into->refused += from->refused;
	into->disturbed += from->disturbed;
	into->sample_every = from->sample_every;
	into->ops_per_slice = from->ops_per_slice;
	into->events = from->events;
	into->events_skipped = from->events_skipped;
	into->segment_ns = from->segment_ns;
	into->counters = from->counters; /* what counts; the figures are made from the slices */
}

static int merge_histogram(struct histogram *into, FILE *f)
{
	static struct histogram h; /* 18 KB; main thread only */

	if (fread(&h, sizeof(h), 1, f) != 1)
		return -1;
	hist_merge(into, &h);
	return 0;
}

static int merge_lock_stat(struct lock_stat *into, FILE *f)
{
	static struct lock_stat s; /* 37 KB; main thread only */

	if (fread(&s, sizeof(s), 1, f) != 1)
		return -1;
	lock_stat_merge(into, &s);
	return 0;
}

static int load_arrays(struct case_result *c, const struct case_result *head, FILE *f)
{
	for (unsigned w = 0; w < c->threads; w++) {
		struct worker_result wr;

		if (fread(&wr, sizeof(wr), 1, f) != 1)
			return -1;
		if (!head->nslices)
			continue; /* it did not come to this case */
		wr.ops += c->workers[w].ops;
		wr.elapsed_ns += c->workers[w].elapsed_ns;
		wr.moved |= c->workers[w].moved;
		wr.unpinned |= c->workers[w].unpinned;
		c->workers[w] = wr;
	}
	if (merge_histogram(c->window, f) || merge_histogram(c->vain, f) || merge_histogram(c->gap, f))
		return -1;
	for (unsigned k = 0; k < OP_KINDS; k++)
		if (merge_histogram(c->latency[k], f))
			return -1;
	for (unsigned k = 0; c->pace.lag && k < OP_KINDS; k++)
		if (merge_histogram(c->pace.response[k], f))
			return -1;
	if (c->pace.lag && merge_histogram(c->pace.lag, f))
		return -1;
	if (c->dma.stale && (merge_histogram(c->dma.stale, f) || merge_histogram(c->dma.depth, f)))
		return -1;
	if (c->lock && merge_lock_stat(c->lock, f))
		return -1;
	for (size_t i = 0; i < head->nslices; i++) {
		struct slice s;

		if (fread(&s, sizeof(s), 1, f) != 1 || case_add_slice(c, &s))
			return -1;
	}
	for (size_t i = 0; i < head->ndraws; i++) {
		struct draw d;

		if (fread(&d, sizeof(d), 1, f) != 1 || draw_add(c, &d))
			return -1;
	}
	return 0;
}

int case_load_merge(struct case_result *c, FILE *f)
{
	struct case_result head;

	if (fread(&head, sizeof(head), 1, f) != 1)
		return -1;
	/* an interrupted process that did not come to this case knows nothing of it */
	if (head.nslices || head.verified == VERIFIED_NO)
		merge_head(c, &head);
	return load_arrays(c, &head, f);
}
