/*
 * lab.h - hooks of the laboratory in the sources of engines and locks: bugs that can be switched on
 * (mutant.h), and labelled points at which a worker may be held up, so that races get wider windows.
 * In the objects that are measured they are nothing. engines_lab.c compiles the same sources once
 * more with PT_LAB defined; so does the explorer (tests/explore).
 */
#pragma once

#include <stdint.h>

#ifndef PT_LAB

#define mutant(name) false
#define lab_point(label) ((void)0)

#else

#include "pt/mutant.h"

#define mutant(name) (pt_mutant_on == MUTANT_##name)
/* label: a string literal, the same words as in docs/verification.md */
#define lab_point(label) lab_stop(label)

#endif

/* Called by laboratory engines at a labelled point. */
void lab_stop(const char *label);
/*
 * This thread: from now on stop at one labelled point in `one_in` (0: never), for a random while: a few
 * spins, a sched_yield, rarely some microseconds of sleep. The same seed, the same draws.
 */
void lab_shake(uint64_t seed, unsigned one_in);
