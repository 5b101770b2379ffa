/* live_draw.c - the lines of the display, for any size of a terminal. Nothing is written here. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/columns.h"
#include "bench/live_parts.h"
#include "bench/units.h"
#include "sys/clock.h"

#define ROWS_MIN 3u
#define ROWS_ROOMY 16u
#define BAR_MAX 60u
#define TEXT_MAX 512u

void frame_line(const struct live *live, struct frame *f, enum paint paint, const char *fmt, ...)
{
	char text[TEXT_MAX];
	size_t width, bytes;
	va_list ap;

	if (f->n == LIVE_ROWS_MAX || f->n + 1 >= f->rows || f->used + 2 * TEXT_MAX > sizeof(f->text))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->used += (size_t)sprintf(f->text + f->used, "%s", paint_begin(&live->terminal, paint));
	columns_clean(text);
	/* the last column stays empty: a character there may or may not begin the next line */
	bytes = columns_cut(text, f->columns - 1, &width);
	memcpy(f->text + f->used, text, bytes);
	f->used += bytes;
	f->used += (size_t)sprintf(f->text + f->used, "%s\033[K\r\n", paint_end(&live->terminal, paint));
	f->width[f->n++] = (unsigned)width;
}

char *live_time(char *buf, size_t size, double s)
{
	unsigned long whole = s > 0 ? (unsigned long)(s + 0.5) : 0;

	if (isnan(s))
		snprintf(buf, size, "-");
	else if (whole < 3600)
		snprintf(buf, size, "%lu:%02lu", whole / 60, whole % 60);
	else
		snprintf(buf, size, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
	return buf;
}

double live_left_s(const struct live *live, const struct progress_now *now)
{
	double share = progress_share(now), done = share - live->share_began;
	double spent_s = (double)(clock_monotonic_ns() - live->began_ns) / 1e9;

	if (done < 0.05) /* too little to say how well the prediction fits */
		return live->predicted_s * (1 - live->share_began) - spent_s;
	return spent_s / done * (1 - share);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double live_rate(const struct case_result *c)
{
	size_t n = c->nslices < LIVE_MEDIAN_OF ? c->nslices : LIVE_MEDIAN_OF;
	double rate[LIVE_MEDIAN_OF] = { 0 };

	if (!n || c->forced)
		return NAN;
	for (size_t i = 0; i < n; i++)
		rate[i] = c->slices[c->nslices - n + i].ops_per_s;
	qsort(rate, n, sizeof(rate[0]), by_value);
	return n % 2 ? rate[n / 2] : (rate[n / 2 - 1] + rate[n / 2]) / 2;
}

static void head(const struct live *live, const struct progress_now *now, struct frame *f)
{
	static const char full[] = "########################################";
	double share = progress_share(now);
	unsigned bar = f->columns > 80 ? 40 : f->columns > 60 ? 20 : f->columns > 45 ? 10 : 0;
	unsigned filled = (unsigned)(share * bar);
	char left[32], gone[32], process[48] = "";

	if (now->processes > 1)
		snprintf(process, sizeof(process), ", process %u of %u", now->process + 1, now->processes);
	frame_line(live, f, PAINT_NONE, "%s%.*s%*s%s%3.0f %%  %s left, %s gone%s", bar ? "[" : "", (int)filled, full,
		   (int)(bar - filled), "", bar ? "] " : "", 100 * share,
		   live_time(left, sizeof(left), live_left_s(live, now)),
		   live_time(gone, sizeof(gone), (double)(clock_monotonic_ns() - live->began_ns) / 1e9), process);
}

static void what(const struct live *live, const struct progress_now *now, struct frame *f)
{
	const struct group *g = &now->plan->groups[now->group];
	char text[400];

	frame_line(live, f, PAINT_NONE, "group %zu of %zu: %s", now->group + 1, now->plan->n,
		   progress_group(g, text, sizeof(text)));
}

/* Columns of the engines' lines. */
struct engine_columns {
	unsigned name;
	bool rate, lost, pages;
	double most;               /* the longest bar's rate; NaN: there are no bars */
};

static bool changed(const struct live_engine *e)
{
	return e->seen && e->pages_min != e->pages_max;
}

static struct engine_columns columns_of(const struct live *live, const struct progress_now *now)
{
	const struct group *g = &now->plan->groups[now->group];
	struct engine_columns columns = { .name = 6, .rate = !g->workload->forced, .lost = g->workload->cold,
				   .most = NAN };

	for (unsigned e = 0; e < g->nengines; e++) {
		unsigned length = (unsigned)columns_width(g->engines[e]->name);
		double rate = live_rate(&now->result->cases[now->first + e]);

		columns.name = length > columns.name ? length : columns.name;
		columns.pages |= !g->workload->cold && changed(&live->engines[e]);
		if (!g->engines[e]->ruler)
			columns.most = fmax(columns.most, rate);
	}
	return columns;
}

static void engine_line(const struct live *live, const struct case_result *c, const struct pt_engine *engine,
			const struct live_engine *e, const struct engine_columns *columns, struct frame *f)
{
	char line[TEXT_MAX], text[32];
	double rate = live_rate(c);
	unsigned room, bar;

	snprintf(line, sizeof(line), "  %-*s", (int)columns->name, engine->name);
	if (c->nevidence) {
		show_more(line, sizeof(line), "  AUDIT FAILED: %s", c->evidence[0]);
		frame_line(live, f, PAINT_WORSE, "%s", line);
		return;
	}
	if (columns->rate)
		show_more(line, sizeof(line), " %9s", isnan(rate) ? "-" : show_count(text, sizeof(text), rate));
	if (columns->lost && e->tables)
		show_more(line, sizeof(line), " %10.3g", (double)e->lost / (double)e->tables);
	else if (columns->lost)
		show_more(line, sizeof(line), " %10s", "-");
	if (columns->pages)
		show_more(line, sizeof(line), " %10s", e->seen ? show_int(text, sizeof(text), e->pages) : "-");
	room = (unsigned)columns_width(line) + 3 < f->columns ? f->columns - (unsigned)columns_width(line) - 3 : 0;
	room = room < BAR_MAX ? room : BAR_MAX;
	if (engine->ruler) {
		show_more(line, sizeof(line), "  ruler");
	} else if (columns->rate && rate > 0 && columns->most > 0) {
		bar = (unsigned)(rate / columns->most * room + 0.5);
		show_more(line, sizeof(line), "  ");
		for (unsigned i = 0; i < bar; i++)
			show_more(line, sizeof(line), "#");
	}
	frame_line(live, f, PAINT_NONE, "%s", line);
}

static void engines(const struct live *live, const struct progress_now *now, struct frame *f, unsigned below)
{
	const struct group *g = &now->plan->groups[now->group];
	struct engine_columns columns = columns_of(live, now);
	char line[TEXT_MAX];

	snprintf(line, sizeof(line), "  %-*s", (int)columns.name, "engine");
	show_more(line, sizeof(line), "%s%s%s", columns.rate ? "     ops/s" : "", columns.lost ? " lost/table" : "",
	    columns.pages ? " live pages" : "");
	frame_line(live, f, PAINT_NONE, "%s", line);
	for (unsigned i = 0; i < g->nengines; i++) {
		if (i + 1 < g->nengines && f->n + 3 + below > f->rows) {
			frame_line(live, f, PAINT_NONE, "  and %u more", g->nengines - i);
			return;
		}
		engine_line(live, &now->result->cases[now->first + i], g->engines[i], &live->engines[i], &columns,
			    f);
	}
}

/* The end of it is the remedy: in two rows where one does not hold it and there are rows. */
static bool in_two(const struct frame *f, const char *warning)
{
	return f->rows >= ROWS_ROOMY && columns_width(warning) + 3 > f->columns;
}

static void warning_lines(const struct live *live, struct frame *f, const char *warning)
{
	size_t taken, first;

	if (in_two(f, warning)) {
		first = columns_cut(warning, f->columns - 3, &taken);
		while (first && warning[first] != ' ')
			first--;
		if (first) {
			frame_line(live, f, PAINT_UNSURE, "! %.*s", (int)first, warning);
			frame_line(live, f, PAINT_UNSURE, "  %s", warning + first + 1);
			return;
		}
	}
	frame_line(live, f, PAINT_UNSURE, "! %s", warning);
}

void live_draw(const struct live *live, const struct progress_now *now, struct frame *f)
{
	unsigned first = live->nwarnings > LIVE_WARNINGS ? live->nwarnings - LIVE_WARNINGS : 0, below = 0;

	for (unsigned i = first; i < live->nwarnings; i++)
		below += in_two(f, live->warnings[i]) ? 2 : 1;
	f->n = 0;
	f->used = 0;
	head(live, now, f);
	what(live, now, f);
	if (f->rows > ROWS_MIN)
		engines(live, now, f, below);
	for (unsigned i = first; i < live->nwarnings; i++)
		warning_lines(live, f, live->warnings[i]);
}
