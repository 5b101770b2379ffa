/* calibrate.c - `iopt doctor --calibrate`: the same run many times, and what it differs by. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/doctor.h"
#include "bench/doctor_report.h"
#include "bench/duet.h"
#include "bench/floor.h"
#include "bench/json.h"
#include "bench/signals.h"
#include "bench/terminal.h"
#include "sys/clock.h"

#define TELL 0.05 /* a machine that cannot tell this is not one to gate on */

struct calibration {
	struct stored **runs;
	unsigned n;
	double seconds;
	struct floor_facts floor;
	char key[FINGERPRINT_KEY], machine[256], path[512];
};

/* The first run is not counted: it warms the machine, checks the options, and tells how long it takes. */
static int warm_up(unsigned trials, char *const *args, int nargs, struct err *err)
{
	const struct duet_build self = { "/proc/self/exe", NULL };
	uint64_t start = clock_monotonic_ns();
	struct stored *run = NULL;
	double each_s;
	int code = duet_run(&self, args, nargs, 1, &run, err);

	stored_free(run);
	if (code)
		return code;
	each_s = (double)(clock_monotonic_ns() - start) / 1e9;
	fprintf(stderr, "iopt doctor: %u identical runs of %.1f s: about %.0f s; leave the machine alone\n",
		trials, each_s, each_s * trials);
	return 0;
}

static int measure(struct calibration *c, unsigned trials, char *const *args, int nargs,
		   struct err *err)
{
	const struct duet_build self = { "/proc/self/exe", NULL };
	uint64_t start = clock_monotonic_ns();
	bool show = terminal_redraws(stderr);
	int code = 0;

	for (c->n = 0; !code && c->n < trials; c->n += !code) {
		if (show)
			fprintf(stderr, "\r\033[K%u of %u runs", c->n, trials);
		/* seeds as a comparison has them: another one for each pair */
		code = duet_run(&self, args, nargs, 2 + c->n / 2, &c->runs[c->n], err);
		if (code) {
			stored_free(c->runs[c->n]);
			c->runs[c->n] = NULL;
		}
	}
	if (show)
		fputs("\r\033[K", stderr);
	c->seconds = (double)(clock_monotonic_ns() - start) / 1e9;
	return code;
}

static int settle(struct calibration *c, struct err *err)
{
	struct host_facts *host = calloc(1, sizeof(*host));
	time_t now = time(NULL);
	struct tm tm;

	if (!host || floor_of_runs(c->runs, c->n, &c->floor)) {
		free(host);
		return err_set(err, EXIT_NO_RESOURCE, "no memory to analyse %u runs", c->n);
	}
	host_read(host, NULL);
	memcpy(c->floor.version, host->version, sizeof(c->floor.version));
	free(host);
	gmtime_r(&now, &tm);
	strftime(c->floor.measured_utc, sizeof(c->floor.measured_utc), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fingerprint_key(&c->runs[0]->host, c->key);
	fingerprint_show(&c->runs[0]->host, c->machine, sizeof(c->machine));
	fingerprint_show(&c->runs[0]->host, c->floor.host, sizeof(c->floor.host));
	if (isnan(c->floor.floor[GATE_BUILDS][GATE_THROUGHPUT]))
		return err_set(err, EXIT_USAGE, "these runs have no throughput that could be gated: nothing is "
			       "kept; leave the options after -- out, or name a warm workload");
	return store_save_floor(c->key, &c->floor, c->path, sizeof(c->path), err);
}

static bool cannot_tell(const struct calibration *c)
{
	return c->floor.floor[GATE_BUILDS][GATE_THROUGHPUT] > TELL;
}

static void print_percent(double v)
{
	if (isnan(v))
		printf("%14s  ", "-");
	else
		printf("%14.1f %%", 100 * v);
}

static void print_text(const struct calibration *c)
{
	double tell = c->floor.floor[GATE_BUILDS][GATE_THROUGHPUT];

	printf("iopt doctor --calibrate | %s\n", c->machine);
	printf("%u identical runs in %.0f s: 95 %% of comparisons between them are off by less than\n", c->n,
	       c->seconds);
	printf("  %-12s%16s%16s\n", "", "builds", "files");
	for (unsigned m = 0; m < GATE_METRICS; m++) {
		printf("  %-12s", gate_metric_name[m]);
		print_percent(c->floor.floor[GATE_BUILDS][m]);
		print_percent(c->floor.floor[GATE_FILES][m]);
		putchar('\n');
	}
	printf("builds: 12 pairs by turns (compare --old --new); files: 6 or 12 runs after 6 or 12 others\n");
	printf("-: too few samples or events in these runs\n");
	printf("kept in %s: iopt compare has no smaller margin here\n", c->path);
	if (cannot_tell(c))
		printf("! this machine cannot tell 5 %%: identical builds differ by %.1f %%; `iopt doctor` may say "
		       "why\n", 100 * tell);
}

static int print_json(const struct calibration *c, char *const *args, int nargs)
{
	static const char *const design_name[GATE_DESIGNS] = { "files", "builds" };
	bool failed = false;
	struct node root = { json_object(), &failed }, o, floors;

	put_text(root, "schema", "iopt-calibration");
	put_u64(root, "schema_version", 1);
	put_text(root, "machine", c->machine);
	put_text(root, "key", c->key);
	put_text(root, "path", c->path);
	put_text(root, "measured_utc", c->floor.measured_utc);
	put_u64(root, "trials", c->n);
	put_real(root, "seconds", c->seconds);
	o = put_array(root, "args");
	for (int i = 0; i < nargs; i++)
		add_text(o, args[i]);
	floors = put_object(root, "floors");
	for (unsigned design = 0; design < GATE_DESIGNS; design++) {
		o = put_object(floors, design_name[design]);
		for (unsigned m = 0; m < GATE_METRICS; m++)
			put_real(o, gate_metric_name[m], c->floor.floor[design][m]);
	}
	put_bool(root, "tells_5_percent", !cannot_tell(c));
	return write_document(root, 6, stdout);
}

/* A machine in trouble gets a floor that is the trouble's. */
static void warn(void)
{
	struct topology *topo = NULL;
	struct host_facts *host = calloc(1, sizeof(*host));
	struct err err;
	char text[240];

	if (host && !topology_load(&topo, NULL, &err)) {
		host_read(host, topo);
		clock_init();
		if (doctor_brief(host, topo, text, sizeof(text)))
			fprintf(stderr, "iopt doctor: the floor will be that of a disturbed machine: %s\n",
				text);
		topology_free(topo);
	}
	free(host);
}

int doctor_calibrate(unsigned trials, char *const *args, int nargs, bool json, struct err *err)
{
	struct calibration c = { 0 };
	int code = duet_check_args(args, nargs, err);

	if (code)
		return code;
	c.runs = calloc(trials, sizeof(struct stored *));
	if (!c.runs)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %u runs", trials);
	if (!nargs)
		args = duet_default_args(duet_cpus(), &nargs);
	signals_catch();
	warn();
	code = warm_up(trials, args, nargs, err);
	if (!code)
		code = measure(&c, trials, args, nargs, err);
	if (!code)
		code = settle(&c, err);
	if (!code && json && print_json(&c, args, nargs))
		code = err_set(err, EXIT_WRITE, "cannot write the JSON text");
	else if (!code && !json)
		print_text(&c);
	for (unsigned i = 0; i < c.n; i++)
		stored_free(c.runs[i]);
	free(c.runs);
	return code ? code : cannot_tell(&c) ? EXIT_UNTRUSTED : EXIT_FINE;
}
