/*
 * handicap.h - engines made worse on purpose, so that whoever gates on figures can see the gate
 * fire. Outside the engines: a decorator of run() that takes time, and, after a loser of a race has
 * given its page back, one page more. Without a handicap the decorator is not there, and losers
 * find a NULL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pt;
struct pt_op;
struct pt_worker;

enum handicap_kind {
	HANDICAP_NONE,
	HANDICAP_SLOW,  /* after calls of run(), spin for `percent` of the time that they took */
	HANDICAP_WASTE, /* a page lost to a race is followed by another, counted in the same place */
};

struct handicap {
	enum handicap_kind kind;
	double percent; /* of HANDICAP_SLOW */
};

typedef size_t pt_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n);

/* What one worker owes on one table. */
struct pt_handicap {
	pt_run *run;         /* the engine's own */
	bool waste;
	double share;        /* of the time of calls */
	double debt;         /* ticks to be spun; below 0: more has passed than was due */
	double pair, own;    /* ticks: of two stamps; of a short call for having been here */
	double enough;       /* a debt worth spinning for */
	uint64_t until, gap; /* short calls before the next one that is timed; since the last one */
	uint64_t rng;
};

/*
 * Give worker w the handicap `what`, with `h` (which must live as long as w) to keep account in.
 * Returns what is to be called in place of `run`: that itself, or a decorator of it. NONE leaves w
 * alone. The clock must be there. Not for rulers.
 */
pt_run *pt_handicap(struct pt_handicap *h, const struct handicap *what, struct pt_worker *w,
		    pt_run *run);
