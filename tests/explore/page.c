/*
 * page.c - pages that come and go, and data that are not atomic: what must happen before what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FRAME_LG2 12u
#define FRAMES 4096u  /* a power of two; frames of a schedule */
#define PLAIN 1024u

struct page {
	uintptr_t at, bytes;
	uint32_t number;               /* in order of birth, from 0 */
	uint8_t born_by;
	bool gone;
	uint32_t born;                 /* time of that thread */
	uint32_t born_step, gone_step;
	uint32_t touched[EX_THREADS_MAX], touched_step[EX_THREADS_MAX];
};

struct frame {
	uintptr_t at;
	uint32_t schedule;
	struct page *page;
};

struct plain {
	const void *p;
	uint32_t written, written_step, read[EX_THREADS_MAX], read_step[EX_THREADS_MAX];
	uint8_t written_by;
};

static struct frame frame[FRAMES];
static struct page page[FRAMES];
static struct plain plain[PLAIN];
static uint32_t schedule_now, pages_n;
static unsigned plain_n;

void ex_page_reset(void)
{
	schedule_now++;
	pages_n = 0;
	plain_n = 0;
}

static struct frame *frame_of(uintptr_t at)
{
	uint64_t i = (at >> FRAME_LG2) * UINT64_C(0x9e3779b97f4a7c15) >> 40;

	at >>= FRAME_LG2;
	for (i %= FRAMES; frame[i].schedule == schedule_now && frame[i].at != at;)
		i = (i + 1) % FRAMES;
	frame[i].at = at;
	return &frame[i];
}

static struct page *page_of(uintptr_t at)
{
	struct frame *f = frame_of(at);

	return f->schedule == schedule_now ? f->page : NULL;
}

uint32_t ex_page_number(uintptr_t at, uintptr_t *offset)
{
	struct page *p = page_of(at);

	if (!p)
		return 0;
	*offset = at - p->at;
	return p->number + 1;
}

static uint32_t now(void)
{
	return ex_run.self == ALONE ? 0 : ex_run.thread[ex_run.self].now.of[ex_run.self];
}

/* What is not atomic has a time of its own too: a release just before does not cover it. */
static void tick(void)
{
	if (ex_run.self != ALONE)
		ex_run.thread[ex_run.self].now.of[ex_run.self]++;
}

uint32_t ex_page_touch(uintptr_t at)
{
	struct page *p = page_of(at);
	const struct thread *t = &ex_run.thread[ex_run.self];
	char where[96];

	if (!p)
		return 0;
	if (p->gone)
		ex_fail("thread %u touches page %u, which is free since %s", ex_run.self, p->number,
			ex_trace_where(p->gone_step, where, sizeof(where)));
	if (ex_run.self == ALONE)
		return p->number + 1;
	if (!ex_before(t, p->born_by, p->born))
		ex_fail("thread %u touches page %u, but that it was zeroed (%s) does not happen before",
			ex_run.self, p->number, ex_trace_where(p->born_step, where, sizeof(where)));
	p->touched[ex_run.self] = now();
	p->touched_step[ex_run.self] = ex_trace_next();
	return p->number + 1;
}

void ex_page_born(void *at, size_t bytes)
{
	uintptr_t first = (uintptr_t)at;
	struct page *p = &page[pages_n];

	if (first % (1u << FRAME_LG2) || !bytes || bytes % (1u << FRAME_LG2) ||
	    pages_n + bytes / (1u << FRAME_LG2) > FRAMES / 2) {
		fputs("explore: a page begins and ends at a multiple of 4 KiB, 2048 at most\n", stderr);
		abort();
	}
	tick();
	*p = (struct page){ .at = first, .bytes = bytes, .number = pages_n++,
			    .born_by = (uint8_t)ex_run.self, .born = now() };
	for (uintptr_t a = first; a < first + bytes; a += 1u << FRAME_LG2) {
		struct frame *f = frame_of(a);

		f->schedule = schedule_now;
		f->page = p;
	}
	p->born_step = ex_trace(NULL, "page %u is taken and zeroed", p->number);
}

void ex_page_gone(void *at, size_t bytes)
{
	struct page *p = page_of((uintptr_t)at);
	const struct thread *t = &ex_run.thread[ex_run.self];
	char where[96];

	if (!p || p->at != (uintptr_t)at || p->bytes != bytes)
		ex_fail("frees %p, which is no page", at);
	if (p->gone)
		ex_fail("page %u is freed twice, first at %s", p->number,
			ex_trace_where(p->gone_step, where, sizeof(where)));
	tick();
	p->gone_step = ex_trace(NULL, "page %u is freed", p->number);
	for (unsigned id = 0; ex_run.self != ALONE && id < EX_THREADS_MAX; id++)
		if (p->touched[id] && !ex_before(t, id, p->touched[id]))
			ex_fail("page %u is freed, but that thread %u touched it (%s) does not happen "
				"before", p->number, id,
				ex_trace_where(p->touched_step[id], where, sizeof(where)));
	p->gone = true;
}

/* ---- data that are not atomic ---- */

static struct plain *plain_of(const void *p)
{
	for (unsigned i = 0; i < plain_n; i++)
		if (plain[i].p == p)
			return &plain[i];
	if (plain_n == PLAIN)
		ex_fail("more than %u plain data: raise PLAIN", PLAIN);
	plain[plain_n] = (struct plain){ .p = p, .written_by = ALONE };
	return &plain[plain_n++];
}

static void race(const char *now_does, const char *what, unsigned other, const char *then, uint32_t step)
{
	char where[96];

	ex_fail("thread %u %s %s, but that thread %u %s it (%s) does not happen before", ex_run.self,
		now_does, what, other, then, ex_trace_where(step, where, sizeof(where)));
}

/* What reads and writes have in common: they come after the last write. */
static struct plain *plain_access(const void *p, const char *does, const char *what, uint32_t *step)
{
	struct plain *d;

	tick();
	ex_page_touch((uintptr_t)p);
	d = plain_of(p);
	*step = ex_trace(NULL, "%s %s", does, what);
	if (!ex_before(&ex_run.thread[ex_run.self], d->written_by, d->written))
		race(does, what, d->written_by, "wrote", d->written_step);
	return d;
}

void ex_reading(const void *p, const char *what)
{
	struct plain *d;
	uint32_t step;

	if (ex_run.self == ALONE)
		return;
	d = plain_access(p, "reads", what, &step);
	d->read[ex_run.self] = now();
	d->read_step[ex_run.self] = step;
}

void ex_writing(const void *p, const char *what)
{
	const struct thread *t = &ex_run.thread[ex_run.self];
	struct plain *d;
	uint32_t step;

	if (ex_run.self == ALONE)
		return;
	d = plain_access(p, "writes", what, &step);
	for (unsigned id = 0; id < EX_THREADS_MAX; id++)
		if (!ex_before(t, id, d->read[id]))
			race("writes", what, id, "read", d->read_step[id]);
	d->written = now();
	d->written_by = (uint8_t)ex_run.self;
	d->written_step = step;
}
