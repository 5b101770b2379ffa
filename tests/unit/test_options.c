/* Flags, lists, job files: what is taken, what is refused and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/option_row.h"
#include "bench/suggest.h"

#define ARGS_MAX 32
#define CONFIGS TEST_DATA "/../../configs/"

struct parsed {
	struct options *jobs;
	size_t n;
	bool help;
	int rc;
	struct err err;
};

/* `line` is cut at blanks. */
static struct parsed parse(const char *line)
{
	struct parsed p = { 0 };
	char *copy = strdup(line), *argv[ARGS_MAX + 1] = { 0 }, *rest = copy, *arg;
	int argc = 0;

	while ((arg = strsep(&rest, " ")))
		if (*arg) {
			assert_true(argc < ARGS_MAX);
			argv[argc++] = arg;
		}
	p.rc = jobs_parse(&p.jobs, &p.n, argc, argv, &p.help, &p.err);
	free(copy);
	if (p.rc) {
		assert_null(p.jobs);
		assert_int_equal(p.rc, p.err.code);
	}
	return p;
}

static struct parsed parse_good(const char *line)
{
	struct parsed p = parse(line);

	if (p.rc)
		fail_msg("'%s' is refused: %s", line, p.err.text);
	return p;
}

/* A file in a private place, holding `text`. */
static void put_file(char path[64], const char *text, size_t len)
{
	strcpy(path, "/tmp/iopt_options_XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

static struct parsed parse_file(const char *text, const char *flags)
{
	char path[64], line[512];

	put_file(path, text, strlen(text));
	snprintf(line, sizeof(line), "%s %s", path, flags);
	struct parsed p = parse(line);

	unlink(path);
	return p;
}

static void test_defaults(void **state)
{
	struct parsed p = parse_good("");
	const struct options *o = p.jobs;

	(void)state;
	assert_int_equal(p.n, 1);
	assert_true(o->preset_default);
	assert_false(p.help);
	assert_int_equal(o->engines.n, 4);
	assert_string_equal(o->engines.v[0], "amdv1/lockless-2019");
	assert_string_equal(o->engines.v[3], "amdv1/lockless");
	assert_string_equal(o->workloads.v[0], "private");
	assert_int_equal(o->threads.n, 0);
	assert_int_equal(o->page_size.v[0], 12);
	assert_int_equal(o->batch.v[0], 1);
	assert_int_equal(o->think_ns.v[0], 0);
	assert_int_equal(o->places[0].kind, PLACE_COMPACT);
	assert_int_equal(o->mems[0].kind, POOL_MEM_LOCAL);
	assert_int_equal(o->zeros[0], POOL_ZERO_ALLOC);
	assert_int_equal(o->nplaces + o->nmems + o->nzeros, 3);
	assert_int_equal(o->share, SHARE_AUTO);
	assert_int_equal(o->duration_ns, 0);
	assert_int_equal(o->slice_ns, 20000000);
	assert_int_equal(o->warmup_ns, 2000000);
	assert_int_equal(o->processes, 1);
	assert_int_equal(o->seed, 1);
	assert_int_equal(o->sample, 0);
	assert_int_equal(o->round, 1024);
	assert_int_equal(o->tables, 16);
	assert_int_equal(o->breakage, BREAK_NONE);
	free(p.jobs);
}

static void test_values(void **state)
{
	struct parsed p = parse_good(
		"--engines mutex,amdv1/mutex-2019 --workload=adjacent,replay:a/b.gz --threads 1,4,all "
		"--page-size 4K,2M --think 0,1.5us --place compact,cpus:0,2-5,node:1 --mem=bind:1,local "
		"--zero ahead --share line --batch 1.5k --seed 18446744073709551615 --processes 3");
	const struct options *o = p.jobs;

	(void)state;
	assert_false(o->preset_default);
	assert_string_equal(o->engines.v[1], "amdv1/mutex-2019");
	assert_string_equal(o->workloads.v[1], "replay:a/b.gz");
	assert_int_equal(o->threads.n, 3);
	assert_int_equal(o->threads.v[1], 4);
	assert_int_equal(o->threads.v[2], THREADS_ALL);
	assert_int_equal(o->page_size.v[1], 21);
	assert_int_equal(o->think_ns.v[1], 1500);
	assert_int_equal(o->nplaces, 3);
	assert_string_equal(o->places[1].text, "cpus:0,2-5");
	assert_int_equal(o->places[2].node, 1);
	assert_int_equal(o->mems[0].kind, POOL_MEM_BIND);
	assert_int_equal(o->mems[0].node, 1);
	assert_int_equal(o->mems[1].kind, POOL_MEM_LOCAL);
	assert_int_equal(o->zeros[0], POOL_ZERO_AHEAD);
	assert_int_equal(o->share, SHARE_LINE);
	assert_int_equal(o->batch.v[0], 1500);
	assert_true(o->seed == UINT64_MAX);
	assert_int_equal(o->processes, 3);
	assert_true(options_given(o, "share"));
	assert_false(options_given(o, "slice"));
	free(p.jobs);
}

static void test_words(void **state)
{
	struct parsed p = parse_good("--break stray-leaf --dry-run --quiet --format csv --out d "
				     "--topology x.xml --sample auto --workload overlap --disjoint "
				     "--range 4K-over-2M");

	(void)state;
	assert_int_equal(p.jobs->breakage, BREAK_STRAY_LEAF);
	assert_true(p.jobs->dry_run && p.jobs->quiet && p.jobs->disjoint);
	assert_int_equal(p.jobs->format, FORMAT_CSV);
	assert_int_equal(p.jobs->range, RANGE_4K_OVER_2M);
	assert_string_equal(p.jobs->out, "d");
	assert_string_equal(p.jobs->topology, "x.xml");
	free(p.jobs);
	p = parse_good("--dry-run=no");
	assert_false(p.jobs->dry_run);
	free(p.jobs);
	for (unsigned k = BREAK_NONE; k <= BREAK_STRAY_LEAF; k++) {
		char line[64];

		snprintf(line, sizeof(line), "--break %s", breakage_name(k));
		p = parse_good(line);
		assert_int_equal(p.jobs->breakage, k);
		free(p.jobs);
	}
}

static void test_groups(void **state)
{
	struct parsed p = parse_good("--engines 2019"), modern = parse_good("--engines modern"),
		      all = parse_good("--engines all");

	(void)state;
	assert_true(p.jobs->engines.n >= 3);
	for (size_t i = 0; i < p.jobs->engines.n; i++)
		assert_non_null(strstr(p.jobs->engines.v[i], "-2019"));
	for (size_t i = 0; i < modern.jobs->engines.n; i++)
		assert_null(strstr(modern.jobs->engines.v[i], "-2019"));
	assert_int_equal(all.jobs->engines.n, p.jobs->engines.n + modern.jobs->engines.n);
	free(p.jobs);
	free(modern.jobs);
	free(all.jobs);
}

static void test_preset(void **state)
{
	static const struct {
		const char *line;
		bool preset;
	} rows[] = {
		{ "--threads 2", true }, { "--duration 5s --seed 7 --processes 2 --quiet", true },
		{ "--out x --format json --sample 64 --slice 5ms --warmup 1ms", true },
		{ "--dry-run --topology pu:4", true }, { "--engines 2019", false },
		{ "--workload private", false }, { "--think 0", false }, { "--page-size 4K", false },
		{ "--batch 1", false }, { "--place scatter", false }, { "--mem local", false },
		{ "--zero free", false }, { "--break drop-leaf", false }, { "--tables 8", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parsed p = parse_good(rows[i].line);

		if (p.jobs->preset_default != rows[i].preset)
			fail_msg("%s: preset is %d", rows[i].line, !rows[i].preset);
		free(p.jobs);
	}
}

static const struct {
	const char *line, *says;
} refused[] = {
	{ "--threads 0", "--threads 0: must be 1..1024" },
	{ "--threads 1,1025", "--threads 1025: must be 1..1024" },
	{ "--threads 2x", "--threads 2x: neither a number" },
	{ "--threads -1", "--threads -1: neither a number" },
	{ "--threads 1,,2", "an empty place in the list" },
	{ "--threads 1,", "an empty place in the list" },
	{ "--threads=", "an empty place in the list" },
	{ "--threads 2,1,2", "--threads 2: in the list twice" },
	{ "--batch 1000,1k", "--batch 1k: in the list twice" },
	{ "--page-size 4K,4096", "--page-size 4096: in the list twice" },
	{ "--engines mutex,amdv1/mutex", "--engines amdv1/mutex: in the list twice" },
	{ "--engines 2019,mutex-2019", "--engines mutex-2019: in the list twice" },
	{ "--threads", "--threads: needs a value" },
	{ "--threads --quiet", "--threads: needs a value" },
	{ "--threads 1 --threads 2", "--threads: given twice; put the values into one list" },
	{ "--seed 1 --seed 2", "--seed: given twice; give it once" },
	{ "--thread 1", "--thread: unknown option; did you mean --threads?" },
	{ "--worklaod private", "did you mean --workload?" },
	{ "--xyzzy", "--xyzzy: unknown option (" },
	{ "-t 1", "-t: unknown option; options are written out" },
	{ "--", "--: unknown option" },
	{ "--engines lockles", "did you mean lockless?" },
	{ "--engines mutex-2091", "did you mean mutex-2019?" },
	{ "--engines xyzzy", "--engines xyzzy: no such engine (" },
	{ "--workload privat", "did you mean private?" },
	{ "--workload replay", "names no trace" },
	{ "--workload replay:", "names no trace" },
	{ "--workload replay:FI;LE", "semicolon" },
	{ "--think 5", "--think 5: not a duration with its unit" },
	{ "--think 2s", "--think 2s: must be 0..1s" },
	{ "--slice 1us", "--slice 1us: must be 100us..10s" },
	{ "--duration 25h", "must be 0..24h" },
	{ "--duration -1s", "not a duration" },
	{ "--page-size 512G", "must be a power of two 4K..2P other than 512G" },
	{ "--batch 0", "must be 1..65536" },
	{ "--processes 0", "--processes 0: must be 1..1000" },
	{ "--processes 4294967297", "must be 1..1000" },
	{ "--seed 18446744073709551616", "not a whole number" },
	{ "--sample 3", "must be a power of two, or auto" },
	{ "--zero ahed", "did you mean ahead?" },
	{ "--format yaml", "must be one of text, csv, json" },
	{ "--break drop", "must be one of none, drop-leaf" },
	{ "--place nowhere", "--place nowhere: " },
	{ "--mem remot", "must be local, bind:NODE, device:NODE or interleave" },
	{ "--mem bind", "must be local" },
	{ "--mem bind:", "the node must be a number" },
	{ "--mem bind:64", "the node must be a number 0..63" },
	{ "--mem device:x", "the node must be a number" },
	{ "--mem bind:1,bind:01", "in the list twice" },
	{ "--out=", "must not be empty" },
	{ "--dry-run=maybe", "must be yes or no" },
	{ "--share line", "add --workload adjacent" },
	{ "--share root --workload adjacent", "--share root: workload adjacent shares leaf tables" },
	{ "--range 64K", "--range: is about workload overlap; add --workload overlap" },
	{ "--disjoint --workload private", "--disjoint: is about workload overlap" },
	{ "--warmup 20ms", "--warmup: must be shorter than --slice" },
	{ "--topology pu:4", "--topology: another machine" },
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct parsed p = parse(refused[i].line);

		if (p.rc != EXIT_USAGE)
			fail_msg("%s: exit %d %s", refused[i].line, p.rc, p.err.text);
		if (!strstr(p.err.text, refused[i].says))
			fail_msg("%s: says '%s'", refused[i].line, p.err.text);
	}
}

static void test_help(void **state)
{
	struct parsed p = parse_good("--threads 0 --help");
	char *text;
	size_t len;

	(void)state;
	assert_true(p.help);
	assert_null(p.jobs);
	FILE *out = open_memstream(&text, &len);

	options_help(out);
	fclose(out);
	for (const struct option_row *row = option_rows; row->name; row++) {
		char flag[40];

		snprintf(flag, sizeof(flag), "  --%s ", row->name);
		if (!strstr(text, flag))
			fail_msg("--help does not know --%s", row->name);
	}
	assert_non_null(strstr(text, "Examples:\n"));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strlen(line) > 100)
			fail_msg("too long: %s", line);
	free(text);
}

static void test_sections(void **state)
{
	struct parsed p = parse_file("; a comment\n"
				     "[global]\n"
				     "threads = 1, 2   ; inline\n"
				     "seed=9\n"
				     "# another\n"
				     "[one]\n"
				     "workload = cursor\n"
				     "[two]\n"
				     "threads = all\n"
				     "engines = lockless-2019,\n"
				     "    mutex-2019\n"
				     "\tspin-2019\n"
				     "  # a comment inside\n"
				     "seed : 3\n",
				     "--duration 1s --batch 4");

	(void)state;
	if (p.rc)
		fail_msg("%s", p.err.text);
	assert_int_equal(p.n, 2);
	assert_string_equal(p.jobs[0].job, "one");
	assert_string_equal(p.jobs[0].workloads.v[0], "cursor");
	assert_int_equal(p.jobs[0].threads.n, 2);
	assert_int_equal(p.jobs[0].seed, 9);
	assert_string_equal(p.jobs[1].job, "two");
	assert_string_equal(p.jobs[1].workloads.v[0], "private");
	assert_int_equal(p.jobs[1].threads.n, 1);
	assert_int_equal(p.jobs[1].threads.v[0], THREADS_ALL);
	assert_int_equal(p.jobs[1].engines.n, 3);
	assert_int_equal(p.jobs[1].seed, 3);
	assert_int_equal(p.jobs[0].batch.v[0], 4);
	assert_int_equal(p.jobs[1].duration_ns, 1000000000);
	free(p.jobs);
	p = parse_file("[global]\nthreads=3\n", "--threads 5");
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.jobs->threads.v[0], 5);
	assert_true(p.jobs->preset_default);
	free(p.jobs);
}

static const struct {
	const char *text;
	int rc;
	const char *says;
} bad_files[] = {
	{ "", EXIT_BAD_DATA, "no job: write [NAME]" },
	{ "; nothing\n\n", EXIT_BAD_DATA, "no job: write [NAME]" },
	{ "threads = 1\n", EXIT_USAGE, ":1: a key before any section" },
	{ "[a]\nthreads = 0\n", EXIT_USAGE, ":2: threads = 0: must be 1..1024" },
	{ "[a]\nthreads = 0\nseed=1\n", EXIT_USAGE, ":2: threads = 0: must be 1..1024" },
	{ "[a]\n\nthread = 1\n", EXIT_USAGE, ":3: thread: unknown option; did you mean threads?" },
	{ "[a]\nseed=1\nthreads 1\n", EXIT_BAD_DATA, ":3: neither [section] nor" },
	{ "[a]\nseed=1\nthreads 1\n[b]\nseed=x\n", EXIT_BAD_DATA, ":3: neither [section] nor" },
	{ "[a]\nseed=x\nthreads 1\n", EXIT_BAD_DATA, ":3: neither [section] nor" },
	{ "[a\nseed=1\n", EXIT_BAD_DATA, ":1: neither [section] nor" },
	{ "[a]\nseed=1\nseed=2\n", EXIT_USAGE, ":3: seed: a second time in this section" },
	{ "[a]\nseed=1\n[a]\nseed=2\n", EXIT_USAGE, ":3: [a]: a second job of this name" },
	{ "[a]\nseed=1\n[b]\nseed=2\n[a]\nround=2\n", EXIT_USAGE, ":5: [a]: a second job" },
	{ "[a]\nseed=1\n[global]\nseed=2\n", EXIT_USAGE, ":3: [global] must stand once" },
	{ "[global]\nseed=1\n[global]\nround=2\n", EXIT_USAGE, ":3: [global] must stand once" },
	{ "[a]\n[b]\nseed=1\n", EXIT_USAGE, ":1: a section without options" },
	{ "[a]\nseed=1\n[b]\n", EXIT_USAGE, ":3: a section without options" },
	{ "[a]\nout = d\n", EXIT_USAGE, ":2: out: is the same for all jobs" },
	{ "[]\nseed=1\n", EXIT_USAGE, ":1: a job's name has 1..48 bytes" },
	{ "[a]\nshare=line\n", EXIT_USAGE, "[a] --share line: is about workload adjacent" },
	{ "[a]\nthreads=1\n  seed=2\n", EXIT_USAGE, ":2: threads = seed=2: neither" },
	{ "[a]\nthreads=\n", EXIT_USAGE, ":2: threads = : an empty place" },
};

static void test_bad_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		struct parsed p = parse_file(bad_files[i].text, "");

		if (p.rc != bad_files[i].rc || !strstr(p.err.text, bad_files[i].says))
			fail_msg("file %zu '%s': exit %d '%s'", i, bad_files[i].text, p.rc, p.err.text);
	}
}

static void test_not_job_files(void **state)
{
	static char big[(1u << 20) + 2];
	char path[64], long_line[400] = "[a]\nengines = ";
	struct parsed p;

	(void)state;
	memset(big, '\n', sizeof(big) - 1);
	put_file(path, big, sizeof(big) - 1);
	p = parse(path);
	assert_int_equal(p.rc, EXIT_BAD_DATA);
	assert_non_null(strstr(p.err.text, "larger than 1 MiB"));
	unlink(path);
	put_file(path, "[a]\nseed=1\n\0\n", 13);
	p = parse(path);
	assert_int_equal(p.rc, EXIT_BAD_DATA);
	assert_non_null(strstr(p.err.text, "binary"));
	unlink(path);
	memset(long_line + strlen(long_line), 'x', 300);
	p = parse_file(long_line, "");
	assert_int_equal(p.rc, EXIT_BAD_DATA);
	assert_non_null(strstr(p.err.text, ":2: line too long"));
	p = parse("/nonexistent/job.ini");
	assert_int_equal(p.rc, EXIT_BAD_DATA);
	assert_non_null(strstr(p.err.text, "/nonexistent/job.ini: cannot read"));
	p = parse("/tmp");
	assert_int_equal(p.rc, EXIT_BAD_DATA);
	p = parse("a.ini b.ini");
	assert_int_equal(p.rc, EXIT_USAGE);
	assert_non_null(strstr(p.err.text, "b.ini: a second job file"));
}

static char *write_jobs(const struct parsed *p)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < p->n; i++)
		options_write_job(&p->jobs[i], out);
	fclose(out);
	return text;
}

static void same_values(const struct options *a, const struct options *b,
			const struct option_row *row)
{
	const char *va = (const char *)a + row->offset, *vb = (const char *)b + row->offset;
	size_t na = 1, nb = 1;
	char ta[256], tb[256];

	if (row->flags & ROW_ONCE)
		return;
	if (row->count != ROW_SCALAR) {
		na = *(const size_t *)((const char *)a + row->count);
		nb = *(const size_t *)((const char *)b + row->count);
	}
	assert_int_equal(na, nb);
	for (size_t i = 0; i < na; i++, va += row->kind->size, vb += row->kind->size) {
		if (row->kind->size <= sizeof(uint64_t))
			assert_memory_equal(va, vb, row->kind->size);
		else
			assert_string_equal(row->kind->show(row, va, ta, sizeof(ta)),
					    row->kind->show(row, vb, tb, sizeof(tb)));
	}
}

/* What is written reads back as the same jobs. */
static void round_trip(const char *line)
{
	struct parsed p = parse_good(line);
	char *text = write_jobs(&p);
	struct parsed again = parse_file(text, "");

	if (again.rc)
		fail_msg("%s: written as\n%s, refused: %s", line, text, again.err.text);
	char *text_again = write_jobs(&again);

	assert_int_equal(again.n, p.n);
	assert_string_equal(text_again, text);
	for (size_t i = 0; i < p.n; i++) {
		assert_int_equal(p.jobs[i].preset_default, again.jobs[i].preset_default);
		for (const struct option_row *row = option_rows; row->name; row++)
			same_values(&p.jobs[i], &again.jobs[i], row);
	}
	free(text);
	free(text_again);
	free(p.jobs);
	free(again.jobs);
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip("");
	round_trip("--threads 1,2 --seed 5");
	round_trip("--engines all --threads 1,all --think 0,1us,1500ns --page-size 4K,64K,2P");
	round_trip("--workload overlap --disjoint --range map-unmap --zero free,ahead");
	round_trip("--workload adjacent,private --share line --place cpus:0,2-5,compact,node:1");
	round_trip("--mem device:1,interleave --workload replay:a --duration 90m --break leak-page");
	round_trip(CONFIGS "scaling.ini --threads 2");
}

static void test_configs(void **state)
{
	static const char *const names[] = { "smoke", "scaling", "contention", "numa", "waste" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char line[512];

		snprintf(line, sizeof(line), CONFIGS "%s.ini", names[i]);
		round_trip(line);
	}
}

static void test_suggest(void **state)
{
	struct suggest s;

	(void)state;
	assert_int_equal(edit_distance("", ""), 0);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
	assert_int_equal(edit_distance("rnu", "run"), 1);
	assert_int_equal(edit_distance("abc", "abc"), 0);
	suggest_start(&s, "x");
	suggest_offer(&s, "y");
	assert_null(s.best);
	suggest_start(&s, "threds");
	suggest_offer(&s, "tables");
	suggest_offer(&s, "threads");
	suggest_offer(&s, "think");
	assert_string_equal(s.best, "threads");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_values),
		cmocka_unit_test(test_words), cmocka_unit_test(test_groups),
		cmocka_unit_test(test_preset), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_help), cmocka_unit_test(test_sections),
		cmocka_unit_test(test_bad_files), cmocka_unit_test(test_not_job_files),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_configs),
		cmocka_unit_test(test_suggest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
