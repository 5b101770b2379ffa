#include "bench/tables.h"

#include "bench/group.h"
#include "sys/clock.h"

/* To map, audit, unmap and warm one table page and what lies in it; the first change corrects it. */
#define PAGE_NS_GUESS 100000u

uint64_t tables_live_pages(const struct group_run *run, unsigned e)
{
	uint64_t pages = 0;

	for (unsigned w = 0; w < run->g->threads; w++) {
		const struct lane *lane = run->engines[e].lanes[w];

		/* of one lane alone it may be negative: another worker may free what this one took */
		pages += lane->pw.n.allocated - lane->pw.n.freed - lane->ripened;
	}
	return pages;
}

static uint64_t pages_held(const struct group_run *run)
{
	uint64_t pages = 0;

	for (unsigned e = 0; e < run->g->nengines; e++)
		pages += tables_live_pages(run, e);
	return pages;
}

void table_turns_begin(struct table_turns *t, const struct group_run *run)
{
	uint64_t now = clock_monotonic_ns();

	*t = (struct table_turns){ .began_ns = now, .changed_ns = now,
				   .cost_ns = pages_held(run) * PAGE_NS_GUESS };
}

/* Churn's tables come and go as it runs; a damaged table stays, it is evidence. */
static bool can_change(const struct group_run *run)
{
	if (run->g->workload->cold || run->g->workload->grows || !run->g->workload->settle)
		return false;
	for (unsigned e = 0; e < run->g->nengines; e++)
		if (run->engines[e].result->verified == VERIFIED_NO)
			return false;
	return true;
}

static bool due(const struct table_turns *t, const struct group_run *run, uint32_t rounds,
		uint64_t now_ns)
{
	uint64_t duration_ns = run->g->duration_ns, each_ns = duration_ns / TABLES_WANTED;
	uint64_t round_ns = (now_ns - t->began_ns - t->spent_ns) / rounds;

	each_ns = each_ns < TABLE_NS_MAX ? each_ns : TABLE_NS_MAX;
	/* the next one must come to its rounds, too */
	return rounds - t->changed_round >= TABLE_ROUNDS_MIN && now_ns - t->changed_ns >= each_ns &&
	       now_ns + TABLE_ROUNDS_MIN * round_ns <= t->began_ns + duration_ns &&
	       (double)(t->spent_ns + t->cost_ns) <= TABLES_TIME_SHARE * (double)duration_ns;
}

int table_turns_next(struct table_turns *t, struct group_run *run, uint32_t rounds, struct err *err)
{
	uint64_t now = clock_monotonic_ns();

	if (!due(t, run, rounds, now) || !can_change(run))
		return 0;
	if (tables_change(run, err))
		return err->code;
	t->changed_ns = clock_monotonic_ns();
	t->cost_ns = t->changed_ns - now;
	t->spent_ns += t->cost_ns;
	t->changed_round = rounds;
	return 0;
}

/* Pages that are mapped and unmapped leave their tables behind, where the body keeps them. */
static void warm(struct group_run *run, unsigned e)
{
	for (unsigned w = 0; w < run->g->threads; w++)
		run->engines[e].lanes[w]->pw.window_every = 0; /* as in any lead-in */
	group_warm(run, e);
}

static int audit_all(struct group_run *run, bool count, struct err *err)
{
	for (unsigned e = 0; e < run->g->nengines; e++)
		if (group_audit(run, e, count, err))
			return err->code;
	return 0;
}

static void close_all(struct group_run *run)
{
	for (unsigned e = 0; e < run->g->nengines; e++)
		table_close(run, e);
}

/* Empty tables, and what the workload keeps beside them as new. */
static int open_all(struct group_run *run, struct err *err)
{
	const struct workload *w = run->g->workload;

	for (unsigned e = 0; e < run->g->nengines; e++) {
		if (table_open(run, e, err))
			return err->code;
		if (w->reset && w->reset(run, e))
			return err_set(err, EXIT_NO_RESOURCE, "%s: no memory for another table", w->name);
	}
	return group_prebuild(run, err);
}

int tables_renew(struct group_run *run, struct err *err)
{
	if (audit_all(run, false, err))
		return err->code;
	close_all(run);
	return open_all(run, err);
}

int tables_change(struct group_run *run, struct err *err)
{
	if (audit_all(run, true, err))
		return err->code;
	close_all(run);
	run->table++;
	pool_shuffle(run->pool, stat_mix(run->g->seed ^ run->table));
	if (open_all(run, err))
		return err->code;
	for (unsigned e = 0; e < run->g->nengines; e++)
		if (!run->engines[e].engine.ruler)
			warm(run, e);
	return 0;
}
