/*
 * lane.h - the state of a group while it runs. A worker is a pinned thread; an engine_run is one
 * engine with its own table; a lane is where the two meet: one worker's view of one engine.
 *
 * A lane is touched by its worker while a slice runs and by the main thread between slices.
 */
#pragma once

#include <stdalign.h>

#include "bench/barrier.h"
#include "bench/census.h"
#include "bench/pace.h"
#include "bench/plan.h"
#include "bench/result.h"
#include "bench/workload.h"
#include "mem/grace.h"
#include "pt/engine.h"
#include "pt/handicap.h"

#define STRETCH_MAX 512u /* operations in one run() call at most */

/* What one worker measured in one slice; zeroed before it. Times in ticks. */
struct tally {
	uint64_t start, stop;                       /* of the measured part */
	uint64_t ops, pages, kind_ops[OP_KINDS];
	uint64_t timed_ops[OP_KINDS], timed_pages[OP_KINDS], timed[OP_KINDS];
	uint64_t busy, busy_ops;                    /* inside stretches of any kind */
	uint64_t wait;                              /* for other workers */
	uint64_t longest;                           /* stretch */
	uint64_t failed;                            /* operations with an error nobody expected */
	uint64_t plain, plain_ops;                  /* operations that took no page, from start to start */
	struct pt_count unraced;                    /* counted before the measured part began */
	uint64_t disturbed;
	bool stepped_back;                          /* the clock */
	bool no_memory;                             /* an operation failed with ENOMEM */
	bool no_room;                               /* an allocator had no range for a buffer */
	uint64_t wrong;                             /* lookups that found a wrong address… */
	uint64_t wrong_iova, wrong_pa;              /* …and the first of them */
	struct {
		uint64_t ticks, ops, retired;
	} phase[PHASES_MAX];                        /* of the workload's phases */
	struct host_counters before, after;
	struct perf_reading counters;               /* of the measured part */
	struct pace_lag lag;                        /* --rate */
	uint64_t backlog;                           /* --rate: due when the measured part ended, not begun */
	unsigned cpu;                               /* where it was found */
	bool unpinned;                              /* free to run elsewhere too */
};

struct lane {
	struct pt_worker pw;
	alignas(CACHE_ALIGN) struct pt *pt;
	size_t (*run)(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n);
	struct grace_worker *grace;
	struct perf_group *perf;        /* the worker's; NULL: nothing is counted */
	struct group_run *group;
	unsigned worker, engine;
	void *own;                      /* the workload's */
	struct pt_op *ops;              /* STRETCH_MAX of them, shared by the worker's lanes */
	uint64_t rng;                   /* of the operations: seeded from the slice's position */
	uint64_t sample_rng;            /* of the sampling phase */
	uint64_t sample_every;          /* a power of two; 0: none */
	uint64_t until_sample;          /* operations before the next timed one */
	uint64_t think;                 /* ticks; --rate: not 0, and `pace` says how long */
	bool unrecorded;                /* its samples are taken, but not kept */
	uint64_t ripened;               /* pages freed after their grace period */
	uint64_t peak;                  /* most pages this lane held */
	uint64_t involuntary;           /* context switches when last looked */
	uint64_t total_ops, total_ticks; /* measured parts of all recorded slices */
	struct pt_handicap handicap;    /* --handicap; else not looked at */
	struct tally tally;
	struct histogram *latency[OP_KINDS];
	struct histogram *window;       /* race window, ns */
	struct histogram *vain;         /* the same of those who lost */
	struct histogram *response[OP_KINDS]; /* --rate: from the intended begin, ns */
	struct histogram *lag;          /* --rate: how late operations begin, ns */
	struct histogram *stale;        /* flush.h: ns */
	struct histogram *depth;        /* flush.h: commands in the ring */
	struct pace pace;               /* --rate */
	struct census_log *census;      /* NULL: nothing is written down */
	uint64_t *touch;                /* meeting.h: when this worker came; shared by its lanes */
};

struct engine_run {
	struct pt_engine engine;        /* a copy: --break puts its own run in */
	struct pt *pt;
	unsigned levels;                /* of a new table */
	struct grace *grace;
	struct lane **lanes;
	struct case_result *result;
};

struct group_run {
	const struct group *g;
	const struct topology *topo;
	struct result *result;
	struct crew *crew;
	struct pool *pool;
	struct pool_cache **caches;     /* by worker */
	struct pt_op **ops;             /* by worker */
	struct perf_group **perf;       /* by worker; NULL: none are asked for, or have room */
	uint64_t **touch;               /* by worker, then by meeting: ticks, 0 for never */
	struct engine_run engines[GROUP_ENGINES_MAX];
	void *shared;                   /* the workload's */
	_Atomic int error;              /* first -errno of a worker; relaxed: read after crew_run */
	uint32_t table;                 /* warm: how many times the engines got others (tables.h) */
	uint64_t measuring_ns;          /* clock_monotonic_ns() when the measuring began */
	/* the slice under way */
	unsigned engine;
	uint64_t position;
	uint64_t ops_per_worker;        /* warm workloads */
	uint64_t round;                 /* cold workloads: tables (`fresh`: roots) in this slice */
	uint64_t warmup;                /* ticks of untimed lead-in */
	bool recording;                 /* false while calibrating: no histograms */
	bool engine_is_ruler;           /* nothing to check in its results */
	struct barrier start;
	alignas(CACHE_ALIGN) _Atomic uint32_t unfinished; /* workers still measuring */
};

static inline const struct group *lane_group(const struct lane *lane)
{
	return lane->group->g;
}

/*
 * Carry out ops[0..n), all maps or all unmaps of as many pages, adding their time to the tally when
 * `measured`. With think time every operation is timed singly; without, the stretch is timed as a
 * whole and one operation in sample_every singly. Afterwards the worker is quiescent and its retired
 * pages are handed on.
 */
void lane_stretch(struct lane *lane, struct pt_op *ops, size_t n, bool measured);
/* The same for operations of mixed kinds: counts as busy time, not as time of a kind. */
void lane_mixed(struct lane *lane, struct pt_op *ops, size_t n, bool measured);
/* Lookups of pages that this worker has mapped: lane_stretch() for them, each checked. */
void lane_lookups(struct lane *lane, struct pt_op *ops, size_t n, bool measured);
/*
 * Lookups of whatever address beside its owner at work: each finds nothing, or exactly what the
 * owner maps there. Not busy time: comparisons are of those who map and unmap.
 */
void lane_reads(struct lane *lane, struct pt_op *ops, size_t n, bool measured);
/*
 * A stretch that is told apart: its time, and the tables it retired, go to tally->phase[phase] and
 * nowhere else. `sampled`: single operations are timed as in lane_stretch(), so that both cost the
 * same, but not kept.
 */
void lane_phase(struct lane *lane, struct pt_op *ops, size_t n, unsigned phase, bool sampled);
/* Carries out the calls [from, from + n) of what a stretch is made of. */
typedef void lane_call(struct lane *lane, void *what, size_t from, size_t n);
/*
 * A stretch of n calls that are more than an operation each (dma.h), on so many pages in all: timed and
 * counted as lane_stretch() does, calls checked by whoever makes them.
 */
void lane_calls(struct lane *lane, lane_call *call, void *what, size_t n, enum op_kind kind, uint64_t pages,
		bool measured);
/* A part of n calls at once, between two stamps: into tally->phase[phase] and nowhere else. */
void lane_part(struct lane *lane, lane_call *call, void *what, size_t n, unsigned phase);
/*
 * Once round a loop that waits for another worker, `spins` counted by the caller from 1: quiescent
 * now and then, and off the CPU when there are too few.
 */
void lane_idle(struct lane *lane, uint32_t spins);
/* One operation of a loop of its own (cursor, rendezvous, replay): timed when it is its turn. */
void lane_single(struct lane *lane, struct pt_op *op);
/*
 * Rest as long as there is time before `due` (ticks), to return shortly before it: who calls spins the rest.
 * Interrupted: no longer.
 */
void lane_rest_until(struct lane *lane, uint64_t due);
/*
 * --rate, for loops that time their operations themselves: rest as long as there is time, then spin until
 * the next one should begin. Returns when that is (ticks): `due` of lane_record_paced(), which takes down
 * service and response time and lag of an operation that ran from `from` to `to`.
 */
uint64_t lane_wait_turn(struct lane *lane);
void lane_record_paced(struct lane *lane, enum op_kind kind, uint64_t due, uint64_t from, uint64_t to);
/* Is it a schedule that says when this lane's next operation begins? */
static inline bool lane_is_paced(const struct lane *lane)
{
	return lane->think && lane->pace.gap > 0;
}
/* A sample this long may have been interrupted; looking costs a system call. */
#define LANE_SUSPECT_NS 5000u
/* Has this thread been switched out since we last looked? */
bool lane_was_switched(struct lane *lane);
/* Between operations: quiescent, hand on retired pages, refill zeroed ones. */
void lane_rest(struct lane *lane);
/*
 * The measured part of a slice begins, and has ended: the stamps, and outside of them what starts and
 * stops the hardware counters. Whoever spins in between without the engine adds that to tally.wait.
 */
void lane_begin(struct lane *lane);
void lane_end(struct lane *lane);
/* Say that this worker is through; true while others still measure. */
void lane_finish(struct lane *lane);
bool lane_others_measure(const struct lane *lane);

static inline enum op_kind op_kind_of(uint8_t kind)
{
	return kind == PT_LOOKUP ? OP_LOOKUP :
	       kind == PT_MAP || kind == PT_MAP_RANGE ? OP_MAP : OP_UNMAP;
}

#define PA_BITS 52 /* of every format */

/*
 * Output address of an IOVA in every workload: another one, aligned alike for pages of any size,
 * and contiguous within each half of the 2^52 bytes there are.
 */
static inline uint64_t pa_of(uint64_t iova)
{
	return (iova ^ 1ull << (PA_BITS - 1)) & ((1ull << PA_BITS) - 1);
}

/* Pages in a leaf table of the group's page size. */
static inline unsigned leaf_pages(const struct group *g)
{
	return 512u >> (g->page_lg2 - 12) % 9;
}

/* Map one page of the group's size. */
static inline struct pt_op map_page_op(const struct group *g, uint64_t iova)
{
	return (struct pt_op){ .iova = iova, .pa = pa_of(iova), .count = 1, .kind = PT_MAP,
			       .size_lg2 = (uint8_t)g->page_lg2, .prot = PT_READ | PT_WRITE };
}

/* What an owner has mapped: contiguous on both sides. size_lg2 0: any leaf sizes. */
struct extent {
	uint64_t iova, pa, bytes;
	uint8_t size_lg2, prot;
};

struct expectation {
	struct extent *v;
	size_t n, cap;
};

/* 0 or -ENOMEM. */
int expect_add(struct expectation *e, const struct extent *extent);
/* The same of a map as it was asked for. */
int expect_op(struct expectation *e, const struct pt_op *op);
