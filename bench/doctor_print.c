/* doctor_print.c - `iopt doctor` for people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor_report.h"
#include "bench/units.h"

#define COLUMNS 100
#define NAME_COLUMNS 15
#define WORST_CPUS 8u
#define ROW_CPUS 16u

static const char mark[] = { [CHECK_OK] = ' ', [CHECK_UNKNOWN] = '?', [CHECK_NOTE] = '-',
			     [CHECK_COMPLAINT] = '!' };

/* Words from column `at` on, further lines indented by `indent`. */
static void print_words(FILE *out, const char *text, int at, int indent)
{
	bool first = true;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (!first && at + 1 + length > COLUMNS) {
			fprintf(out, "\n%*s", indent, "");
			at = indent;
			first = true;
		}
		fprintf(out, "%s%.*s", first ? "" : " ", length, text);
		at += length + !first;
		first = false;
		text += length;
		text += *text == ' ';
	}
	fputc('\n', out);
}

static void print_check(const struct check *c, const struct check_found *found, FILE *out,
			bool colour)
{
	const char *begin = !colour ? "" : found->verdict == CHECK_COMPLAINT ? "\033[31m"
					 : found->verdict == CHECK_NOTE	     ? "\033[33m" : "";
	char text[400];

	fprintf(out, "%s%c %-*s%s", begin, mark[found->verdict], NAME_COLUMNS, c->name,
		*begin ? "\033[0m" : "");
	if (found->verdict < CHECK_NOTE) {
		print_words(out, found->found, NAME_COLUMNS + 2, NAME_COLUMNS + 2);
		return;
	}
	snprintf(text, sizeof(text), "%s: %s", found->found, c->why);
	print_words(out, text, NAME_COLUMNS + 2, NAME_COLUMNS + 2);
	if (found->remedy[0]) {
		fprintf(out, "%*s", NAME_COLUMNS + 2, "=> ");
		print_words(out, found->remedy, NAME_COLUMNS + 2, NAME_COLUMNS + 2);
	}
}

static int by_loss(const void *a, const void *b)
{
	const struct hiccup_cpu *x = *(const struct hiccup_cpu *const *)a,
				*y = *(const struct hiccup_cpu *const *)b;

	if (x->lost_ns != y->lost_ns)
		return x->lost_ns > y->lost_ns ? -1 : 1;
	return x->cpu < y->cpu ? -1 : x->cpu > y->cpu;
}

static void print_cpu(const struct hiccup_cpu *c, FILE *out)
{
	double seconds = (double)c->duration_ns / 1e9;
	char quantile[32] = "-", worst[32] = "-", gaps[32];

	if (c->error) {
		fprintf(out, "  %5u  not probed: %s\n", c->cpu, strerrorname_np(c->error));
		return;
	}
	if (hist_supports(&c->gaps, 0.9999))
		show_ns(quantile, sizeof(quantile), (double)hist_quantile(&c->gaps, 0.9999));
	if (c->gaps.n)
		show_ns(worst, sizeof(worst), (double)c->gaps.max);
	fprintf(out, "  %5u %10s %10s %10s %10llu %10.3g %%\n", c->cpu,
		show_int(gaps, sizeof(gaps), (uint64_t)((double)c->gaps.n / seconds)), quantile, worst,
		(unsigned long long)c->long_gaps, 100 * c->lost_ns / (double)c->duration_ns);
}

static void print_probe(const struct doctor_report *r, FILE *out)
{
	unsigned n = r->probe.cpus, shown = n > ROW_CPUS ? WORST_CPUS : n;
	const struct hiccup_cpu **cpu = calloc(n, sizeof(*cpu));
	char text[32];

	if (!cpu)
		return;
	for (unsigned i = 0; i < n; i++)
		cpu[i] = &r->cpus[i];
	if (shown < n)
		qsort(cpu, n, sizeof(*cpu), by_loss);
	fprintf(out, "\nPAUSES of 200 ns and more in loops that do nothing, on %u CPU%s at once for %s\n", n,
		n == 1 ? "" : "s", show_ns(text, sizeof(text), (double)r->probe_ns));
	fprintf(out, "  %5s %10s %10s %10s %10s %12s\n", "cpu", "a second", "p99.99", "longest", ">= 1 ms",
		"time lost");
	for (unsigned i = 0; i < shown; i++)
		print_cpu(cpu[i], out);
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

static void print_block(const struct transfer_matrix *m, double least, unsigned from, unsigned to,
			FILE *out)
{
	fprintf(out, "  %5s", "cpu");
	for (unsigned j = from; j < to; j++)
		fprintf(out, " %4u", m->cpu[j]);
	fputc('\n', out);
	for (unsigned i = 0; i + 1 < m->n && i < to; i++) {
		fprintf(out, "  %5u", m->cpu[i]);
		for (unsigned j = from; j < to; j++) {
			double ns = m->round_trip_ns[i * m->n + j];

			if (j <= i)
				fputs("     ", out);
			else if (isnan(ns))
				fprintf(out, "%4s ", "?");
			else
				fprintf(out, "%4.0f%c", ns, shade(ns, least));
		}
		fputc('\n', out);
	}
}

static void print_matrix(const struct doctor_report *r, FILE *out)
{
	const struct transfer_matrix *m = &r->matrix;
	double least = INFINITY;

	if (m->n < 2) {
		fprintf(out, "\nCORE TO CORE needs two CPUs\n");
		return;
	}
	for (size_t i = 0; i < (size_t)m->n * m->n; i++)
		if (m->round_trip_ns[i] < least)
			least = m->round_trip_ns[i];
	fprintf(out, "\nCORE TO CORE a cache line there and back, ns, median of 15 x 200 (%u of %u CPUs)\n",
		m->n, r->topo->nallowed);
	for (unsigned from = 0; from < m->n; from += ROW_CPUS)
		print_block(m, least, from, from + ROW_CPUS < m->n ? from + ROW_CPUS : m->n, out);
	fprintf(out, "  against the nearest pair: . x2  + x4  * x8  # x16 and more\n");
	if (m->unanswered)
		fprintf(out, "  ? %u pair%s did not get through in 20 ms: a CPU was busy\n", m->unanswered,
			m->unanswered == 1 ? "" : "s");
}

void doctor_print(const struct doctor_report *r, FILE *out, bool colour)
{
	const unsigned *count = r->count;

	fprintf(out, "iopt doctor | %s | %s | %u CPU%s, %u node%s\n",
		r->host.cpu_model[0] ? r->host.cpu_model : "unknown CPU", r->host.kernel,
		r->topo->nallowed, r->topo->nallowed == 1 ? "" : "s", r->topo->nnodes,
		r->topo->nnodes == 1 ? "" : "s");
	for (size_t i = 0; i < nchecks; i++)
		print_check(&checks[i], &r->found[i], out, colour);
	if (r->probe_ns)
		print_probe(r, out);
	if (r->matrix.n)
		print_matrix(r, out);
	fprintf(out, "\n%u complaint%s, %u note%s, %u ok, %u unknown: %s\n", count[CHECK_COMPLAINT],
		count[CHECK_COMPLAINT] == 1 ? "" : "s", count[CHECK_NOTE],
		count[CHECK_NOTE] == 1 ? "" : "s", count[CHECK_OK], count[CHECK_UNKNOWN],
		count[CHECK_COMPLAINT] ? "a measurement would be spoiled here, now"
				       : "nothing seen that would spoil a measurement");
}
