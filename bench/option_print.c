/* option_print.c - the rows written out: --help and job files. */
#include <string.h>

#include "bench/option_row.h"
#include "bench/preset.h"

#define HELP_INDENT 24u
#define HELP_COLUMNS 96u
/* inih reads lines of at most 197 bytes; a longer list goes on in indented lines. */
#define JOB_COLUMNS 150u

const char *const option_group_title[GROUPS] = {
	[GROUP_WHAT] = "What is compared",
	[GROUP_SHAPE] = "Shape of the work",
	[GROUP_WHERE] = "Where it runs",
	[GROUP_MEASURE] = "How it is measured",
	[GROUP_OUTPUT] = "This invocation",
};

/* Words of `text` from column HELP_INDENT on, wrapped. */
static void print_wrapped(const char *text, FILE *out)
{
	size_t at = HELP_INDENT;

	for (bool first = true; *text; first = false) {
		size_t len = strcspn(text, " ");

		if (!first && at + 1 + len > HELP_COLUMNS) {
			fprintf(out, "\n%*s", (int)HELP_INDENT, "");
			at = HELP_INDENT;
		} else if (!first) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)len, text);
		at += len;
		text += len + (text[len] == ' ');
	}
	fputc('\n', out);
}

static void row_range(const struct option_row *row, char *buf, size_t size)
{
	char min[32], max[32];

	buf[0] = '\0';
	if (row->kind == &kind_unsigned)
		snprintf(buf, size, "%u..%u; ", (unsigned)row->min, (unsigned)row->max);
	else if (row->max && row->max < UINT64_MAX)
		snprintf(buf, size, "%s..%s; ", row->kind->show(row, &row->min, min, sizeof(min)),
			 row->kind->show(row, &row->max, max, sizeof(max)));
}

const char *option_metavar(const struct option_row *row)
{
	return row->metavar ? row->metavar : row->kind->metavar;
}

char *option_note(const struct option_row *row, char *buf, size_t size)
{
	char range[72];

	buf[0] = '\0';
	row_range(row, range, sizeof(range));
	if (row->kind != &kind_bool && *row->def)
		snprintf(buf, size, "%sdefault %s", range, row->def);
	return buf;
}

static void row_help(const struct option_row *row, FILE *out)
{
	char text[640], note[128], words[160] = "";
	int used = fprintf(out, "  --%s %s", row->name, option_metavar(row));

	if (used < (int)HELP_INDENT - 1)
		fprintf(out, "%*s", (int)HELP_INDENT - used, "");
	else
		fprintf(out, "\n%*s", (int)HELP_INDENT, "");
	for (const struct choice *c = row->choices; c && c->name; c++)
		snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
			 c == row->choices ? ": " : " | ", c->name);
	option_note(row, note, sizeof(note));
	snprintf(text, sizeof(text), "%s%s%s%s%s", row->help, words, *note ? " [" : "", note, *note ? "]" : "");
	print_wrapped(text, out);
}

void options_help(FILE *out)
{
	for (int group = 0; group < GROUPS; group++) {
		fprintf(out, "\n%s:\n", option_group_title[group]);
		for (const struct option_row *row = option_rows; row->name; row++)
			if ((int)row->group == group)
				row_help(row, out);
	}
}

static void write_row(const struct options *o, const struct option_row *row, FILE *out)
{
	const char *values = (const char *)o + row->offset;
	size_t n = row->count == ROW_SCALAR ? 1 : *(const size_t *)((const char *)o + row->count);
	int at = fprintf(out, "%s = ", row->name);
	char shown[256];

	if (!n)
		fputs("auto", out);
	for (size_t i = 0; i < n; i++) {
		const char *value = row->kind->show(row, values + i * row->kind->size, shown,
						    sizeof(shown));

		if (i && (size_t)at + strlen(value) > JOB_COLUMNS)
			at = fprintf(out, ",\n    %s", value);
		else
			at += fprintf(out, "%s%s", i ? "," : "", value);
	}
	fputc('\n', out);
}

/* Does a job file need this row to say the same? */
static bool is_written(const struct options *o, const struct option_row *row)
{
	const struct preset *p = preset_of(o);

	if (row->flags & ROW_ONCE)
		return false;
	if (!strcmp(row->name, "pace") && o->rate.n == 1 && !o->rate.v[0])
		return false; /* refused without a rate */
	if (p && preset_takes(p, row->name))
		return o->given & option_bit(row);
	if (p && preset_chooses(row))
		return false;
	/* The default comparison is one as long as none of its dimensions is named. */
	return !(o->preset_default && row->flags & ROW_CHOOSES) && (p || options_about(o, row));
}

void options_write_job(const struct options *o, FILE *out)
{
	fprintf(out, "[%s]\n", *o->job ? o->job : "run");
	for (const struct option_row *row = option_rows; row->name; row++)
		if (is_written(o, row))
			write_row(o, row, out);
}
