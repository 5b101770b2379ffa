#include <math.h>
#include <string.h>

#include "bench/columns.h"
#include "bench/csv.h"
#include "bench/history.h"
#include "bench/json.h"
#include "bench/units.h"

#define HISTORY_SCHEMA "iopt-history"
#define HISTORY_SCHEMA_VERSION 1

/* As people write it; "-" for null. */
static char *show_value(char *buf, size_t size, const struct history_row *row, double v)
{
	char number[32];

	if (!isfinite(v))
		snprintf(buf, size, "-");
	else if (row->metric == GATE_WASTE)
		snprintf(buf, size, "%.3g a table", v);
	else if (row->metric != GATE_THROUGHPUT)
		show_ns(buf, size, v);
	else if (row->steady)
		snprintf(buf, size, "%.4f x ruler", v);
	else
		snprintf(buf, size, "%s/s", show_count(number, sizeof(number), v));
	return buf;
}

/* "-1.7", "+6.2 far, better", or why there is none. */
static char *show_z(char *buf, size_t size, const struct history_row *row)
{
	if (isfinite(row->z))
		snprintf(buf, size, "%+.1f%s", row->z,
			 !row->far ? "" : (row->z > 0) == row->more_is_better ? " far, better" :
			 " far, worse");
	else
		snprintf(buf, size, "- (%s)", row->why);
	return buf;
}

/* "" without a drift. */
static char *show_drift(char *buf, size_t size, const struct history_row *row)
{
	buf[0] = '\0';
	if (row->drift)
		snprintf(buf, size, "the last %zu lie %.1f %% %s the %zu before", row->run,
			 fabs(row->shift) * 100, row->shift < 0 ? "below" : "above",
			 row->n + 1 - row->run);
	return buf;
}

static char *show_sd(char *buf, size_t size, const struct history_row *row)
{
	if (isfinite(row->sd_log))
		snprintf(buf, size, "%.1f %%", row->sd_log * 100);
	else
		snprintf(buf, size, "-");
	return buf;
}

static void show_title(const struct history *h, const char *name, char *buf, size_t size)
{
	char host[192];

	fingerprint_show(&h->now->host, host, sizeof(host));
	snprintf(buf, size, "%.200s\nbeside %zu %s of baseline %s (%s)", h->now->path, h->n,
		 h->n == 1 ? "result" : "results", name, host);
}

static const char scope[] =
	"z: logarithm against the mean of the stored ones, in standard deviations. Information: a "
	"verdict needs runs that were interleaved or paired (iopt compare BASE NEW, --old --new).";

static void put_row(struct columns *t, const struct history_row *row)
{
	char text[160];

	columns_row(t);
	columns_cell(t, "%s", row->name);
	columns_cell(t, "%zu", row->n);
	columns_cell(t, "%s", show_value(text, sizeof(text), row, row->mean));
	columns_cell(t, "%s", show_sd(text, sizeof(text), row));
	columns_cell(t, "%s", show_value(text, sizeof(text), row, row->now));
	/* "far, better", "far, worse" */
	columns_paint(t, !row->far || !isfinite(row->z) ? PAINT_NONE :
		      (row->z > 0) == row->more_is_better ? PAINT_BETTER : PAINT_WORSE, "%s",
		      show_z(text, sizeof(text), row));
	if (row->drift) {
		columns_row(t);
		columns_cell(t, "%s", "");
		columns_rest(t, PAINT_NONE, "drift: %s", show_drift(text, sizeof(text), row));
	}
}

static void print_rows(const struct history *h, FILE *out, const struct terminal *terminal)
{
	static const struct column column[] = {
		{ .least = 13 }, { .title = "stored", .align = COLUMNS_RIGHT },
		{ .title = "mean", .align = COLUMNS_RIGHT, .least = 14 },
		{ .title = "sd", .align = COLUMNS_RIGHT, .least = 7 },
		{ .title = "now", .align = COLUMNS_RIGHT, .least = 14 }, { .title = "z", .fold = true },
	};
	struct columns t = columns_begin(out, terminal, column, sizeof(column) / sizeof(column[0]), 2);
	const char *id = "";

	for (size_t i = 0; i < h->nrows; i++) {
		if (strcmp(id, h->rows[i].case_id))
			columns_words(columns_below(&t), terminal, PAINT_NONE, 0, 2, h->rows[i].case_id);
		id = h->rows[i].case_id;
		put_row(&t, &h->rows[i]);
	}
	columns_end(&t);
}

static void write_text(const struct history *h, const char *name, FILE *out)
{
	const struct terminal terminal = terminal_of(out);
	char title[640];

	show_title(h, name, title, sizeof(title));
	fprintf(out, "HISTORY  %s\n", title);
	for (size_t i = 0; i < h->nleft_out; i++)
		fprintf(out, "left out: %s\n", h->left_out[i]);
	print_rows(h, out, &terminal);
	if (!h->nrows)
		fprintf(out, "no case of it has a metric to look back on\n");
	columns_words(out, &terminal, PAINT_NONE, 0, 3, scope);
}

static void md_text(const char *text, FILE *out)
{
	for (; *text; text++)
		if (*text == '|')
			fputs("\\|", out);
		else
			fputc(*text, out);
}

static void write_md(const struct history *h, const char *name, FILE *out)
{
	char a[64], b[64], c[64], d[160], e[160], title[640];

	show_title(h, name, title, sizeof(title));
	fputs("### iopt history\n\n", out);
	md_text(title, out);
	fputs("\n\n", out);
	for (size_t i = 0; i < h->nleft_out; i++) {
		fputs("- left out: ", out);
		md_text(h->left_out[i], out);
		fputc('\n', out);
	}
	if (h->nleft_out)
		fputc('\n', out);
	fputs("| case | metric | stored | mean | sd | now | z | drift |\n"
	      "|---|---|---:|---:|---:|---:|---:|---|\n", out);
	for (size_t i = 0; i < h->nrows; i++) {
		const struct history_row *row = &h->rows[i];

		fputs("| ", out);
		md_text(row->case_id, out);
		fprintf(out, " | %s | %zu | %s | %s | %s | %s | %s |\n", row->name, row->n,
			show_value(a, sizeof(a), row, row->mean), show_sd(b, sizeof(b), row),
			show_value(c, sizeof(c), row, row->now), show_z(d, sizeof(d), row),
			show_drift(e, sizeof(e), row));
	}
	fprintf(out, "\n%s\n", scope);
}

static void write_row(struct node rows, const struct history_row *row)
{
	struct node o = add_object(rows);

	put_text(o, "case_id", row->case_id);
	put_text(o, "metric", row->name);
	put_text(o, "unit", row->unit);
	put_u64(o, "stored", row->n);
	put_real(o, "mean", row->mean);
	put_real(o, "sd_log", row->sd_log);
	put_real(o, "now", row->now);
	put_real(o, "z", row->z);
	put_bool(o, "far", row->far);
	put_u64(o, "run", row->run);
	put_real(o, "shift", row->shift);
	put_bool(o, "drift", row->drift);
	put_fact(o, "why", row->why);
}

static int write_json_form(const struct history *h, const char *name, FILE *out)
{
	bool failed = false;
	struct node doc = { json_object(), &failed }, list;

	if (!doc.json)
		return -1;
	put_text(doc, "schema", HISTORY_SCHEMA);
	put_u64(doc, "schema_version", HISTORY_SCHEMA_VERSION);
	put_text(doc, "baseline", name);
	put_text(doc, "result", h->now->path);
	put_text(doc, "key", h->key);
	put_u64(doc, "stored", h->n);
	put_u64(doc, "stored_min", HISTORY_MIN);
	list = put_array(doc, "left_out");
	for (size_t i = 0; i < h->nleft_out; i++)
		add_text(list, h->left_out[i]);
	list = put_array(doc, "rows");
	for (size_t i = 0; i < h->nrows; i++)
		write_row(list, &h->rows[i]);
	failed |= json_dumpf(doc.json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) != 0;
	fputc('\n', out);
	json_decref(doc.json);
	return failed ? -1 : 0;
}

static void csv_row(struct csv *csv, const struct history *h, const struct history_row *row,
		    const char *name)
{
	text(csv, "baseline", name);
	text(csv, "key", h->key);
	text(csv, "case_id", row->case_id);
	text(csv, "metric", row->name);
	text(csv, "unit", row->unit);
	u64(csv, "stored", row->n);
	real(csv, "mean", row->mean);
	real(csv, "sd_log", row->sd_log);
	real(csv, "now", row->now);
	real(csv, "z", row->z);
	flag(csv, "far", row->far);
	u64(csv, "run", row->run);
	real(csv, "shift", row->shift);
	flag(csv, "drift", row->drift);
	text(csv, "why", row->why);
	end_row(csv);
}

static void write_csv(const struct history *h, const char *name, FILE *out)
{
	static const struct history_row none = { .case_id = "" };
	struct csv csv = { .out = out, .header = true };

	csv_row(&csv, h, &none, name);
	csv.header = false;
	for (size_t i = 0; i < h->nrows; i++)
		csv_row(&csv, h, &h->rows[i], name);
}

int history_write(const struct history *h, const char *name, enum gate_format format, FILE *out)
{
	int failed = 0;

	switch (format) {
	case GATE_TEXT:
		write_text(h, name, out);
		break;
	case GATE_MD:
		write_md(h, name, out);
		break;
	case GATE_JSON:
		failed = write_json_form(h, name, out);
		break;
	case GATE_CSV:
		write_csv(h, name, out);
		break;
	}
	return failed || fflush(out) || ferror(out) ? -1 : 0;
}
