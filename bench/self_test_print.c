/* self_test_print.c - the self-test of the gate for people and for machines. */
#include <math.h>
#include <string.h>

#include "bench/columns.h"
#include "bench/json.h"
#include "bench/self_test.h"

#define SELF_TEST_SCHEMA "iopt-self-test"
#define SELF_TEST_SCHEMA_VERSION 1

/* "slow:8", "same", "waste": what was done to the new side. */
static const char *done_to(const struct self_test *t, enum trial_kind kind)
{
	return kind == TRIAL_SLOW ? t->slow : trial_kind_name[kind];
}

static char *show_ratio(char *buf, size_t size, const struct interval *r)
{
	if (r->valid)
		snprintf(buf, size, "%.3f [%.3f %.3f]", r->mid, r->lo, r->hi);
	else if (r->n && isfinite(r->mid))
		snprintf(buf, size, "%.3f", r->mid);
	else
		snprintf(buf, size, "-");
	return buf;
}

/* A line as soon as it is known, so that its columns cannot wait for what they hold; NULL: the heading. */
static void print_trial(const struct self_test *t, const struct trial *trial)
{
	const struct terminal terminal = terminal_of(stdout);
	struct column column[] = {
		{ .title = "new side is", .least = 11, .firm = true },
		{ .title = "try", .align = COLUMNS_RIGHT },
		{ .title = "verdict", .least = 12, .firm = true },
		{ .title = "metric", .least = 10, .firm = true },
		{ .title = "new/base [interval]", .least = 21, .firm = true },
		{ .title = "pairs", .align = COLUMNS_RIGHT, .gap = 1 },
		{ .title = "s", .align = COLUMNS_RIGHT, .least = 6, .firm = true, .gap = 1 },
		{ .least = 11, .firm = true, .fold = true },
	};
	struct columns table = columns_begin(stdout, &terminal, column, sizeof(column) / sizeof(column[0]), 2);
	char ratio[64];

	if (!trial) {
		columns_below(&table);
		columns_end(&table);
		return;
	}
	for (size_t i = 0; i < sizeof(column) / sizeof(column[0]); i++) {
		unsigned width = column[i].title ? (unsigned)strlen(column[i].title) : 0;

		column[i].least = column[i].least > width ? column[i].least : width;
		column[i].firm = true;
		column[i].title = NULL;
	}
	columns_row(&table);
	columns_cell(&table, "%s", done_to(t, trial->kind));
	columns_cell(&table, "%u", trial->number);
	columns_cell(&table, "%s", gate_verdict_name[trial->verdict]);
	columns_cell(&table, "%s", trial->metric);
	columns_cell(&table, "%s", show_ratio(ratio, sizeof(ratio), &trial->ratio));
	columns_cell(&table, "%u", trial->pairs);
	columns_cell(&table, "%.1f", trial->seconds);
	columns_paint(&table, PAINT_WORSE, "%s", trial->right ? "" :
		      trial->kind == TRIAL_SAME ? "FALSE ALARM" : "MISSED");
	columns_end(&table);
}

void self_test_print_head(const struct self_test *t)
{
	const struct gate_options *gate = &t->o->gate;

	printf("iopt compare --self-test%s: %s against itself, by turns\n%s\n", t->short_form ? " --short" : "",
	       t->version, t->machine);
	if (t->first < t->cap)
		printf("a try is %u to %u pairs (\"same\": to %u)", t->first, t->cap, t->same_cap);
	else
		printf("a try is %u pairs", t->cap);
	printf(" of processes; margin of throughput %.3g %%, floor of A/A ",
	       100 * gate->min_effect[GATE_THROUGHPUT]);
	if (isnan(t->floor))
		printf("not calibrated\n");
	else
		printf("%.3g %%\n", 100 * t->floor);
	putchar('\n');
	print_trial(t, NULL);
}

void self_test_print_trial(const struct self_test *t, const struct trial *trial)
{
	print_trial(t, trial);
	fflush(stdout);
}

static void print_goal(const struct self_test *t, enum trial_kind kind)
{
	const struct trial_goal *g = &t->goals[kind];

	if (!g->tries)
		printf("  %-11s not shown: %s\n", done_to(t, kind), g->why);
	else if (kind == TRIAL_SAME)
		printf("  %-11s flagged in %u of %u tries (at most %u)\n", done_to(t, kind),
		       g->done - g->right, g->done, g->tries - g->needed);
	else
		printf("  %-11s caught in %u of %u tries (at least %u)\n", done_to(t, kind), g->right,
		       g->done, g->needed);
}

void self_test_print_end(const struct self_test *t)
{
	printf("\n");
	for (unsigned k = 0; k < TRIAL_KINDS; k++)
		print_goal(t, (enum trial_kind)k);
	printf("\n%s in %.0f s", self_test_proven(t) ? "PROVEN" : t->complete ? "NOT PROVEN" : "INTERRUPTED",
	       t->seconds);
	if (self_test_proven(t))
		printf(": on this machine the gate fires when it should, and stays quiet otherwise\n");
	else if (!t->complete)
		printf(": not all was tried\n");
	else
		printf(": do not let this machine block a merge. `iopt doctor` has what disturbs it;\n"
		       "then more data: --pairs 24..96, or a longer --duration after "
		       "`--`\n");
	fflush(stdout);
}

static void put_trial(struct node trials, const struct self_test *t, const struct trial *trial)
{
	struct node o = add_object(trials);

	put_text(o, "new_side", done_to(t, trial->kind));
	put_text(o, "kind", trial_kind_name[trial->kind]);
	put_u64(o, "try", trial->number);
	put_text(o, "verdict", gate_verdict_name[trial->verdict]);
	put_bool(o, "right", trial->right);
	put_fact(o, "metric", trial->metric);
	put_real(o, "ratio", trial->ratio.n ? trial->ratio.mid : NAN);
	put_real(o, "ratio_lo", trial->ratio.valid ? trial->ratio.lo : NAN);
	put_real(o, "ratio_hi", trial->ratio.valid ? trial->ratio.hi : NAN);
	put_real(o, "level", trial->level);
	put_u64(o, "pairs", trial->pairs);
	put_u64(o, "looks", trial->looks);
	put_real(o, "seconds", trial->seconds);
	put_u64(o, "seed", trial->seed);
}

static void put_goal(struct node root, const struct self_test *t, enum trial_kind kind)
{
	const struct trial_goal *g = &t->goals[kind];
	struct node o = put_object(root, trial_kind_name[kind]);

	put_u64(o, "tries", g->tries);
	put_u64(o, "done", g->done);
	put_u64(o, "right", g->right);
	put_u64(o, "needed", g->needed);
	put_fact(o, "why_not", g->why);
}

int self_test_write(const void *self_test, FILE *out)
{
	const struct self_test *t = self_test;
	bool failed = false;
	struct node root = { json_object(), &failed }, trials;

	put_text(root, "schema", SELF_TEST_SCHEMA);
	put_u64(root, "schema_version", SELF_TEST_SCHEMA_VERSION);
	put_bool(root, "complete", t->complete);
	put_bool(root, "proven", self_test_proven(t));
	put_fact(root, "version", t->version);
	put_fact(root, "machine", t->machine);
	put_bool(root, "short", t->short_form);
	put_real(root, "handicap", t->by);
	put_u64(root, "first", t->first);
	put_u64(root, "cap", t->cap);
	put_u64(root, "same_cap", t->same_cap);
	put_real(root, "margin", t->o->gate.min_effect[GATE_THROUGHPUT]);
	put_real(root, "floor", t->floor);
	put_real(root, "seconds", t->seconds);
	for (unsigned k = 0; k < TRIAL_KINDS; k++)
		put_goal(root, t, (enum trial_kind)k);
	trials = put_array(root, "trials");
	for (size_t i = 0; i < t->ntrials; i++)
		put_trial(trials, t, &t->trials[i]);
	return write_document(root, 12, out);
}
