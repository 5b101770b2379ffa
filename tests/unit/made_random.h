/* made_random.h - numbers for tests that follow from a seed alone; *state is not 0. */
#pragma once

#include <stdint.h>

/* Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003. */
static uint64_t made_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}
