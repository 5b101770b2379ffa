#include "bench/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ADDED_ROOM 8u
#define EVENTS_MIN 100u /* below, a rate is no metric: stat_rate_quotable() */
#define SD_NONE 1e-9    /* all equal, but for the last digit */

enum { RAW, STEADY };

typedef double draw_value(const struct stored_draw *d, unsigned kind);

/* NaN: no draw has it. */
static int median_of(const struct stored_case *c, draw_value *value, unsigned kind, double *median)
{
	double *x = malloc((c->ndraws + 1) * sizeof(*x));
	size_t n = 0;

	*median = NAN;
	if (!x)
		return -1;
	for (size_t i = 0; i < c->ndraws; i++) {
		double v = value(&c->draws[i], kind);

		if (isfinite(v))
			x[n++] = v;
	}
	if (n)
		*median = stat_median(x, n);
	free(x);
	return 0;
}

static double draw_steady(const struct stored_draw *d, unsigned unused)
{
	(void)unused;
	return d->steady;
}

static double draw_p50(const struct stored_draw *d, unsigned kind)
{
	return d->latency[kind].p50;
}

static double draw_p99(const struct stored_draw *d, unsigned kind)
{
	return d->latency[kind].p99;
}

static double draw_p999(const struct stored_draw *d, unsigned kind)
{
	return d->latency[kind].p999;
}

/* Lost pages a table; NaN: not counted, or too few lost for a rate. *few: the latter. */
static double waste_of(const struct stored_case *c, bool *few)
{
	uint64_t lost = 0;
	double tables = 0;

	for (size_t i = 0; i < c->ndraws; i++) {
		lost += c->draws[i].lost;
		tables += c->draws[i].tables;
	}
	*few = tables > 0 && lost < EVENTS_MIN;
	return tables > 0 && !*few ? (double)lost / tables : NAN;
}

/* What has no logarithm was not measured. */
static double positive(double v)
{
	return isfinite(v) && v > 0 ? v : NAN;
}

/*
 * The metric of a row in a case, raw and in units of the ruler `ruler` (NULL: none). -1: no memory.
 * *few: lost pages, but too few of them.
 */
static int read_case(const struct history_row *row, const struct stored_case *c, const char *ruler,
		     double both[2], bool *few)
{
	static draw_value *const quantile[GATE_METRICS] = {
		[GATE_P50] = draw_p50, [GATE_P99] = draw_p99, [GATE_P999] = draw_p999,
	};

	both[RAW] = both[STEADY] = NAN;
	*few = false;
	if (row->metric == GATE_WASTE) {
		both[RAW] = waste_of(c, few);
	} else if (row->metric != GATE_THROUGHPUT) {
		if (median_of(c, quantile[row->metric], row->kind, &both[RAW]))
			return -1;
	} else {
		both[RAW] = c->ops_per_s;
		if (ruler && c->ruler && !strcmp(ruler, c->ruler) &&
		    median_of(c, draw_steady, 0, &both[STEADY]))
			return -1;
	}
	both[RAW] = positive(both[RAW]);
	both[STEADY] = positive(both[STEADY]);
	return 0;
}

/* Is this a case whose figures mean something? */
static bool counts(const struct stored_case *c)
{
	return !c->is_ruler && !c->forced && !*c->handicap && c->verified != VERIFIED_NO;
}

static int no_memory(struct err *err)
{
	return err_set(err, EXIT_NO_RESOURCE, "out of memory");
}

/* A row of a case and metric, if the result has it. */
static int begin_row(struct history *h, const struct stored_case *c, enum gate_metric metric,
		     enum op_kind kind)
{
	struct history_row *row = &h->rows[h->nrows];
	bool latency = metric != GATE_THROUGHPUT && metric != GATE_WASTE, few;

	*row = (struct history_row){ .case_id = c->id, .metric = metric, .kind = kind,
				     .more_is_better = metric == GATE_THROUGHPUT };
	snprintf(row->name, sizeof(row->name), "%s%s%s", gate_metric_name[metric],
		 latency ? "_" : "", latency ? op_kind_name[kind] : "");
	if (read_case(row, c, c->ruler, row->now_both, &few))
		return -1;
	if (few)
		snprintf(row->why, sizeof(row->why), "fewer than %u lost pages: no rate", EVENTS_MIN);
	if (few || !isnan(row->now_both[RAW]))
		h->nrows++;
	return 0;
}

static void run_id(const struct stored *s, char id[160])
{
	snprintf(id, 160, "%s %s %llu %s %zu %.17g", s->started_utc, s->host.hostname,
		 (unsigned long long)s->seed, s->host.commit, s->ncases,
		 s->ncases ? s->cases[0].ops_per_s : 0);
}

int history_begin(struct history *h, const struct stored *now, const bool gated[GATE_METRICS],
		  struct err *err)
{
	*h = (struct history){ .now = now };
	fingerprint_key(&now->host, h->key);
	h->rows = calloc(now->ncases * GATE_METRICS * OP_KINDS + 1, sizeof(*h->rows));
	if (!h->rows)
		return no_memory(err);
	for (size_t i = 0; i < now->ncases; i++)
		for (unsigned m = 0; m < GATE_METRICS && counts(&now->cases[i]); m++) {
			bool latency = m != GATE_THROUGHPUT && m != GATE_WASTE;

			for (unsigned k = 0; gated[m] && k < (latency ? OP_KINDS : 1); k++)
				if (begin_row(h, &now->cases[i], m, k))
					return no_memory(err);
		}
	return 0;
}

int history_leave_out(struct history *h, const char *name, const char *why, struct err *err)
{
	void *grown = realloc(h->left_out, (h->nleft_out + 1) * sizeof(*h->left_out));

	if (!grown)
		return no_memory(err);
	h->left_out = grown;
	snprintf(h->left_out[h->nleft_out++], sizeof(*h->left_out), "%.100s: %.200s", name, why);
	return 0;
}

static int make_room(struct history *h, struct err *err)
{
	size_t room = h->room ? 2 * h->room : ADDED_ROOM;
	void *grown;

	if (h->n < h->room)
		return 0;
	grown = realloc(h->ids, room * sizeof(*h->ids));
	if (!grown)
		return no_memory(err);
	h->ids = grown;
	for (size_t i = 0; i < h->nrows; i++) {
		grown = realloc(h->rows[i].values, room * sizeof(*h->rows[i].values));
		if (!grown)
			return no_memory(err);
		h->rows[i].values = grown;
	}
	h->room = room;
	return 0;
}

/* Why a stored result does not count; NULL: it does. */
static const char *unfit(const struct history *h, const struct stored *old, const char *id)
{
	char key[FINGERPRINT_KEY], now[160];

	fingerprint_key(&old->host, key);
	if (strcmp(key, h->key))
		return "of another machine, or of this one in another state";
	if (!old->complete)
		return "of an interrupted run";
	if (old->lost_pinning || old->clock_stepped_back)
		return "not to be trusted: its threads were moved, or its clock stepped back";
	run_id(h->now, now);
	if (!strcmp(id, now))
		return "the result in question itself";
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(id, h->ids[i]))
			return "a run that was kept before";
	return NULL;
}

int history_add(struct history *h, const struct stored *old, const char *name, struct err *err)
{
	char id[160];
	const char *why;

	run_id(old, id);
	why = unfit(h, old, id);
	if (why)
		return history_leave_out(h, name, why, err);
	if (make_room(h, err))
		return err->code;
	memcpy(h->ids[h->n], id, sizeof(id));
	for (size_t i = 0; i < h->nrows; i++) {
		struct history_row *row = &h->rows[i];
		const struct stored_case *now = stored_find(h->now, row->case_id);
		const struct stored_case *c = stored_find(old, row->case_id);
		double *both = row->values[h->n];
		bool few;

		both[RAW] = both[STEADY] = NAN;
		if (c && counts(c) && read_case(row, c, now->ruler, both, &few))
			return no_memory(err);
	}
	h->n++;
	return 0;
}

/* In units of the ruler if everything is: else the harness or an older file would be a step. */
static bool all_steady(const struct history_row *row, size_t n)
{
	bool steady = !isnan(row->now_both[STEADY]);

	for (size_t i = 0; i < n; i++)
		steady &= isnan(row->values[i][RAW]) || !isnan(row->values[i][STEADY]);
	return steady;
}

static double mean(const double *y, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += y[i];
	return sum / (double)n;
}

static double deviation(const double *y, size_t n, double middle)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (y[i] - middle) * (y[i] - middle);
	return n > 1 ? sqrt(sum / (double)(n - 1)) : NAN;
}

/* y[n] is the newest, y[0..n) the stored ones; scratch has room for n. */
static void find_drift(struct history_row *row, const double *y, size_t n, double *scratch)
{
	double middle, side;

	memcpy(scratch, y, n * sizeof(*y));
	middle = stat_median(scratch, n);
	side = y[n] - middle;
	while (row->run <= n && side != 0 && (y[n - row->run] - middle) * side > 0)
		row->run++;
	if (!row->run || row->run > n)
		return;
	row->shift = exp(mean(y + n + 1 - row->run, row->run) - mean(y, n + 1 - row->run)) - 1;
	row->drift = row->run >= HISTORY_RUN;
}

static void end_row(struct history_row *row, double *y, double *scratch, size_t all)
{
	int which = all_steady(row, all) ? STEADY : RAW;
	double middle = NAN;

	row->mean = row->sd_log = row->z = row->shift = NAN;
	row->steady = which == STEADY;
	row->now = row->now_both[which];
	row->unit = row->metric == GATE_THROUGHPUT ? row->steady ? "ruler" : "1/s" :
		    row->metric == GATE_WASTE ? "1/table" : "ns";
	for (size_t i = 0; i < all; i++)
		if (!isnan(row->values[i][which]))
			y[row->n++] = log(row->values[i][which]);
	if (row->n) {
		middle = mean(y, row->n);
		row->mean = exp(middle);
		row->sd_log = deviation(y, row->n, middle);
	}
	if (*row->why)
		return;
	if (row->n < HISTORY_MIN) {
		snprintf(row->why, sizeof(row->why), "%zu of %u stored results: %zu more", row->n,
			 HISTORY_MIN, HISTORY_MIN - row->n);
		return;
	}
	y[row->n] = log(row->now);
	find_drift(row, y, row->n, scratch);
	if (row->sd_log < SD_NONE) {
		snprintf(row->why, sizeof(row->why), "the stored results are all equal");
		return;
	}
	row->z = (y[row->n] - middle) / (row->sd_log * sqrt(1 + 1 / (double)row->n));
	row->far = fabs(row->z) >= HISTORY_FAR;
}

int history_end(struct history *h, struct err *err)
{
	double *y = calloc(2 * (h->n + 1), sizeof(*y));

	if (!y)
		return no_memory(err);
	for (size_t i = 0; i < h->nrows; i++)
		end_row(&h->rows[i], y, y + h->n + 1, h->n);
	free(y);
	return 0;
}

void history_free(struct history *h)
{
	for (size_t i = 0; h->rows && i < h->nrows; i++)
		free(h->rows[i].values);
	free(h->rows);
	free(h->ids);
	free(h->left_out);
	*h = (struct history){ .now = NULL };
}
