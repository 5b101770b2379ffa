/* The lock statistics of a case as JSON. */
#include "bench/write_json.h"

#include "bench/analyse.h"
#include "bench/lock_stat.h"

static void put_count(struct node o, const char *key, bool there, uint64_t v)
{
	if (there)
		put_u64(o, key, v);
	else
		put_null(o, key);
}

static void put_swaps(struct node o, const struct pt_observation *sum, const struct lock_figures *f)
{
	o = put_object(o, "compare_exchange");
	for (unsigned k = 0; k < CAS_KINDS; k++) {
		struct node kind = put_object(o, cas_name[k]);

		put_u64(kind, "tried", sum->cas[k].tried);
		put_real(kind, "tried_per_op", f->cas[k]);
		put_u64(kind, "failed", sum->cas[k].lost);
		put_real(kind, "failed_share", f->cas_lost[k]);
	}
}

void put_lock_stat(struct node o, const struct case_result *c)
{
	const struct lock_stat *s = c->lock;
	const struct pt_observation *sum;
	struct lock_figures f;

	if (!s || !s->slices || case_withheld(c)) {
		put_null(o, "lock_stat");
		return;
	}
	sum = &s->sum;
	f = lock_figures(c);
	o = put_object(o, "lock_stat");
	put_u64(o, "slices", s->slices);
	put_u64(o, "ops", sum->ops);
	put_real(o, "cost_ratio", f.cost);
	put_count(o, "acquisitions", f.locks, sum->acquired);
	put_count(o, "contended", f.locks, sum->contended);
	put_real(o, "contended_share", f.contended);
	put_count(o, "hand_offs", f.locks, sum->handoffs);
	put_real(o, "hand_off_share", f.handoffs);
	put_count(o, "hand_offs_across_nodes", f.locks, sum->across);
	put_real(o, "across_share", f.across);
	put_count(o, "spins", f.told, sum->spins);
	put_real(o, "spins_per_op", f.spins);
	put_count(o, "sleeps", f.told, sum->sleeps);
	put_real(o, "sleeps_per_op", f.sleeps);
	put_histogram(o, "wait_ns", f.locks ? &sum->wait : NULL);
	put_histogram(o, "hold_ns", f.locks ? &sum->hold : NULL);
	put_u64(o, "hold_every", PT_HOLD_EVERY);
	put_count(o, "growth_acquisitions", f.grows, sum->grow_acquired);
	put_count(o, "growth_contended", f.grows, sum->grow_contended);
	put_swaps(o, sum, &f);
}
