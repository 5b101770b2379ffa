#include "bench/live.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bench/live_parts.h"
#include "bench/units.h"
#include "sys/clock.h"

#define TERMINAL STDERR_FILENO
#define COLUMNS_MIN 12u

/* All of it; a terminal that is gone is nobody's error. */
static void write_all(const char *text, size_t n)
{
	while (n) {
		ssize_t wrote = write(TERMINAL, text, n);

		if (wrote < 0 && errno != EINTR)
			return;
		text += wrote > 0 ? wrote : 0;
		n -= wrote > 0 ? (size_t)wrote : 0;
	}
}

/* Would a write be taken now, and is it ours to make? In the background the terminal is the shell's. */
static bool may_draw(void)
{
	struct pollfd p = { .fd = TERMINAL, .events = POLLOUT };
	pid_t foreground = tcgetpgrp(TERMINAL);

	if (foreground > 0 && foreground != getpgrp())
		return false;
	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

/* Asked for each frame: it may have been resized. */
static void measure_terminal(struct frame *f)
{
	struct winsize size = { 0 };

	ioctl(TERMINAL, TIOCGWINSZ, &size);
	f->columns = size.ws_col ? size.ws_col : 80;
	f->rows = size.ws_row ? size.ws_row : 24;
	f->columns = f->columns < COLUMNS_MIN ? COLUMNS_MIN : f->columns;
}

/*
 * To the start of what was drawn. Terminals that have become narrower fold lines that no longer fit, so
 * that ours are more than they were.
 */
static size_t go_back(const struct live *live, unsigned columns, char *text, size_t size)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < live->rows; i++)
		rows += columns < live->columns && live->width[i] > columns
				? (live->width[i] + columns - 1) / columns : 1;
	if (!rows)
		return 0;
	return (size_t)snprintf(text, size, "\r\033[%uA%s", rows, columns == live->columns ? "" : "\033[J");
}

/*
 * A frame is one write, over the one before; the cursor ends below it at the start of a line, and is
 * never hidden: whoever ends us in whatever way finds a terminal in order.
 */
static void draw(struct live *live, const struct progress_now *now)
{
	struct timespec settle = { .tv_nsec = LIVE_SETTLE_NS };
	static struct frame f;
	char text[FRAME_BYTES + 64];
	size_t n;

	measure_terminal(&f);
	live_draw(live, now, &f);
	n = go_back(live, f.columns, text, sizeof(text));
	memcpy(text + n, f.text, f.used);
	n += f.used;
	n += (size_t)snprintf(text + n, sizeof(text) - n, "\033[J");
	write_all(text, n);
	live->rows = f.n;
	live->columns = f.columns;
	memcpy(live->width, f.width, sizeof(live->width));
	nanosleep(&settle, NULL);
}

void live_end(struct live *live)
{
	struct frame f;
	char text[64];

	if (!live)
		return;
	if (live->rows) {
		measure_terminal(&f);
		write_all(text, go_back(live, f.columns, text, sizeof(text)));
		write_all("\033[J", 3);
	}
	munmap(live, sizeof(*live));
}

/* Plain lines: "12:34:56  42 %  …". */

static void line_head(double share, char *text, size_t size)
{
	time_t t = time(NULL);
	struct tm tm;
	size_t n;

	localtime_r(&t, &tm);
	n = strftime(text, size, "%H:%M:%S", &tm);
	snprintf(text + n, size - n, " %3.0f %%  ", 100 * share);
}

static void line_begins(const struct live *live, const struct progress_now *now)
{
	char begin[48], group[400], process[48] = "", left[32];

	line_head(progress_share(now), begin, sizeof(begin));
	if (now->processes > 1)
		snprintf(process, sizeof(process), "process %u of %u, ", now->process + 1, now->processes);
	fprintf(stderr, "%s%s left  %sgroup %zu of %zu: %s\n", begin,
		live_time(left, sizeof(left), live_left_s(live, now)), process, now->group + 1, now->plan->n,
		progress_group(&now->plan->groups[now->group], group, sizeof(group)));
}

static void line_ends(const struct live *live, const struct progress_now *now)
{
	const struct group *g = &now->plan->groups[now->group];
	char text[48];

	line_head(progress_share(now), text, sizeof(text));
	fputs(text, stderr);
	for (unsigned i = 0; i < g->nengines; i++) {
		const struct case_result *c = &now->result->cases[now->first + i];
		const struct live_engine *e = &live->engines[i];
		double rate = live_rate(c);

		fprintf(stderr, "%s%s", i ? ", " : "", g->engines[i]->name);
		if (c->nevidence)
			fputs(" AUDIT FAILED", stderr);
		else if (!isnan(rate))
			fprintf(stderr, " %s ops/s", show_count(text, sizeof(text), rate));
		if (e->tables)
			fprintf(stderr, " %.3g lost/table", (double)e->lost / (double)e->tables);
	}
	fputc('\n', stderr);
}

/* Those not yet told of; several processes may say the same. */
static void take_warnings(struct live *live, const struct result *r, double share)
{
	unsigned most = sizeof(live->warnings) / sizeof(live->warnings[0]);

	for (unsigned i = 0; i < r->nwarnings && live->nwarnings < most; i++) {
		unsigned known = 0;
		char head[48];

		while (known < live->nwarnings && strcmp(live->warnings[known], r->warnings[i]) != 0)
			known++;
		if (known < live->nwarnings)
			continue;
		snprintf(live->warnings[live->nwarnings++], sizeof(live->warnings[0]), "%s", r->warnings[i]);
		line_head(share, head, sizeof(head));
		if (live->lines)
			fprintf(stderr, "%s! %s\n", head, r->warnings[i]);
	}
}

double live_line_gap_s(double predicted_s)
{
	return fmin(fmax(predicted_s / 20, LIVE_LINE_LEAST_S), LIVE_LINE_MOST_S);
}

/* A pipe that is full, or whose reader has gone, is not written to. */
static bool takes_lines(void)
{
	struct pollfd p = { .fd = TERMINAL, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT && !(p.revents & POLLERR);
}

/* The first at once, each of the others when it is time. */
static void line_now_and_then(struct live *live, const struct progress_now *now)
{
	double at_s = (double)(clock_monotonic_ns() - live->began_ns) / 1e9;

	if ((live->said_s >= 0 && at_s - live->said_s < live_line_gap_s(live->predicted_s)) || !takes_lines())
		return;
	line_begins(live, now);
	live->said_s = at_s;
}

struct live *live_begin(enum progress_kind wish, const struct plan *plan, const struct result *r)
{
	struct live *live;

	bool few = wish == PROGRESS_AUTO && !isatty(TERMINAL);

	if (wish == PROGRESS_NEVER || (few && plan->predicted_s < LIVE_LINE_LEAST_S))
		return NULL;
	live = mmap(NULL, sizeof(*live), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (live == MAP_FAILED)
		return NULL; /* a run is worth more than its display */
	live->lines = !terminal_redraws(stderr);
	live->few = few;
	live->said_s = -1;
	live->terminal = terminal_of(stderr);
	live->began_ns = clock_monotonic_ns();
	live->predicted_s = plan->predicted_s;
	if (!few) /* they are in the result */
		take_warnings(live, r, 0);
	return live;
}

/* The slices that have come since. */
static void take_slices(struct live_engine *e, const struct case_result *c)
{
	for (; e->seen < c->nslices; e->seen++) {
		const struct slice *s = &c->slices[e->seen];

		e->tables += s->tables;
		e->lost += s->lost_install + s->lost_growth;
		e->pages = s->live_pages;
		e->pages_min = !e->seen || e->pages < e->pages_min ? e->pages : e->pages_min;
		e->pages_max = e->pages > e->pages_max ? e->pages : e->pages_max;
	}
}

void live_tell(void *ctx, const struct progress_now *now, enum progress_event event)
{
	const struct group *g = &now->plan->groups[now->group];
	struct live *live = ctx;

	if (!live->telling)
		live->share_began = progress_share(now);
	live->telling = true;
	if (event == PROGRESS_BEGINS)
		memset(live->engines, 0, sizeof(live->engines));
	if (live->few) {
		line_now_and_then(live, now);
		return;
	}
	take_warnings(live, now->result, progress_share(now));
	if (live->lines && event == PROGRESS_BEGINS)
		line_begins(live, now);
	if (live->lines && event != PROGRESS_ENDS)
		return;
	if (!live->lines && clock_monotonic_ns() - live->drawn_ns < LIVE_EVERY_NS)
		return;
	for (unsigned e = 0; e < g->nengines; e++)
		take_slices(&live->engines[e], &now->result->cases[now->first + e]);
	if (live->lines) {
		line_ends(live, now);
	} else if (may_draw()) {
		draw(live, now);
		live->drawn_ns = clock_monotonic_ns();
	}
}
