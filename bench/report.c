/* report.c - `iopt report`: results as a page to look at, or one in a format that other tools read. */
#include <stdio.h>

#include "bench/export.h"
#include "bench/flags.h"
#include "bench/option_row.h"
#include "bench/out_file.h"
#include "bench/page.h"
#include "bench/verbs.h"

#define FORMATS_MAX 16

static const char usage[] =
	"usage: iopt report RESULT [RESULT...] [--out FILE]\n"
	"       iopt report RESULT --format FORMAT [flags]\n"
	"\n"
	"Write a page with the charts of a result, or of several side by side, judged against the first;\n"
	"or a result in a format that other tools read. RESULT is a result.json, the directory that holds\n"
	"it, or - for stdin.\n"
	"\n"
	"Formats:\n";

static const char examples[] =
	"The page, report.html, is put beside the first RESULT unless --out says where. It needs no\n"
	"network, may be mailed, and holds the data of its charts.\n"
	"\n"
	"Left out of the other formats: numbers that are null, forced cases (they have no rate),\n"
	"throughput that was asked for (--rate, --speed recorded), failed audits; and of bmf and gha the\n"
	"rulers null and limit.\n"
	"\n"
	"benchstat takes lines for independent samples: processes are, slices of one process are not.\n"
	"So measure with --processes 6 or more for it; or ask iopt compare, which knows the difference.\n"
	"A file for github-action-benchmark holds one metric: throughput is for its tool\n"
	"customBiggerIsBetter, latency and waste are for customSmallerIsBetter.\n"
	"\n"
	"Examples:\n"
	"  iopt report out/new                      # writes out/new/report.html\n"
	"  iopt report out/old out/new --out both.html\n"
	"  iopt report out/old --format go --out old.txt && iopt report out/new --format go --out \\\n"
	"      new.txt && benchstat old.txt new.txt\n"
	"  benchstat -col /engine -row .name,/threads old.txt\n"
	"  iopt report out/new --format bmf | bencher run --adapter json\n"
	"  iopt report out/new --format gha --metric latency --out latency.json\n";

struct request {
	const char *path, *out;
	unsigned format, metric; /* format: 0 is html, the others are 1 beyond their rows */
	bool metric_given;
};

static int parse(struct request *q, int argc, char **argv, struct flag_args *args, struct err *err)
{
	static const char *formats[FORMATS_MAX + 2] = { "html" };
	static struct choice list[FORMATS_MAX + 2] = { { "html", "a page to look at, all in one file "
							 "(default)" } };
	const struct flag flags[] = {
		{ "format", FLAG_CHOICE, &q->format, .choices = formats, .metavar = "FORMAT",
		  .help = "one of those above" },
		{ "metric", FLAG_CHOICE, &q->metric, &q->metric_given, .choices = export_metric_name,
		  .metavar = "METRIC", .help = "throughput, latency or waste alone (default: all; of gha, "
		  "whose files are of one direction, throughput)" },
		{ "out", FLAG_TEXT, &q->out, .metavar = "FILE", .help = "write there, complete or not at "
		  "all (default: html beside RESULT, the others to stdout)" },
		{ .name = NULL },
	};
	int code;

	for (size_t i = 0; i < FORMATS_MAX && export_formats[i].name; i++) {
		formats[i + 1] = export_formats[i].name;
		list[i + 1] = (struct choice){ export_formats[i].name, export_formats[i].help };
	}
	code = flags_parse(flags, "report", argc, argv, args, err);
	if (code || !args->help)
		return code;
	help_show(&(struct help_page){ "report", usage, .list = list, .flags = flags, .examples = examples,
				       .files = true });
	return 0;
}

static int check(struct request *q, const struct flag_args *args, struct err *err)
{
	if (!args->nargs)
		return err_set(err, EXIT_USAGE, "no RESULT: want a result.json, the directory that "
			       "iopt run --out wrote, or - (see iopt report --help)");
	if (q->format && args->nargs > 1)
		return err_set(err, EXIT_USAGE, "%.200s: one RESULT too many: only a page (--format html) "
			       "shows several", args->args[1]);
	if (!q->format && q->metric_given)
		return err_set(err, EXIT_USAGE, "--metric is for --format go, bmf and gha: a page shows "
			       "all there is");
	if (q->out && !*q->out)
		return err_set(err, EXIT_USAGE, "--out wants a value");
	q->path = args->args[0];
	return 0;
}

struct job {
	const struct export_format *format;
	const struct stored *result;
	unsigned metrics;
};

static int write_job(FILE *out, const void *what)
{
	const struct job *job = what;

	return job->format->write(job->result, job->metrics, out);
}

/* What a reader of the export cannot see there. */
static int tell(const struct job *job, struct err *err)
{
	const struct stored *s = job->result;
	struct export_value values[EXPORT_VALUES_MAX];
	size_t failed = 0, shown = 0;

	for (size_t i = 0; i < s->ncases; i++) {
		failed += s->cases[i].verified == VERIFIED_NO;
		shown += export_shows(&s->cases[i], job->format->rulers) &&
			 export_values(s, &s->cases[i], job->metrics, values) > 0;
	}
	if (!shown)
		return err_set(err, EXIT_BAD_DATA, "%.300s: no case has a number to export (forced and "
			       "failed cases have none; nor is a rate that was asked for one)", s->path);
	if (failed)
		fprintf(stderr, "iopt report: %zu of %zu cases left out: their audit failed\n", failed,
			s->ncases);
	if (!s->complete)
		fputs("iopt report: the run was interrupted: cases may be missing\n", stderr);
	if (s->lost_pinning || s->clock_stepped_back)
		fprintf(stderr, "iopt report: not to be trusted: %s\n", s->lost_pinning
			? "a worker did not stay pinned to its CPU" : "the clock stepped back");
	return 0;
}

static int carry_out(const struct request *q, const struct stored *s, struct err *err)
{
	struct job job = { .format = &export_formats[q->format - 1], .result = s };

	if (q->metric_given || job.format->one_metric)
		job.metrics = 1u << q->metric;
	else
		job.metrics = (1u << EXPORT_METRICS) - 1;
	if (tell(&job, err))
		return err->code;
	if (q->out)
		return out_file_write(q->out, "--out", write_job, &job, err);
	if (write_job(stdout, &job) && finish_stdout() == EXIT_FINE)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to write %s", job.format->name);
	return finish_stdout();
}

static int read_result(struct stored **s, const char *path, struct err *err)
{
	char file[4096];

	return stored_path(path, file, sizeof(file), err) ? err->code : stored_read(s, file, err);
}

int verb_report(int argc, char **argv)
{
	struct request q = { .metric = EXPORT_THROUGHPUT };
	struct flag_args args = { .most = PAGE_RESULTS_MAX };
	struct stored *s = NULL;
	struct err err = { 0 };
	int code = parse(&q, argc, argv, &args, &err);

	if (code || args.help)
		return code ? verb_fail("report", &err) : EXIT_FINE;
	code = check(&q, &args, &err);
	if (!code && q.out)
		code = report_check_out(&args, q.out, !q.format, &err);
	if (!code && !q.format)
		code = report_page(&args, q.out, &err);
	else if (!code)
		code = read_result(&s, q.path, &err);
	if (s)
		code = carry_out(&q, s, &err);
	stored_free(s);
	return err.code ? verb_fail("report", &err) : code;
}
