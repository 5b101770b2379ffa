/* verify.c - `iopt verify`: engines × layers, a share of the time each, and what came of it. */
#include "bench/verify.h"

#include <stdlib.h>
#include <string.h>

#include "bench/flags.h"
#include "bench/runner.h"
#include "bench/signals.h"
#include "bench/suggest.h"
#include "bench/terminal.h"
#include "bench/units.h"
#include "bench/verbs.h"
#include "bench/verify_child.h"
#include "bench/verify_report.h"
#include "bench/verify_threads.h"
#include "sys/clock.h"
#include "sys/topology.h"

static const char usage[] =
	"usage: iopt verify [--engine E[,E]] [--layer L[,L]] [--seconds N] [--threads N] [--seed S]\n"
	"       iopt verify --break MUTANT [options]\n"
	"       iopt verify --mutants [--seconds N] [--break MUTANT]\n"
	"\n"
	"Are the engines right? Without arguments: all engines, by four layers of checks, in about a\n"
	"minute. Each round is a fresh table with a seed of its own. Exit 0 when nothing was caught, 13\n"
	"with the evidence: what was expected and found where, and the command that repeats the round.\n"
	"\n"
	"  sequence   one thread against a model, memory failing at each page in turn\n"
	"  race       threads with ranges of their own in shared tables look into each other's\n"
	"  device     the same, with devices that translate through an IOTLB all the time\n"
	"  history    each call recorded, and the history checked for linearizability\n"
	"\n"
	"docs/verification.md says what each checks, and what none does.\n";

static const char examples[] =
	"Examples:\n"
	"  iopt verify\n"
	"  iopt verify --engine lockless,mutex --seconds 10 --threads 4\n"
	"  iopt verify --layer device --engine lockless --seconds 1h\n"
	"  iopt verify --break b2-no-recheck\n"
	"  iopt verify --mutants\n";

#define LAYERS_HERE 4u
#define SECONDS_DEFAULT UINT64_C(60)
#define SECONDS_BREAK UINT64_C(10)
#define SECONDS_MUTANT UINT64_C(1) /* and ten times as long where that was not enough */
#define SHAKE_DEFAULT 32u
#define THREADS_DEFAULT_MAX 64u

struct verify_options {
	const char *engines, *layers, *seconds, *mutant, *explorer, *tsan;
	uint64_t threads, seed, shake, total_ns;
	bool seconds_given, threads_given, seed_given, shake_given, mutants, history;
	unsigned format;
	enum pt_mutant on;
};

/* The next word of "a,b" at *text, which moves past it. False: the end. */
static bool next_word(const char **text, char *word, size_t size)
{
	size_t length = strcspn(*text, ",");

	if (!**text)
		return false;
	snprintf(word, size, "%.*s", (int)length, *text);
	*text += length + ((*text)[length] == ',');
	return true;
}

static int no_such(const char *flag, const char *word, const struct suggest *s, const char *where,
		   struct err *err)
{
	char did[64];

	return err_set(err, EXIT_USAGE, "--%s %.64s: no such thing%s (%s)", flag, word,
		       suggest_text(s, "", did, sizeof(did)), where);
}

static int find_engine(const char *word, const struct pt_engine **e, struct err *err)
{
	struct suggest s;

	*e = pt_engine_find(word);
	if (*e && (*e)->ruler)
		return err_set(err, EXIT_USAGE, "--engine %s: a ruler maps nothing that could be verified; "
			       "take an engine (iopt list)", word);
	if (*e)
		return 0;
	suggest_start(&s, word);
	for (const struct pt_engine *known = pt_engines; known->name; known++) {
		suggest_offer(&s, known->name);
		suggest_offer(&s, strchr(known->name, '/') + 1);
	}
	return no_such("engine", word, &s, "iopt list has all", err);
}

static int find_layers(const struct verify_options *o, bool *on, struct err *err)
{
	const char *text = o->history ? "history" : o->layers;
	char word[64];

	for (unsigned l = 0; l < LAYERS_HERE; l++)
		on[l] = !text;
	while (text && next_word(&text, word, sizeof(word))) {
		struct suggest s;
		unsigned l = 0;

		while (l < LAYERS_HERE && strcmp(word, verify_layer_name[l]))
			l++;
		if (l < LAYERS_HERE) {
			on[l] = true;
			continue;
		}
		suggest_start(&s, word);
		for (l = 0; l < LAYERS_HERE; l++)
			suggest_offer(&s, verify_layer_name[l]);
		return no_such("layer", word, &s, "sequence, race, device, history", err);
	}
	return 0;
}

static void add_parts(struct verify_report *r, const struct pt_engine *e, const bool *layers)
{
	for (unsigned l = 0; l < LAYERS_HERE; l++) {
		if (!layers[l])
			continue;
		r->part[r->n].layer = (enum verify_layer)l;
		r->part[r->n++].job.engine = e;
	}
}

/* Engines × layers, in the order of `iopt list`, or as they were named. */
static int choose_parts(const struct verify_options *o, struct verify_report *r, struct err *err)
{
	const char *text = o->engines ? o->engines : o->on ? pt_mutants[o->on].engine : NULL;
	size_t most = 1 + (text ? strlen(text) : 0);
	bool layers[LAYERS_HERE];
	char word[64];
	int rc = find_layers(o, layers, err);

	for (const struct pt_engine *e = pt_engines; e->name; e++)
		most++;
	r->part = calloc(most * LAYERS_HERE, sizeof(*r->part));
	if (!r->part)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a list of engines");
	for (const struct pt_engine *e = pt_engines; e->name && !text && !rc; e++)
		if (!e->ruler)
			add_parts(r, e, layers);
	while (!rc && text && next_word(&text, word, sizeof(word))) {
		const struct pt_engine *e;

		rc = find_engine(word, &e, err);
		if (!rc)
			add_parts(r, e, layers);
	}
	if (!rc && !r->n)
		rc = err_set(err, EXIT_USAGE, "nothing to verify: --engine and --layer want a name");
	return rc;
}

/* At least two, or nothing races; as many as there are CPUs. Of a topology that the children load anew. */
static int default_threads(struct verify_options *o, struct err *err)
{
	struct topology *topo;

	if (topology_load(&topo, NULL, err))
		return err->code;
	o->threads = topology_within_quota(topo, topo->nallowed);
	o->threads = o->threads < 2 ? 2 : o->threads;
	if (o->threads > THREADS_DEFAULT_MAX)
		o->threads = THREADS_DEFAULT_MAX;
	topology_free(topo);
	return 0;
}

static void prepare_jobs(const struct verify_options *o, struct verify_report *r)
{
	r->seed = o->seed;
	r->threads = (unsigned)o->threads;
	r->shake = (unsigned)o->shake;
	r->mutant = o->on;
	for (size_t i = 0; i < r->n; i++) {
		struct verify_job *job = &r->part[i].job;

		job->mutant = o->on;
		job->threads = r->threads;
		job->duration_ns = o->total_ns / r->n;
		job->seed = o->seed;
		job->shake = r->shake;
	}
}

/*
 * In a child, which may crash or hang without taking the others' results along. Not in a build with
 * a sanitizer: its report and its exit code are the answer.
 */
static int run_part(struct verify_part *p, struct err *err)
{
#ifdef IOPT_SANITIZED
	static int (*const layers[LAYERS_HERE])(const struct verify_job *job, struct verify_outcome *out,
						struct err *err) = {
		verify_sequence, verify_race, verify_device, verify_history,
	};

	return layers[p->layer](&p->job, &p->out, err);
#else
	return verify_child(p->layer, &p->job, &p->out, err);
#endif
}

static void show_progress(const struct verify_report *r, size_t at)
{
	const struct verify_part *p = &r->part[at];

	fprintf(stderr, "\r\033[K%3zu %%  %s, %s", 100 * at / r->n, p->job.engine->name,
		verify_layer_name[p->layer]);
	fflush(stderr);
}

/* Until all is done, something is missing, or somebody interrupts: that is no error. */
static int run_parts(struct verify_report *r, struct err *err)
{
	bool shown = terminal_redraws(stderr);
	uint64_t began = clock_monotonic_ns();
	int rc = 0;

	for (size_t i = 0; i < r->n && !rc && !r->interrupted; i++) {
		if (shown)
			show_progress(r, i);
		rc = run_part(&r->part[i], err);
		r->part[i].done = !rc;
		/* relaxed: a flag, nothing rides on it */
		r->interrupted = at_load(&run_interrupted, relaxed) && (rc || i + 1 < r->n);
		if (rc == EXIT_INTERRUPTED)
			rc = 0;
	}
	if (shown)
		fputs("\r\033[K", stderr);
	r->elapsed_ns = clock_monotonic_ns() - began;
	return rc;
}

/* Also when an error ended it: what was done, and above all what was caught. The exit code. */
static int tell(const struct verify_options *o, const struct verify_report *r, int rc, struct err *err)
{
	if (rc && !verify_report_done(r))
		return rc;
	if (!o->format)
		verify_report_print(r, stdout, terminal_of(stdout));
	else if (verify_report_json(r, stdout))
		return err_set(err, EXIT_WRITE, "cannot write the JSON text");
	if (verify_report_caught(r))
		return EXIT_VERIFY;
	return rc ? rc : r->interrupted ? EXIT_INTERRUPTED : EXIT_FINE;
}

static int verify(const struct verify_options *o, struct err *err)
{
	struct verify_report r = { 0 };
	int rc = choose_parts(o, &r, err);

	if (!rc) {
		prepare_jobs(o, &r);
		clock_init();
		signals_catch();
		rc = run_parts(&r, err);
		rc = tell(o, &r, rc, err);
	}
	free(r.part);
	return rc;
}

static int matrix(const struct verify_options *o, struct err *err)
{
	const struct verify_matrix_options m = { .seconds_each_ns = o->total_ns,
						 .seed = o->seed,
						 .threads = o->threads_given ? (unsigned)o->threads : 0,
						 .explorer = o->explorer, .tsan = o->tsan,
						 .only = o->mutant,
						 .json = o->format };

	if (o->engines || o->layers || o->history)
		return err_set(err, EXIT_USAGE, "--mutants runs each bug in its own engine, by every layer: leave "
			       "%s out", o->engines ? "--engine" : o->layers ? "--layer" : "--history");
	if (o->shake_given)
		return err_set(err, EXIT_USAGE, "--mutants holds workers up as each bug wants it: leave --shake "
			       "out");
	return verify_mutants(&m, err);
}

/* Seconds, or a time with its unit. */
static int settle_seconds(struct verify_options *o, struct err *err)
{
	uint64_t s = o->mutants ? SECONDS_MUTANT : o->on ? SECONDS_BREAK : SECONDS_DEFAULT;

	o->total_ns = s * 1000000000;
	if (!o->seconds)
		return 0;
	if (parse_count(o->seconds, &s) && s <= 31536000)
		o->total_ns = s * 1000000000;
	else if (!parse_duration_ns(o->seconds, &o->total_ns))
		o->total_ns = 0;
	if (!o->total_ns || o->total_ns > UINT64_C(31536000) * 1000000000)
		return err_set(err, EXIT_USAGE, "--seconds %.64s: want seconds, or a time with its unit such as "
			       "500ms or 2h, up to a year", o->seconds);
	return 0;
}

static int settle(struct verify_options *o, struct err *err)
{
	struct suggest s;

	if (o->history && o->layers)
		return err_set(err, EXIT_USAGE, "--history is --layer history: give one of them");
	if (!o->mutants && (o->explorer || o->tsan))
		return err_set(err, EXIT_USAGE, "--%s is a layer of the matrix: give --mutants too",
			       o->explorer ? "explorer" : "tsan");
	if (o->mutant) {
		o->on = pt_mutant_find(o->mutant);
		suggest_start(&s, o->mutant);
		for (unsigned m = MUTANT_NONE + 1; m < MUTANTS; m++)
			suggest_offer(&s, pt_mutants[m].name);
		if (!o->on)
			return no_such("break", o->mutant, &s, "iopt list mutants has all", err);
	}
	if (!o->threads_given && !o->mutants && default_threads(o, err))
		return err->code;
	if (!o->seed_given)
		o->seed = clock_monotonic_ns() % 1000000000;
	return settle_seconds(o, err);
}

int verb_verify(int argc, char **argv)
{
	static const char *const formats[] = { "text", "json", NULL };
	struct verify_options o = { .shake = SHAKE_DEFAULT };
	const struct flag flags[] = {
		{ "engine", FLAG_TEXT, &o.engines, NULL, 0, 0, NULL, "ENGINE[,ENGINE]",
		  "engines (all; with --break the one that shows it)" },
		{ "layer", FLAG_TEXT, &o.layers, NULL, 0, 0, NULL, "LAYER[,LAYER]",
		  "sequence, race, device, history (all)" },
		{ "history", FLAG_BOOL, &o.history, NULL, 0, 0, NULL, NULL, "--layer history" },
		{ "seconds", FLAG_TEXT, &o.seconds, NULL, 0, 0, NULL, "N",
		  "in all, shared out (60; with --break 10; with --mutants the longest that a layer looks for "
		  "one bug, 1)" },
		{ "threads", FLAG_COUNT, &o.threads, &o.threads_given, 1, VERIFY_THREADS_MAX, NULL, "N",
		  "writers; readers and devices come on top (as many as CPUs, 2 to 64; with --mutants 4)" },
		{ "seed", FLAG_COUNT, &o.seed, &o.seed_given, 0, UINT64_MAX / 2, NULL, "S",
		  "of the first round (a new one each time)" },
		{ "shake", FLAG_COUNT, &o.shake, &o.shake_given, 0, 1000000, NULL, "N",
		  "hold workers up at one labelled point in N, in most rounds (32; 0: never)" },
		{ "break", FLAG_TEXT, &o.mutant, NULL, 0, 0, NULL, "MUTANT",
		  "switch a known bug on, to see it caught (iopt list mutants)" },
		{ "mutants", FLAG_BOOL, &o.mutants, NULL, 0, 0, NULL, NULL,
		  "every known bug by every layer: which of them catches it" },
		{ "explorer", FLAG_TEXT, &o.explorer, NULL, 0, 0, NULL, "PROGRAM",
		  "for --mutants (tests/explore/explore beside this program, if it is there)" },
		{ "tsan", FLAG_TEXT, &o.tsan, NULL, 0, 0, NULL, "PROGRAM",
		  "iopt built with ThreadSanitizer, for --mutants (../tsan/iopt, if it is there)" },
		{ "format", FLAG_CHOICE, &o.format, NULL, 0, 0, formats, "text|json", "(text)" },
		{ NULL, FLAG_BOOL, NULL, NULL, 0, 0, NULL, NULL, NULL },
	};
	struct flag_args args = { .most = 0 };
	struct err err = { 0 };
	int code = flags_parse(flags, "verify", argc, argv, &args, &err);

	if (!code && args.help) {
		help_show(&(struct help_page){ "verify", usage, .flags = flags, .examples = examples });
		return EXIT_FINE;
	}
	if (!code)
		code = settle(&o, &err);
	if (!code)
		code = o.mutants ? matrix(&o, &err) : verify(&o, &err);
	if (err.code && err.code != EXIT_INTERRUPTED)
		verb_fail("verify", &err);
	return code;
}
