/* doctor.c - `iopt doctor`: look, probe, report. */
#include "bench/doctor.h"

#include <stdlib.h>

#include "bench/doctor_report.h"
#include "bench/flags.h"
#include "bench/verbs.h"

static const char usage[] =
	"usage: iopt doctor [--probe TIME] [--matrix[=all]] [--format text|json]\n"
	"       iopt doctor --calibrate [--trials N] [--format text|json] [-- RUN OPTIONS]\n"
	"\n"
	"Says what would spoil a measurement on this machine, why, and what to do about it. Exit 0, or\n"
	"14 when there is a complaint. A note is to be known, and spoils nothing by itself; what cannot\n"
	"be known is no complaint. docs/doctor.md has each check.\n";

static const char examples[] =
	"Examples:\n"
	"  iopt doctor\n"
	"  iopt doctor --probe 10s --matrix\n"
	"  iopt doctor --calibrate -- --workload private --threads 8 --duration 300ms\n";

enum matrix_kind { MATRIX_NONE, MATRIX_FEW, MATRIX_ALL };
enum format { FORMAT_IS_TEXT, FORMAT_IS_JSON };

struct doctor_options {
	uint64_t probe_ns, trials;
	bool calibrate, probe_given, trials_given;
	unsigned matrix, format;
};

/* All CPUs at once, and what the whole machine counted meanwhile. */
static int probe(struct doctor_report *r, const unsigned *cpus, unsigned n, uint64_t duration_ns,
		 struct err *err)
{
	struct check_ticks before, after;
	uint64_t start;

	r->cpus = calloc(n, sizeof(*r->cpus));
	if (!r->cpus)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to probe %u CPUs", n);
	check_ticks_read_at(&before, "");
	start = clock_monotonic_ns();
	hiccup_probe(cpus, n, duration_ns, r->cpus);
	r->probe_ns = clock_monotonic_ns() - start;
	check_ticks_read_at(&after, "");
	hiccup_sum(r->cpus, n, r->probe_ns, &r->probe);
	check_ticks_between(&before, &after, &r->probe);
	return 0;
}

static int measure_matrix(struct doctor_report *r, bool all, unsigned *cpus, struct err *err)
{
	unsigned n = transfer_choose(r->topo, all, cpus);
	double pairs = n * (n - 1) / 2.0, most_s = pairs * TRANSFER_PAIR_NS / 1e9;

	if (most_s > 10)
		fprintf(stderr, "iopt doctor: %.0f pairs of CPUs: about %.0f s, at most %.0f s\n", pairs,
			pairs * 0.0015, most_s);
	return transfer_measure(cpus, n, TRANSFER_PAIR_NS, &r->matrix, err);
}

static int examine(struct doctor_report *r, const struct doctor_options *o, struct err *err)
{
	unsigned *cpus = calloc(r->topo->nallowed + 1, sizeof(*cpus));
	unsigned n = 0;
	int code = 0;

	if (!cpus)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a list of CPUs");
	host_read(&r->host, r->topo);
	check_facts_read(&r->facts, r->topo); /* before we are a load ourselves */
	clock_init();
	for (unsigned i = 0; i < r->topo->ncpus; i++)
		if (r->topo->cpus[i].allowed)
			cpus[n++] = r->topo->cpus[i].os;
	if (o->probe_ns && n)
		code = probe(r, cpus, n, o->probe_ns, err);
	if (!code && o->matrix != MATRIX_NONE)
		code = measure_matrix(r, o->matrix == MATRIX_ALL, cpus, err);
	doctor_look(r, true);
	free(cpus);
	return code;
}

static int report(const struct doctor_report *r, const struct doctor_options *o, struct err *err)
{
	if (o->format == FORMAT_IS_TEXT)
		doctor_print(r, stdout, terminal_of(stdout));
	else if (doctor_write_json(r, stdout))
		return err_set(err, EXIT_WRITE, "cannot write the JSON text");
	return r->count[CHECK_COMPLAINT] ? EXIT_UNTRUSTED : EXIT_FINE;
}

static int doctor(const struct doctor_options *o, struct err *err)
{
	struct doctor_report *r = calloc(1, sizeof(*r));
	struct topology *topo = NULL;
	int code;

	if (!r)
		return err_set(err, EXIT_NO_RESOURCE, "no memory");
	code = topology_load(&topo, NULL, err);
	if (!code) {
		r->topo = topo;
		code = examine(r, o, err);
		if (!code)
			code = report(r, o, err);
		transfer_free(&r->matrix);
		free(r->cpus);
		topology_free(topo);
	}
	free(r);
	return code;
}

static int settle(const struct doctor_options *o, const struct flag_args *args, struct err *err)
{
	if (args->rest && !o->calibrate)
		return err_set(err, EXIT_USAGE, "options of run after -- are for --calibrate");
	if (o->trials_given && !o->calibrate)
		return err_set(err, EXIT_USAGE, "--trials is for --calibrate");
	if (o->calibrate && (o->matrix || o->probe_given))
		return err_set(err, EXIT_USAGE, "--calibrate measures runs: leave %s out",
			       o->matrix ? "--matrix" : "--probe");
	return 0;
}

int verb_doctor(int argc, char **argv)
{
	static const char *const formats[] = { "text", "json", NULL };
	static const char *const matrices[] = { "none", "few", "all", NULL };
	struct doctor_options o = { .probe_ns = 1000000000, .trials = 60 };
	const struct flag flags[] = {
		{ "probe", FLAG_DURATION, &o.probe_ns, &o.probe_given, 0, 60000000000, NULL, "TIME",
		  "watch all allowed CPUs at once for pauses, this long (1s; 0: not at all)" },
		{ "matrix", FLAG_MODE, &o.matrix, NULL, 0, 0, matrices, NULL,
		  "time a cache line between each two CPUs; of more than 16 CPUs one of each core, "
		  "cache or some of them, with --matrix=all each" },
		{ "calibrate", FLAG_BOOL, &o.calibrate, NULL, 0, 0, NULL, NULL,
		  "measure how much identical runs differ here (70 s) and keep it as the floor of "
		  "iopt compare" },
		{ "trials", FLAG_COUNT, &o.trials, &o.trials_given, 30, 10000, NULL, "N",
		  "runs of --calibrate (60)" },
		{ "format", FLAG_CHOICE, &o.format, NULL, 0, 0, formats, "text|json", "(text)" },
		{ NULL, FLAG_BOOL, NULL, NULL, 0, 0, NULL, NULL, NULL },
	};
	struct flag_args args = { .most = 0, .takes_rest = true };
	struct err err = { 0 };
	int code = flags_parse(flags, "doctor", argc, argv, &args, &err);

	if (!code && args.help) {
		help_show(&(struct help_page){ "doctor", usage, .flags = flags, .examples = examples });
		return EXIT_FINE;
	}
	if (!code)
		code = settle(&o, &args, &err);
	if (!code && o.calibrate)
		code = doctor_calibrate((unsigned)o.trials, args.rest, args.nrest,
					o.format == FORMAT_IS_JSON, &err);
	else if (!code)
		code = doctor(&o, &err);
	if (err.code)
		verb_fail("doctor", &err);
	return code;
}
