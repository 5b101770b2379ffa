/* Any bytes as a recorded trace; and what is accepted can be told, and shared out among workers. */
#include <math.h>
#include <stdlib.h>

#include "bench/trace.h"
#include "input.h"

static void check_event(const struct trace *t, const struct trace_event *e)
{
	MUST(e->bytes && !(e->bytes & 4095) && !(e->iova & 4095) && e->bytes <= TRACE_BYTES_MAX);
	MUST(e->iova + (e->bytes - 1) >= e->iova);
	MUST(e->kind == TRACE_UNMAP || (!(e->pa & 4095) && e->pa + e->bytes <= 1ull << 52));
	MUST(e->cpu < t->cpus && isfinite(e->time_s));
}

/* Every unmap ends the lifetime of the maps it covers; no page comes back more often than it went. */
static void check_life(const struct trace *t, FILE *nowhere)
{
	struct trace_life *life = trace_life_of(t);

	MUST(life);
	MUST(life->lifetime[LIFE_CLASSES - 1].n + life->live_maps == t->maps);
	MUST(life->pages_reused <= life->pages_unmapped && life->pages_by_same_cpu <= life->pages_reused);
	MUST(life->maps_between.n == life->pages_reused && life->ns_between.n == life->pages_reused);
	MUST(!life->pages_reused || life->maps_between.max < t->maps);
	trace_print(t, life, nowhere, (struct terminal){ .width = TERMINAL_FILE });
	free(life);
}

/* Waits point to steps that come earlier in the trace. */
static void check_replay(const struct trace *t, unsigned workers)
{
	struct replay *r = NULL;
	struct err err = { 0 };
	size_t steps = 0;

	if (trace_schedule(&r, t, workers, &err)) {
		MUST(*err.text && !r);
		return;
	}
	for (unsigned w = 0; w < workers; w++) {
		const struct replay_lane *lane = &r->lanes[w];

		steps += lane->nsteps;
		for (size_t i = 0; i < lane->nsteps; i++) {
			const struct replay_step *step = &lane->steps[i];

			MUST(step->event < t->n && step->waits + step->nwaits <= lane->nwaits);
			for (size_t k = step->waits; k < step->waits + step->nwaits; k++) {
				const struct replay_wait *wait = &lane->waits[k];

				MUST(wait->worker < workers);
				MUST(wait->step < r->lanes[wait->worker].nsteps);
				MUST(r->lanes[wait->worker].steps[wait->step].event < step->event);
			}
		}
	}
	MUST(steps >= t->n);
	replay_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static FILE *nowhere;
	struct trace *t = NULL;
	struct err err = { 0 };
	int rc = trace_load(&t, as_file(data, n), &err);

	MUST(!rc == !!t && rc == err.code);
	MUST(!rc || (rc == EXIT_BAD_DATA && *err.text));
	if (rc)
		return 0;
	MUST(t->n && t->cpus && t->maps + t->unmaps == t->n);
	for (size_t i = 0; i < t->n; i++) {
		check_event(t, &t->events[i]);
		MUST(!i || t->events[i - 1].time_s <= t->events[i].time_s);
	}
	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	MUST(nowhere);
	check_life(t, nowhere);
	check_replay(t, 1);
	check_replay(t, 2);
	check_replay(t, 7);
	trace_free(t);
	return 0;
}
