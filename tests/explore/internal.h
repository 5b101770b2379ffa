/*
 * internal.h - what the files of the explorer's core share. One real thread runs all of it.
 *
 *   coroutine.c  stacks, switching, thread-local variables
 *   schedule.c   who goes on; every choice goes through ex_decide()
 *   memory.c     locations with their histories, happens-before
 *   site.c       the accesses in the sources, and orders that are weakened
 *   page.c       births and deaths of pages, and plain data
 *   system.c     what the kernel and the C library would do
 *   explore.c    the next schedule: dfs, pct, replay
 *   trace.c      the steps of a failure, printed
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "explore.h"
#include "sys/atomic.h"

#define ALONE EX_THREADS_MAX /* setup() and finish() */
#define EX_HISTORY 4u        /* stores of a location that a load may choose from */
#define EX_STEPS 50000u

struct clock {
	uint32_t of[EX_THREADS_MAX];
};

enum run_state { READY, YIELDED, BLOCKED, ENDED };

struct thread {
	enum run_state state;
	struct clock now;         /* what happens before its next step; of[self]: steps of its own */
	const void *waits_on;     /* BLOCKED */
	uint64_t seen_stores;     /* of others, when it last began to look */
	uint64_t stores;          /* its own */
	uint32_t yields;
	bool anyway;              /* since its last yield it has read something not newest: may look again */
	bool passes;              /* no spin loop: what it reads next may be old */
	unsigned priority;        /* pct */
	uint64_t clock_told[EX_THREADS_MAX]; /* CPU clocks, as last told to this thread */
	const struct ex_site *site; /* where it was last */
};

/* The schedule under way. */
struct run {
	const struct ex_scenario *scenario;
	struct thread thread[EX_THREADS_MAX];
	unsigned self;
	unsigned threads;         /* of the scenario */
	uint64_t stores;          /* of all threads; a thread's end counts as one */
	uint64_t steps, steps_max;
	struct clock consistent;  /* joined by seq_cst accesses */
	unsigned may_fail;
	uint64_t reaching;        /* ex_site.reached of those that are */
	bool failed;
	char message[512];
};
extern struct run ex_run;

/* ---- choices (schedule.c) ---- */

enum choice_kind { CHOOSE_THREAD = 's', CHOOSE_READ = 'r', CHOOSE_PLACE = 'm', CHOOSE_WEAK = 'w',
		   CHOOSE_CLOCK = 't', CHOOSE_DATA = 'c' };

/* One that differs from the default, or that dfs has still alternatives for. */
struct choice {
	uint64_t index;  /* of the decision within the schedule */
	uint64_t todo;   /* values not tried yet, a bit each */
	uint8_t kind, value;
	bool usual;      /* the default */
};

/* How decisions beyond the recorded ones are made. */
enum decide_by { BY_DEFAULT, BY_DFS, BY_CHANCE };

struct decider {
	enum decide_by by;
	struct choice *list;      /* those decided already, then those that dfs adds */
	size_t n, room, next;     /* next: the one to come */
	uint64_t index;           /* decisions so far */
	unsigned spent, budget;   /* of preemptions, and what counts like one */
	bool strayed;             /* a recorded choice did not fit */
	/* by chance */
	uint64_t rng, points, points_max, change[8];
	unsigned changes, stale_percent;
};
extern struct decider ex_decider;

/* One of `options` (a bit each); those of `cost` count as a preemption, unless they are the default. */
unsigned ex_decide(enum choice_kind kind, uint64_t options, unsigned normal, uint64_t cost);
uint64_t ex_random(uint64_t *state);
void ex_decider_begin(void);
void ex_choice_add(struct choice choice);

/* The running thread is about to do something; `shared`: others may come first. */
void ex_point_at(bool shared);
/* The running thread waits until ex_wake(). */
void ex_block(const void *on);
unsigned ex_wake(const void *on, unsigned most);
/* One schedule from setup() to finish(). False: it failed, ex_run.message. */
bool ex_run_once(const struct ex_scenario *scenario, uint64_t steps_max);

/* ---- coroutines (coroutine.c) ---- */

extern jmp_buf ex_alone;          /* back in ex_run_once(): all have ended, or one failed */
void ex_coroutines_prepare(unsigned n);
void ex_coroutines_abandon(void); /* they stand somewhere in the middle */
/* From whoever runs to thread `to`; returns when `from` is run again. ALONE: from ex_run_once(). */
void ex_switch(unsigned from, unsigned to);
/* What a coroutine runs; returns when the thread's function has. */
void ex_thread_over(unsigned id) __attribute__((noreturn));

/* ---- sites (site.c) ---- */

/* Every access that was ever executed by a thread, in no order; the same line may be there often. */
extern struct ex_site *ex_sites;
void ex_site_meet(struct ex_site *site);
const char *ex_base_name(const char *file);

/* ---- memory (memory.c, page.c) ---- */

void ex_memory_reset(void);
void ex_heap_reset(void);
/* Locations that two threads touch, one of them writing: known from all schedules so far. */
void ex_shared_forget(void);
uint64_t ex_shared_count(void);
static inline bool ex_before(const struct thread *t, unsigned by, uint32_t clock)
{
	return by == ALONE || t->now.of[by] >= clock;
}
static inline void ex_join(struct clock *into, const struct clock *from)
{
	for (unsigned i = 0; i < EX_THREADS_MAX; i++)
		if (into->of[i] < from->of[i])
			into->of[i] = from->of[i];
}
void ex_page_reset(void);
/* May the running thread touch this address? Fails the schedule if not. 1 + the page's number, or 0. */
uint32_t ex_page_touch(uintptr_t at);
/* 1 + the number of the page at an address. 0: none. */
uint32_t ex_page_number(uintptr_t at, uintptr_t *offset);

/* ---- the trace of a failure (trace.c) ---- */

extern bool ex_tracing;
struct step {
	unsigned thread;
	const struct ex_site *site; /* or NULL */
	char what[232];
	void *frame[12];
	int frames;
};
void ex_trace_reset(void);
/* Its number, counted from 1; 0: not tracing. */
uint32_t ex_trace(const struct ex_site *site, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The number that the next one will get. */
uint32_t ex_trace_next(void);
/* "step 12, thread 1, grace.c:88" into buf. */
const char *ex_trace_where(uint32_t step, char *buf, size_t bytes);
/* A value as people read it: small numbers, pages by name. */
const char *ex_value(uint64_t value, char buf[48]);
const char *ex_place(const volatile void *p, const char *text, char buf[160]);
void ex_trace_print(const char *how, const char *replay);
