/*
 * trace_line.c - one line of the kernel's trace file, of `trace-cmd report` or of `perf script`.
 *
 *	TASK-PID [CPU] FLAGS SECONDS.FRACTION: map: IOMMU: iova=0x… - 0x… paddr=0x… size=N
 *	TASK-PID [CPU] FLAGS SECONDS.FRACTION: unmap: IOMMU: iova=0x… - 0x… size=N unmapped_size=N
 *	TASK PID [CPU] SECONDS.FRACTION: iommu:map: IOMMU: iova=0x… - 0x… paddr=0x… size=N
 *
 * FLAGS may be absent (option irq-info off; perf has none), perf may leave out [CPU] and add a period
 * before the event, kernels as old as 2019's print no end of the range, and a task may call itself
 * anything, brackets and colons included.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/trace_parts.h"

#define PAGE_BYTES 4096u
#define PA_END (1ull << 52) /* AMD IOMMU specification 2.2.3: output addresses have 52 bits */

static enum trace_line_kind bad(struct trace_line *out, const char *why)
{
	snprintf(out->why, sizeof(out->why), "%s", why);
	return LINE_BAD;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Digits only: strtoull alone would take a sign, blanks or an overflow. */
static bool read_number(const char **p, int base, uint64_t *out)
{
	char *end;

	if (base == 16 ? !isxdigit((unsigned char)**p) : !isdigit((unsigned char)**p))
		return false;
	errno = 0;
	*out = strtoull(*p, &end, base);
	if (errno)
		return false;
	*p = end;
	return true;
}

static bool take(const char **p, const char *literal)
{
	size_t n = strlen(literal);

	if (strncmp(*p, literal, n))
		return false;
	*p += n;
	return true;
}

/* "13.727940:" */
static const char *read_stamp(const char **p, double *time_s)
{
	uint64_t seconds, fraction;
	double unit = 1.0;
	const char *digits;

	if (!read_number(p, 10, &seconds))
		return "no time stamp after [CPU]";
	if (**p == ':')
		return "time stamp without a fraction (use trace_clock local, global or mono)";
	if (!take(p, "."))
		return "no time stamp after [CPU]";
	digits = *p;
	if (!read_number(p, 10, &fraction) || *p - digits > 9)
		return "fraction of the time stamp is no number of at most 9 digits";
	for (; digits < *p; digits++)
		unit *= 10.0;
	if (!take(p, ":"))
		return "no ':' after the time stamp";
	*time_s = (double)seconds + (double)fraction / unit;
	return NULL;
}

/*
 * FLAGS is irqs-off, need-resched, hardirq/softirq, preempt-depth, …: one character each. A mutex
 * may sleep, so it can be taken only where the first, third and fourth show nothing.
 */
static bool flags_atomic(const char *flags, size_t n)
{
	return strchr("dDb", flags[0]) || (n > 2 && strchr("hHsZz", flags[2])) ||
	       (n > 3 && isxdigit((unsigned char)flags[3]) && flags[3] != '0');
}

/* "[003] d.h1. 13.754346: " at *p. NULL, or what is missing. */
static const char *read_place(const char **p, struct trace_line *out)
{
	uint64_t cpu;
	size_t n;

	if (!take(p, "[") || !read_number(p, 10, &cpu) || !take(p, "]"))
		return "no [CPU]";
	if (cpu >= TRACE_CPUS_MAX)
		return "CPU number beyond 8191";
	*p = skip_blanks(*p);
	n = strcspn(*p, " \t");
	out->has_flags = n && (*p)[n] && !isdigit((unsigned char)**p);
	out->event.atomic = out->has_flags && flags_atomic(*p, n);
	if (out->has_flags)
		*p = skip_blanks(*p + n);
	out->event.cpu = (uint16_t)cpu;
	return read_stamp(p, &out->event.time_s);
}

/* Everything up to the event's name. A task's name may hold brackets too, so each '[' is tried. */
static const char *read_head(const char **p, struct trace_line *out)
{
	const char *why = "no [CPU]";

	for (const char *at = strchr(*p, '['); at; at = strchr(at + 1, '[')) {
		const char *next = at, *now = read_place(&next, out);

		if (!now) {
			*p = skip_blanks(next);
			return NULL;
		}
		if (isdigit((unsigned char)at[1]))
			why = now;
	}
	return why;
}

/*
 * Of perf script without its field cpu: the time stamp is the last word before the event's name, or
 * before the period that precedes it.
 */
static const char *read_head_of_perf(const char **p, struct trace_line *out)
{
	const char *name = strstr(*p, " iommu:map: ");

	if (!name)
		name = strstr(*p, " iommu:unmap: ");
	if (!name)
		return "no [CPU]";
	for (const char *at = *p; at < name; at = skip_blanks(at + strcspn(at, " \t"))) {
		const char *next = at;
		double time_s;

		if (read_stamp(&next, &time_s) || next + strspn(next, " 0123456789") != name + 1)
			continue;
		out->event.time_s = time_s;
		out->no_cpu = true;
		*p = skip_blanks(next);
		return NULL;
	}
	return "no [CPU], and no time stamp before the event's name";
}

/* "map" or "unmap" and its ':'. */
static bool read_name(const char **p, struct trace_event *e)
{
	const char *q = *p + strspn(*p, "0123456789"); /* perf's period */

	q = q > *p && *q == ' ' ? skip_blanks(q) : *p;
	take(&q, "iommu:");
	if (take(&q, "map:"))
		e->kind = TRACE_MAP;
	else if (take(&q, "unmap:"))
		e->kind = TRACE_UNMAP;
	else
		return false;
	*p = skip_blanks(q);
	return true;
}

static const char *read_fields(const char *p, struct trace_event *e, uint64_t *end)
{
	bool map = e->kind == TRACE_MAP, ends;
	uint64_t unmapped; /* whether the range was whole is for the model of live pages to say */

	if (!take(&p, "IOMMU:"))
		return "no 'IOMMU:' after the event's name";
	p = skip_blanks(p);
	if (!take(&p, "iova=0x") || !read_number(&p, 16, &e->iova))
		return "no 'iova=0x...' of 64 bits";
	ends = !strncmp(p, " - ", 3);
	if (ends && (!take(&p, " - 0x") || !read_number(&p, 16, end)))
		return "no ' - 0x...' of 64 bits after iova";
	if (map && (!take(&p, " paddr=0x") || !read_number(&p, 16, &e->pa)))
		return "no 'paddr=0x...' of 64 bits";
	if (!take(&p, " size=") || !read_number(&p, 10, &e->bytes))
		return "no 'size=...' of 64 bits";
	if (!map && (!take(&p, " unmapped_size=") || !read_number(&p, 10, &unmapped)))
		return "no 'unmapped_size=...' of 64 bits";
	if (!ends)
		*end = e->iova + e->bytes;
	return *skip_blanks(p) ? "more text after the last field" : NULL;
}

static const char *check_fields(const struct trace_event *e, uint64_t end)
{
	if (!e->bytes)
		return "size=0";
	if ((e->iova | e->bytes | e->pa) % PAGE_BYTES)
		return "iova, paddr or size is not a multiple of 4096";
	if (end - e->iova != e->bytes)
		return "size differs from the iova range";
	if (e->iova + (e->bytes - 1) < e->iova)
		return "iova range passes 2^64";
	if (e->bytes > TRACE_BYTES_MAX)
		return "size beyond 8 TiB";
	if (e->kind == TRACE_MAP && (e->pa >= PA_END || e->bytes > PA_END - e->pa))
		return "paddr range passes 2^52";
	return NULL;
}

/*
 * What recorders say when they overran: "CPU:2 [LOST 41 EVENTS]" (kernel), "CPU:2 [41 EVENTS DROPPED]"
 * or "CPU:2 [EVENTS DROPPED]" (trace-cmd), "… PERF_RECORD_LOST lost 41" (perf). Without a number: one.
 */
static bool read_lost(const char *text, uint64_t *lost)
{
	const char *p = strstr(text, "PERF_RECORD_LOST"), *from = strchr(text, '[');

	*lost = 1;
	if (p) {
		p = strstr(p, " lost ");
		return p && (p += strlen(" lost "), read_number(&p, 10, lost));
	}
	if (strncmp(text, "CPU:", 4) || !from)
		return false;
	p = from + 1;
	if (take(&p, "LOST "))
		return read_number(&p, 10, lost);
	return take(&p, "EVENTS DROPPED]") || (read_number(&p, 10, lost) && take(&p, " EVENTS DROPPED]"));
}

/* Lines without a head: what was lost, stack traces; no map or unmap may hide there. */
static enum trace_line_kind headless(const char *text, struct trace_line *out, const char *why)
{
	if (read_lost(text, &out->lost))
		return LINE_LOST;
	if (strstr(text, " map: ") || strstr(text, "unmap: ") || strstr(text, "IOMMU: iova="))
		return bad(out, why);
	return LINE_OTHER;
}

enum trace_line_kind trace_line_parse(const char *text, struct trace_line *out)
{
	const char *p = skip_blanks(text), *why;
	uint64_t end = 0;

	memset(out, 0, sizeof(*out));
	if (!*p || *p == '#')
		return LINE_OTHER;
	if (strstr(p, "PERF_RECORD_LOST") && read_lost(p, &out->lost))
		return LINE_LOST; /* it has a head, too */
	why = read_head(&p, out);
	if (why && (strstr(p, " iommu:map: ") || strstr(p, " iommu:unmap: ")) && !strchr(p, '['))
		why = read_head_of_perf(&p, out);
	if (why)
		return headless(text, out, why);
	if (!read_name(&p, &out->event))
		return strstr(p, "IOMMU: iova=") ? bad(out, "event is neither map: nor unmap:")
						 : LINE_OTHER;
	why = read_fields(p, &out->event, &end);
	if (!why)
		why = check_fields(&out->event, end);
	return why ? bad(out, why) : LINE_EVENT;
}
