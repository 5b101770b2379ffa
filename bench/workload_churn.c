/*
 * workload_churn.c - `churn`: random maps, unmaps and lookups of mixed sizes inside owned ranges,
 * the fill level steady. The operations come from churn.h.
 *
 * A slice starts from a state that depends on its position alone, so that all engines do the same
 * measured operations however many unmeasured ones each has done.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/churn.h"
#include "bench/lane.h"
#include "bench/mix.h"
#include "bench/workload_rows.h"
#include "sys/clock.h"

#define STRETCH_MIN 64u
#define REGION_LG2 30u /* an entry of a 3-level root */

struct own {
	struct churn churn;
	uint64_t neutral_rng; /* of the load around the measured part */
};

static uint64_t sizes(const struct group *g)
{
	(void)g;
	return 1ull << 12 | 1ull << 21; /* what is 64K is asked for as a range */
}

static uint64_t reach(const struct group *g)
{
	return ((uint64_t)(1 + g->threads) << REGION_LG2) - 1;
}

static uint64_t seed_of(const struct lane *lane)
{
	const struct group_run *run = lane->group;

	return stat_mix(run->g->seed ^ stat_mix(run->position * 4096 + lane->worker));
}

static int lane_open(struct lane *lane)
{
	struct own *own = malloc(sizeof(*own));

	if (!own)
		return -ENOMEM;
	churn_init(&own->churn, (uint64_t)(1 + lane->worker) << REGION_LG2, lane_group(lane)->seed,
		   group_ratio(lane_group(lane)));
	own->neutral_rng = stat_mix(lane->worker);
	lane->own = own;
	return 0;
}

static void lane_close(struct lane *lane)
{
	free(lane->own);
	lane->own = NULL;
}

static void carry_out(struct lane *lane, size_t n, bool measured)
{
	if (!n)
		return;
	lane_mixed(lane, lane->ops, n, measured);
	if (!lane->group->engines[lane->engine].engine.ruler)
		lane->tally.failed += churn_wrong_lookups(lane->ops, n);
}

/* To the start state of this slice, with no think time. */
static void arrange(struct lane *lane)
{
	struct own *own = lane->own;
	uint64_t think = lane->think, key = stat_mix(seed_of(lane));

	lane->think = 0;
	for (uint32_t slot = 0; slot < CHURN_SLOTS;)
		carry_out(lane, churn_arrange(&own->churn, key, &slot, lane->ops, STRETCH_MAX), false);
	lane->think = think;
}

static void neutral_load(struct lane *lane)
{
	struct own *own = lane->own;

	carry_out(lane, churn_excursion(&own->churn, &own->neutral_rng, lane->ops), false);
}

static void measured_stretch(struct lane *lane)
{
	struct own *own = lane->own;
	uint64_t left = lane->group->ops_per_worker - lane->tally.ops;
	uint64_t n = STRETCH_MIN + stat_below(&lane->rng, STRETCH_MAX - STRETCH_MIN + 1);

	if (n > left)
		n = left;
	churn_draw(&own->churn, &lane->rng, lane->ops, n);
	carry_out(lane, n, true);
}

static void slice(struct lane *lane)
{
	struct group_run *run = lane->group;
	uint64_t lead_in = clock_now() + run->warmup;

	arrange(lane);
	while (clock_now() < lead_in)
		neutral_load(lane);
	lane->rng = seed_of(lane);
	lane_begin(lane);
	while (lane->tally.ops < run->ops_per_worker)
		measured_stretch(lane);
	lane_end(lane);
	lane_finish(lane);
	while (lane_others_measure(lane))
		neutral_load(lane);
}

static void clear(struct lane *lane)
{
	struct own *own = lane->own;
	uint64_t think = lane->think;

	lane->think = 0;
	for (uint32_t slot = 0; slot < CHURN_SLOTS;)
		carry_out(lane, churn_empty(&own->churn, &slot, lane->ops, STRETCH_MAX), false);
	lane->think = think;
}

static int expect(struct lane *lane, struct expectation *out)
{
	const struct own *own = lane->own;
	struct extent extent;
	int error = 0;

	for (uint32_t slot = 0; slot < CHURN_SLOTS && !error; slot++)
		if (churn_extent(&own->churn, slot, &extent))
			error = expect_add(out, &extent);
	return error;
}

static const struct ratio own_ratio = { 2, 2, 1 };

/* No settle: half full is something worth auditing. */
const struct workload workload_churn = {
	.name = "churn",
	.help = "random maps, unmaps and lookups of 4K, 64K, 2M and odd ranges in owned regions, half "
		"full (--ratio; --page-size, --batch and --tables do not apply)",
	.ratio = &own_ratio, .min_threads = 1, .check = check_own_pages, .sizes = sizes,
	.reach = reach, .lane_open = lane_open, .lane_close = lane_close, .slice = slice, .clear = clear,
	.expect = expect,
};
