/*
 * trace.c - the steps of a failing schedule, which is run again for them, and how they are printed.
 */
#include <execinfo.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define STEPS_KEPT 20000u
#define STEPS_PRINTED 400u
#define SITE_BYTES 300u
#define CALLERS 4u

bool ex_tracing;
static struct step *step;
static uint32_t steps_n;

void ex_trace_reset(void)
{
	steps_n = 0;
}

uint32_t ex_trace_next(void)
{
	return ex_tracing ? steps_n + 1 : 0;
}

uint32_t ex_trace(const struct ex_site *site, const char *fmt, ...)
{
	va_list args;
	struct step *s;

	if (!ex_tracing)
		return 0;
	if (!step)
		step = calloc(STEPS_KEPT, sizeof(*step));
	if (!step || steps_n == STEPS_KEPT)
		return 0;
	s = &step[steps_n];
	s->thread = ex_run.self;
	s->site = site;
	s->frames = backtrace(s->frame, (int)(sizeof(s->frame) / sizeof(s->frame[0])));
	va_start(args, fmt);
	vsnprintf(s->what, sizeof(s->what), fmt, args);
	va_end(args);
	return ++steps_n;
}

void ex_note(const char *fmt, ...)
{
	char text[sizeof(step->what)];
	va_list args;

	if (!ex_tracing)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ex_trace(NULL, "# %s", text);
}

/* ---- names ---- */

const char *ex_trace_where(uint32_t n, char *buf, size_t bytes)
{
	if (!n || n > steps_n)
		snprintf(buf, bytes, "before the threads started");
	else
		snprintf(buf, bytes, "step %u", n);
	return buf;
}

/* Bits of an entry, or of root and level, that are no address. */
#define ADDRESS_BITS UINT64_C(0x000ffffffffff000)

const char *ex_value(uint64_t value, char buf[48])
{
	uintptr_t offset;
	uint32_t page = ex_page_number((uintptr_t)(value & ADDRESS_BITS), &offset);

	if (page && value & ~ADDRESS_BITS)
		snprintf(buf, 48, "page %u|%#llx", page - 1, (unsigned long long)(value & ~ADDRESS_BITS));
	else if (page)
		snprintf(buf, 48, "page %u", page - 1);
	else if (value < 10)
		snprintf(buf, 48, "%llu", (unsigned long long)value);
	else
		snprintf(buf, 48, "%#llx", (unsigned long long)value);
	return buf;
}

const char *ex_place(const volatile void *p, const char *text, char buf[160])
{
	uintptr_t offset;
	uint32_t page = ex_page_number((uintptr_t)p, &offset);

	if (page)
		snprintf(buf, 160, "%s, page %u[%u]", text, page - 1, (unsigned)(offset / 8));
	else
		snprintf(buf, 160, "%s", text);
	return buf;
}

/* ---- where in the sources: addr2line knows what was inlined ---- */

static int find_base(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	*(uintptr_t *)ctx = info->dlpi_addr; /* the program comes first */
	return 1;
}

/* A function of the explorer, or one whose place says nothing. */
static bool dull(const char *function, const char *place)
{
	static const char *const mine[] = { "memory.c", "page.c", "system.c", "trace.c", "schedule.c",
					    "explore.c", "main.c", "coroutine.c", "pages.c",
					    "test_core.c", "test_orders.c" };

	if (!strncmp(function, "ex_", 3) || strstr(place, "??"))
		return true;
	for (size_t i = 0; strstr(place, "/tests/explore/") && i < sizeof(mine) / sizeof(mine[0]); i++)
		if (!strcmp(ex_base_name(place), mine[i]))
			return true;
	return false;
}

/* A pair of lines: a function, and file:line of what it executes. */
static void add_frame(char site[SITE_BYTES], const char *function, char *place)
{
	size_t n = strlen(site);
	char *line = strrchr(place, ':'), *more = strstr(place, " (discriminator");
	unsigned callers = 0;

	if (more)
		*more = 0;
	if (!line)
		return;
	*line = 0;
	for (const char *c = site; (c = strstr(c, " < ")); c++)
		if (++callers == CALLERS)
			return;
	if (!dull(function, place))
		snprintf(site + n, SITE_BYTES - n, "%s%s:%s %s", n ? " < " : "", ex_base_name(place),
			 line + 1, function);
}

static bool read_line(FILE *from, char *buf, int bytes)
{
	if (!fgets(buf, bytes, from))
		return false;
	buf[strcspn(buf, "\n")] = 0;
	return true;
}

/* addr2line's answers for steps [from, to): "0x…" begins a frame. */
static void read_sites(FILE *in, uint32_t from, uint32_t to, char (*site)[SITE_BYTES])
{
	char line[512], place[512];
	uint32_t i = from;
	int left = i < to ? step[i].frames : 0;

	while (read_line(in, line, sizeof(line))) {
		if (!strncmp(line, "0x", 2)) {
			while (!left-- && ++i < to)
				left = step[i].frames;
			if (i >= to)
				return;
			continue;
		}
		if (!read_line(in, place, sizeof(place)))
			return;
		add_frame(site[i - from], line, place);
	}
}

static void ask_sites(uint32_t from, uint32_t to, char (*site)[SITE_BYTES])
{
	char name[] = "/tmp/explore-XXXXXX", command[256];
	uintptr_t base = 0;
	int fd = mkstemp(name);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return;
	dl_iterate_phdr(find_base, &base);
	for (uint32_t i = from; i < to; i++)
		for (int k = 0; k < step[i].frames; k++) /* - 1: the call, not what follows it */
			fprintf(f, "%#lx\n", (unsigned long)((uintptr_t)step[i].frame[k] - base - 1));
	fclose(f);
	snprintf(command, sizeof(command), "addr2line -a -i -f -e /proc/%d/exe <%s 2>/dev/null",
		 (int)getpid(), name);
	f = popen(command, "r");
	if (f) {
		read_sites(f, from, to, site);
		pclose(f);
	}
	unlink(name);
}

/* ---- printing ---- */

/* In what the thread is; its callers only where they are not those of its last step. */
static void print_step(uint32_t i, char *site, const char *called[EX_THREADS_MAX + 1])
{
	static const char *const who[] = { "T0", "  T1", "    T2", "      T3", "alone" };
	const struct step *s = &step[i];
	char plain[160] = "", *callers = strstr(site, " < ");

	if (s->site && !*site)
		snprintf(plain, sizeof(plain), "%s:%d %s", ex_base_name(s->site->file), s->site->line,
			 s->site->function);
	if (callers)
		*callers = 0;
	fprintf(stderr, "%6u  %-8s  %-34s  %s\n", i + 1, who[s->thread], *site ? site : plain, s->what);
	if (callers && (!called[s->thread] || strcmp(called[s->thread], callers + 3)))
		fprintf(stderr, "%6s  %-8s   called by %s\n", "", "", callers + 3);
	called[s->thread] = callers ? callers + 3 : NULL;
}

void ex_trace_print(const char *how, const char *replay)
{
	uint32_t from = steps_n > STEPS_PRINTED ? steps_n - STEPS_PRINTED : 0;
	char (*site)[SITE_BYTES] = calloc(steps_n - from + 1, SITE_BYTES);
	const char *called[EX_THREADS_MAX + 1] = { NULL };

	if (!site)
		return;
	ask_sites(from, steps_n, site);
	fprintf(stderr, "%s: %s\n\n  step  thread    %-34s  what\n", ex_run.scenario->name,
		ex_run.message, "where");
	if (from)
		fprintf(stderr, "        … %u steps before these\n", from);
	for (uint32_t i = from; i < steps_n; i++)
		print_step(i, site[i - from], called);
	fprintf(stderr, "\n%s: %s\nfound by %s\nagain: %s\n", ex_run.scenario->name, ex_run.message, how,
		replay);
	free(site);
}
