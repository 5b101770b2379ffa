#include "bench/export.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *const export_metric_name[EXPORT_METRICS + 1] = { "throughput", "latency", "waste" };

const struct export_format export_formats[] = {
	{ "go", "Go's benchmark format: benchstat, pandas", false, true, export_go },
	{ "bmf", "Bencher Metric Format: bencher run --adapter json", false, false, export_bmf },
	{ "gha", "github-action-benchmark: its custom tools", true, false, export_gha },
	{ .name = NULL },
};

bool export_shows(const struct stored_case *c, bool rulers)
{
	return !c->forced && c->verified != VERIFIED_NO && (rulers || !c->is_ruler);
}

const char *export_handicap(const struct stored_case *c)
{
	return c->handicap && !strstr(c->id, c->handicap) ? c->handicap : "";
}

char *export_name(const struct stored_case *c)
{
	const char *why = export_handicap(c);
	char *name = NULL;

	return asprintf(&name, "%s%s%s", c->id, *why ? "/handicap=" : "", why) < 0 ? NULL : name;
}

struct values {
	struct export_value *v;
	int n;
};

static void add(struct values *to, enum export_metric metric, const char *kind, const char *name,
		const char *unit, const struct interval *i)
{
	struct export_value *v = &to->v[to->n];

	if (!isfinite(i->mid))
		return;
	*v = (struct export_value){ .metric = metric, .unit = unit, .v = i->mid,
				    .lo = i->valid ? i->lo : NAN, .hi = i->valid ? i->hi : NAN };
	snprintf(v->name, sizeof(v->name), "%s%s%s", kind, *kind ? "-" : "", name);
	to->n++;
}

/* As analyse() does it, so that the bounds are those of the result. */
static int add_throughput(struct values *to, const struct stored *s, const struct stored_case *c)
{
	double *rate = malloc((c->nslices + 1) * sizeof(*rate));
	uint32_t *process = malloc((c->nslices + 1) * sizeof(*process));
	struct interval i = { .mid = NAN };
	int err = rate && process ? 0 : -1;
	size_t n = 0;

	for (size_t k = 0; !err && k < c->nslices; k++) {
		if (!(c->slices[k].ops_per_s > 0))
			continue;
		rate[n] = c->slices[k].ops_per_s;
		process[n++] = c->slices[k].process;
	}
	if (!err && n)
		err = stat_series(rate, process, n, s->seed, &i);
	i.mid = c->ops_per_s;
	add(to, EXPORT_THROUGHPUT, "", "throughput", "ops/s", &i);
	free(process);
	free(rate);
	return err;
}

/* Median of a figure over the processes; each is a draw. */
static int over_draws(const struct stored *s, const struct stored_case *c, size_t offset,
		      struct interval *i)
{
	double *x = malloc((c->ndraws + 1) * sizeof(*x));
	int err = x ? 0 : -1;
	size_t n = 0;

	*i = (struct interval){ .mid = NAN };
	for (size_t k = 0; x && k < c->ndraws; k++) {
		memcpy(&x[n], (const char *)&c->draws[k] + offset, sizeof(*x));
		n += isfinite(x[n]);
	}
	if (!err && n)
		err = stat_series(x, NULL, n, s->seed, i);
	free(x);
	return err;
}

/* Bencher's own measure "latency" is in ns: the time of a map, or of what there is instead. */
static int add_times(struct values *to, const struct stored *s, const struct stored_case *c)
{
	bool first = true;

	for (int kind = 0; kind < OP_KINDS; kind++) {
		struct interval i;

		if (!isfinite(c->ns_per_op[kind]))
			continue;
		if (over_draws(s, c, offsetof(struct stored_draw, ns_per_op) +
			       (size_t)kind * sizeof(double), &i))
			return -1;
		i.mid = c->ns_per_op[kind];
		add(to, EXPORT_LATENCY, first ? "" : op_kind_name[kind], "latency", "ns", &i);
		first = false;
	}
	return 0;
}

static int add_percentiles(struct values *to, const struct stored *s, const struct stored_case *c)
{
	static const struct {
		const char *name;
		size_t offset;
	} wanted[] = {
		{ "p50", offsetof(struct stored_draw, latency[0].p50) },
		{ "p99", offsetof(struct stored_draw, latency[0].p99) },
		{ "p999", offsetof(struct stored_draw, latency[0].p999) },
	};
	const size_t stride = sizeof(((struct stored_draw *)0)->latency[0]);

	for (size_t kind = 0; kind < OP_KINDS; kind++)
		for (size_t k = 0; k < sizeof(wanted) / sizeof(wanted[0]); k++) {
			struct interval i;

			if (over_draws(s, c, wanted[k].offset + kind * stride, &i))
				return -1;
			add(to, EXPORT_LATENCY, op_kind_name[kind], wanted[k].name, "ns", &i);
		}
	return 0;
}

int export_values(const struct stored *s, const struct stored_case *c, unsigned metrics,
		  struct export_value values[EXPORT_VALUES_MAX])
{
	struct interval lost = { .mid = c->lost_per_table, .lo = c->lost_per_table_lo,
				 .hi = c->lost_per_table_hi, .valid = true };
	struct values to = { .v = values };

	if (metrics & 1u << EXPORT_THROUGHPUT && add_throughput(&to, s, c))
		return -1;
	if (metrics & 1u << EXPORT_LATENCY && (add_times(&to, s, c) || add_percentiles(&to, s, c)))
		return -1;
	if (metrics & 1u << EXPORT_WASTE)
		add(&to, EXPORT_WASTE, "", "lost-per-table", "pages/table", &lost);
	return to.n;
}
