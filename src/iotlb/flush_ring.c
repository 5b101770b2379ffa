/* flush_ring.c - see flush_ring.h. */
#include "iotlb/flush_ring.h"

#include "sys/clock.h"

#define DOMAIN_ID UINT64_C(1)

struct flush_command flush_command_range(uint64_t iova, uint64_t last)
{
	uint64_t differ = (iova ^ last) >> 12, size = 0, s = 0;

	if (differ) {
		unsigned top = 63 - (unsigned)__builtin_clzll(differ); /* pages: 2 << top */

		size = ((UINT64_C(1) << top) - 1) << 12;
		iova &= ~((UINT64_C(0x2000) << top) - 1);
		s = 1;
	}
	return (struct flush_command){ { UINT64_C(3) << 60 | DOMAIN_ID << 32,
					 (iova & ~UINT64_C(0xfff)) | size | 2 | s } };
}

struct flush_command flush_command_wait(uint64_t number)
{
	return (struct flush_command){ { UINT64_C(1) << 60 | 1, number } };
}

void flush_ring_init(struct flush_ring *ring, const struct flush_config *config)
{
	qspin_init(&ring->lock);
	at_init(&ring->tail, 0);
	at_init(&ring->through, 0);
	ring->latency = clock_ticks((double)config->latency_ns);
	ring->command = clock_ticks((double)config->command_ns);
	ring->lap = ring->command * FLUSH_RING;
	ring->how = config->lock;
	for (unsigned i = 0; i < FLUSH_RING; i++)
		for (unsigned k = 0; k < 2; k++)
			at_init(&ring->slot[i].word[k], 0);
}

static void spin_until(struct flush_source *s, uint64_t when)
{
	uint64_t begun = clock_now(), now = begun;

	if (now >= when)
		return;
	while (now < when) {
		cpu_relax();
		now = clock_now();
	}
	s->n->spun_ns += (uint64_t)clock_ns(now - begun);
}

void flush_ring_wait(struct flush_source *s, uint64_t seen)
{
	s->n->waits++;
	spin_until(s, seen);
}

/* Into the slots from `at` on. relaxed: a device would be told by a register; here nobody reads them. */
static void write_commands(struct flush_ring *ring, uint64_t at, const struct flush_command *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct flush_slot *slot = &ring->slot[(at + i) % FLUSH_RING];

		at_store(&slot->word[0], c[i].word[0], relaxed);
		at_store(&slot->word[1], c[i].word[1], relaxed);
	}
}

/* How long the device is busy before our turn, and with how many commands; ticks. */
static void note_depth(const struct flush_ring *ring, struct flush_source *s, uint64_t busy, unsigned n)
{
	uint64_t before = ring->command ? (busy + ring->command - 1) / ring->command : 0;

	for (unsigned i = 0; i < n; i++)
		hist_record(s->depth, before + i);
}

/* `turn`: when the device takes the first of our n commands. Now write them, when there is room. */
static uint64_t queue_at(struct flush_ring *ring, struct flush_source *s, uint64_t turn, uint64_t now,
			 uint64_t at, const struct flush_command *c, unsigned n)
{
	uint64_t own = ring->command * n, seen = turn + own + ring->latency;

	if (__builtin_expect(turn - now + own > ring->lap, 0))
		spin_until(s, turn + own - ring->lap);
	write_commands(ring, at, c, n);
	s->n->commands += n;
	if (s->depth)
		note_depth(ring, s, turn - now, n);
	return seen;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Position by fetch-add, turn by compare-exchange: two workers may get them in different order. */
static uint64_t queue_lockless(struct flush_ring *ring, struct flush_source *s,
			       const struct flush_command *c, unsigned n)
{
	/* relaxed, all three: numbers; what a device must see before it obeys is in flush.c (F1) */
	uint64_t at = at_add(&ring->tail, n, relaxed), through = at_load(&ring->through, relaxed);
	uint64_t now, turn;

	do {
		now = clock_now();
		turn = later(now, through);
	} while (!at_cas_weak(&ring->through, &through, turn + ring->command * n, relaxed, relaxed));
	return queue_at(ring, s, turn, now, at, c, n);
}

uint64_t flush_ring_queue(struct flush_ring *ring, struct flush_source *s, const struct flush_command *c,
			  unsigned n)
{
	uint64_t at, now, turn, seen;

	if (ring->how == FLUSH_LOCK_NONE)
		return queue_lockless(ring, s, c, n);
	qspin_acquire(&ring->lock, &s->node);
	/* relaxed, all: under the lock (L6) */
	at = at_load(&ring->tail, relaxed);
	now = clock_now();
	turn = later(now, at_load(&ring->through, relaxed));
	at_store(&ring->tail, at + n, relaxed);
	at_store(&ring->through, turn + ring->command * n, relaxed);
	seen = queue_at(ring, s, turn, now, at, c, n);
	if (ring->how == FLUSH_LOCK_HELD)
		spin_until(s, seen);
	qspin_release(&ring->lock, &s->node);
	return seen;
}
