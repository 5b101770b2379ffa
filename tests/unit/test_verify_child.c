/*
 * A layer in a child process: whatever becomes of it, the parent has a verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>

#include "bench/runner.h"
#include "bench/verify_child.h"
#include "bench/verify_evidence.h"
#include "sys/topology.h"

#define SECOND UINT64_C(1000000000)

static struct verify_job job = {
	.mutant = MUTANT_NO_GRACE, .threads = 1, .seed = 5, /* and the engine that main() puts there */
};

static int clean(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	(void)err;
	out->operations = j->seed;
	out->elapsed_ns = 1234;
	return 0;
}

static int catches(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	(void)j;
	(void)err;
	out->caught = true;
	strcpy(out->oracle, "O3");
	memset(out->evidence, 'x', sizeof(out->evidence) - 1);
	return 0;
}

static int refuses(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	(void)j;
	(void)out;
	return err_set(err, EXIT_NO_RESOURCE, "no threads");
}

static int aborts(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	(void)j;
	(void)out;
	(void)err;
	signal(SIGABRT, SIG_DFL); /* cmocka's */
	fprintf(stderr, "something broke\n");
	abort();
}

static int aborts_later(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	out->rounds = 4;
	out->operations = 77;
	verify_caught(out, "O1", "half");
	return aborts(j, out, err);
}

static int leaves(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	(void)j;
	(void)out;
	(void)err;
	_exit(3);
}

static int races(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	(void)j;
	(void)out;
	(void)err;
	fprintf(stderr, "====\nWARNING: ThreadSanitizer: data race (pid=1)\n  Write\n"
		"SUMMARY: ThreadSanitizer: data race walk.h:12 in map\n");
	_exit(66);
}

static int hangs(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	(void)j;
	(void)out;
	(void)err;
	for (;;)
		pause();
	return 0;
}

static void until_ended(struct verify_child *c)
{
	const struct timespec look = { .tv_nsec = 1000000 };

	while (!verify_child_ended(c))
		nanosleep(&look, NULL);
}

static int look(const struct verify_task *task, uint64_t limit_ns, struct verify_outcome *out,
		struct err *err)
{
	struct verify_child c;

	assert_int_equal(verify_child_start(&c, task, err), 0);
	if (limit_ns)
		c.limit_ns = limit_ns;
	until_ended(&c);
	return verify_child_reap(&c, out, err);
}

static struct verify_outcome outcome(verify_layer_fn *run, uint64_t limit_ns)
{
	struct verify_task task = { .layer = VERIFY_RACE, .job = &job, .run = run };
	struct verify_outcome out;
	struct err err = { 0 };

	assert_int_equal(look(&task, limit_ns, &out, &err), 0);
	return out;
}

static void test_answers(void **state)
{
	struct verify_task task = { .job = &job, .run = refuses };
	struct verify_outcome out = outcome(clean, 0);
	struct err err = { 0 };

	(void)state;
	assert_false(out.caught);
	assert_int_equal(out.operations, 5);
	assert_int_equal(out.elapsed_ns, 1234);
	out = outcome(catches, 0);
	assert_true(out.caught);
	assert_string_equal(out.oracle, "O3");
	assert_int_equal(strlen(out.evidence), sizeof(out.evidence) - 1);
	assert_true(out.elapsed_ns > 0);
	assert_int_equal(look(&task, 0, &out, &err), EXIT_NO_RESOURCE);
	assert_string_equal(err.text, "no threads");
}

static void test_crash(void **state)
{
	struct verify_outcome out = outcome(aborts, 0);

	(void)state;
	assert_true(out.caught);
	assert_string_equal(out.oracle, "crash");
	assert_ptr_equal(strstr(out.evidence, "SIGABRT\nsomething broke\n"), out.evidence);
	assert_non_null(strstr(out.evidence, "round of seed 5\n"));
	out = outcome(leaves, 0);
	assert_true(out.caught);
	assert_string_equal(out.oracle, "crash");
	assert_ptr_equal(strstr(out.evidence, "it ended with exit code 3\n"), out.evidence);
	/* not at once: the seed is that of the round, and what was done is counted */
	out = outcome(aborts_later, 0);
	assert_string_equal(out.oracle, "crash");
	assert_int_equal(out.operations, 77);
	assert_non_null(strstr(out.evidence, "round of seed 8\nagain: iopt verify "));
	assert_non_null(strstr(out.evidence, " --seed 8"));
	out = outcome(races, 0);
	assert_true(out.caught);
	assert_string_equal(out.oracle, "race");
	assert_string_equal(out.evidence, "ThreadSanitizer: data race walk.h:12 in map");
}

static void test_hang(void **state)
{
	struct verify_outcome out = outcome(hangs, SECOND / 10);

	(void)state;
	assert_true(out.caught);
	assert_string_equal(out.oracle, "hang");
	assert_true(out.elapsed_ns >= SECOND / 10);
}

/* A signal from outside is nobody's bug; those of a terminal are the parent's to act on. */
static void test_killed(void **state)
{
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
	struct verify_task task = { .job = &job, .run = hangs };
	struct verify_child c;
	struct verify_outcome out;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(verify_child_start(&c, &task, &err), 0);
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
		kill(c.pid, stops[i]);
	}
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	assert_false(verify_child_ended(&c));
	kill(c.pid, SIGKILL);
	until_ended(&c);
	assert_int_equal(verify_child_reap(&c, &out, &err), EXIT_NO_RESOURCE);
	assert_false(out.caught);
	assert_non_null(strstr(err.text, "killed from outside (SIGKILL)"));
}

static int is_pinned(const struct verify_job *j, struct verify_outcome *out, struct err *err)
{
	(void)j;
	(void)err;
	out->operations = pin_holds((unsigned)sched_getcpu());
	return 0;
}

/* Where it is told; a CPU that is not there is passed over, also one that a cpu_set_t has no room for. */
static void test_cpus(void **state)
{
	unsigned cpu[2] = { (unsigned)sched_getcpu(), 5000 };
	struct verify_task task = { .job = &job, .run = is_pinned, .cpu = cpu };
	struct verify_outcome out;
	struct err err = { 0 };

	(void)state;
	for (task.ncpus = 1; task.ncpus <= 2; task.ncpus++) {
		assert_int_equal(look(&task, 0, &out, &err), 0);
		assert_int_equal(out.operations, 1);
	}
}

/* Who has not looked for a while was stopped, and the child with it. */
static void test_stopped(void **state)
{
	struct verify_task task = { .job = &job, .run = hangs };
	struct verify_child c;
	struct verify_outcome out;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(verify_child_start(&c, &task, &err), 0);
	c.limit_ns = SECOND / 4;
	nanosleep(&(struct timespec){ .tv_nsec = 600000000 }, NULL);
	assert_false(verify_child_ended(&c));
	assert_false(c.hung);
	until_ended(&c);
	assert_true(c.hung);
	assert_int_equal(verify_child_reap(&c, &out, &err), 0);
	assert_true(out.elapsed_ns >= SECOND / 4);
	assert_string_equal(out.oracle, "hang");
}

/* Two at once; one is killed and leaves nothing behind, the other does not notice. */
static void test_two(void **state)
{
	struct verify_task one = { .job = &job, .run = hangs }, two = { .job = &job, .run = clean };
	struct verify_child a, b;
	struct verify_outcome out;
	struct err err = { 0 };
	int status;

	(void)state;
	assert_int_equal(verify_child_start(&a, &one, &err), 0);
	assert_int_equal(verify_child_start(&b, &two, &err), 0);
	until_ended(&b);
	assert_false(verify_child_ended(&a));
	verify_child_kill(&a);
	assert_int_equal(verify_child_reap(&b, &out, &err), 0);
	assert_false(out.caught);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
}

/* A program that says `words` on stdout and ends with that code. */
static void say(char *path, const char *words, int code)
{
	FILE *f;

	strcpy(path, "/tmp/iopt-test-XXXXXX");
	f = fdopen(mkstemp(path), "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\necho noise >&2\necho \"$@\"\nprintf '%s\\n'\nexit %d\n", words, code);
	fchmod(fileno(f), 0700);
	fclose(f);
}

static int programme(enum verify_layer layer, const char *words, int code, struct verify_outcome *out,
		     struct err *err)
{
	struct verify_job j = { .engine = pt_engine_find("lockless"), .mutant = MUTANT_NO_GRACE,
				.duration_ns = SECOND / 2, .seed = 9 };
	char path[64];
	struct verify_task task = { .layer = layer, .job = &j, .program = path };
	int rc;

	say(path, words, code);
	rc = look(&task, 0, out, err);
	unlink(path);
	return rc;
}

static void test_programs(void **state)
{
	struct verify_outcome out;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(programme(VERIFY_EXPLORER, "caught no-grace after 1204 schedules (2.5 s) by "
				   "pages/two: walked: freed", 13, &out, &err), 0);
	assert_true(out.caught);
	assert_int_equal(out.rounds, 1204);
	assert_int_equal(out.elapsed_ns, 5 * SECOND / 2);
	assert_string_equal(out.evidence, "pages/two: walked: freed");
	assert_int_equal(programme(VERIFY_EXPLORER, "clean after 77 schedules (0.25 s)", 0, &out, &err), 0);
	assert_false(out.caught);
	assert_int_equal(out.rounds, 77);
	assert_int_equal(programme(VERIFY_EXPLORER, "", 64, &out, &err), EXIT_INTERNAL);
	assert_non_null(strstr(err.text, "exit code 64"));
	/* what it was asked */
	assert_int_equal(programme(VERIFY_EXPLORER, "", 1, &out, &err), EXIT_INTERNAL);
	/* TSan's own exit code is worth nothing without its report, and less where it did not start */
	assert_int_equal(programme(VERIFY_TSAN, "", 66, &out, &err), EXIT_INTERNAL);
	assert_false(out.caught);
	assert_int_equal(programme(VERIFY_TSAN, "==9==WARNING: ThreadSanitizer: memory layout is "
				   "incompatible\nFATAL: ThreadSanitizer: unexpected memory mapping 0x7f",
				   66, &out, &err), EXIT_NO_RESOURCE);
	assert_false(out.caught);
	assert_non_null(strstr(err.text, "setarch"));
	assert_int_equal(programme(VERIFY_TSAN, "WARNING: ThreadSanitizer: data race (pid=1)", 66, &out,
				   &err), 0);
	assert_true(out.caught);
	assert_string_equal(out.oracle, "race");
	assert_int_equal(programme(VERIFY_TSAN, "O1: lost", 13, &out, &err), 0);
	assert_true(out.caught);
	assert_string_equal(out.oracle, "stress");
	assert_string_equal(out.evidence, "O1: lost");
	assert_int_equal(programme(VERIFY_TSAN, "fine", 0, &out, &err), 0);
	assert_false(out.caught);
}

static void test_no_program(void **state)
{
	struct verify_task task = { .layer = VERIFY_TSAN, .job = &(struct verify_job){
					    .engine = pt_engine_find("lockless") },
				    .program = "/nonexistent" };
	struct verify_outcome out;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(look(&task, 0, &out, &err), EXIT_NO_RESOURCE);
	assert_non_null(strstr(err.text, "/nonexistent does not start"));
}

/* Who is killed takes the children along. */
static void test_orphan(void **state)
{
	struct verify_task task = { .job = &job, .run = hangs };
	struct verify_child c;
	struct err err;
	int ends[2], status;
	pid_t parent;
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	parent = fork();
	if (!parent) {
		if (verify_child_start(&c, &task, &err))
			_exit(1);
		raise(SIGKILL);
	}
	close(ends[1]);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_true(WIFSIGNALED(status));
	/* the grandchild holds the other end until it is gone */
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

static void test_interrupted(void **state)
{
	struct verify_job j = { .engine = pt_engine_find("lockless"), .duration_ns = 3600 * SECOND,
				.threads = 1 };
	struct verify_outcome out;
	struct err err = { 0 };

	(void)state;
	at_store(&run_interrupted, 1, relaxed);
	assert_int_equal(verify_child(VERIFY_HISTORY, &j, &out, &err), EXIT_INTERRUPTED);
	at_store(&run_interrupted, 0, relaxed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),	 cmocka_unit_test(test_crash),
		cmocka_unit_test(test_hang),	 cmocka_unit_test(test_two),
		cmocka_unit_test(test_programs), cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_orphan),	 cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_killed),	 cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_cpus),
	};

	job.engine = pt_engine_find("lockless");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
