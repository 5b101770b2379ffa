/*
 * explore.h - a deterministic explorer of interleavings for the sources of src/.
 *
 * Those sources are compiled once more with a sys/atomic.h of the explorer's own (include/sys/atomic.h
 * here), in which every access is a scheduling point, and with PT_LAB. Threads are coroutines on one
 * real thread. A run is decided by a list of choices: who goes on at each point, which of the stores
 * it may see a load returns, whether an allocation fails. The same choices, the same run.
 *
 * Memory is not x86: each atomic location keeps its history of stores with vector clocks, a load may
 * return any store that is not older than what happens-before and coherence force on it (C11 without
 * out-of-thin-air values; read-modify-writes read the newest). So a missing release or acquire shows.
 * Pages are checked too: one may be reached only when its zeroing happens-before, and freed only when
 * every access to it does.
 *
 * Modes: dfs, all schedules with at most so many preemptions (Musuvathi and Qadeer, PLDI 2007); pct,
 * random priorities with d - 1 change points (Burckhardt et al., ASPLOS 2010), one seed a schedule.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EX_THREADS_MAX 4u

/*
 * setup() and finish() run alone; what setup() wrote is seen by all threads, finish() sees all they
 * wrote. State belongs in static variables that setup() resets: it is called before every schedule.
 */
struct ex_scenario {
	const char *name, *help;
	unsigned threads;
	void (*setup)(void);
	void (*thread)(unsigned id);
	void (*finish)(void);
	unsigned preemptions; /* bound of dfs that scripts/test uses; 0: the default, 2 */
};

/* Ends with a row whose name is NULL. scenarios.c */
extern const struct ex_scenario *const ex_scenarios[];

/* This schedule is wrong: report it with its steps and end it. From threads, setup and finish. */
void ex_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
#define ex_require(condition)                                                                      \
	do {                                                                                       \
		if (!(condition))                                                                  \
			ex_fail("%s:%d: %s does not hold", __FILE__, __LINE__, #condition);         \
	} while (0)
/* One of n, explored like everything else; `what` for the trace. */
unsigned ex_choose(unsigned n, const char *what);
/*
 * Called at the labelled points of the laboratory (pt/lab.h), by who is there. setup() sets it; every
 * schedule begins without.
 */
extern void (*ex_labelled)(const char *label);
/* A line in the trace of a failure. */
void ex_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Data that is not atomic: two accesses, one a write, without happens-before fail the schedule. */
void ex_reading(const void *p, const char *what);
void ex_writing(const void *p, const char *what);
/* In a thread: not scheduled again before another thread has stored something, or ends. */
void ex_yield(void);
/* In a thread: the others go first, if any can; no preemption. */
void ex_pass(void);
/*
 * Another thread may come first, though nothing that they share is touched here. Data of the scenario's
 * own that several threads use (what it believes the state to be) go with the access before them.
 */
void ex_point(const char *what);
/* Which coroutine runs; EX_THREADS_MAX: setup or finish. */
unsigned ex_self(void);

/*
 * The page source of the explored sources (mem/pool.h) is the explorer's: pages.c. From now on, in this
 * schedule, the next allocations may fail, at most `times` of them, which ones is explored. EX_FOR_GOOD:
 * from one of them on all fail, until finish().
 */
#define EX_FOR_GOOD (~0u)
void ex_pages_may_fail(unsigned times);
/* Has one failed in this schedule? */
bool ex_pages_refused(void);
/* From now on, in this schedule, a freed page may be handed out again: whether it is, is explored. */
void ex_pages_reuse(void);
/* In finish(): live pages are exactly `reachable` (what pt_scan counted). */
void ex_pages_balance(uint64_t reachable);

/* The core tells pages.c: a schedule begins (all pages gone), and asks about an access. */
void ex_pages_reset(void);
/* What pages.c tells the core of a page: zeroed by the running thread; freed by it (checked). */
void ex_page_born(void *page, size_t bytes);
void ex_page_gone(void *page, size_t bytes);

struct ex_site;

struct ex_options {
	const char *mode;      /* "dfs" or "pct" */
	unsigned preemptions;  /* dfs */
	unsigned depth;        /* pct: d */
	uint64_t schedules;    /* at most; 0: no bound */
	double seconds;        /* at most; 0: no bound */
	uint64_t seed;         /* pct: of the first schedule */
	const char *replay;    /* choices of a failure, as printed */
	unsigned steps;        /* of a schedule, beyond it is a hang; 0: the default */
	const char *command;   /* what replays, before " --replay CHOICES"; NULL: "explore NAME" */
	bool quiet;            /* no report of a failure on stderr: out has its message */
};

struct ex_outcome {
	bool caught;
	bool complete;         /* dfs: nothing left within the bound */
	unsigned begun;        /* dfs: nothing left below so many preemptions */
	uint64_t schedules, steps;
	double seconds;
	char message[512];     /* of the failure */
	char replay[4096];     /* its choices, for --replay */
};

/*
 * From now on the accesses of one line do without a part of the order that is written there, in
 * exploring only: would anybody notice? NULL: as written.
 */
struct ex_weakening {
	const char *file; /* "grace.c" */
	int line;
	const char *text; /* the expression accessed, if the line has several; or NULL */
	enum { EX_LOSE_ACQUIRE, EX_LOSE_RELEASE, EX_LOSE_FAILURE } what; /* failure: of a cas */
};
void ex_weaken(const struct ex_weakening *what);
/* From now on ex_site.reached of every site that a thread reaches gets these bits (sys/atomic.h). */
void ex_reaching(uint64_t bits);
/* All that were ever reached, linked by `next`, in no order; one line may be there several times. */
const struct ex_site *ex_sites(void);

/* Explore one scenario. A failure's schedule is printed, step by step with source lines, to stderr. */
void ex_explore(const struct ex_scenario *scenario, const struct ex_options *options,
		struct ex_outcome *out);
