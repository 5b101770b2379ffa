/* Job files: inheritance, errors with their line, and that what is written reads back. */
#include "parse_line.h"

#include <unistd.h>

#include "bench/option_row.h"

#define CONFIGS TEST_DATA "/../../configs/"

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
			fail_msg("file %zu '%s': exit %d '%s'", i, bad_files[i].text, p.rc,
				 p.err.text);
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
	round_trip("--page-size 4K:60,64K:30,2M:10 --order descending --share l1");
	round_trip("--page-source arena,mmap,pool --share l2 --workload private,cursor");
	round_trip("--mem device:1,interleave --workload replay:a --duration 2h --break leak-page");
	round_trip("--workload pairs --depth 64");
	round_trip("--workload ring --iova rbtree,percpu --flush lazy,none --flush-ns 2us --flush-lock none");
	round_trip("--workload storage,ring --iova-window 16M --buffers 4K:80,64K:20 --depth 9");
	round_trip("--workload ring --buffers 64K --iova fixed");
	round_trip(CONFIGS "scaling.ini --threads 2");
}

static void test_configs(void **state)
{
	static const char *const names[] = { "default", "smoke", "scaling", "contention", "numa",
					     "storm", "overlap" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char line[512];

		snprintf(line, sizeof(line), CONFIGS "%s.ini", names[i]);
		round_trip(line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections), cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_not_job_files), cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_configs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
