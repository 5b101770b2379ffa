/*
 * live.h - the live display of `iopt run` on standard error: what runs, how far it is, what the engines
 * do so far, warnings as they come. On a terminal a few lines redrawn in place; elsewhere plain lines:
 * one now and then, or, when asked for, two for each group.
 *
 * Why it cannot disturb what is measured:
 * - It is called by the runner between slices only, and draws before it returns. While a slice runs its
 *   workers, that thread waits for them (crew.c) and the workers for nothing but each other.
 * - What it writes makes others work: a terminal, a multiplexer, sshd. They run after the write, on a CPU
 *   that may be a worker's. So it waits LIVE_SETTLE_NS for them before the next slice begins (whose first
 *   2 ms, --warmup, are untimed as well), and draws no more often than every LIVE_EVERY_NS: the display
 *   costs a run some 2 % more time, none of it inside slices.
 * - A terminal that takes nothing (^S, a dead link) is not waited for: that frame is left out.
 */
#pragma once

#include "bench/options.h"
#include "bench/progress.h"

#define LIVE_EVERY_NS 200000000u
#define LIVE_SETTLE_NS 4000000u
/* Lines that nobody asked for: none in a run shorter than this, … */
#define LIVE_LINE_LEAST_S 10.0
#define LIVE_LINE_MOST_S 600.0

/* … and the next so many seconds after the last, in a run of so many: some twenty in all. */
double live_line_gap_s(double predicted_s);

struct live;
struct result;

/* NULL where nothing is to be shown; freed by live_end(). r: of a run that begins, with its warnings. */
struct live *live_begin(enum progress_kind wish, const struct plan *plan, const struct result *r);
/* A struct progress tells it; ctx is the struct live. Also called in children: its state is shared. */
void live_tell(void *ctx, const struct progress_now *now, enum progress_event event);
/* Takes the display off the terminal. NULL is allowed. In the process that began it. */
void live_end(struct live *live);
