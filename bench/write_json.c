/* The document around the cases: how it was run, on what, and what compares with what. */
#include "bench/write_json.h"

#include <math.h>
#include <string.h>

#include "bench/analyse.h"
#include "bench/preset.h"
#include "bench/units.h"
#include "bench/write.h"

static void put_texts(struct node o, const char *key, const struct list_text *list)
{
	struct node array = put_array(o, key);

	for (size_t i = 0; i < list->n; i++)
		add_text(array, list->v[i]);
}

static void put_job_lists(struct node o, const struct options *j)
{
	struct node sizes, array;

	put_texts(o, "engines", &j->engines);
	array = put_array(o, "walk");
	for (size_t i = 0; i < j->nwalks; i++)
		add_text(array, walk_name(j->walks[i]));
	put_texts(o, "workload", &j->workloads);
	put_u64s(o, "threads", j->threads.v, j->threads.n);
	sizes = put_array(o, "page_size");
	for (size_t i = 0; i < j->page_size.n; i++)
		add_u64(sizes, 1ull << page_size_lg2(j->page_size.v[i]));
	sizes = put_array(o, "page_weight");
	for (size_t i = 0; i < j->page_size.n && page_size_weight(j->page_size.v[i]); i++)
		add_u64(sizes, page_size_weight(j->page_size.v[i]));
	put_u64s(o, "batch", j->batch.v, j->batch.n);
	put_u64s(o, "think_ns", j->think_ns.v, j->think_ns.n);
	put_u64s(o, "rate", j->rate.v, j->rate.n);
	array = put_array(o, "place");
	for (size_t i = 0; i < j->nplaces; i++)
		add_text(array, j->places[i].text);
	array = put_array(o, "smt");
	for (size_t i = 0; i < j->nsmts; i++)
		add_text(array, smt_name(j->smts[i]));
	put_bool(o, "oversubscribe", j->oversubscribe);
	array = put_array(o, "mem");
	for (size_t i = 0; i < j->nmems; i++)
		add_text(array, j->mems[i].text);
	array = put_array(o, "zero");
	for (size_t i = 0; i < j->nzeros; i++)
		add_text(array, zero_name(j->zeros[i]));
	array = put_array(o, "page_source");
	for (size_t i = 0; i < j->nsources; i++)
		add_text(array, source_name(j->sources[i]));
	array = put_array(o, "levels");
	for (size_t i = 0; i < j->nlevels; i++)
		add_text(array, levels_name(j->levels[i]));
}

/* "auto", "none", or one in so many. */
static void put_sample(struct node o, uint64_t sample)
{
	if (sample == SAMPLE_AUTO || sample == SAMPLE_NONE)
		put_text(o, "sample", sample == SAMPLE_AUTO ? "auto" : "none");
	else
		put_u64(o, "sample", sample);
}

static void put_job(struct node array, const struct options *j)
{
	struct node o = add_object(array);
	char ratio[16], handicap[24], preset[160];

	put_fact(o, "job", j->job);
	put_bool(o, "default", j->preset_default);
	put_fact(o, "preset", preset_show(j, preset, sizeof(preset)));
	put_job_lists(o, j);
	put_text(o, "share", share_name(j->share));
	put_text(o, "order", order_name(j->order));
	put_text(o, "speed", speed_name(j->speed));
	put_text(o, "range", range_name(j->range));
	put_bool(o, "disjoint", j->disjoint);
	put_text(o, "ratio", ratio_text(j->ratio, ratio, sizeof(ratio)));
	put_u64(o, "readers", j->readers);
	put_u64(o, "depth", j->depth);
	put_job_dma(o, j);
	put_bool(o, "aa", j->aa);
	put_bool(o, "lock_stat", j->lock_stat);
	put_u64(o, "duration_ns", j->duration_ns);
	put_u64(o, "slice_ns", j->slice_ns);
	put_u64(o, "warmup_ns", j->warmup_ns);
	put_u64(o, "processes", j->processes);
	put_text(o, "pace", pace_name(j->pace));
	put_u64(o, "seed", j->seed);
	put_sample(o, j->sample);
	put_text(o, "counters", counters_name(j->counters));
	put_u64(o, "round", j->round);
	put_u64(o, "tables", j->tables);
	put_text(o, "break", breakage_name(j->breakage));
	put_text(o, "handicap", handicap_text(&j->handicap, handicap, sizeof(handicap)));
	put_fact(o, "topology", j->topology);
	put_fact(o, "out", j->out);
}

/* Those outside the cpuset, too; what is offline is not there. */
static void put_cpus(struct node o, const struct topology *t)
{
	struct node array = put_array(o, "cpu_map");

	for (unsigned i = 0; i < t->ncpus; i++) {
		const struct topo_cpu *c = &t->cpus[i];
		struct node cpu = add_object(array);

		put_u64(cpu, "cpu", c->os);
		put_u64(cpu, "core", c->core);
		put_u64(cpu, "smt", c->smt);
		put_u64(cpu, "l3", c->l3);
		put_u64(cpu, "package", c->package);
		put_u64(cpu, "node", t->nodes[c->node].os);
		put_fact(cpu, "kind", t->nkinds > 1 ? t->kinds[c->kind] : "");
		put_bool(cpu, "allowed", c->allowed);
	}
}

static void put_topology(struct node host, const struct topology *t)
{
	struct node o, nodes;

	if (!t) {
		put_null(host, "topology");
		return;
	}
	o = put_object(host, "topology");
	put_u64(o, "packages", t->npackages);
	put_u64(o, "last_level_caches", t->nl3);
	put_u64(o, "cores", t->ncores);
	put_u64(o, "cpus", t->ncpus);
	put_u64(o, "cpus_allowed", t->nallowed);
	put_u64(o, "cpus_per_core", t->smt);
	nodes = put_array(o, "nodes");
	for (unsigned i = 0; i < t->nnodes; i++) {
		struct node node = add_object(nodes), distance;

		put_u64(node, "node", t->nodes[i].os);
		put_u64(node, "memory_bytes", t->nodes[i].memory_bytes);
		put_bool(node, "memory_allowed", !t->nodes[i].forbidden);
		put_u64(node, "cpus_allowed", t->nodes[i].cpus);
		distance = put_array(node, "distance");
		for (unsigned j = 0; j < t->nnodes; j++)
			add_u64(distance, t->distance[i * t->nnodes + j]);
	}
	put_cpus(o, t);
}

static void put_flag(struct node o, const char *key, int flag)
{
	put_json(o, key, flag < 0 ? json_null() : json_boolean(flag));
}

static void put_host(struct node root, const struct result *r)
{
	const struct host_facts *h = &r->host;
	struct node o = put_object(root, "host");

	put_fact(o, "hostname", h->hostname);
	put_fact(o, "kernel", h->kernel);
	put_fact(o, "os", h->os);
	put_fact(o, "arch", h->arch);
	put_fact(o, "cpu_model", h->cpu_model);
	put_fact(o, "microcode", h->microcode);
	put_fact(o, "hypervisor", h->hypervisor);
	put_fact(o, "container", h->container);
	put_fact(o, "governor", h->governor);
	put_fact(o, "boost", h->boost);
	put_fact(o, "clocksource", h->clocksource);
	put_fact(o, "transparent_hugepages", h->thp);
	put_flag(o, "numa_balancing", h->numa_balancing);
	put_flag(o, "smt", h->smt);
	put_real(o, "cgroup_cpus", h->cgroup_cpus > 0 ? h->cgroup_cpus : NAN);
	put_u64(o, "memory_bytes", h->memory_bytes);
	put_real(o, "cgroup_memory_bytes",
		 h->cgroup_memory_bytes ? (double)h->cgroup_memory_bytes : NAN);
	put_real(o, "load1", h->load1);
	put_fact(o, "version", h->version);
	put_fact(o, "commit", h->commit);
	put_fact(o, "compiler", h->compiler);
	put_fact(o, "flags", h->flags);
	put_fact(o, "hwloc", h->hwloc);
	put_topology(o, r->topo);
}

static void put_clock(struct node root, const struct clock_facts *c)
{
	struct node o = put_object(root, "clock");

	put_fact(o, "source", c->source);
	put_fact(o, "why_not_cycles", c->why_not);
	put_real(o, "step_ns", c->step_ns);
	put_real(o, "pair_ns", c->pair_ns);
	put_real(o, "ns_per_tick", c->ns_per_tick);
	put_real(o, "drift_ppm", c->drift_ppm);
	put_real(o, "cross_cpu_ns", c->cross_cpu_ns);
}

static void put_ruler(struct node root, const struct ruler *ruler)
{
	struct node o = put_object(root, "ruler");

	put_real(o, "null_ns", ruler->null_ns);
	put_histogram(o, "hiccup_ns", &ruler->hiccups);
	put_u64(o, "steal_ns", ruler->steal_ns);
	put_real(o, "elapsed_s", ruler->elapsed_s);
	put_u64(o, "peak_rss_bytes", ruler->peak_rss_bytes);
}

static void put_alloc(struct node root, const struct result *r)
{
	struct node o = put_object(root, "alloc");
	uint64_t peak = 0;

	for (size_t i = 0; i < r->ncases; i++)
		peak = r->cases[i].pages.peak > peak ? r->cases[i].pages.peak : peak;
	put_text(o, "library", r->host.jemalloc[0] ? "jemalloc" : "aligned_alloc");
	put_fact(o, "version", r->host.jemalloc);
	put_fact(o, "malloc_conf", r->host.malloc_conf);
	put_u64(o, "page_bytes", PAGE_BYTES);
	if (peak)
		put_u64(o, "peak_pages", peak);
	else
		put_null(o, "peak_pages");
}

static void put_audit(struct node root, const struct result *r)
{
	struct audit_sum sum = audit_sum(r);
	struct node o = put_object(root, "audit");

	put_u64(o, "cases", r->ncases);
	put_u64(o, "audited", sum.audited);
	put_u64(o, "clean", sum.clean);
	put_u64(o, "unbalanced", sum.unbalanced);
	put_u64(o, "cpus", sum.cpus);
	put_u64(o, "cpus_as_asked", sum.cpus_as_asked);
	put_real(o, "on_asked_node", sum.on_asked_node);
	put_bool(o, "lost_pinning", r->lost_pinning);
	put_bool(o, "clock_stepped_back", r->clock_stepped_back);
	put_u64(o, "resumed_groups", r->resumed);
}

void put_interval(struct node o, const char *name, const struct interval *i)
{
	char lo[64], hi[64];

	snprintf(lo, sizeof(lo), "%s_lo", name);
	snprintf(hi, sizeof(hi), "%s_hi", name);
	put_real(o, name, i->n || i->valid ? i->mid : NAN);
	put_real(o, lo, i->valid ? i->lo : NAN);
	put_real(o, hi, i->valid ? i->hi : NAN);
}

/* What two cases have in common, the engine left out: "private threads=2 page=4K …". */
static void shared_part(const struct comparison *cmp, const struct case_result *c, char *text,
			size_t size)
{
	char page[MIX_TEXT_MAX], think[16];
	const struct {
		const char *name, *value;
	} words[] = {
		{ "place", c->place }, { "smt", c->smt }, { "mem", c->mem }, { "zero", c->zero },
		{ "page_source", c->source },
		{ "think", show_ns(think, sizeof(think), (double)c->think_ns) },
	};
	int used = snprintf(text, size, "%s threads=%u page=%s batch=%llu", c->workload, c->threads,
			    page_mix_show(page, sizeof(page), &c->mix, c->page_bytes),
			    (unsigned long long)c->batch);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && (size_t)used < size; i++)
		if (strcmp(cmp->differs, words[i].name))
			used += snprintf(text + used, size - (size_t)used, " %s=%s", words[i].name,
					 words[i].value);
}

static void put_comparison(struct node array, const struct result *r, const struct comparison *cmp)
{
	struct node o = add_object(array), differs;
	char text[256], *rest = text, *name;

	put_text(o, "a", r->cases[cmp->a].case_id);
	put_text(o, "b", r->cases[cmp->b].case_id);
	shared_part(cmp, &r->cases[cmp->b], text, sizeof(text));
	put_text(o, "case", text);
	snprintf(text, sizeof(text), "%s", cmp->differs);
	differs = put_array(o, "differs");
	while ((name = strsep(&rest, ",")))
		add_text(differs, name);
	put_text(o, "metric", cmp->metric);
	put_real(o, "ratio", cmp->ratio.mid);
	put_real(o, "lo", cmp->ratio.valid ? cmp->ratio.lo : NAN);
	put_real(o, "hi", cmp->ratio.valid ? cmp->ratio.hi : NAN);
	put_interval(o, "added_ns", &cmp->added_ns);
	put_u64(o, "pairs", cmp->pairs);
	put_real(o, "p", cmp->p);
	put_real(o, "p_holm", cmp->p_holm);
	put_real(o, "margin", cmp->margin);
	put_bool(o, "counterfactual", case_counterfactual(&r->cases[cmp->a]) ||
				      case_counterfactual(&r->cases[cmp->b]));
	put_text(o, "verdict", stat_verdict_name(cmp->verdict));
}

static void put_run(struct node root, const struct result *r)
{
	struct node array, config;

	put_text(root, "schema", RESULT_SCHEMA);
	put_u64(root, "schema_version", RESULT_SCHEMA_VERSION);
	put_bool(root, "complete", r->complete);
	put_fact(root, "started_utc", r->started_utc);
	array = put_array(root, "argv");
	for (int i = 0; i < r->argc; i++)
		add_text(array, r->argv[i]);
	put_u64(root, "seed", r->seed);
	put_u64(root, "processes", r->processes);
	config = put_object(root, "config");
	array = put_array(config, "jobs");
	for (size_t i = 0; i < r->njobs; i++)
		put_job(array, &r->jobs[i]);
}

/* A single complaint is a warning already, on the screen too. */
static bool told(const struct result *r, const char *advice)
{
	for (unsigned i = 0; i < r->nwarnings; i++)
		if (!strncmp(r->warnings[i], advice, sizeof(r->warnings[i]) - 1))
			return true;
	return false;
}

static void put_findings(struct node root, const struct result *r)
{
	/* arrays by node are by OS number, and those may have gaps */
	unsigned nodes = r->topo ? r->topo->nodes[r->topo->nnodes - 1].os + 1 : 1;
	struct node array = put_array(root, "warnings");

	for (unsigned i = 0; i < r->nwarnings; i++)
		add_text(array, r->warnings[i]);
	for (unsigned i = 0; i < r->nadvice; i++)
		if (!told(r, r->advice[i]))
			add_text(array, r->advice[i]);
	array = put_array(root, "cases");
	for (size_t i = 0; i < r->ncases; i++)
		put_case(array, &r->cases[i], nodes);
	array = put_array(root, "comparisons");
	for (size_t i = 0; i < r->ncomparisons; i++)
		put_comparison(array, r, &r->comparisons[i]);
	put_knees(root, r);
	put_scaling(root, r);
	array = put_array(root, "published");
	for (size_t i = 0; i < r->njobs; i++)
		if (preset_of(&r->jobs[i]))
			preset_of(&r->jobs[i])->publish(array);
}

int write_json(const struct result *r, FILE *out)
{
	bool failed = false;
	struct node root = { json_object(), &failed };

	put_run(root, r);
	put_host(root, r);
	put_clock(root, &r->ruler.clock);
	put_ruler(root, &r->ruler);
	put_alloc(root, r);
	put_audit(root, r);
	put_findings(root, r);
	return write_document(root, 12, out);
}
