#include "bench/fit.h"

#include <string.h>

#include "bench/plan_default.h"
#include "bench/units.h"

static uint64_t sizes_of(const struct group *g)
{
	uint64_t sizes = 0;

	if (g->workload->sizes)
		return g->workload->sizes(g);
	for (unsigned i = 0; i < g->mix.n; i++)
		sizes |= 1ull << g->mix.lg2[i];
	return g->mix.n ? sizes : 1ull << g->page_lg2;
}

char *fit_show_sizes(char *buf, size_t size, uint64_t sizes)
{
	unsigned n = (unsigned)__builtin_popcountll(sizes);
	char one[32], two[32];

	buf[0] = '\0';
	if (n > 8) {
		show_bytes(one, sizeof(one), 1ull << __builtin_ctzll(sizes));
		show_bytes(two, sizeof(two), 1ull << (63 - __builtin_clzll(sizes)));
		snprintf(buf, size, "%s .. %s (%u)", one, two, n);
		return buf;
	}
	for (unsigned lg2 = 0; lg2 < 64; lg2++)
		if (sizes >> lg2 & 1)
			snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", *buf ? ", " : "",
				 show_bytes(one, sizeof(one), 1ull << lg2));
	return buf;
}

unsigned fit_levels(const struct pt_engine *engine, uint64_t reach)
{
	unsigned levels = 3;

	if (!pt_engine_grows(engine))
		while (levels < PT_LEVELS_MAX && reach >> (12 + 9 * levels))
			levels++;
	return levels;
}

uint64_t fit_reach(const struct group *g)
{
	if (g->reach)
		return g->reach;
	return g->workload->reach ? g->workload->reach(g) : (1ull << 39) - 1;
}

unsigned fit_group_levels(const struct group *g, const struct pt_engine *engine)
{
	if (engine->ruler || (!g->levels && pt_engine_grows(engine)))
		return 3;
	return g->levels ? g->levels : fit_levels(engine, fit_reach(g));
}

int fit_format(const struct group *g, const struct pt_engine *engine, struct err *err)
{
	uint64_t wanted = sizes_of(g) & ~pt_engine_sizes(engine);
	char lacks[80], has[80];

	if (wanted)
		return err_set(err, EXIT_USAGE, "--engines %s has no pages of %s, which %s maps; it has %s: "
			       "choose among these with %s, or name the engines without it", engine->name,
			       fit_show_sizes(lacks, sizeof(lacks), wanted), g->workload->name,
			       fit_show_sizes(has, sizeof(has), pt_engine_sizes(engine)),
			       g->workload->unowned ? "--range" : "--page-size");
	if (g->levels > pt_engine_levels_max(engine))
		return err_set(err, EXIT_USAGE, "--levels %u: a table of --engines %s has at most %u; use "
			       "fewer, or name the engines without it", g->levels, engine->name,
			       pt_engine_levels_max(engine));
	return 0;
}

int fit_height(const struct group *g, const struct pt_engine *engine, struct err *err)
{
	unsigned needed, most = pt_engine_levels_max(engine);

	if (pt_engine_grows(engine))
		return 0;
	needed = fit_levels(engine, fit_reach(g));
	if (needed > most)
		return err_set(err, EXIT_USAGE, "%s with %u threads reaches 0x%lx, and a table of --engines "
			       "%s ends at %u bits; use a smaller workload, or name the engines without it",
			       g->workload->name, g->threads, (unsigned long)fit_reach(g), engine->name,
			       12 + 9 * most);
	if (g->levels && g->levels < needed)
		return err_set(err, EXIT_USAGE, "--levels %u: %s with %u threads reaches 0x%lx, and a table "
			       "of --engines %s does not grow; use --levels %u, or auto", g->levels,
			       g->workload->name, g->threads, (unsigned long)fit_reach(g), engine->name,
			       needed);
	return 0;
}

bool fit_somewhere(const struct options *o, const struct pt_engine *engine)
{
	const char *argument;
	struct err err;
	struct group g;

	plan_group_from(&g, o);
	g.mix = page_mix_of(o->page_size.v, o->page_size.n);
	for (size_t w = 0; w < o->workloads.n; w++)
		for (size_t p = 0; p < (g.mix.n ? 1 : o->page_size.n); p++) /* a mix is one thing */
			for (size_t l = 0; l < o->nlevels; l++) {
				g.workload = workload_find(o->workloads.v[w], &argument);
				g.page_lg2 = page_size_lg2(o->page_size.v[p]);
				g.levels = plan_levels(o->levels[l]);
				if (!fit_format(&g, engine, &err))
					return true;
			}
	return false;
}

/* Is there a group of one thread, whatever the machine? */
static bool alone_somewhere(const struct options *o)
{
	bool one = !o->threads.n, alone = false;
	const char *argument;

	for (size_t i = 0; i < o->threads.n; i++)
		one |= o->threads.v[i] == 1;
	for (size_t i = 0; i < o->workloads.n; i++)
		alone |= workload_find(o->workloads.v[i], &argument)->min_threads < 2;
	return one && alone;
}

/* Take engines out of the list, unless that leaves none: the plan then says what is wrong. */
static void drop_engines(struct options *o, uint64_t gone)
{
	size_t kept = 0, used;
	uint64_t words = 0;

	for (size_t i = 0; i < o->engines.n; i++)
		kept += !(gone >> i & 1);
	if (!gone || !kept)
		return;
	kept = 0;
	for (size_t i = 0; i < o->engines.n; i++) {
		used = strlen(o->left_out);
		if (gone >> i & 1) {
			snprintf(o->left_out + used, sizeof(o->left_out) - used, "%s%s", used ? ", " : "",
				 o->engines.v[i]);
			continue;
		}
		words |= (o->engines_of_words >> i & 1) << kept;
		if (kept != i)
			memcpy(o->engines.v[kept], o->engines.v[i], sizeof(o->engines.v[i]));
		kept++;
	}
	o->engines.n = kept;
	o->engines_of_words = words;
}

static bool has_walks(const struct options *o, const struct pt_engine *e)
{
	for (size_t i = 0; i < o->nwalks; i++)
		if (!pt_engine_walking(e, walk_name(o->walks[i])))
			return false;
	return true;
}

/*
 * --walk is about modern engines: where a word brought others too, these stay as they are. The
 * list then names each engine with its walk, so that a written job says the same.
 */
static void name_walks(struct options *o)
{
	struct list_text named = { .n = 0 };
	uint64_t words = 0;
	bool mixed = false, any = false;

	for (size_t i = 0; i < o->engines.n; i++) {
		const struct pt_engine *e = pt_engine_find(o->engines.v[i]);
		bool word = o->engines_of_words >> i & 1, walks = has_walks(o, e);

		if ((!word && !walks) || named.n + o->nwalks > LIST_MAX)
			return; /* the plan says what is wrong */
		mixed |= !walks;
		any |= walks;
		for (size_t k = 0; k < (walks ? o->nwalks : 1); k++) {
			words |= (uint64_t)word << named.n;
			snprintf(named.v[named.n++], sizeof(named.v[0]), "%s", walks
				 ? pt_engine_walking(e, walk_name(o->walks[k]))->name : e->name);
		}
	}
	if (!mixed || !any)
		return;
	o->engines = named;
	o->engines_of_words = words;
	o->nwalks = 0;
}

void fit_engines(struct options *o)
{
	uint64_t gone = 0;

	for (size_t i = 0; i < o->engines.n; i++) {
		const struct pt_engine *e = pt_engine_find(o->engines.v[i]);

		if (o->engines_of_words >> i & 1 &&
		    (!fit_somewhere(o, e) || (e->single && !alone_somewhere(o))))
			gone |= 1ull << i;
	}
	drop_engines(o, gone);
	if (o->nwalks)
		name_walks(o);
}

bool fit_cpus(const struct options *o, const struct topology *topo)
{
	for (size_t p = 0; p < o->nplaces; p++)
		for (size_t s = 0; s < o->nsmts; s++) {
			struct place place = o->places[p];
			struct list_u64 threads;

			place.smt = o->smts[s];
			plan_thread_counts(&threads, o, &place, topo);
			for (size_t i = 0; i < threads.n; i++)
				if (threads.v[i] <= place_capacity(topo, &place))
					return true;
		}
	return false;
}

void fit_machine(struct options *o, const struct topology *topo)
{
	uint64_t gone = 0;

	if (!o->oversubscribe || o->preset_default || fit_cpus(o, topo))
		return;
	for (size_t i = 0; i < o->engines.n; i++)
		if ((o->engines_of_words >> i & 1 || !options_given(o, "engines")) &&
		    pt_engine_in_line(pt_engine_find(o->engines.v[i])))
			gone |= 1ull << i;
	drop_engines(o, gone);
}
