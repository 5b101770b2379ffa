/*
 * preset_generic_pt.c - `--preset generic_pt`: what the kernel's kunit benchmark of its page tables does
 * (drivers/iommu/generic_pt/kunit_iommu_perf.h): one thread maps and unmaps one range 10,000 times, for
 * each page size and for 256 pages of three, each call between two stamps; the first map is not counted,
 * so no allocation is timed. Average and least, beside what was posted for both drivers.
 */
#include <string.h>

#include "bench/analyse.h"
#include "bench/json.h"
#include "bench/plan_default.h"
#include "bench/preset.h"
#include "bench/published.h"
#include "bench/screen.h"
#include "bench/units.h"

#define LOOPS 10000u
#define LONG_NS 2000000000u /* a size that takes longer is content with fewer loops */

static const struct {
	uint8_t size_lg2;
	uint16_t pages;
} work[] = {
	{ 12, 1 }, { 13, 1 }, { 14, 1 }, { 15, 1 }, { 16, 1 }, { 17, 1 }, { 18, 1 }, { 19, 1 },
	{ 20, 1 }, { 21, 1 }, { 30, 1 }, { 12, 256 }, { 21, 256 }, { 30, 256 },
};

#define WORK (sizeof(work) / sizeof(work[0]))

/* In the order of their columns; those of another format, where it has the size, in a table below. */
static const char *const engines[] = { "amdv1/lockless-2019", "amdv1/mutex-2019", "amdv1/lockless",
				       "amdv1/mutex", "vtdss/lockless" };

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

/* -- plan -- */

static int check(const struct options *o, struct err *err)
{
	if (o->nplaces > 1 || o->nmems > 1 || o->nzeros > 1)
		return err_set(err, EXIT_USAGE, "--preset generic_pt: one --place, --mem and --zero at a "
			       "time, not a list");
	return 0;
}

static int plan(struct plan *plan, const struct options *o, const struct topology *topo,
		struct err *err)
{
	const char *argument;

	if (check(o, err))
		return err->code;
	for (size_t i = 0; i < WORK; i++) {
		struct group g;

		plan_group_from(&g, o);
		g.workload = workload_find("repeat", &argument);
		g.section = 1;
		g.threads = 1;
		g.page_lg2 = work[i].size_lg2;
		g.batch = work[i].pages;
		g.ops_enough = 2 * LOOPS;
		g.duration_ns = o->duration_ns ? o->duration_ns : LONG_NS;
		plan_settle_shape(&g);
		for (size_t e = 0; e < ENGINES; e++) {
			const struct pt_engine *engine = pt_engine_find(engines[e]);

			if (pt_engine_sizes(engine) >> g.page_lg2 & 1)
				g.engines[g.nengines++] = engine;
		}
		plan_add_rulers(&g);
		if (plan_add(plan, &g, topo, err))
			return err->code;
	}
	return 0;
}

/* -- screen -- */

/* engine NULL: the ruler. */
static const struct case_result *find(const struct result *r, size_t at, const char *engine)
{
	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		if (c->page_bytes == 1ull << work[at].size_lg2 && c->batch == work[at].pages &&
		    (c->engine->ruler ? !engine : engine && !strcmp(c->engine->name, engine)))
			return c;
	}
	return NULL;
}

/* "76.4/71": average and least. */
static void ours(const struct screen *s, struct columns *t, size_t at, const char *engine, enum op_kind kind)
{
	const struct case_result *c = find(s->r, at, engine);
	char avg[24];

	if (c && case_sampled(c, kind))
		columns_cell(t, "%s/%lu", show_number(avg, sizeof(avg), c->ns_per_op[kind]),
			     (unsigned long)c->latency[kind]->min);
	else
		columns_cell(t, "-");
}

static void theirs(struct columns *t, unsigned avg, unsigned min)
{
	if (avg)
		columns_cell(t, "%u/%u", avg, min);
	else if (min)
		columns_cell(t, "-/%u", min);
	else
		columns_cell(t, "-");
}

static void published(struct columns *t, const struct published_table *table, size_t at, enum op_kind kind)
{
	const struct published_row *row = published_find(table, work[at].size_lg2, work[at].pages);
	struct published_figure none = { 0 }, f = none;

	if (row)
		f = kind == OP_MAP ? row->map : row->unmap;
	theirs(t, f.avg_before, f.min_before);
	theirs(t, f.avg_after, f.min_after);
}

static void begin_row(struct columns *t, size_t at)
{
	char size[16];

	columns_row(t);
	show_bytes(size, sizeof(size), 1ull << work[at].size_lg2);
	if (work[at].pages > 1)
		columns_cell(t, "%u x %s", work[at].pages, size);
	else
		columns_cell(t, "%s", size);
}

static void amdv1_table(const struct screen *s, enum op_kind kind)
{
	static const struct column column[] = {
		{ .title = "pages", .least = 8 },
		{ .title = "lockless-2019", .align = COLUMNS_RIGHT },
		{ .title = "mutex-2019", .align = COLUMNS_RIGHT, .least = 10 },
		{ .title = "lockless", .align = COLUMNS_RIGHT, .least = 10 },
		{ .title = "mutex", .align = COLUMNS_RIGHT, .least = 10 },
		{ .title = "null", .align = COLUMNS_RIGHT, .least = 10 },
		{ .title = "published\nold", .align = COLUMNS_RIGHT, .fold = true },
		{ .title = "AMDv1\nnew", .align = COLUMNS_RIGHT, .least = 9 },
	};
	struct columns t = screen_columns(s, column, sizeof(column) / sizeof(column[0]), 5);

	fprintf(s->out, "   %s, ns a call: average/least\n", op_kind_name[kind]);
	for (size_t i = 0; i < WORK; i++) {
		begin_row(&t, i);
		for (size_t e = 0; e < 4; e++)
			ours(s, &t, i, engines[e], kind);
		ours(s, &t, i, NULL, kind);
		published(&t, &published_generic_pt[0], i, kind);
	}
	columns_end(&t);
}

static void vtdss_table(const struct screen *s, enum op_kind kind)
{
	static const struct column column[] = {
		{ .title = "pages", .least = 8 },
		{ .title = "vtdss/lockless", .align = COLUMNS_RIGHT },
		{ .title = "published\nold", .align = COLUMNS_RIGHT },
		{ .title = "x86-64\nnew", .align = COLUMNS_RIGHT, .least = 9 },
		{ .title = "published\nold", .align = COLUMNS_RIGHT },
		{ .title = "VT-d\nnew", .align = COLUMNS_RIGHT, .least = 9 },
	};
	struct columns t = screen_columns(s, column, sizeof(column) / sizeof(column[0]), 5);

	fprintf(s->out, "   %s\n", op_kind_name[kind]);
	for (size_t i = 0; i < WORK; i++) {
		if (!find(s->r, i, engines[4]))
			continue;
		begin_row(&t, i);
		ours(s, &t, i, engines[4], kind);
		published(&t, &published_generic_pt[1], i, kind);
		published(&t, &published_generic_pt[2], i, kind);
	}
	columns_end(&t);
}

/* Fewest and most maps of a case. */
static void loops(const struct screen *s)
{
	uint64_t least = UINT64_MAX, most = 0;
	char from[32], to[32];

	for (size_t i = 0; i < s->r->ncases; i++) {
		uint64_t n = s->r->cases[i].ops / 2;

		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	if (most)
		screen_words(s, "   ", "loops: %s to %s of each size and engine, %u wanted",
			     show_int(from, sizeof(from), least), show_int(to, sizeof(to), most), LOOPS);
}

static void notes(const struct screen *s)
{
	const struct clock_facts *clock = &s->r->ruler.clock;
	char pair[32], step[32];

	screen_words(s, "   ", "stamps: not subtracted; a pair costs %s, of which null is in every figure of ours, "
		     "ktime_get() likewise in theirs; step %s: what is least is a multiple of it, rounded down",
		     show_ns(pair, sizeof(pair), clock->pair_ns), show_ns(step, sizeof(step), clock->step_ns));
	screen_words(s, "   ", "an average far above the least was disturbed");
	screen_words(s, "   ", "old: the %s, beside our lockless-2019; new: %s, beside our lockless",
		     published_generic_pt[0].before, published_generic_pt[0].after);
	screen_words(s, "   ", "published: %s: other hardware, other clock: for orientation",
		     published_generic_pt[0].hardware);
	for (const struct published_table *t = published_generic_pt; t->name; t++)
		fprintf(s->out, "     %-7s lore.kernel.org/all/%s\n", t->name, t->source);
}

static void print(const struct screen *s)
{
	screen_title(s, "   PRESET generic_pt", "one thread; one range again and again, each call stamped; the "
		     "first not counted");
	amdv1_table(s, OP_MAP);
	amdv1_table(s, OP_UNMAP);
	vtdss_table(s, OP_MAP);
	vtdss_table(s, OP_UNMAP);
	loops(s);
	notes(s);
}

/* -- document -- */

static void put_ns(struct node o, const char *key, unsigned ns)
{
	if (ns)
		put_u64(o, key, ns);
	else
		put_null(o, key);
}

static void put_figures(struct node array, const struct published_table *t,
			const struct published_row *row, enum op_kind kind)
{
	const struct published_figure *f = kind == OP_MAP ? &row->map : &row->unmap;
	struct node o = add_object(array);

	put_text(o, "preset", "generic_pt");
	put_text(o, "format", t->name);
	put_text(o, "source", t->source);
	put_text(o, "hardware", t->hardware);
	put_text(o, "before", t->before);
	put_text(o, "after", t->after);
	put_u64(o, "page_size", 1ull << row->size_lg2);
	put_u64(o, "batch", row->pages);
	put_text(o, "kind", op_kind_name[kind]);
	put_ns(o, "avg_ns_before", f->avg_before);
	put_ns(o, "avg_ns_after", f->avg_after);
	put_ns(o, "min_ns_before", f->min_before);
	put_ns(o, "min_ns_after", f->min_after);
}

static void publish(struct node array)
{
	for (const struct published_table *t = published_generic_pt; t->name; t++)
		for (size_t i = 0; i < t->n; i++) {
			put_figures(array, t, &t->rows[i], OP_MAP);
			put_figures(array, t, &t->rows[i], OP_UNMAP);
		}
}

const struct preset preset_generic_pt = {
	.name = "generic_pt", .help = "the kernel's kunit benchmark of its page tables: each size, one thread",
	.takes = "place,mem,zero", .plan = plan, .print = print, .publish = publish,
};
