/*
 * preset_dma_map.c - `--preset dma_map_benchmark`: what the kernel's dma_map_benchmark does, told in its
 * own options: threads that each map and unmap one buffer again and again (workload_one_buffer.c). The
 * mean and sigma as that tool would print them, our own figures of the same calls beside them, and
 * what was posted.
 */
#include <string.h>

#include "bench/analyse.h"
#include "bench/json.h"
#include "bench/map_benchmark.h"
#include "bench/option_row.h"
#include "bench/plan_default.h"
#include "bench/plan_engines.h"
#include "bench/preset.h"
#include "bench/screen.h"
#include "bench/units.h"
#include "bench/workload_rows.h"

#define SECOND 1000000000ull
#define UNIT_NS 100u /* the tool counts in these */

#define BLOCK_PAGES 512u /* posted with the remark that it was one leaf of 2 MiB: no more work than a page */

/* In units of 0.1 us, as posted: map and unmap before and after map_pages(). */
static const struct posted {
	uint16_t granule, threads, before[2], after[2];
} posted[] = {
	{ 1, 1, { 1, 13 }, { 1, 8 } },        { 1, 10, { 3, 70 }, { 1, 58 } },
	{ 4, 1, { 3, 19 }, { 1, 11 } },       { 4, 10, { 5, 63 }, { 3, 56 } },
	{ 16, 1, { 10, 45 }, { 2, 20 } },     { 16, 10, { 10, 173 }, { 3, 124 } },
	{ 64, 1, { 37, 148 }, { 4, 61 } },    { 64, 10, { 43, 672 }, { 12, 464 } },
	{ 256, 1, { 140, 539 }, { 8, 193 } }, { 256, 10, { 147, 2808 }, { 18, 1915 } },
	{ 512, 1, { 2, 9 }, { 2, 9 } },       { 512, 10, { 36, 32 }, { 15, 25 } },
};

#define POSTED (sizeof(posted) / sizeof(posted[0]))

static const char *const posted_source = "edfff22f-251d-e07d-fdbc-0eb00c821f15@hisilicon.com";
static const char *const posted_hardware = "HiSilicon, SMMUv3";

/* The sample that came with the tool: mean and sigma, 16 threads, 1 page. */
static const uint16_t sample[2] = { 11, 5 }, sample_sigma[2] = { 19, 8 };
static const char *const sample_source = "20201116060848.1848-3-song.bao.hua@hisilicon.com";

/* ---- plan ---- */

static struct map_benchmark_args args_of(const struct options *o)
{
	struct map_benchmark_args a;
	char why[8];

	map_benchmark_parse(o->preset.args, &a, why, sizeof(why)); /* was good when the option was read */
	return a;
}

static uint64_t range_bytes(const struct map_benchmark_args *a)
{
	uint64_t pages = 1;

	while (pages < (uint64_t)a->granule)
		pages *= 2;
	return pages << IOVA_PAGE_LG2;
}

static int check(const struct options *o, const struct map_benchmark_args *a, struct err *err)
{
	/* half: allocators keep some freed ranges for each thread */
	if (a->bits < 63 && (uint64_t)a->threads * range_bytes(a) > 1ull << (a->bits - 1))
		return err_set(err, EXIT_USAGE, "--preset dma_map_benchmark: the ranges of -t %ld and -g %ld do not fit "
			       "half of -b %ld; use more bits", (long)a->threads, (long)a->granule,
			       (long)a->bits);
	if (a->node_given && options_given(o, "place"))
		return err_set(err, EXIT_USAGE, "--preset dma_map_benchmark: -n and --place both say where; leave one "
			       "out");
	/* 0 is "chosen", and every written job says it */
	if (a->seconds_given && o->duration_ns)
		return err_set(err, EXIT_USAGE, "--preset dma_map_benchmark: -s and --duration both say how long; leave "
			       "one out");
	if (o->nplaces > 1 || o->nmems > 1 || o->nzeros > 1)
		return err_set(err, EXIT_USAGE, "--preset dma_map_benchmark: one --place, --mem and --zero at a time, "
			       "not a list");
	return 0;
}

/* -n: on that node, as if --place had said so. */
static int set_node(struct group *g, const struct options *o, int64_t node, struct err *err)
{
	struct options copy = *o;
	char text[32];
	struct why why;

	snprintf(text, sizeof(text), "node:%ld", (long)node);
	if (!option_set(&copy, option_find("place"), text, &why))
		return err_set(err, EXIT_USAGE, "--preset dma_map_benchmark: -n %ld: %s", (long)node, why.text);
	g->place = copy.places[0];
	return 0;
}

static int add_group(struct plan *plan, struct group g, const struct options *o,
		     const struct topology *topo, struct err *err)
{
	const struct map_benchmark_args a = args_of(o);

	if (plan_choose_engines(plan, &g, o, topo, false, err))
		return err->code;
	if (!g.nengines)
		return 0;
	/* -s is each engine's; rulers are not asked for and get no less */
	if (!o->duration_ns)
		g.duration_ns = (uint64_t)a.seconds * SECOND * g.nengines;
	return plan_add(plan, &g, topo, err);
}

static int plan(struct plan *plan, const struct options *o, const struct topology *topo,
		struct err *err)
{
	const struct map_benchmark_args a = args_of(o);
	struct group g;

	if (check(o, &a, err))
		return err->code;
	plan_group_from(&g, o);
	g.workload = &workload_one_buffer;
	g.section = 1;
	g.threads = (unsigned)a.threads;
	g.page_lg2 = IOVA_PAGE_LG2;
	g.batch = (uint64_t)a.granule;
	g.think_ns = (uint64_t)a.delay_ns;
	g.scatter = a.sg && a.granule > 1;
	g.direction = (unsigned)a.dir;
	g.iova_window = 1ull << (a.bits < 32 ? a.bits : 32);
	plan_settle_shape(&g);
	if (a.node_given && set_node(&g, o, a.node, err))
		return err->code;
	g.reach = g.workload->reach(&g);
	for (size_t i = 0; i < o->niovas; i++)
		for (size_t f = 0; f < o->nflushes; f++) {
			g.iova = o->iovas[i];
			g.flush = o->flushes[f];
			if (add_group(plan, g, o, topo, err))
				return err->code;
		}
	return 0;
}

/* ---- screen ---- */

static void call_row(const struct screen *s, struct columns *t, const struct case_result *c,
		     enum op_kind kind)
{
	const struct map_benchmark_sums *sums = &c->map_benchmark;
	double pair_ns = s->r->ruler.clock.pair_ns;
	const struct histogram *h = case_sampled(c, kind) ? c->latency[kind] : NULL;
	char text[32];

	columns_row(t);
	columns_cell(t, "%s", kind == OP_MAP ? row_name(s, c->engine) : "");
	columns_cell(t, "%s", op_kind_name[kind]);
	columns_cell(t, "%.1f", map_benchmark_mean_us(sums, kind));
	columns_cell(t, "%.1f", map_benchmark_sigma_us(sums, kind));
	columns_cell(t, "%s", show_number(text, sizeof(text), c->ns_per_op[kind]));
	columns_cell(t, "%s", show_quantile(text, sizeof(text), h, 0.5, pair_ns));
	columns_cell(t, "%s", show_quantile(text, sizeof(text), h, 0.99, pair_ns));
	columns_cell(t, "%s", show_quantile(text, sizeof(text), h, 0.999, pair_ns));
	columns_cell(t, "%s", h ? show_ns(text, sizeof(text), (double)h->max) : "-");
	columns_cell(t, "%s", show_int(text, sizeof(text), sums->loops[kind]));
}

static const struct column call_columns[] = {
	{ .title = "engine", .least = 22 }, { .title = "", .least = 6, .gap = 1 },
	{ .title = "us", .align = COLUMNS_RIGHT, .least = 6, .gap = 1 },
	{ .title = "sigma", .align = COLUMNS_RIGHT, .least = 6, .gap = 1 },
	{ .title = "ns", .align = COLUMNS_RIGHT, .least = 8, .bar = true, .fold = true },
	{ .title = "p50", .align = COLUMNS_RIGHT, .least = 8, .gap = 1 },
	{ .title = "p99", .align = COLUMNS_RIGHT, .least = 8, .gap = 1 },
	{ .title = "p99.9", .align = COLUMNS_RIGHT, .least = 8, .gap = 1 },
	{ .title = "max", .align = COLUMNS_RIGHT, .least = 8, .gap = 1 },
	{ .title = "loops", .align = COLUMNS_RIGHT, .least = 9, .gap = 1 },
};

static void print_group(const struct screen *s, size_t first)
{
	const struct result *r = s->r;
	char think[24], where[48];
	const struct case_result *c = &r->cases[first];
	struct flow flow = flow_begin(s, "   ", " | ");
	struct columns t;

	flow_add(&flow, "iova %s", c->dma.iova);
	flow_add(&flow, "flush %s%s", c->dma.flush, dma_flushes(&c->dma) ? " (model)" : "");
	flow_add(&flow, "%u thread%s", c->threads, c->threads == 1 ? "" : "s");
	flow_add(&flow, "%s", show_where(where, sizeof(where), c));
	flow_add(&flow, "%lu page%s a map", (unsigned long)c->batch, c->batch == 1 ? "" : "s");
	flow_add(&flow, "%s between map and unmap", show_think(think, sizeof(think), c->think_ns));
	flow_end(&flow);
	t = screen_columns(s, call_columns, sizeof(call_columns) / sizeof(call_columns[0]), 5);
	for (size_t i = first; i < r->ncases; i++) {
		if (r->cases[i].group != c->group)
			continue;
		if (case_withheld(&r->cases[i])) {
			columns_row(&t);
			columns_cell(&t, "%s", row_name(s, r->cases[i].engine));
			columns_rest(&t, PAINT_WORSE, "withheld, see audit");
			continue;
		}
		call_row(s, &t, &r->cases[i], OP_MAP);
		call_row(s, &t, &r->cases[i], OP_UNMAP);
	}
	columns_end(&t);
}

static void print_posted(const struct screen *s)
{
	static const struct column column[] = {
		{ .title = "pages", .least = 13 }, { .title = "1 thread", .least = 27 }, { .title = "10 threads" },
	};
	struct columns t;

	screen_words(s, "   ", "published, us of a map/an unmap: %s, before and after map_pages(); for orientation",
		     posted_hardware);
	t = screen_columns(s, column, sizeof(column) / sizeof(column[0]), 5);
	for (size_t i = 0; i < POSTED; i++) {
		const struct posted *p = &posted[i];

		if (p->threads == 1) {
			columns_row(&t);
			columns_cell(&t, "%u%s", p->granule, p->granule == BLOCK_PAGES ? " (2M block)" : "");
		}
		columns_cell(&t, "%.1f/%.1f -> %.1f/%.1f", p->before[0] / 10.0, p->before[1] / 10.0,
			     p->after[0] / 10.0, p->after[1] / 10.0);
	}
	columns_end(&t);
	screen_words(s, "     ", "lore.kernel.org/all/%s", posted_source);
	screen_words(s, "   ", "published with the tool: 16 threads, 1 page: map %.1f sigma %.1f, unmap %.1f "
		     "sigma %.1f", sample[0] / 10.0, sample_sigma[0] / 10.0, sample[1] / 10.0, sample_sigma[1] / 10.0);
	screen_words(s, "     ", "lore.kernel.org/all/%s", sample_source);
}

static void print(const struct screen *s)
{
	const struct map_benchmark_args a = args_of(&s->r->jobs[0]);
	char text[120], pair[32];

	screen_title(s, "   PRESET dma_map_benchmark", "%s%s", map_benchmark_show(&a, text, sizeof(text)),
		     s->r->jobs[0].duration_ns ? ", but --duration" : "");
	for (size_t i = 0; i < s->r->ncases; i++)
		if (!i || s->r->cases[i].group != s->r->cases[i - 1].group)
			print_group(s, i);
	screen_words(s, "   ", "us, sigma: as that tool counts, every sample cut down to whole 0.1 us before it is "
		     "added");
	screen_words(s, "   ", "ns and on: the same calls; percentiles without samples that a context switch hit");
	screen_words(s, "   ", "a pair of stamps costs %s, not subtracted; null: the allocator and stamps",
		     show_ns(pair, sizeof(pair), s->r->ruler.clock.pair_ns));
	print_posted(s);
}

/* ---- document ---- */

static struct node add_figures(struct node array, const char *source, const char *hardware, unsigned granule,
			       unsigned threads, enum op_kind kind)
{
	struct node o = add_object(array);

	put_text(o, "preset", "dma_map_benchmark");
	put_text(o, "source", source);
	put_text(o, "hardware", hardware);
	put_u64(o, "page_size", 1ull << IOVA_PAGE_LG2);
	put_u64(o, "batch", granule);
	put_u64(o, "threads", threads);
	put_text(o, "kind", op_kind_name[kind]);
	put_null(o, "min_ns_before");
	put_null(o, "min_ns_after");
	return o;
}

static void publish(struct node array)
{
	struct node o;

	for (enum op_kind kind = OP_MAP; kind <= OP_UNMAP; kind++) {
		for (size_t i = 0; i < POSTED; i++) {
			o = add_figures(array, posted_source, posted_hardware, posted[i].granule,
					posted[i].threads, kind);
			put_text(o, "format", posted[i].granule == BLOCK_PAGES ? "SMMUv3, one 2M block" : "SMMUv3");
			put_text(o, "before", "before map_pages()");
			put_text(o, "after", "after map_pages()");
			put_u64(o, "avg_ns_before", UNIT_NS * posted[i].before[kind]);
			put_u64(o, "avg_ns_after", UNIT_NS * posted[i].after[kind]);
			put_null(o, "sigma_ns_before");
		}
		o = add_figures(array, sample_source, "not stated", 1, 16, kind);
		put_text(o, "format", "not stated");
		put_text(o, "before", "sample posted with the tool");
		put_text(o, "after", "not measured");
		put_u64(o, "avg_ns_before", UNIT_NS * sample[kind]);
		put_null(o, "avg_ns_after");
		put_u64(o, "sigma_ns_before", UNIT_NS * sample_sigma[kind]);
	}
}

static bool parse(const char *args, char *why, size_t size)
{
	struct map_benchmark_args a;

	return map_benchmark_parse(args, &a, why, size);
}

const struct preset preset_dma_map_benchmark = {
	.name = "dma_map_benchmark", .argument = "OPTIONS",
	.help = "the kernel's tool of that name, told in its own options (-t -s -n -b -d -x -g -m)",
	.takes = "engines,iova,flush,flush-ns,flush-lock,place,mem,zero,page-source,oversubscribe",
	.parse = parse, .plan = plan, .print = print, .publish = publish,
};
