/* Short forms and line breaking for the screen. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "bench/screen.h"
#include "bench/units.h"

#define TEXT_MAX 1024u

void screen_title(const struct screen *s, const char *title, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(s->out, "%s%s%s   ", paint_begin(&s->terminal, PAINT_TITLE), title,
		paint_end(&s->terminal, PAINT_TITLE));
	columns_words(s->out, &s->terminal, PAINT_NONE, strlen(title) + 3, 5, text);
}

void screen_words(const struct screen *s, const char *lead, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fputs(lead, s->out);
	columns_words(s->out, &s->terminal, PAINT_NONE, strlen(lead), strlen(lead), text);
}

void screen_alarm(const struct screen *s, const char *fmt, ...)
{
	char text[TEXT_MAX];
	size_t indent;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	indent = strspn(text, " ");
	fprintf(s->out, "%*s", (int)indent, "");
	columns_words(s->out, &s->terminal, PAINT_WORSE, indent, indent + 2, text + indent);
}

struct flow flow_begin(const struct screen *s, const char *lead, const char *separator)
{
	size_t length = strlen(lead);

	fputs(lead, s->out);
	return (struct flow){ .s = s, .separator = separator, .indent = length, .column = length };
}

static void put_piece(struct flow *f, enum paint paint, const char *separator, const char *piece,
		      size_t length)
{
	const struct terminal *t = &f->s->terminal;
	size_t gap = f->begun ? strlen(separator) : 0;

	if (f->column > f->indent && f->column + gap + length > t->width) {
		fprintf(f->s->out, "\n%*s", (int)f->indent, "");
		f->column = f->indent;
	} else if (f->begun) {
		fputs(separator, f->s->out);
		f->column += gap;
	}
	fprintf(f->s->out, "%s%.*s%s", paint_begin(t, paint), (int)length, piece, paint_end(t, paint));
	f->column += length;
	f->begun = true;
}

static void add_piece(struct flow *f, enum paint paint, const char *fmt, va_list ap)
{
	const char *separator = f->separator;
	char text[TEXT_MAX], *rest = text;

	vsnprintf(text, sizeof(text), fmt, ap);
	columns_clean(text);
	bool wide = f->indent + strlen(text) > f->s->terminal.width;

	while (wide && strchr(rest, ' ')) {
		size_t length = strcspn(rest, " ");

		put_piece(f, paint, separator, rest, length);
		rest += length + strspn(rest + length, " ");
		separator = " ";
	}
	put_piece(f, paint, separator, rest, strlen(rest));
}

void flow_add(struct flow *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_piece(f, PAINT_NONE, fmt, ap);
	va_end(ap);
}

void flow_paint(struct flow *f, enum paint paint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_piece(f, paint, fmt, ap);
	va_end(ap);
}

void flow_end(struct flow *f)
{
	fputc('\n', f->s->out);
}

struct columns screen_columns(const struct screen *s, const struct column *column, unsigned n,
			      unsigned indent)
{
	return columns_begin(s->out, &s->terminal, column, n, indent);
}

struct screen screen_below(const struct screen *s, struct columns *t)
{
	struct screen below = *s;

	below.out = columns_below(t);
	return below;
}

const char *row_name(const struct screen *s, const struct pt_engine *e)
{
	return s->terminal.width < TERMINAL_ROOMY ? short_name(e) : e->name;
}

const char *short_name(const struct pt_engine *e)
{
	const char *slash = strchr(e->name, '/');

	return slash && !strcmp(e->format, "amdv1") ? slash + 1 : e->name;
}

char *show_think(char *buf, size_t size, uint64_t think_ns)
{
	if (think_ns)
		return show_ns(buf, size, (double)think_ns);
	snprintf(buf, size, "0");
	return buf;
}

char *show_where(char *buf, size_t size, const struct case_result *c)
{
	unsigned nodes[4], count[4] = { 0 }, n = 0;
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; c->workers && i < c->threads; i++) {
		unsigned k = 0;

		while (k < n && nodes[k] != c->workers[i].node)
			k++;
		if (k == 4) {
			snprintf(buf, size, "%u nodes", c->nodes_used);
			return buf;
		}
		if (k == n)
			nodes[n++] = c->workers[i].node;
		count[k]++;
	}
	if (n == 1)
		snprintf(buf, size, "node %u", nodes[0]);
	for (unsigned k = 0; n > 1 && k < n && used < size; k++)
		used += (size_t)snprintf(buf + used, size - used, "%s%u%s", k ? "+" : "", count[k],
					 k + 1 == n ? " nodes" : "");
	return buf;
}

/* Power of 1000 that leaves one to three digits before the point. */
static unsigned thousands(double v, unsigned most)
{
	unsigned n = 0;

	for (v = fabs(v); v >= 999.5 && n < most; n++)
		v /= 1000;
	return n;
}

static int decimals(double v)
{
	return fabs(v) < 9.95 ? 1 : 0;
}

char *show_added(char *buf, size_t size, const struct interval *added)
{
	static const char *const unit[] = { "ns", "us", "ms", "s" };
	unsigned power = thousands(added->mid, 3);
	double scale = pow(1000, power);
	int d = power && fabs(added->mid / scale) < 99.95 ? 1 : decimals(added->mid / scale);

	if (!isfinite(added->mid))
		snprintf(buf, size, "-");
	else if (!added->valid)
		snprintf(buf, size, "%+.*f %s [few pairs]", d, added->mid / scale, unit[power]);
	else
		snprintf(buf, size, "%+.*f %s [%.*f %.*f]", d, added->mid / scale, unit[power], d,
			 added->lo / scale, d, added->hi / scale);
	return buf;
}

char *show_ratio(char *buf, size_t size, const struct interval *ratio)
{
	int d = ratio->mid < 9.995 ? 2 : ratio->mid < 99.95 ? 1 : 0;

	if (!isfinite(ratio->mid))
		snprintf(buf, size, "-");
	else if (!ratio->valid)
		snprintf(buf, size, "x%.*f", d, ratio->mid);
	else
		snprintf(buf, size, "x%.*f [%.*f %.*f]", d, ratio->mid, d, ratio->lo, d, ratio->hi);
	return buf;
}

char *show_rate(char *buf, size_t size, const struct interval *rate)
{
	static const char *const unit[] = { "", " k", " M", " G" };
	unsigned power = thousands(rate->mid, 3);
	double scale = pow(1000, power);
	int d = fabs(rate->mid / scale) < 99.95 ? 1 : 0;

	if (!isfinite(rate->mid) || !(rate->n || rate->valid))
		snprintf(buf, size, "-");
	else if (!rate->valid)
		snprintf(buf, size, "%.*f%s", d, rate->mid / scale, unit[power]);
	else
		snprintf(buf, size, "%.*f%s [%.*f %.*f]", d, rate->mid / scale, unit[power], d,
			 rate->lo / scale, d, rate->hi / scale);
	return buf;
}

char *show_quantile(char *buf, size_t size, const struct histogram *h, double q, double pair_ns)
{
	static const char *const unit[] = { "ns", "us", "ms", "s" };
	double v;
	unsigned power;

	if (!h || !h->n || !hist_supports(h, q)) {
		snprintf(buf, size, "-");
		return buf;
	}
	v = (double)hist_quantile(h, q);
	if (v < 3 * pair_ns) {
		snprintf(buf, size, "<%.0fns", 3 * pair_ns);
		return buf;
	}
	power = thousands(v, 3);
	v /= pow(1000, power);
	snprintf(buf, size, "%.*f%s", power && v < 99.95 ? 1 : 0, v, unit[power]);
	return buf;
}

char *show_number(char *buf, size_t size, double v)
{
	if (!isfinite(v))
		snprintf(buf, size, "-");
	else if (fabs(v) >= 999.5 && fabs(v) < 1e15)
		snprintf(buf, size, "%.0f", v);
	else
		snprintf(buf, size, "%.3g", v);
	return buf;
}

unsigned screen_section(const struct screen *s, const struct case_result *c)
{
	if (s->standard)
		return c->section;
	return c->unowned ? 3 : c->cold ? 2 : 0;
}

bool is_baseline(const struct result *r, size_t i)
{
	if (r->cases[i].engine->ruler)
		return false;
	for (size_t j = 0; j < i; j++)
		if (r->cases[j].group == r->cases[i].group && !r->cases[j].engine->ruler)
			return false;
	return true;
}

const struct comparison *find_comparison(const struct result *r, size_t a, size_t b)
{
	for (size_t i = 0; i < r->ncomparisons; i++)
		if (r->comparisons[i].a == a && r->comparisons[i].b == b)
			return &r->comparisons[i];
	return NULL;
}
