/*
 * scenarios_flush.c - the lazy queue of iotlb/flush.c, cut down to two slots: an entry of a table is
 * cleared, its range queued, and others flush meanwhile. The device looks at the entries when a flush is
 * carried out, as the flusher sees them then: a range may come back only when a flush has found its entry
 * cleared.
 *
 * The ring is without its lock, which would order more than the queue may rely on.
 */
#include <string.h>

#include "iotlb/flush.h"
#include "scenarios.h"
#include "sys/clock.h"

#define RANGES 3u

static struct {
	struct flush *f;
	_Atomic(uint32_t) entry[RANGES]; /* 1: there; 0: cleared */
	bool clean[RANGES];              /* a flush has found it cleared */
	bool back[RANGES];
	unsigned workers;
	bool one_flusher;
	char device;                     /* what the device had of range 0 */
} state;

static void device_looks(const char *label)
{
	if (strcmp(label, "flush: carried out"))
		return;
	for (unsigned i = 0; i < RANGES; i++)
		if (!state.clean[i] && !at_load(&state.entry[i], relaxed)) {
			state.clean[i] = true;
			if (!i && state.one_flusher)
				ex_reading(&state.device, "the device's last use");
		}
}

static void begin_with(struct flush_config config)
{
	memset(&state, 0, sizeof(state));
	clock_facts.ns_per_tick = 1;
	state.workers = config.workers;
	config.kind = FLUSH_LAZY;
	config.lock = FLUSH_LOCK_NONE;
	ex_require(!flush_create(&state.f, &config));
	for (unsigned i = 0; i < RANGES; i++)
		at_init(&state.entry[i], 1);
	ex_labelled = device_looks;
}

static void begin_2(void)
{
	begin_with((struct flush_config){ .workers = 2 });
}

static void begin_one_flusher(void)
{
	begin_2();
	state.one_flusher = true;
}

static void begin_3(void)
{
	begin_with((struct flush_config){ .workers = 3 });
}

static void came_back(unsigned range)
{
	ex_require(!state.back[range]);
	ex_require(state.clean[range]);
	state.back[range] = true;
	if (!range && state.one_flusher)
		ex_writing(&state.device, "the range's next owner");
}

/* relaxed, as entry_clear(): what orders it is the queue */
static void unmap(unsigned id, unsigned range)
{
	struct page_list none = { 0 };

	at_store(&state.entry[range], 0, relaxed);
	if (flush_unmap(flush_worker(state.f, id), (struct flush_range){ .tag = range }, &none))
		came_back(range);
}

static void take(unsigned id)
{
	struct flush_range out[FLUSH_QUEUE];
	struct page_list none = { 0 };
	size_t n = flush_take(flush_worker(state.f, id), out, FLUSH_QUEUE, &none);

	for (size_t i = 0; i < n; i++)
		came_back(out[i].tag);
}

static void drain(unsigned id)
{
	flush_drain(flush_worker(state.f, id));
	take(id);
}

static void end(void)
{
	for (unsigned i = 0; i < state.workers; i++)
		drain(i);
	flush_destroy(state.f);
}

/* ---- one queues, another flushes ---- */

static void other_thread(unsigned id)
{
	if (id) {
		unmap(1, 1);
		drain(1);
		unmap(1, 2);
		drain(1);
	} else {
		unmap(0, 0);
		take(0);
		take(0);
	}
}

/* ---- both queue, both flush ---- */

static void both_thread(unsigned id)
{
	unmap(id, id);
	drain(id);
	if (id) {
		unmap(1, 2);
		drain(1);
	}
}

/* ---- a flush because the queue is full, beside another ---- */

static void full_thread(unsigned id)
{
	if (id) {
		unmap(1, 2);
		drain(1);
	} else {
		unmap(0, 0);
		unmap(0, 1);
		take(0);
	}
}

/* ---- one queues, two flush ---- */

static void two_thread(unsigned id)
{
	unmap(id, id);
	if (id)
		drain(id);
	else
		take(0);
}

const struct ex_scenario scenarios_flush[] = {
	{ "flush/other", "a range is queued while another worker flushes, twice", 2, begin_one_flusher,
	  other_thread, end, 3 },
	{ "flush/both", "two workers queue and flush", 2, begin_2, both_thread, end, 2 },
	{ "flush/full", "a full queue is flushed beside another flush", 2, begin_2, full_thread, end, 2 },
	{ "flush/two", "a range is queued while two workers flush", 3, begin_3, two_thread, end, 2 },
	{ .name = NULL }
};
