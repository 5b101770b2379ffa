#include "bench/verify_shadow.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

#include "mem/pool.h"

#define VERSION_SHIFT 43
#define CELL_SHIFT 30
#define DOUBT_SPINS 64
#define DOUBT_TURNS 4

uint64_t shadow_pa(const struct shadow_cell *c, unsigned version, uint64_t offset)
{
	return (uint64_t)version << VERSION_SHIFT | (uint64_t)c->id << CELL_SHIFT | offset;
}

uint8_t shadow_prot(unsigned version)
{
	return (uint8_t)(1 + version % 3);
}

static uint64_t word_of(unsigned version, enum shadow_state state)
{
	return (uint64_t)version << 2 | state;
}

static enum shadow_state state_of(uint64_t word)
{
	return (enum shadow_state)(word & 3);
}

uint64_t shadow_payload(const struct shadow_cell *c, unsigned version, uint64_t seed)
{
	return (seed ^ shadow_pa(c, version, 0)) * 0x9e3779b97f4a7c15u;
}

bool shadow_payload_seen(const struct shadow_cell *cells, unsigned ncells, uint64_t pa, uint64_t seed)
{
	uint64_t id = pa >> CELL_SHIFT & (SHADOW_CELLS - 1), version = pa >> VERSION_SHIFT;
	const struct shadow_cell *c = &cells[id];

	if (id >= ncells || !version || version > SHADOW_VERSIONS)
		return true; /* judged as an address */
	return c->payload[version] == shadow_payload(c, (unsigned)version, seed);
}

unsigned shadow_begin(struct shadow_cell *c, unsigned first, unsigned n, uint64_t seed)
{
	c->version++;
	c->payload[c->version] = shadow_payload(c, c->version, seed);
	for (unsigned i = first; i < first + n; i++)
		/* relaxed: ordered before the leaves by their release (P3); else see the top of the
		 * header. A release would order more than an engine does, and hide its mistakes. */
		at_store(&c->word[i], word_of(c->version, SHADOW_CHANGING), relaxed);
	return c->version;
}

void shadow_end(struct shadow_cell *c, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++)
		/* S1: release, pairs with the acquire of shadow_load() */
		at_store(&c->word[i],
			 word_of(c->mapped[i], c->lg2[i] ? SHADOW_MAPPED : SHADOW_ABSENT), release);
}

/* The word said MAPPED, the page was absent: has a change been announced that was late to arrive? */
static bool still_said(const struct shadow_cell *c, unsigned unit, uint64_t word)
{
	for (unsigned turn = 0; turn < DOUBT_TURNS; turn++) {
		for (unsigned i = 0; i < DOUBT_SPINS; i++)
			cpu_relax();
		sched_yield();
		if (shadow_load(c, unit) != word)
			return false;
	}
	return true;
}

enum shadow_verdict shadow_judge(const struct shadow_cell *c, const struct shadow_finding *f)
{
	unsigned unit = (unsigned)(f->offset >> c->unit_lg2), version = (unsigned)(f->before >> 2);
	uint64_t mine = f->pa & ((UINT64_C(1) << VERSION_SHIFT) - 1), found = f->pa >> VERSION_SHIFT;
	bool stable = f->before == f->after && state_of(f->before) != SHADOW_CHANGING;
	unsigned oldest = 1;

	if (stable && state_of(f->before) == SHADOW_MAPPED) {
		if (f->hit)
			return f->pa == shadow_pa(c, version, f->offset) ? SHADOW_FINE : SHADOW_WRONG;
		return still_said(c, unit, f->before) ? SHADOW_WRONG : SHADOW_EITHER;
	}
	if (!f->hit)
		return stable ? SHADOW_FINE : SHADOW_EITHER;
	if (stable || mine != shadow_pa(c, 0, f->offset) || found > f->after >> 2)
		return SHADOW_WRONG;
	/* CHANGING orders nothing before it: how old it may be is not known. */
	if (state_of(f->before) == SHADOW_MAPPED)
		oldest = version;
	if (state_of(f->before) == SHADOW_ABSENT)
		oldest = version + 1;
	return found >= oldest ? SHADOW_EITHER : SHADOW_WRONG;
}

char *shadow_word_text(char *text, size_t size, uint64_t word)
{
	static const char *const states[] = { "absent since", "mapped by", "changed by", "?" };

	snprintf(text, size, "%s version %" PRIu64, states[word & 3], word >> 2);
	return text;
}

char *shadow_pa_text(char *text, size_t size, uint64_t pa, const struct shadow_cell *cells,
		     unsigned ncells)
{
	uint64_t cell = pa >> CELL_SHIFT & (SHADOW_CELLS - 1), version = pa >> VERSION_SHIFT;

	/* by a leaf of up to 1G, as poison seems to be */
	if (pa >> 30 == (POOL_POISON & ((UINT64_C(1) << 52) - 1)) >> 30)
		snprintf(text, size, "read from a page that had been freed");
	else if (cell >= ncells || !version)
		snprintf(text, size, "nobody has mapped that");
	else
		snprintf(text, size, "cell %" PRIu64 " of worker %u, version %" PRIu64 ", offset 0x%" PRIx64,
			 cell, cells[cell].owner, version, pa & ((UINT64_C(1) << CELL_SHIFT) - 1));
	return text;
}
