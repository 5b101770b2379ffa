/* compare.c - `iopt compare`: its flags, and which of its ways they choose. */
#include "bench/compare.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench/compare_margins.h"
#include "bench/flags.h"
#include "bench/units.h"
#include "bench/verbs.h"

#define PAIRS_MAX 10000u

static const char usage[] =
	"usage: iopt compare [flags] BASE NEW\n"
	"       iopt compare [flags] --old IOPT --new IOPT -- RUN-OPTIONS\n"
	"       iopt compare --baseline NAME NEW | --save-baseline NAME RESULT | --history NAME NEW\n"
	"       iopt compare --self-test [--short]\n"
	"\n"
	"Is NEW worse than BASE? Both are result.json files (or the directories that hold them; - is\n"
	"stdin), or two builds of iopt, which then run by turns: the way to judge a change on one noisy\n"
	"machine. Exit code: 0 OK or improved, 10 regressed, 11 inconclusive, 12 not comparable, 13 an\n"
	"audit failed, 14 not to be trusted.\n";

static const char examples[] =
	"Examples:\n"
	"  iopt compare results/main results/branch --format md --verdict verdict.json\n"
	"  iopt compare --old ./iopt-main --new ./iopt-branch -- --workload private --threads 2 --duration 1s\n";

/* What was on the command line, before it is made sense of. */
struct request {
	struct compare_options o;
	const char *gate, *min_effect, *thresholds, *pairs;
	unsigned format;
};

static const char *const formats[] = { "text", "md", "json", "csv", NULL };

static int parse(struct request *q, struct flag_args *args, int argc, char **argv, bool help,
		 struct err *err)
{
	struct compare_options *o = &q->o;
	const struct flag flags[] = {
		{ "gate", FLAG_TEXT, &q->gate, .metavar = "LIST", .help = "metrics that decide: throughput, "
		  "p50, p99, p999, waste (default: throughput,p99,waste)" },
		{ "min-effect", FLAG_TEXT, &q->min_effect, .metavar = "LIST", .help = "smallest difference "
		  "that matters, in percent: 5 (of throughput), or throughput:3,p99:10 (default: 3, p50 and "
		  "p99 10, p999 and waste 25)" },
		{ "thresholds", FLAG_TEXT, &q->thresholds, .metavar = "FILE", .help = "the same by case: an "
		  "INI file, sections are globs of case ids, keys METRIC = PERCENT [ABSOLUTE]" },
		{ "raw", FLAG_BOOL, &o->gate.raw, .help = "throughput as measured, not in units of the "
		  "ruler beside it" },
		{ "format", FLAG_CHOICE, &q->format, .choices = formats, .metavar = "FORMAT",
		  .help = "text, md (for a pull request), json or csv (default: text)" },
		{ "verdict", FLAG_TEXT, &o->verdict, .metavar = "FILE", .help = "the verdict for machines, "
		  "as JSON" },
		{ "warn-only", FLAG_BOOL, &o->gate.warn_only, .help = "exit 0 also for regressed and "
		  "inconclusive" },
		{ "strict", FLAG_BOOL, &o->gate.strict, .help = "a case that only one side has is exit 12 "
		  "(default: it is named)" },
		{ "force", FLAG_BOOL, &o->gate.force, .help = "other machine, other build or interrupted: "
		  "show the figures all the same, judge nothing" },
		{ "seed", FLAG_COUNT, &o->gate.seed, .max = 1ull << 53, .metavar = "N", .help = "of the "
		  "bootstrap: same data and seed, same verdict (default: 1)" },
		{ "old", FLAG_TEXT, &o->old, .metavar = "IOPT", .help = "the build to compare with" },
		{ "new", FLAG_TEXT, &o->new, .metavar = "IOPT", .help = "the build that is judged" },
		{ "pairs", FLAG_TEXT, &q->pairs, .metavar = "N[..CAP]", .help = "pairs of processes of two "
		  "builds; with CAP, more while inconclusive (default: 12..96)" },
		{ "keep", FLAG_TEXT, &o->keep, .metavar = "DIR", .help = "keep the result of every process "
		  "of two builds there" },
		{ "quiet", FLAG_BOOL, &o->quiet, .help = "no progress on stderr" },
		{ "baseline", FLAG_TEXT, &o->baseline, .metavar = "NAME", .help = "BASE is the newest result "
		  "kept under this name; NAME@3 is the third" },
		{ "save-baseline", FLAG_TEXT, &o->save_baseline, .metavar = "NAME", .help = "keep RESULT "
		  "under this name" },
		{ "history", FLAG_TEXT, &o->history, .metavar = "NAME", .help = "where NEW lies among all "
		  "results kept under this name" },
		{ "self-test", FLAG_BOOL, &o->self_test, .help = "does the gate fire on this machine, and "
		  "stay quiet? Half an hour; it needs no other flags" },
		{ "short", FLAG_BOOL, &o->short_form, .help = "of --self-test: a minute" },
		{ "tries", FLAG_COUNT, &o->tries, .min = 1, .max = 1000, .metavar = "N", .help = "of "
		  "--self-test, with a slower side and with none (default: 20, short 3)" },
		{ "handicap-by", FLAG_PERCENT, &o->handicap_by, .max = 1000, .metavar = "PERCENT",
		  .help = "of --self-test: how much slower (default: 8%, short 50%)" },
		{ .name = NULL },
	};

	if (!help)
		return flags_parse(flags, "compare", argc, argv, args, err);
	help_show(&(struct help_page){ "compare", usage, .flags = flags, .examples = examples, .files = true });
	return 0;
}

static int set_pairs(struct compare_options *o, const char *text, struct err *err)
{
	char copy[64], *dots;
	uint64_t first, cap;

	snprintf(copy, sizeof(copy), "%s", text);
	dots = strstr(copy, "..");
	if (dots)
		*dots = '\0';
	if (!parse_count(copy, &first) || !parse_count(dots ? dots + 2 : copy, &cap) ||
	    first < STAT_UNITS_MIN || first > cap || cap > PAIRS_MAX)
		return err_set(err, EXIT_USAGE, "--pairs %.40s: want a number from %u to %u, or two of them, "
			       "such as 12..48", text, STAT_UNITS_MIN, PAIRS_MAX);
	o->first = (unsigned)first;
	o->cap = (unsigned)cap;
	return 0;
}

/* A way of the verb: the flag that chooses it, and how many arguments it wants. */
struct way {
	const char *flag;
	int (*run)(const struct compare_options *o, struct err *err);
	size_t nargs;
	const char *wants;
};

static int choose(const struct compare_options *o, struct way *way, struct err *err)
{
	const struct {
		bool chosen;
		struct way way;
	} ways[] = {
		{ o->old || o->new, { "--old", compare_builds, 0, "no other arguments: what to run "
				      "follows --" } },
		{ o->self_test, { "--self-test", compare_self_test, 0, "no other arguments" } },
		{ o->save_baseline, { "--save-baseline", compare_save_baseline, 1, "one RESULT" } },
		{ o->history, { "--history", compare_history, 1, "one result, NEW" } },
		{ o->baseline, { "--baseline", compare_files, 1, "one result, NEW" } },
	};

	*way = (struct way){ NULL, compare_files, 2, "two results, BASE and NEW" };
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!ways[i].chosen)
			continue;
		if (way->flag)
			return err_set(err, EXIT_USAGE, "%s and %s exclude each other", way->flag,
				       ways[i].way.flag);
		*way = ways[i].way;
	}
	return 0;
}

static int check(const struct request *q, const struct way *way, const struct flag_args *args,
		 struct err *err)
{
	const struct compare_options *o = &q->o;
	bool builds = o->old || o->new;

	if (builds && !(o->old && o->new))
		return err_set(err, EXIT_USAGE, "--%s: the other build is missing: --%s IOPT",
			       o->old ? "old" : "new", o->old ? "new" : "old");
	if (args->nargs != way->nargs)
		return err_set(err, EXIT_USAGE, "%s%swants %s (see iopt compare --help)",
			       way->flag ? way->flag : "", way->flag ? " " : "", way->wants);
	if (args->rest && !builds && !o->self_test)
		return err_set(err, EXIT_USAGE, "--: options of run go with --old and --new");
	if (q->o.verdict && (o->save_baseline || o->history))
		return err_set(err, EXIT_USAGE, "--verdict: %s gives none", way->flag);
	if (o->keep && !builds)
		return err_set(err, EXIT_USAGE, "--keep goes with --old and --new");
	if (q->pairs && !builds && !o->self_test)
		return err_set(err, EXIT_USAGE, "--pairs goes with --old and --new; a result has as many "
			       "pairs as it has --processes");
	if (o->short_form && !o->self_test)
		return err_set(err, EXIT_USAGE, "--short goes with --self-test");
	if ((o->tries || o->handicap_by > 0) && !o->self_test)
		return err_set(err, EXIT_USAGE, "--%s goes with --self-test",
			       o->tries ? "tries" : "handicap-by");
	if (args->nargs == 2 && !strcmp(args->args[0], "-") && !strcmp(args->args[1], "-"))
		return err_set(err, EXIT_USAGE, "- is stdin, and stands for one of the two");
	return 0;
}

static int understand(struct request *q, struct way *way, const struct flag_args *args,
		      struct gate_threshold **thresholds, struct err *err)
{
	struct compare_options *o = &q->o;

	if (choose(o, way, err) || check(q, way, args, err) ||
	    (q->gate && margins_gate(&o->gate, q->gate, err)) ||
	    (q->min_effect && margins_min_effect(&o->gate, q->min_effect, err)) ||
	    (q->pairs && set_pairs(o, q->pairs, err)) ||
	    (q->thresholds &&
	     margins_read(thresholds, &o->gate.nthresholds, q->thresholds, err)))
		return err->code;
	o->gate.thresholds = *thresholds;
	o->format = (enum gate_format)q->format;
	o->nargs = args->nargs;
	for (size_t i = 0; i < args->nargs; i++)
		o->args[i] = args->args[i];
	o->run_args = args->rest;
	o->nrun = args->nrest;
	return 0;
}

int verb_compare(int argc, char **argv)
{
	struct request q = { 0 };
	struct flag_args args = { .most = 2, .takes_rest = true };
	struct gate_threshold *thresholds = NULL;
	struct err err = { 0 };
	struct way way = { 0 };
	int code;

	signal(SIGPIPE, SIG_IGN); /* a closed stdout, or a file beyond the limit of its size: an error … */
	signal(SIGXFSZ, SIG_IGN); /* … of the write */
	gate_options_default(&q.o.gate);
	code = parse(&q, &args, argc, argv, false, &err);
	if (!code && args.help)
		return parse(&q, &args, 0, NULL, true, &err);
	if (!code)
		code = understand(&q, &way, &args, &thresholds, &err);
	if (!code && q.o.verdict)
		gate_forget_verdict(q.o.verdict);
	if (!code)
		code = way.run(&q.o, &err);
	free(thresholds);
	if (err.text[0])
		verb_fail("compare", &err);
	return code;
}
