/* manual_text.c - those parts of iopt(1) that are no verb's. */
#include <string.h>

#include "bench/manual.h"
#include "bench/roff.h"
#include "sys/err.h"

static const char about[] =
	"iopt builds real IOMMU page tables, pins threads over the machine, lets them map and unmap as fast as\n"
	"they can or as often as they are told, under several ways of keeping them apart (a mutex as the AMD\n"
	"driver had until 2019, a compare-exchange as it has had since, and others), checks after every run\n"
	"that nothing was lost, and says what the lock costs, what is allocated in vain without it, and how\n"
	"long the tail is.\n"
	"\n"
	"Engines take turns in slices of some 20 ms, so that all see the same drift; differences are those of\n"
	"neighbouring slices, with 95 % intervals. Results go to standard output, progress and advice to\n"
	"standard error.\n"
	"\n"
	"Numbers take units: 2M, 20ms, 1.5k. Nothing is rounded or clamped to fit: what cannot be is an error\n"
	"that names the flag.\n";

struct entry {
	const char *name, *text;
};

static const struct entry files[] = {
	{ "DIR/result.json", "what `iopt run --out DIR` found: everything. docs/output.md has every field." },
	{ "DIR/summary.csv, slices.csv, series.csv, latency.csv, scaling.csv", "the same as tables." },
	{ "DIR/latency.hlog, DIR/hgrm/", "latencies as HdrHistogram reads and prints them." },
	{ "DIR/job.ini", "a job file that repeats the run: `iopt run DIR/job.ini`." },
	{ "DIR/checkpoint", "while it runs, what is finished: `iopt run --resume DIR` goes on there." },
	{ "DIR/report.html", "the page that `iopt report DIR` writes." },
	{ "$XDG_DATA_HOME/iopt/", "named baselines (`iopt compare --save-baseline`) and how much identical "
	  "runs differ on this machine (`iopt doctor --calibrate`); ~/.local/share/iopt/ where "
	  "XDG_DATA_HOME is not set." },
	{ NULL, NULL },
};

static const struct entry environment[] = {
	{ "NO_COLOR", "set: no colours." },
	{ "TERM", "dumb: no live display, as without a terminal." },
	{ "COLUMNS", "how wide tables may be where stdout is no terminal, or one that does not say." },
	{ "XDG_DATA_HOME, HOME", "where baselines are kept (FILES)." },
	{ "TMPDIR", "where `iopt compare --old --new` puts what it measures." },
	{ "IOPT_TRACE_DIR", "where `iopt trace` and workload replay look for shipped traces first." },
	{ "IOPT_CLOCK", "clock_gettime: do not use the cycle counter." },
	{ "MALLOC_CONF", "read by jemalloc; recorded in results." },
	{ "TSAN_OPTIONS", "handed on to the program of `iopt verify --mutants --tsan`." },
	{ "SOURCE_DATE_EPOCH", "the date of the page that `iopt list man` writes." },
	{ NULL, NULL },
};

static const struct {
	int code;
	const char *text;
} exits[] = {
	{ EXIT_FINE, "fine: for compare, no worse." },
	{ EXIT_REGRESSED, "compare: the new one is worse." },
	{ EXIT_INCONCLUSIVE, "compare: too much noise, or too little data, to say." },
	{ EXIT_NOT_COMPARABLE, "compare: not of the same machine or work." },
	{ EXIT_VERIFY, "an audit failed: the page table was wrong. Outranks the others." },
	{ EXIT_UNTRUSTED, "not to be trusted: a thread lost its CPU, the clock stepped back; doctor: a "
			  "complaint." },
	{ EXIT_USAGE, "usage: an unknown flag, a value out of range." },
	{ EXIT_BAD_DATA, "a file that cannot be read or is not what it should be." },
	{ EXIT_NO_RESOURCE, "CPUs, nodes or memory that are not there." },
	{ EXIT_INTERNAL, "internal error." },
	{ EXIT_CANT_CREATE, "output cannot be created." },
	{ EXIT_WRITE, "writing failed." },
	{ EXIT_INTERRUPTED, "interrupted; what was measured until then is shown and kept." },
};

static void put_entry(FILE *out, const char *name, const char *text)
{
	fputs(".TP\n\\fB", out);
	roff_literal(out, name, strlen(name));
	fputs("\\fR\n", out);
	roff_text(out, text, strlen(text));
	fputc('\n', out);
}

static void put_entries(FILE *out, const char *heading, const struct entry *e)
{
	fprintf(out, ".SH %s\n", heading);
	for (; e->name; e++)
		put_entry(out, e->name, e->text);
}

void manual_about(FILE *out)
{
	roff_paragraphs(out, about, true);
}

void manual_rest(FILE *out)
{
	fputs(".SH JOB FILES\n", out);
	roff_paragraphs(out,
		"An INI file: a section a job, with the options of `iopt run` as `name = value`. What stands under\n"
		"[global] holds for all jobs; flags on the command line win. Lists make a sweep.\n"
		"\n"
		"  [global]\n"
		"  duration = 2s\n"
		"  [warm]\n"
		"  engines = lockless-2019,mutex-2019\n"
		"  threads = 1,2,4,all\n"
		"  [cold]\n"
		"  workload = cursor\n", true);
	put_entries(out, "FILES", files);
	put_entries(out, "ENVIRONMENT", environment);
	fputs(".SH EXIT STATUS\n", out);
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		char code[16];

		snprintf(code, sizeof(code), "%d", exits[i].code);
		put_entry(out, code, exits[i].text);
	}
	fputs(".SH SEE ALSO\n"
	      ".BR lstopo (1),\n.BR numactl (8),\n.BR perf (1),\n.BR taskset (1)\n", out);
	roff_paragraphs(out, "docs/README.md in the sources, or the installed documentation, is the way into "
			"how it measures and what its numbers mean.\n", false);
}
