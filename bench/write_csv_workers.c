/* workers.csv: what each worker of each case did, and where. */
#include "bench/analyse.h"
#include "bench/csv.h"
#include "bench/plan.h"
#include "bench/write.h"

/* By OS node number, as in result.json: "18 0". */
static void pages_by_node(struct csv *csv, const struct worker_result *w, unsigned nodes)
{
	char list[POOL_NODES_MAX * 21 + 1] = "";
	size_t used = 0;

	for (unsigned node = 0; node < nodes; node++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%" PRIu64,
					 node ? " " : "", w->pages_by_node[node]);
	text(csv, "table_pages_by_node", list);
}

static void row(struct csv *csv, const struct case_result *c, unsigned i, const struct worker_result *w,
		unsigned nodes)
{
	text(csv, "case_id", c->case_id);
	u64(csv, "worker", i);
	u64(csv, "cpu_asked", w->cpu_asked);
	u64(csv, "cpu", w->cpu);
	u64(csv, "node", w->node);
	real(csv, "memory_node", w->memory == MEMORY_ANY ? NAN : (double)w->memory);
	flag(csv, "moved", w->moved);
	flag(csv, "unpinned", w->unpinned);
	u64(csv, "ops", w->ops);
	real(csv, "elapsed_ns", case_withheld(c) ? NAN : w->elapsed_ns);
	pages_by_node(csv, w, nodes);
	end_row(csv);
	csv->header = false;
}

int write_workers_csv(const struct result *r, FILE *out)
{
	static const struct case_result no_case = { .threads = 0 };
	static const struct worker_result nobody = { .ops = 0 };
	/* arrays by node are by OS number, and those may have gaps */
	unsigned nodes = r->topo ? r->topo->nodes[r->topo->nnodes - 1].os + 1 : 1;
	struct csv csv = { .out = out, .header = true };

	row(&csv, &no_case, 0, &nobody, 0);
	for (size_t i = 0; i < r->ncases; i++)
		for (unsigned w = 0; r->cases[i].workers && w < r->cases[i].threads; w++)
			row(&csv, &r->cases[i], w, &r->cases[i].workers[w], nodes);
	return end_file(&csv);
}
