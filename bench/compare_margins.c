#include "bench/compare_margins.h"

#include <errno.h>
#include <ini.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suggest.h"
#include "bench/units.h"

#define SECTION_MAX 48u /* inih cuts longer ones in silence */
#define LINE_LONGEST 198u  /* and splits lines that are longer */
#define PERCENT_MAX 1000

/* GATE_METRICS: no such metric; *did has the nearest. */
static enum gate_metric find_metric(const char *name, char *did, size_t size)
{
	struct suggest s;

	suggest_start(&s, name);
	for (unsigned m = 0; m < GATE_METRICS; m++) {
		if (!strcmp(name, gate_metric_name[m]))
			return m;
		suggest_offer(&s, gate_metric_name[m]);
	}
	suggest_text(&s, "", did, size);
	return GATE_METRICS;
}

static int no_metric(const char *where, const char *name, const char *did, struct err *err)
{
	return err_set(err, EXIT_USAGE, "%s: no metric '%.64s'%s (throughput, p50, p99, p999, waste)",
		       where, name, did);
}

/* "3" and "3%" are 0.03; NaN: it is no percentage. */
static double percent(const char *text, const char **rest)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || !(v >= 0 && v <= PERCENT_MAX))
		return NAN;
	*rest = end + (*end == '%');
	return v / 100;
}

/* The next word of a list, cut out of *text; NULL: there are no more. */
static char *next_word(char **text)
{
	char *word = strsep(text, ",");

	while (word && (*word == ' ' || *word == '\t'))
		word++;
	return word;
}

int margins_gate(struct gate_options *o, const char *list, struct err *err)
{
	char copy[256], did[64], *rest = copy, *word;

	if (snprintf(copy, sizeof(copy), "%s", list) >= (int)sizeof(copy))
		return err_set(err, EXIT_USAGE, "--gate: the list is too long");
	memset(o->gated, 0, sizeof(o->gated));
	while ((word = next_word(&rest))) {
		enum gate_metric m = find_metric(word, did, sizeof(did));

		if (m == GATE_METRICS)
			return no_metric("--gate", word, did, err);
		o->gated[m] = true;
	}
	return 0;
}

int margins_min_effect(struct gate_options *o, const char *list, struct err *err)
{
	char copy[256], did[64], *rest = copy, *word;

	if (snprintf(copy, sizeof(copy), "%s", list) >= (int)sizeof(copy))
		return err_set(err, EXIT_USAGE, "--min-effect: the list is too long");
	while ((word = next_word(&rest))) {
		char *value = strchr(word, ':');
		enum gate_metric m = GATE_THROUGHPUT;
		const char *end = "";
		double v;

		if (value) {
			*value++ = '\0';
			m = find_metric(word, did, sizeof(did));
			if (m == GATE_METRICS)
				return no_metric("--min-effect", word, did, err);
		}
		v = percent(value ? value : word, &end);
		if (isnan(v) || *end)
			return err_set(err, EXIT_USAGE, "--min-effect %.64s: want a percentage from 0 to %d, "
				       "such as 3, or throughput:3,p99:10", value ? value : word, PERCENT_MAX);
		o->min_effect[m] = v;
	}
	return 0;
}

struct reader {
	FILE *in;
	const char *path;
	struct gate_threshold *v;
	size_t n;
	unsigned line;
	struct err *err;
};

__attribute__((format(printf, 2, 3))) static int complain(struct reader *r, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(r->err, EXIT_USAGE, "--thresholds %.90s:%u: %s", r->path, r->line, text);
	return 0; /* inih: stop */
}

/* fgets that counts lines. */
static char *read_line(char *str, int num, void *stream)
{
	struct reader *r = stream;
	char *line = r->err->code ? NULL : fgets(str, num, r->in);
	size_t length = line ? strlen(line) : 0;

	r->line++;
	if (length > LINE_LONGEST && line[length - 1] != '\n') {
		complain(r, "the line is longer than %u characters", LINE_LONGEST);
		return NULL;
	}
	return line;
}

/* `50ns`, and for waste a bare number of lost pages a table; false: neither. */
static bool absolute(enum gate_metric metric, const char *text, double *out)
{
	uint64_t ns;
	char *end;

	if (metric != GATE_WASTE) {
		if (!parse_duration_ns(text, &ns))
			return false;
		*out = (double)ns;
		return true;
	}
	*out = strtod(text, &end);
	return end != text && !*end && *out >= 0 && isfinite(*out);
}

static int set_value(struct reader *r, struct gate_threshold *t, const char *value)
{
	const char *rest = "";

	t->relative = percent(value, &rest);
	t->absolute = NAN;
	if (isnan(t->relative) || (*rest && *rest != ' ' && *rest != '\t'))
		return complain(r, "%s = %.64s: want RELATIVE%% [ABSOLUTE], such as 10%% 50ns, at most "
				"%d%%", gate_metric_name[t->metric], value, PERCENT_MAX);
	rest += strspn(rest, " \t");
	if (!*rest)
		return 1;
	if (t->metric == GATE_THROUGHPUT)
		return complain(r, "throughput = %.64s: throughput has no absolute margin", value);
	if (!absolute(t->metric, rest, &t->absolute))
		return complain(r, "%s = %.64s: after the percentage comes %s", gate_metric_name[t->metric],
				value, t->metric == GATE_WASTE ? "a number of lost pages a table, such as "
				"0.05" : "a time with its unit, such as 50ns");
	return 1;
}

static int take(void *user, const char *section, const char *name, const char *value)
{
	struct gate_threshold t = { .metric = GATE_METRICS }, *more;
	struct reader *r = user;
	char did[64];

	if (strlen(section) > SECTION_MAX)
		return complain(r, "[%.20s…]: at most %u characters; * stands for the rest", section,
				SECTION_MAX);
	snprintf(t.glob, sizeof(t.glob), "%s", *section ? section : "*");
	t.metric = find_metric(name, did, sizeof(did));
	if (t.metric == GATE_METRICS)
		return complain(r, "no metric '%.64s'%s (throughput, p50, p99, p999, waste)", name, did);
	if (!set_value(r, &t, value))
		return 0;
	more = realloc(r->v, (r->n + 1) * sizeof(*more));
	if (!more) {
		err_set(r->err, EXIT_NO_RESOURCE, "no memory for %s", r->path);
		return 0;
	}
	r->v = more;
	r->v[r->n++] = t;
	return 1;
}

int margins_read(struct gate_threshold **out, size_t *n, const char *path, struct err *err)
{
	struct reader r = { .in = fopen(path, "r"), .path = path, .err = err };
	int bad;

	*out = NULL;
	*n = 0;
	if (!r.in)
		return err_set(err, EXIT_BAD_DATA, "--thresholds %.300s: %s", path, strerror(errno));
	bad = ini_parse_stream(read_line, &r, take, &r);
	if (!err->code && ferror(r.in))
		err_set(err, EXIT_BAD_DATA, "--thresholds %.300s: %s", path, strerror(errno));
	else if (!err->code && bad)
		err_set(err, EXIT_USAGE, "--thresholds %.90s:%d: want [GLOB], or METRIC = PERCENT", path, bad);
	fclose(r.in);
	if (err->code) {
		free(r.v);
		return err->code;
	}
	*out = r.v;
	*n = r.n;
	return 0;
}
