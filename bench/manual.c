#include "bench/manual.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/flags.h"
#include "bench/option_row.h"
#include "bench/roff.h"
#include "bench/verbs.h"
#include "sys/host.h"

static void put(FILE *out, const char *text)
{
	roff_text(out, text, strlen(text));
}

/* Reproducible builds: https://reproducible-builds.org/specs/source-date-epoch/ */
static int write_title(FILE *out, struct err *err)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t when = time(NULL);
	char date[16], *end = NULL;
	struct tm tm;

	if (epoch && *epoch) {
		errno = 0;
		when = (time_t)strtoll(epoch, &end, 10);
		if (errno || *end || *epoch < '0' || *epoch > '9')
			return err_set(err, EXIT_USAGE, "SOURCE_DATE_EPOCH=%.40s: must be seconds since 1970", epoch);
	}
	if (!gmtime_r(&when, &tm))
		return err_set(err, EXIT_USAGE, "SOURCE_DATE_EPOCH=%.40s: no year that there is", epoch);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	fprintf(out, ".\\\" Made by `iopt list man`.\n.TH IOPT 1 %s \"iopt %s\" \"User Commands\"\n.nh\n.ad l\n",
		date, host_version);
	fputs(".SH NAME\niopt \\- stress test and benchmark of IOMMU page tables, locked and lockless\n", out);
	return 0;
}

/* "usage: iopt run …" and what follows in its lines: the verb bold, the rest as it is. */
static void write_synopsis(void *ctx, const struct help_page *page)
{
	const char *line = page->usage + strlen("usage: ");
	FILE *out = ctx;

	while (*line && *line != '\n') {
		size_t words = strlen("iopt ") + strlen(page->verb), n = strcspn(line, "\n");

		fputs("\\fB", out);
		roff_literal(out, line, words);
		fputs("\\fR", out);
		roff_literal(out, line + words, n - words);
		fputs("\n.br\n", out);
		line += n + (line[n] == '\n');
		line += strspn(line, " ");
	}
}

static void write_flag_head(FILE *out, const char *name, const char *metavar)
{
	fputs(".TP\n\\fB\\-\\-", out);
	roff_literal(out, name, strlen(name));
	fputs("\\fR", out);
	if (metavar) {
		fputs(" \\fI", out);
		roff_literal(out, metavar, strlen(metavar));
		fputs("\\fR", out);
	}
	fputc('\n', out);
}

static void write_choices(FILE *out, const struct choice *c)
{
	fputs(".RS\n", out);
	for (; c->name; c++) {
		fputs(".TP\n\\fB", out);
		roff_literal(out, c->name, strlen(c->name));
		fputs("\\fR\n", out);
		put(out, c->help);
		fputc('\n', out);
	}
	fputs(".RE\n", out);
}

static void write_row(FILE *out, const struct option_row *row)
{
	char note[128];

	write_flag_head(out, row->name, row->kind == &kind_bool ? NULL : option_metavar(row));
	put(out, row->help);
	if (*option_note(row, note, sizeof(note))) {
		fputs("\n[", out);
		put(out, note);
		fputc(']', out);
	}
	fputc('\n', out);
	if (row->choices)
		write_choices(out, row->choices);
	else if (row->kind == &kind_workload)
		write_choices(out, workload_choices());
}

static void write_options(FILE *out)
{
	for (int group = 0; group < GROUPS; group++) {
		fputs(".PP\n\\fB", out);
		put(out, option_group_title[group]);
		fputs("\\fR\n", out);
		for (const struct option_row *row = option_rows; row->name; row++)
			if ((int)row->group == group)
				write_row(out, row);
	}
}

static void write_flags(FILE *out, const struct flag *flags)
{
	for (; flags && flags->name; flags++) {
		write_flag_head(out, flags->name, flags->metavar);
		put(out, flags->help);
		fputc('\n', out);
	}
}

static void write_verb(void *ctx, const struct help_page *page)
{
	const char *about = strstr(page->usage, "\n\n");
	FILE *out = ctx;

	fputs(".SS iopt ", out);
	put(out, page->verb);
	fputc('\n', out);
	roff_paragraphs(out, about, true);
	if (page->list)
		write_choices(out, page->list);
	if (page->options)
		write_options(out);
	write_flags(out, page->flags);
	if (page->examples)
		roff_paragraphs(out, page->examples, false);
}

int manual_write(FILE *out, struct err *err)
{
	if (write_title(out, err))
		return err->code;
	fputs(".SH SYNOPSIS\n", out);
	help_each(write_synopsis, out);
	fputs("\\fBiopt help\\fR [VERB]\n.SH DESCRIPTION\n", out);
	manual_about(out);
	fputs(".SH VERBS\nEach knows \\fB\\-\\-help\\fR, which prints what stands here.\n", out);
	for (const struct verb *v = verbs; v->name; v++) {
		fprintf(out, ".TP\n\\fB%s\\fR\n", v->name);
		put(out, v->help);
		fputc('\n', out);
	}
	help_each(write_verb, out);
	manual_rest(out);
	return 0;
}
