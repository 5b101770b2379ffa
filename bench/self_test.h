/*
 * self_test.h - proof, on this machine and with this program, that the gate fires and stays quiet:
 * what was tried, and what came of it. Main thread.
 */
#pragma once

#include "bench/compare.h"

enum trial_kind {
	TRIAL_SLOW,  /* the new side is slower on purpose */
	TRIAL_SAME,  /* the same on both sides */
	TRIAL_WASTE, /* the new side loses twice the pages */
	TRIAL_KINDS,
};
extern const char *const trial_kind_name[TRIAL_KINDS]; /* "slow", "same", "waste" */

struct trial {
	enum trial_kind kind;
	unsigned number;          /* of its kind, from 1 */
	enum gate_verdict verdict;
	char metric[16];          /* of the row that decided, or would have: "throughput" */
	struct interval ratio;    /* of that row */
	double level;             /* of that interval: 0.978 */
	bool right;               /* slow, waste: caught; same: not flagged */
	unsigned pairs, looks;
	double seconds;
	uint64_t seed;            /* of the first pair */
};

/* What one kind has to show: right in so many of its tries. */
struct trial_goal {
	unsigned tries, needed; /* tries 0: cannot be shown here, `why` says why */
	unsigned done, right;
	char why[160];
};

struct self_test {
	const struct compare_options *o;
	char version[160], machine[200];  /* of the first result */
	char slow[32];                    /* the handicap: "slow:8" */
	double by;                        /* the same as a fraction */
	unsigned first, cap, same_cap;    /* pairs of a try; of one with equal sides at most same_cap */
	bool short_form, complete;
	struct trial_goal goals[TRIAL_KINDS];
	struct trial *trials;
	size_t ntrials;
	double floor;                     /* of throughput; NaN: not calibrated */
	double seconds;
};

bool self_test_proven(const struct self_test *t);
/* Before, after each try, and at the end, to stdout; flushed, for it takes long. */
void self_test_print_head(const struct self_test *t);
void self_test_print_trial(const struct self_test *t, const struct trial *trial);
void self_test_print_end(const struct self_test *t);
/* The whole as JSON, a gate_writer of the struct. */
int self_test_write(const void *self_test, FILE *out);
