/* gate_show.c - short forms that the text and the Markdown of a gate share. */
#include <math.h>
#include <string.h>

#include "bench/gate_parts.h"
#include "bench/units.h"

const char *gate_word(const struct gate *g)
{
	if (g->code == EXIT_VERIFY)
		return "UNVERIFIED";
	if (g->code == EXIT_UNTRUSTED)
		return "UNTRUSTED";
	if (g->code == EXIT_NOT_COMPARABLE)
		return "NOT_COMPARABLE";
	return g->verdict == GATE_INFO ? "INFORMATION" : gate_verdict_name[g->verdict];
}

/* A count below 100 is no rate: the count itself, and in how many tables. */
static char *show_lost(char *buf, size_t size, uint64_t events, double tables)
{
	char in[32];

	if (stat_rate_quotable(events))
		snprintf(buf, size, "%.3g", (double)events / tables);
	else
		snprintf(buf, size, "%llu in %s", (unsigned long long)events,
			 show_count(in, sizeof(in), tables));
	return buf;
}

char *gate_show_value(char *buf, size_t size, const struct gate_row *row, unsigned side)
{
	double v = side ? row->new : row->base;

	if (row->metric == GATE_WASTE)
		return show_lost(buf, size, side ? row->events_b : row->events_a,
				 side ? row->tables_b : row->tables_a);
	return row->metric == GATE_THROUGHPUT ? show_count(buf, size, v) : show_ns(buf, size, v);
}

char *gate_show_interval(char *buf, size_t size, const struct interval *ratio)
{
	int d = ratio->mid < 9.9995 ? 3 : ratio->mid < 99.95 ? 1 : 0;

	if (!ratio->n || !isfinite(ratio->mid))
		snprintf(buf, size, "-");
	else if (!ratio->valid)
		snprintf(buf, size, "%.*f", d, ratio->mid);
	else
		snprintf(buf, size, "%.*f [%.*f %.*f]", d, ratio->mid, d, ratio->lo, d, ratio->hi);
	return buf;
}

char *gate_show_ratio(char *buf, size_t size, const struct gate_row *row)
{
	bool few = row->metric == GATE_WASTE &&
		   !(stat_rate_quotable(row->events_a) && stat_rate_quotable(row->events_b));

	if (!few)
		return gate_show_interval(buf, size, &row->test.ratio);
	snprintf(buf, size, "-");
	return buf;
}

char *gate_show_margin(char *buf, size_t size, const struct gate_row *row)
{
	const struct stat_margin *m = &row->margin;
	int used = snprintf(buf, size, "%.3g%%%s", 100 * m->relative, row->floored ? " A/A" : "");

	if (m->absolute > 0)
		snprintf(buf + used, size - (size_t)used, " %.3g%s", m->absolute,
			 row->metric == GATE_WASTE ? "" : "ns");
	return buf;
}

char *gate_show_p(char *buf, size_t size, const struct gate_row *row)
{
	double p = row->gated ? row->p_holm : row->test.p;

	if (isnan(row->test.p) || isnan(p))
		snprintf(buf, size, "-");
	else if (p < 0.0001)
		snprintf(buf, size, "<.0001");
	else
		snprintf(buf, size, p < 0.01 ? "%.4f" : "%.2f", p);
	return buf;
}

char *gate_show_steady(char *buf, size_t size, const struct gate_row *row)
{
	char raw[64];

	if (isnan(row->base_steady))
		snprintf(buf, size, "%s", "");
	else if (row->steady)
		snprintf(buf, size, "in units of %s: %#.4g, was %#.4g; as measured %s", row->a->ruler,
			 row->new_steady, row->base_steady,
			 gate_show_interval(raw, sizeof(raw), &row->raw));
	else
		snprintf(buf, size, "as measured; in units of %s, which moved itself: %#.4g, was %#.4g",
			 row->a->ruler, row->new_steady, row->base_steady);
	return buf;
}

char *gate_show_design(char *buf, size_t size, const struct gate *g, const struct gate_options *o)
{
	const char *order = o->design == GATE_BUILDS ? "by turns (ABBA)" : "one side after the other";
	unsigned looks = o->looks ? o->looks : 1;
	char pairs[48] = "nothing judged", level[48];

	if (g->nrows)
		snprintf(pairs, sizeof(pairs), "%zu pair%s of processes", g->pairs,
			 g->pairs == 1 ? "" : "s");
	if (looks > 1)
		snprintf(level, sizeof(level), "%u looks at %.2g each, 5 %% in all", looks, g->alpha);
	else
		snprintf(level, sizeof(level), "alpha %.2g", g->alpha);
	snprintf(buf, size, "%s, %s; %s", pairs, order, level);
	return buf;
}

char *gate_show_side(char *buf, size_t size, const struct stored *s)
{
	const char *commit;

	if (!s) {
		snprintf(buf, size, "nothing");
		return buf;
	}
	commit = s->host.commit && strcmp(s->host.commit, "unknown") != 0 ? s->host.commit : "";
	snprintf(buf, size, "%s: iopt %s%s%s, %s", s->path, s->host.version ? s->host.version : "?",
		 *commit ? "-g" : "", commit, s->started_utc ? s->started_utc : "");
	return buf;
}

bool gate_row_shown(const struct gate_row *row, const struct gate_options *o)
{
	return o->gated[row->metric] && !row->a->is_ruler;
}

static size_t rows_with(const struct gate *g, const struct gate_options *o, const char *why)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nrows; i++)
		n += gate_row_shown(&g->rows[i], o) && !strcmp(g->rows[i].why, why);
	return n;
}

struct gate_apart gate_apart(const struct gate *g, const struct gate_options *o)
{
	struct gate_apart apart = { .why = "" };

	for (size_t i = 0; i < g->nrows; i++) {
		const struct gate_row *row = &g->rows[i];

		apart.shown += gate_row_shown(row, o);
		apart.in_units += gate_row_shown(row, o) && row->steady;
		apart.rulers += o->gated[row->metric] && row->a->is_ruler;
	}
	for (size_t i = 0; i < g->nrows && !*apart.why; i++) {
		const char *why = g->rows[i].why;

		apart.with_why = *why ? rows_with(g, o, why) : 0;
		if (apart.with_why >= 2 && 2 * apart.with_why > apart.shown)
			apart.why = why;
	}
	return apart;
}

char *gate_show_common(char *buf, size_t size, const struct gate_apart *apart)
{
	buf[0] = '\0';
	if (*apart->why && apart->with_why == apart->shown)
		snprintf(buf, size, "all %zu rows: %s", apart->shown, apart->why);
	else if (*apart->why)
		snprintf(buf, size, "%zu of %zu rows: %s", apart->with_why, apart->shown, apart->why);
	return buf;
}

const char *gate_show_mark(const struct gate_apart *apart)
{
	return apart->in_units ? "* in units of the ruler, process by process; base and new are as measured" : "";
}

char *gate_show_left_out(char *buf, size_t size, const struct gate_apart *apart)
{
	buf[0] = '\0';
	if (apart->rulers)
		snprintf(buf, size, "left out: %zu row%s of rulers, by which the others are measured (--format "
			 "csv and json have them)", apart->rulers, apart->rulers == 1 ? "" : "s");
	return buf;
}
