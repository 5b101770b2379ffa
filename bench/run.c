/* run.c - `iopt run`: options, plan, run, report. */
#include <stdlib.h>
#include <time.h>

#include "bench/doctor.h"
#include "bench/live.h"
#include "bench/plan.h"
#include "bench/runner.h"
#include "bench/signals.h"
#include "bench/terminal.h"
#include "bench/verbs.h"
#include "bench/write.h"

static const char usage[] =
	"usage: iopt run [JOBFILE] [options]\n"
	"\n"
	"Measure page tables against each other and audit them. Without options: the\n"
	"default comparison, in about a minute. A list (with commas) makes a sweep. In a\n"
	"job file the same names stand as `name = value` under [global] and one [section]\n"
	"per job; options given here win.\n";

static const char examples[] =
	"Examples:\n"
	"  iopt run\n"
	"  iopt run --engines 2019 --threads 1,2 --think 0,1us --out results/local\n"
	"  iopt run configs/scaling.ini --place cpus:0,2-5 --format json\n"
	"  iopt run --dry-run --topology '2 pack:2 numa:1 l3:4 core:4 pu:2'\n"
	"\n"
	"Exit: 0 fine, 13 audit failed, 14 measurement untrustworthy, 64 usage, 65 bad\n"
	"input, 69 resource unavailable, 70 internal, 73 cannot create output, 74 write\n"
	"failed, 130 interrupted.\n";

static void describe(struct result *r, const struct plan *plan, const struct topology *topo)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[240];

	r->topo = topo;
	host_read(&r->host, topo);
	gmtime_r(&now, &tm);
	strftime(r->started_utc, sizeof(r->started_utc), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (doctor_advice(&r->host, topo, text, sizeof(text), r->advice, RESULT_ADVICE, &r->nadvice))
		result_warn(r, "%s", text);
	if (clock_facts.why_not)
		result_warn(r, "clock_gettime instead of the cycle counter: %s", clock_facts.why_not);
	for (unsigned i = 0; plan_left_out(plan, i, text, sizeof(text)); i++)
		result_warn(r, "%s", text);
}

/* 13 > 14 > 74 > 130: the worst wins. */
static int exit_code(const struct result *r, int write_code)
{
	for (size_t i = 0; i < r->ncases; i++)
		if (r->cases[i].verified == VERIFIED_NO)
			return EXIT_VERIFY;
	if (r->lost_pinning || r->clock_stepped_back) {
		fprintf(stderr, "iopt run: not to be trusted: %s\n", r->lost_pinning
			? "a worker did not stay pinned to its CPU" : "the clock stepped back");
		return EXIT_UNTRUSTED;
	}
	if (write_code)
		return write_code;
	return r->complete ? EXIT_FINE : EXIT_INTERRUPTED;
}

static int print(const struct result *r, const struct options *o)
{
	if (o->format == FORMAT_JSON)
		return write_json(r, stdout);
	if (o->format == FORMAT_CSV)
		return write_summary_csv(r, stdout);
	screen_print(r, stdout, terminal_of(stdout));
	return 0;
}

/* Whose fault it is: the text of the error is about a path. */
static int blame_out(struct err *err)
{
	struct err about_path = *err;

	return err_set(err, about_path.code, "--out: %.480s", about_path.text);
}

static int report(const struct result *r, const struct options *o, const struct checkpoint *kept)
{
	struct err err = { 0 };
	int code = print(r, o) ? EXIT_WRITE : 0;

	if (o->out[0] && out_dir_write(r, o->out, &err)) {
		blame_out(&err);
		code = verb_fail("run", &err);
	} else if (kept && r->complete) {
		checkpoint_remove(kept);
	}
	if (finish_stdout())
		code = EXIT_WRITE;
	return exit_code(r, code);
}

static int execute(const struct plan *plan, struct result *r, const struct options *o,
		   struct checkpoint *kept)
{
	struct live *live = live_begin(o->quiet ? PROGRESS_NEVER : o->progress, plan, r);
	struct progress progress = { live_tell, live };
	struct err err = { 0 };
	int code, reported;

	code = run_plan(plan, o->processes, r, live ? &progress : NULL, kept, &err);
	live_end(live);
	if (code)
		verb_fail("run", &err);
	if (analyse(r)) {
		err_set(&err, EXIT_NO_RESOURCE, "no memory to analyse the result");
		return verb_fail("run", &err);
	}
	/* what was measured before a failure is valid, and kept; a failed audit outranks it */
	if (code && !r->ncases)
		return code;
	reported = report(r, o, kept);
	return code && reported != EXIT_VERIFY && reported != EXIT_UNTRUSTED ? code : reported;
}

static int with_plan(struct result *r, const struct plan *plan, const struct topology *topo,
		     struct err *err)
{
	const struct options *o = &r->jobs[0];
	struct checkpoint *kept = NULL;
	int code;

	if (plan_check_limit(plan, topo, err))
		return err->code;
	if (o->dry_run) {
		plan_print(plan, topo, stdout);
		return finish_stdout();
	}
	if (!topo->this_system)
		return err_set(err, EXIT_USAGE, "--topology is another machine: add --dry-run to plan for it");
	if (o->out[0] && out_dir_check(o->out, err))
		return blame_out(err);
	clock_init();
	describe(r, plan, topo);
	if (o->resume[0] && checkpoint_open(&kept, o->out, true, plan, r, err))
		return err->code;
	if (o->out[0] && !kept && (out_dir_write_job(r, o->out, err) ||
				   checkpoint_open(&kept, o->out, false, plan, r, err)))
		return blame_out(err);
	code = execute(plan, r, o, kept);
	checkpoint_close(kept);
	return code;
}

static int with_jobs(struct result *r, struct options *jobs, struct err *err)
{
	const char *spec = r->jobs[0].topology[0] ? r->jobs[0].topology : NULL;
	struct topology *topo;
	struct plan plan;
	int code;

	if (topology_load(&topo, spec, err))
		return err->code;
	code = plan_build(&plan, jobs, r->njobs, topo, err);
	if (!code) {
		code = with_plan(r, &plan, topo, err);
		result_free(r);
		plan_free(&plan);
	}
	topology_free(topo);
	return code;
}

int verb_run(int argc, char **argv)
{
	struct result *r = calloc(1, sizeof(*r));
	struct options *jobs = NULL;
	struct err err = { 0 };
	bool help;
	int code;

	if (!r)
		return EXIT_NO_RESOURCE;
	signals_catch();
	r->argc = argc;
	r->argv = argv;
	code = jobs_parse(&jobs, &r->njobs, argc, argv, &help, &err);
	if (!code && help) {
		help_show(&(struct help_page){ "run", usage, .options = true, .examples = examples,
					       .files = true });
	} else if (!code) {
		r->jobs = jobs;
		r->seed = jobs[0].seed;
		code = with_jobs(r, jobs, &err);
	}
	if (err.code)
		verb_fail("run", &err);
	free(jobs);
	free(r);
	return code;
}
