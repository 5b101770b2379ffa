/* linear_explain.c - a witness against linearizability, in words. */
#include <inttypes.h>

#include "bench/linear.h"
#include "sys/clock.h"

static void put_value(FILE *out, uint64_t value)
{
	if (value == LINEAR_ABSENT)
		fputs("absent", out);
	else
		fprintf(out, "pa 0x%" PRIx64, value << 12);
}

/* "[120 ns, 340 ns] thread 2 mapped pa 0x…", or "found …"; what was there before anything has no time. */
static void put_event(FILE *out, const char *lead, const struct linear_event *e, uint64_t origin)
{
	if (e->write && !e->to) {
		fprintf(out, "  %-8s nothing was mapped there before the history began\n", lead);
		return;
	}
	fprintf(out, "  %-8s [%.0f ns, %.0f ns] thread %" PRIu32 " %s ", lead, clock_ns(e->from - origin),
		clock_ns(e->to - origin), e->thread,
		!e->write ? "looked up:" : e->value == LINEAR_ABSENT ? "unmapped:" : "mapped:");
	put_value(out, e->value);
	fputc('\n', out);
}

static const char *verdict(const struct linear_verdict *v)
{
	if (v->read.write)
		return "two writers at once: a page has one owner";
	if (v->other_is_read)
		return "a lookup went back behind what an earlier one had seen";
	if (v->read.value == LINEAR_ABSENT)
		return "a lookup found nothing where something was mapped";
	if (v->other.value != v->read.value)
		return "a lookup returned what nobody ever mapped there";
	if (v->other.from > v->read.to)
		return "a lookup returned what was mapped only later";
	return "a lookup returned what had been replaced before it began";
}

static uint64_t earliest(const struct linear_verdict *v)
{
	const struct linear_event *all[] = { &v->before, &v->other };
	uint64_t origin = v->read.from;

	for (size_t i = 0; i < 2; i++)
		if (all[i]->to && all[i]->from < origin)
			origin = all[i]->from;
	return origin;
}

void linear_explain(const struct linear_verdict *v, FILE *out)
{
	uint64_t origin = earliest(v);

	if (v->ok) {
		fprintf(out, "linearizable: %" PRIu64 " lookups of %" PRIu64 " pages beside %" PRIu64
			" writes, %" PRIu64 " of them overlapped one\n", v->reads, v->pages, v->writes,
			v->overlapping);
		return;
	}
	fprintf(out, "iova 0x%" PRIx64 ": %s\n", v->read.page << 12, verdict(v));
	put_event(out, v->read.write ? "first:" : "before:", &v->before, origin);
	if (!v->read.write && (v->other_is_read || v->other.from != v->before.from))
		put_event(out, v->other_is_read ? "earlier:" : v->other.value == v->read.value
			  ? "its own:" : "next:", &v->other, origin);
	put_event(out, v->read.write ? "second:" : "lookup:", &v->read, origin);
}
