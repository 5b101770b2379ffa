/* compare_self_test.c - `iopt compare --self-test`: does the gate fire here, and stay quiet? */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/duet.h"
#include "bench/self_test.h"
#include "sys/clock.h"

const char *const trial_kind_name[TRIAL_KINDS] = { "slow", "same", "waste" };

/* Both forms: how much is tried, on how much data, and what must be caught. */
static const struct {
	unsigned tries, waste_tries, first, cap, same_cap;
	double by;
} forms[] = {
	{ 20, 5, 12, 48, 24, 0.08 },
	{ 3, 1, 8, 8, 8, 0.50 }, /* few pairs of short processes: only what is large can be told */
};

#define MISSES_OF 10u /* one in so many may be missed: 18 of 20 */
#define FALSE_OF 20u  /* one in so many may be flagged: 1 of 20 */

static struct trial_goal goal(unsigned tries, unsigned wrong_of)
{
	return (struct trial_goal){ .tries = tries, .needed = tries - tries / wrong_of };
}

static int plan(struct self_test *t, const struct compare_options *o, struct err *err)
{
	unsigned tries = o->tries ? (unsigned)o->tries : forms[o->short_form].tries;
	unsigned waste = o->tries ? (tries + 3) / 4 : forms[o->short_form].waste_tries;

	t->o = o;
	t->short_form = o->short_form;
	t->by = o->handicap_by > 0 ? o->handicap_by : forms[o->short_form].by;
	t->first = o->first ? o->first : forms[o->short_form].first;
	t->cap = o->first ? o->cap : forms[o->short_form].cap;
	t->same_cap = o->first ? o->cap : forms[o->short_form].same_cap;
	t->floor = NAN;
	snprintf(t->slow, sizeof(t->slow), "slow:%.6g", 100 * t->by);
	if (t->by <= o->gate.min_effect[GATE_THROUGHPUT])
		return err_set(err, EXIT_USAGE, "--handicap-by %.3g%%: must be more than the %.3g %% that "
			       "the gate lets pass", 100 * t->by,
			       100 * o->gate.min_effect[GATE_THROUGHPUT]);
	if (o->format != GATE_TEXT && o->format != GATE_JSON)
		return err_set(err, EXIT_USAGE, "--format: --self-test prints text or json");
	t->goals[TRIAL_SLOW] = goal(tries, MISSES_OF);
	t->goals[TRIAL_SAME] = goal(tries, FALSE_OF);
	t->goals[TRIAL_WASTE] = goal(waste, MISSES_OF);
	if (duet_cpus() < 2) {
		t->goals[TRIAL_WASTE] = (struct trial_goal){ 0 };
		snprintf(t->goals[TRIAL_WASTE].why, sizeof(t->goals[0].why),
			 "one CPU: nobody loses a race for a table here");
	}
	t->trials = calloc(2 * tries + waste, sizeof(*t->trials));
	return t->trials ? 0 : err_set(err, EXIT_NO_RESOURCE, "no memory for %u tries", tries);
}

/*
 * What is measured in a try, in some 0.7 s a process. `lockless-2019` takes some 40 ns an operation: 8 %
 * of that are 8 % of what is measured, the harness's own share being small. One thread, for two on
 * a core's hyperthreads differ from process to process by more than what is looked for; and slices
 * so short that a ruler's follows before the machine's speed has changed.
 */
static char *const *trial_args(const struct self_test *t, enum trial_kind kind, int *n)
{
	static char engines[] = "--engines", lockless[] = "lockless-2019", workload[] = "--workload",
		    private[] = "private", cursor[] = "cursor", threads[] = "--threads", one[] = "1",
		    two[] = "2", duration[] = "--duration", brief[] = "80ms", length[] = "0.3s",
		    slice[] = "--slice", turn[] = "1ms", turn_cold[] = "5ms", warmup[] = "--warmup",
		    start[] = "0.1ms", round[] = "--round", tables[] = "256";
	static char *warm[] = { engines, lockless, workload, private, threads, one, duration, NULL,
				slice, turn, warmup, start };
	static char *cold[] = { engines, lockless, workload, cursor, threads, two, duration, brief,
				slice, turn_cold, round, tables };

	*n = (int)(sizeof(warm) / sizeof(warm[0]));
	if (kind == TRIAL_WASTE)
		return cold;
	if (t->o->nrun) {
		*n = t->o->nrun;
		return t->o->run_args;
	}
	warm[7] = t->short_form ? brief : length;
	return warm;
}

/* The row that decided; where none did, the one that it is about. */
static const struct gate_row *telling_row(const struct gate *g, enum gate_metric about)
{
	const struct gate_row *found = NULL;

	for (size_t i = 0; i < g->nrows; i++) {
		const struct gate_row *row = &g->rows[i];
		bool decides = row->verdict == g->verdict, had = found && found->verdict == g->verdict;

		if (row->gated && (!found || (decides && !had) ||
				   (row->metric == about && decides >= had)))
			found = row;
	}
	return found;
}

static bool caught(const struct gate *g, enum gate_metric about)
{
	for (size_t i = 0; i < g->nrows; i++)
		if (g->rows[i].metric == about && g->rows[i].verdict == GATE_REGRESSED)
			return true;
	return false;
}

static void note_trial(struct self_test *t, struct trial *trial, const struct duet_result *r)
{
	const struct gate_row *row = telling_row(&r->gate, trial->kind == TRIAL_WASTE ? GATE_WASTE
										      : GATE_THROUGHPUT);

	trial->verdict = r->gate.verdict;
	trial->level = 1 - r->gate.alpha;
	trial->pairs = r->pairs;
	trial->looks = r->looks;
	trial->seconds = r->seconds;
	if (row) {
		snprintf(trial->metric, sizeof(trial->metric), "%s", row->name);
		trial->ratio = row->test.ratio;
	}
	if (trial->kind == TRIAL_SAME)
		trial->right = r->gate.verdict != GATE_REGRESSED && r->gate.verdict != GATE_IMPROVED;
	else
		trial->right = caught(&r->gate, trial->kind == TRIAL_WASTE ? GATE_WASTE : GATE_THROUGHPUT);
	t->goals[trial->kind].done++;
	t->goals[trial->kind].right += trial->right;
	t->floor = r->as.floor[GATE_THROUGHPUT];
	if (t->version[0])
		return;
	snprintf(t->version, sizeof(t->version), "%s %s", r->side[0].files[0]->host.version,
		 r->side[0].files[0]->host.commit);
	fingerprint_show(&r->side[0].files[0]->host, t->machine, sizeof(t->machine));
}

/* This very program, even where its file has been replaced meanwhile. */
static const char *this_program(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	return n > 0 && !access(path, X_OK) ? path : "/proc/self/exe";
}

/*
 * What decides in a try: all that the user gates, and what the try is about. But not latency where
 * the new side is slower on purpose: the stamps of that handicap, which times some operations to know
 * what 8 % of them are, come to far more than 8 % of those, and the gate would fire for them.
 */
static struct gate_options trial_gate(const struct self_test *t, enum trial_kind kind)
{
	struct gate_options gate = t->o->gate;

	for (unsigned m = GATE_P50; kind == TRIAL_SLOW && m <= GATE_P999; m++)
		gate.gated[m] = false;
	gate.gated[GATE_THROUGHPUT] |= kind == TRIAL_SLOW;
	gate.gated[GATE_WASTE] |= kind == TRIAL_WASTE;
	gate.seed += 1000 * (uint64_t)t->ntrials;
	return gate;
}

/* A try whose measurement cannot be judged ends the self-test: it says something of the machine. */
static int try_once(struct self_test *t, enum trial_kind kind, unsigned number, struct err *err)
{
	const char *const extras[TRIAL_KINDS][3] = {
		[TRIAL_SLOW] = { "--handicap", t->slow, NULL },
		[TRIAL_WASTE] = { "--handicap", "waste", NULL },
	};
	struct gate_options gate = trial_gate(t, kind);
	struct trial *trial = &t->trials[t->ntrials];
	struct duet d = { .a = { this_program(), NULL }, .b = { this_program(), extras[kind] },
			  .first = t->first, .cap = kind == TRIAL_SAME ? t->same_cap : t->cap,
			  .gate = &gate, .floor = compare_load_floor,
			  .quiet = t->o->quiet };
	struct duet_result r;
	char label[48];
	int code;

	*trial = (struct trial){ .kind = kind, .number = number };
	trial->seed = gate.seed;
	snprintf(label, sizeof(label), "%s %u of %u: ", trial_kind_name[kind], number,
		 t->goals[kind].tries);
	d.label = label;
	d.args = trial_args(t, kind, &d.nargs);
	code = duet_measure(&d, &r, err);
	if (!code && r.gate.code && r.gate.code != EXIT_REGRESSED && r.gate.code != EXIT_INCONCLUSIVE)
		code = err_set(err, r.gate.code, "%s%.200s", label, r.gate.summary);
	if (!code) {
		note_trial(t, trial, &r);
		if (!t->ntrials++ && t->o->format == GATE_TEXT)
			self_test_print_head(t);
		if (t->o->format == GATE_TEXT)
			self_test_print_trial(t, trial);
	}
	duet_free(&r);
	return code;
}

/* Kinds by turns, so that a machine that changes meanwhile does so for all of them. */
static int try_all(struct self_test *t, struct err *err)
{
	unsigned most = t->goals[TRIAL_SLOW].tries;
	int code = 0;

	for (unsigned i = 0; !code && i < most; i++)
		for (unsigned k = 0; !code && k < TRIAL_KINDS; k++)
			if (i < t->goals[k].tries)
				code = try_once(t, (enum trial_kind)k, i + 1, err);
	return code;
}

bool self_test_proven(const struct self_test *t)
{
	for (unsigned k = 0; k < TRIAL_KINDS; k++)
		if (t->goals[k].right < t->goals[k].needed)
			return false;
	return t->complete;
}

static int tell(const struct self_test *t, struct err *err)
{
	if (t->o->format == GATE_TEXT)
		self_test_print_end(t);
	else if (self_test_write(t, stdout))
		err_set(err, EXIT_WRITE, "stdout would not take the result");
	if (t->o->verdict)
		gate_write_file(self_test_write, t, t->o->verdict, err);
	return err->code;
}

int compare_self_test(const struct compare_options *o, struct err *err)
{
	uint64_t began_ns = clock_monotonic_ns();
	struct self_test t = { 0 };
	struct err told = { 0 };
	int code = plan(&t, o, err);

	if (code)
		return code;
	code = try_all(&t, err);
	t.complete = !code;
	t.seconds = (double)(clock_monotonic_ns() - began_ns) / 1e9;
	if (t.ntrials && tell(&t, &told) && !code)
		code = err_set(err, told.code, "%s", told.text);
	else if (!code && !self_test_proven(&t))
		code = EXIT_UNTRUSTED;
	free(t.trials);
	return code;
}
