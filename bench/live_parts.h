/* live_parts.h - what live.c keeps and live_draw.c draws. */
#pragma once

#include <stdbool.h>

#include "bench/live.h"
#include "bench/result.h"
#include "bench/terminal.h"

#define LIVE_MEDIAN_OF 255u  /* the last slices: a frame costs the same after a day as after a second */
#define LIVE_ROWS_MAX 64u
#define LIVE_WARNINGS 3u
#define FRAME_BYTES 16384u

/* Of an engine in the group under way; sums are kept up slice by slice. */
struct live_engine {
	size_t seen;               /* of its slices */
	uint64_t tables, lost;
	uint64_t pages, pages_min, pages_max;
};

/* In memory that parent and children share: one of them draws at a time, and the parent cleans up. */
struct live {
	bool lines;                /* plain lines instead of a display, … */
	bool few;                  /* … now and then */
	double said_s;             /* the last of them, since it began */
	struct terminal terminal;
	uint64_t began_ns, drawn_ns;
	double predicted_s, share_began; /* the share that was done when it began: of a resumed run */
	bool telling;              /* share_began is known */
	unsigned rows, columns;    /* of the display on the terminal: ours, and how wide it was */
	unsigned width[LIVE_ROWS_MAX]; /* of these rows */
	unsigned nwarnings;
	char warnings[sizeof(((struct result *)0)->warnings) / sizeof(((struct result *)0)->warnings[0])]
		     [sizeof(((struct result *)0)->warnings[0])];
	struct live_engine engines[GROUP_ENGINES_MAX];
};

struct frame {
	unsigned columns, rows;    /* of the terminal */
	unsigned n, width[LIVE_ROWS_MAX];
	size_t used;
	char text[FRAME_BYTES];
};

/* A line, cut where the terminal ends; what does not print in it is made to. */
void frame_line(const struct live *live, struct frame *f, enum paint paint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Draws the lines of a frame about now. */
void live_draw(const struct live *live, const struct progress_now *now, struct frame *f);
/* Median rate of the last slices; NaN: there are none, or a rate means nothing. */
double live_rate(const struct case_result *c);
/* "0:34", "1:02:07"; "-" for NaN. Returns buf. */
char *live_time(char *buf, size_t size, double s);
/* Seconds left, from what was predicted and what it took so far. */
double live_left_s(const struct live *live, const struct progress_now *now);
