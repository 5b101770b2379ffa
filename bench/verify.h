/*
 * verify.h - `iopt verify`: is an engine right? Layers of checks, from the cheapest to the most
 * patient; each runs one engine, with one bug switched on (pt/mutant.h) or none, for a bounded time,
 * and says whether it caught something, with the evidence.
 *
 *   sequence  one thread, random operations against a sequential model; every result, a scan of the
 *             whole table now and then, memory running out at every point (O1, O2, O4)
 *   race      threads with ranges of their own in shared tables, growth, large pages, lookups in
 *             foreign ranges all the time against what the owner has announced (O1-O4)
 *   device    the same with devices behind an IOTLB that translate all the time (O5, src/iotlb)
 *   history   every lookup, map and unmap recorded and checked for linearizability (linear.h)
 *   explorer  tests/explore, if it was built: schedules one by one, weak memory
 *   tsan      a build of iopt with ThreadSanitizer runs `race`
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pt/engine.h"
#include "pt/mutant.h"
#include "sys/err.h"

enum verify_layer {
	VERIFY_SEQUENCE,
	VERIFY_RACE,
	VERIFY_DEVICE,
	VERIFY_HISTORY,
	VERIFY_EXPLORER,
	VERIFY_TSAN,
	VERIFY_LAYERS
};
extern const char *const verify_layer_name[VERIFY_LAYERS];

struct verify_job {
	const struct pt_engine *engine; /* genuine; run through pt_engine_lab() */
	enum pt_mutant mutant;
	unsigned threads;               /* writers; devices and readers come on top */
	uint64_t duration_ns, seed;
	unsigned shake;                 /* one labelled point in so many holds a worker up; 0: none */
};

struct verify_outcome {
	bool caught;
	char oracle[16];      /* "O1" … "O5", "history", "crash", "hang", "race", … */
	char evidence[1024];  /* lines */
	uint64_t operations, lookups, translations; /* done and checked */
	uint64_t refused;     /* operations among them that were refused memory, on purpose */
	uint64_t rounds;      /* fresh tables, begun: the last has the job's seed + rounds - 1 */
	uint64_t elapsed_ns;
	unsigned writers, readers, devices; /* that ran; 0 writers: not known, as after a crash */
};

/*
 * In this process: VERIFY_SEQUENCE, VERIFY_RACE, VERIFY_DEVICE, VERIFY_HISTORY. 0 whether or not
 * something was caught; EXIT_NO_RESOURCE and the like in err. A job with a mutant may crash or hang:
 * run it in a child (verify_child.h).
 */
int verify_sequence(const struct verify_job *job, struct verify_outcome *out, struct err *err);
int verify_race(const struct verify_job *job, struct verify_outcome *out, struct err *err);
int verify_device(const struct verify_job *job, struct verify_outcome *out, struct err *err);
int verify_history(const struct verify_job *job, struct verify_outcome *out, struct err *err);

/* The matrix: every mutant by every layer, then the clean engines. Exit code; what is done is printed. */
struct verify_matrix_options {
	uint64_t seconds_each_ns;  /* longest a layer may look, but for what all have missed */
	uint64_t seed;
	unsigned threads;          /* writers; 0: four, so that they meet on a machine with two CPUs too */
	const char *explorer;      /* program; NULL: where the build puts it, if it is there */
	const char *tsan;          /* the same */
	const char *only;          /* one mutant; NULL: all */
	bool json;
};
int verify_mutants(const struct verify_matrix_options *options, struct err *err);
