/*
 * Go's benchmark format (golang.org/design/14313-benchmark-format): "key: value" lines of what holds
 * for all, and a line per measurement, "BenchmarkNAME/KEY=VALUE/…-THREADS N VALUE UNIT VALUE UNIT …".
 *
 * A line is a sample: benchstat takes lines of one name for independent, which processes are, and
 * slices of one process are not. benchstat also keeps results with different keys apart, so only what
 * the machine is becomes a key; version and commit, which differ between the sides of any
 * comparison, are in a comment.
 */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/export.h"

static void put_key(FILE *out, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	fprintf(out, "%s: ", key);
	for (; *value; value++)
		fputc(iscntrl((unsigned char)*value) ? ' ' : *value, out);
	fputc('\n', out);
}

static void put_head(const struct stored *s, unsigned metrics, FILE *out)
{
	const struct stored_host *h = &s->host;

	fprintf(out, "# iopt %s %s, measured %s\n", h->version, h->commit, s->started_utc);
	put_key(out, "goos", "linux");
	put_key(out, "pkg", "iopt");
	put_key(out, "cpu", h->cpu_model);
	put_key(out, "microcode", h->microcode);
	put_key(out, "kernel", h->kernel);
	put_key(out, "governor", h->governor);
	put_key(out, "boost", h->boost);
	put_key(out, "smt", h->smt);
	put_key(out, "nodes", h->nodes);
	put_key(out, "cpus", h->cpus);
	put_key(out, "allocator", h->allocator);
	if (metrics & 1u << EXPORT_THROUGHPUT)
		fputs("Unit ops/s better=higher\nUnit ns/op better=lower\n", out);
	for (int kind = 0; kind < OP_KINDS && metrics & 1u << EXPORT_LATENCY; kind++)
		fprintf(out, "Unit %s-ns/op better=lower\n", op_kind_name[kind]);
	if (metrics & 1u << EXPORT_WASTE)
		fputs("Unit lost/table better=lower\n", out);
}

static void put_word(FILE *out, const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fputc(isgraph((unsigned char)word[i]) ? word[i] : '_', out);
}

/* One part of the id: those that are always there have names, the others speak for themselves. */
static void put_part(FILE *out, size_t place, const char *part, size_t n)
{
	static const struct {
		const char *key, *prefix;
	} known[] = {
		{ "engine", "" }, { "threads", "t" }, { "page", "" }, { "batch", "b" },
		{ "think", "think" }, { "place", "" }, { "mem", "" }, { "zero", "" },
	};
	size_t skip = place < sizeof(known) / sizeof(known[0]) ? strlen(known[place].prefix) : 0;

	fputc('/', out);
	if (place < sizeof(known) / sizeof(known[0]) && n > skip &&
	    !strncmp(part, known[place].prefix, skip)) {
		fprintf(out, "%s=", known[place].key);
		part += skip;
		n -= skip;
	}
	put_word(out, part, n);
}

/* "replay:nvme-amd-lazy/lockless/t2/…" as "BenchmarkReplay/trace=nvme-amd-lazy/engine=lockless/…-2" */
static void put_name(FILE *out, const struct stored_case *c)
{
	const char *id = c->id;
	size_t base = strcspn(id, ":/");

	fprintf(out, "Benchmark%c", toupper((unsigned char)*id));
	if (base)
		put_word(out, id + 1, base - 1);
	id += base;
	if (*id == ':') {
		size_t n = strcspn(++id, "/");

		fputs("/trace=", out);
		put_word(out, id, n);
		id += n;
	}
	for (size_t place = 0; *id == '/'; place++) {
		size_t n = strcspn(++id, "/");

		put_part(out, place, id, n);
		id += n;
	}
	if (*export_handicap(c)) {
		fputs("/handicap=", out);
		put_word(out, c->handicap, strlen(c->handicap));
	}
	fprintf(out, "-%u", c->threads ? c->threads : 1);
}

/* A line under construction: begun with its first value. */
struct line {
	const struct stored_case *c;
	uint64_t iterations;
	bool begun;
	FILE *out;
};

static void put_value(struct line *l, double v, const char *kind, const char *unit)
{
	if (!isfinite(v))
		return;
	if (!l->begun) {
		put_name(l->out, l->c);
		fprintf(l->out, " %" PRIu64, l->iterations ? l->iterations : 1);
	}
	l->begun = true;
	fprintf(l->out, " %.12g %s%s%s", v, kind, *kind ? "-" : "", unit);
}

static void end_line(struct line *l)
{
	if (l->begun)
		fputc('\n', l->out);
	l->begun = false;
}

/* As Go counts parallel benchmarks: time that passes by operation of all workers. */
static void put_rate(struct line *l, double ops_per_s)
{
	put_value(l, 1e9 / ops_per_s, "", "ns/op");
	put_value(l, ops_per_s, "", "ops/s");
}

static void put_latency(struct line *l, const struct stored_draw *d)
{
	for (int kind = 0; kind < OP_KINDS; kind++) {
		put_value(l, d->ns_per_op[kind], op_kind_name[kind], "ns/op");
		put_value(l, d->latency[kind].p50, op_kind_name[kind], "p50-ns");
		put_value(l, d->latency[kind].p99, op_kind_name[kind], "p99-ns");
		put_value(l, d->latency[kind].p999, op_kind_name[kind], "p999-ns");
	}
}

static void put_draw(const struct stored_case *c, const struct stored_draw *d, unsigned metrics,
		     FILE *out)
{
	struct line l = { .c = c, .out = out };

	for (size_t i = 0; i < c->nslices; i++)
		l.iterations += c->slices[i].process == d->process ? c->slices[i].ops : 0;
	if (metrics & 1u << EXPORT_THROUGHPUT && c->ndraws > 1)
		put_rate(&l, d->ops_per_s);
	if (metrics & 1u << EXPORT_LATENCY)
		put_latency(&l, d);
	if (metrics & 1u << EXPORT_WASTE && d->tables > 0)
		put_value(&l, (double)d->lost / d->tables, "", "lost/table");
	end_line(&l);
}

int export_go(const struct stored *s, unsigned metrics, FILE *out)
{
	put_head(s, metrics, out);
	for (size_t i = 0; i < s->ncases; i++) {
		const struct stored_case *c = &s->cases[i];

		if (!export_shows(c, true))
			continue;
		/* one process: its slices are all there is to tell how much the rate varies */
		for (size_t k = 0; c->ndraws <= 1 && metrics & 1u << EXPORT_THROUGHPUT && k < c->nslices; k++) {
			struct line l = { .c = c, .out = out, .iterations = c->slices[k].ops };

			put_rate(&l, c->slices[k].ops_per_s);
			end_line(&l);
		}
		for (size_t k = 0; k < c->ndraws; k++)
			put_draw(c, &c->draws[k], metrics, out);
	}
	return fflush(out) || ferror(out) ? -1 : 0;
}
