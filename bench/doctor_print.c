/* doctor_print.c - `iopt doctor` for people. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/columns.h"
#include "bench/doctor_report.h"
#include "bench/units.h"

#define NAME_COLUMNS 17 /* with its mark, and a blank behind it */
#define WORST_CPUS 8u
#define ROW_CPUS 16u

static const char mark[] = { [CHECK_OK] = ' ', [CHECK_UNKNOWN] = '?', [CHECK_NOTE] = '-',
			     [CHECK_COMPLAINT] = '!' };

/* Behind an empty line, words. */
static void say(FILE *out, const struct terminal *terminal, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(FILE *out, const struct terminal *terminal, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputc('\n', out);
	columns_words(out, terminal, PAINT_NONE, 0, 2, text);
}

static enum paint check_paint(enum check_verdict verdict)
{
	return verdict == CHECK_COMPLAINT ? PAINT_WORSE : verdict == CHECK_NOTE ? PAINT_UNSURE : PAINT_NONE;
}

static void put_check(struct columns *t, const struct check *c, const struct check_found *found)
{
	columns_row(t);
	columns_paint(t, check_paint(found->verdict), "%c %s", mark[found->verdict], c->name);
	if (found->verdict < CHECK_NOTE) {
		columns_rest(t, PAINT_NONE, "%s", found->found);
		return;
	}
	columns_rest(t, PAINT_NONE, "%s: %s", found->found, c->why);
	if (found->remedy[0]) {
		columns_row(t);
		columns_cell(t, "%*s=>", NAME_COLUMNS - 3, "");
		columns_rest(t, PAINT_NONE, "%s", found->remedy);
	}
}

static void print_checks(const struct doctor_report *r, FILE *out, const struct terminal *terminal)
{
	static const struct column column[] = { { .least = NAME_COLUMNS - 1 }, { .gap = 1 } };
	struct columns t = columns_begin(out, terminal, column, 2, 0);

	for (size_t i = 0; i < nchecks; i++)
		put_check(&t, &checks[i], &r->found[i]);
	columns_end(&t);
}

static int by_loss(const void *a, const void *b)
{
	const struct hiccup_cpu *x = *(const struct hiccup_cpu *const *)a,
				*y = *(const struct hiccup_cpu *const *)b;

	if (x->lost_ns != y->lost_ns)
		return x->lost_ns > y->lost_ns ? -1 : 1;
	return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

static void put_cpu(struct columns *t, const struct hiccup_cpu *c)
{
	double seconds = (double)c->duration_ns / 1e9;
	char text[32];

	columns_row(t);
	columns_cell(t, "%u", c->cpu);
	if (c->error) {
		columns_rest(t, PAINT_NONE, "not probed: %s", strerrorname_np(c->error));
		return;
	}
	columns_cell(t, "%s", show_int(text, sizeof(text), (uint64_t)((double)c->gaps.n / seconds)));
	columns_cell(t, "%s", !hist_supports(&c->gaps, 0.9999) ? "-" :
		     show_ns(text, sizeof(text), (double)hist_quantile(&c->gaps, 0.9999)));
	columns_cell(t, "%s", c->gaps.n ? show_ns(text, sizeof(text), (double)c->gaps.max) : "-");
	columns_cell(t, "%llu", (unsigned long long)c->long_gaps);
	columns_cell(t, "%.3g %%", 100 * c->lost_ns / (double)c->duration_ns);
}

static void print_probe(const struct doctor_report *r, FILE *out, const struct terminal *terminal)
{
	static const struct column column[] = {
		{ .title = "cpu", .align = COLUMNS_RIGHT, .least = 5 },
		{ .title = "a second", .align = COLUMNS_RIGHT, .least = 9 },
		{ .title = "p99.99", .align = COLUMNS_RIGHT, .least = 9 },
		{ .title = "longest", .align = COLUMNS_RIGHT, .least = 9 },
		{ .title = ">= 1 ms", .align = COLUMNS_RIGHT, .least = 9 },
		{ .title = "time lost", .align = COLUMNS_RIGHT, .least = 11 },
	};
	struct columns t;
	unsigned n = r->probe.cpus, shown = n > ROW_CPUS ? WORST_CPUS : n;
	const struct hiccup_cpu **cpu = calloc(n, sizeof(*cpu));
	char text[32];

	if (!cpu)
		return;
	for (unsigned i = 0; i < n; i++)
		cpu[i] = &r->cpus[i];
	if (shown < n)
		qsort(cpu, n, sizeof(*cpu), by_loss);
	say(out, terminal, "PAUSES of 200 ns and more in loops that do nothing, on %u CPU%s at once for %s", n,
	    n == 1 ? "" : "s", show_ns(text, sizeof(text), (double)r->probe_ns));
	t = columns_begin(out, terminal, column, sizeof(column) / sizeof(column[0]), 2);
	for (unsigned i = 0; i < shown; i++)
		put_cpu(&t, cpu[i]);
	columns_end(&t);
	if (shown < n)
		fprintf(out, "  %u others lost less of their time (--format json has all)\n", n - shown);
	free(cpu);
}

/* How far above the nearest pair, in steps of two: a picture of who is near whom. */
static char shade(double ns, double least)
{
	static const char shades[] = " .+*#";
	int step = (int)floor(log2(ns / least) + 0.5);

	return shades[step < 0 ? 0 : step > 4 ? 4 : step];
}

/* The CPUs from `from` to `to` - 1 with all before them. */
static void print_block(const struct transfer_matrix *m, double least, unsigned from, unsigned to,
			FILE *out, const struct terminal *terminal)
{
	struct column column[COLUMNS_MAX] = { { .title = "cpu", .align = COLUMNS_RIGHT, .least = 5 } };
	char title[COLUMNS_MAX][16];
	struct columns t;

	for (unsigned j = from; j < to; j++) {
		snprintf(title[j - from], sizeof(title[0]), "%u ", m->cpu[j]); /* a blank for the shade */
		column[1 + j - from] = (struct column){ .title = title[j - from], .align = COLUMNS_RIGHT,
							.least = 4, .gap = 1 };
	}
	t = columns_begin(out, terminal, column, 1 + to - from, 2);
	for (unsigned i = 0; i + 1 < m->n && i < to; i++) {
		columns_row(&t);
		columns_cell(&t, "%u", m->cpu[i]);
		for (unsigned j = from; j < to; j++) {
			double ns = m->round_trip_ns[i * m->n + j];

			if (j <= i)
				columns_cell(&t, "%s", "");
			else if (isnan(ns))
				columns_cell(&t, "? ");
			else
				columns_cell(&t, "%.0f%c", ns, shade(ns, least));
		}
	}
	columns_end(&t);
}

/* So many CPUs as a line has room for, eights where it has much. */
static unsigned block_cpus(const struct terminal *terminal, double most)
{
	const int digits = snprintf(NULL, 0, "%.0f", most), each = 2 + (digits < 3 ? 3 : digits);
	const unsigned room = (terminal->width - 7) / (unsigned)each;

	return room < ROW_CPUS ? room : room / 8 * 8;
}

static void print_matrix(const struct doctor_report *r, FILE *out, const struct terminal *terminal)
{
	const struct transfer_matrix *m = &r->matrix;
	double least = INFINITY, most = 0;
	unsigned n;

	if (m->n < 2) {
		fprintf(out, "\nCORE TO CORE needs two CPUs\n");
		return;
	}
	for (size_t i = 0; i < (size_t)m->n * m->n; i++)
		if (!isnan(m->round_trip_ns[i])) {
			least = fmin(least, m->round_trip_ns[i]);
			most = fmax(most, m->round_trip_ns[i]);
		}
	n = block_cpus(terminal, most);
	say(out, terminal, "CORE TO CORE a cache line there and back, ns, median of 15 x 200 (%u of %u CPUs)", m->n,
	    r->topo->nallowed);
	for (unsigned from = 0; from < m->n; from += n)
		print_block(m, least, from, from + n < m->n ? from + n : m->n, out, terminal);
	fprintf(out, "  against the nearest pair: . x2  + x4  * x8  # x16 and more\n");
	if (m->unanswered)
		fprintf(out, "  ? %u pair%s did not get through in 20 ms: a CPU was busy\n", m->unanswered,
			m->unanswered == 1 ? "" : "s");
}

void doctor_print(const struct doctor_report *r, FILE *out, struct terminal terminal)
{
	const unsigned *count = r->count;
	char text[512];

	snprintf(text, sizeof(text), "iopt doctor | %s | %s | %u CPU%s, %u node%s",
		 r->host.cpu_model[0] ? r->host.cpu_model : "unknown CPU", r->host.kernel,
		 r->topo->nallowed, r->topo->nallowed == 1 ? "" : "s", r->topo->nnodes,
		 r->topo->nnodes == 1 ? "" : "s");
	columns_words(out, &terminal, PAINT_NONE, 0, 2, text);
	print_checks(r, out, &terminal);
	if (r->probe_ns)
		print_probe(r, out, &terminal);
	if (r->matrix.n)
		print_matrix(r, out, &terminal);
	say(out, &terminal, "%u complaint%s, %u note%s, %u ok, %u unknown: %s", count[CHECK_COMPLAINT],
		 count[CHECK_COMPLAINT] == 1 ? "" : "s", count[CHECK_NOTE],
		 count[CHECK_NOTE] == 1 ? "" : "s", count[CHECK_OK], count[CHECK_UNKNOWN],
		 count[CHECK_COMPLAINT] ? "a measurement would be spoiled here, now"
					: "nothing seen that would spoil a measurement");
}
