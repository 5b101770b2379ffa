#include "bench/progress.h"

#include <string.h>

#include "bench/plan_default.h"
#include "bench/mix.h"
#include "bench/option_dma.h"
#include "bench/units.h"

double progress_share(const struct progress_now *now)
{
	double before = 0, all = 0;

	for (size_t i = 0; i < now->plan->n; i++) {
		double s = plan_predict_group_s(&now->plan->groups[i], now->processes);

		before += i < now->group ? s : i == now->group ? s * now->done : 0;
		all += s;
	}
	return (now->process + (all > 0 ? before / all : 0)) / now->processes;
}

static void add_dma(const struct group *g, char *buf, size_t size)
{
	char buffers[MIX_TEXT_MAX];

	if (*buffers_show(buffers, sizeof(buffers), &g->buffers))
		show_more(buf, size, ", buffers %s", buffers);
	show_more(buf, size, ", iova %s, flush %s", g->iova->name, flush_name(g->flush));
}

char *progress_group(const struct group *g, char *buf, size_t size)
{
	char text[MIX_TEXT_MAX];

	snprintf(buf, size, "%s%s%s, %u thread%s", g->workload->name, *g->argument ? ":" : "", g->argument,
		 g->threads, g->threads == 1 ? "" : "s");
	if (g->nodes_used > 1)
		show_more(buf, size, " on %u nodes", g->nodes_used);
	if (group_readers(g))
		show_more(buf, size, ", %u of them readers", group_readers(g));
	if (g->workload->dma)
		add_dma(g, buf, size);
	else
		show_more(buf, size, ", %s", page_mix_show(text, sizeof(text), &g->mix, 1ull << g->page_lg2));
	if (g->batch > 1)
		show_more(buf, size, ", batch %lu", (unsigned long)g->batch);
	if (g->think_ns)
		show_more(buf, size, ", think %s", show_ns(text, sizeof(text), (double)g->think_ns));
	if (g->rate)
		show_more(buf, size, ", %s operations/s each", show_count(text, sizeof(text), (double)g->rate));
	show_more(buf, size, ", %s/%s", g->place.text, g->mem.text);
	if (g->place.smt != SMT_LAST)
		show_more(buf, size, ", smt %s", smt_name(g->place.smt));
	if (g->zero != POOL_ZERO_ALLOC)
		show_more(buf, size, ", zero %s", zero_name(g->zero));
	return buf;
}
