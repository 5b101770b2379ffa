/* verify_random.h - xorshift64*: random choices that follow from a seed. One thread uses a state. */
#pragma once

#include <stdint.h>

struct verify_random {
	uint64_t state; /* never 0 */
};

static inline struct verify_random verify_random_from(uint64_t seed)
{
	/* splitmix64: seeds that follow each other give states that have nothing in common */
	uint64_t v = seed * 0x9e3779b97f4a7c15u + 0x9e3779b97f4a7c15u;

	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
	v = (v ^ v >> 27) * 0x94d049bb133111ebu;
	return (struct verify_random){ (v ^ v >> 31) | 1 };
}

static inline uint64_t verify_next(struct verify_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1d;
}

/* In [0, n). */
static inline uint64_t verify_below(struct verify_random *r, uint64_t n)
{
	return verify_next(r) % n;
}
