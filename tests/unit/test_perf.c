/*
 * Hardware counters without a PMU: a kernel that is made up, and the real one for what every machine
 * has, the clock of a task.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/analyse.h"
#include "made_result.h"
#include "sys/clock.h"
#include "sys/perf.h"

#define LEADER 100

/* The made-up kernel: counts what the test says, while it is told to. */
static struct {
	int refuse[PERF_COUNTS]; /* errno */
	uint64_t refused_type;   /* these only; UINT64_MAX: all */
	int disable_error;
	unsigned open, opened, closed;
	uint64_t enabled_ns, running_ns, value[PERF_COUNTS];
	enum perf_count order[PERF_COUNTS];
	unsigned enables, disables;
	bool running, short_read;
} fake;

static int fake_open(const struct perf_event *event, int leader_fd)
{
	if (fake.refuse[event->count] &&
	    (fake.refused_type == UINT64_MAX || fake.refused_type == event->type))
		return -fake.refuse[event->count];
	assert_int_equal(leader_fd, fake.open ? LEADER : -1);
	fake.order[fake.open] = event->count;
	fake.opened++;
	return LEADER + (int)fake.open++;
}

static int fake_enable(int leader_fd)
{
	assert_int_equal(leader_fd, LEADER);
	assert_false(fake.running);
	fake.running = true;
	fake.enables++;
	return 0;
}

static int fake_disable(int leader_fd)
{
	assert_int_equal(leader_fd, LEADER);
	assert_true(fake.running);
	fake.running = false;
	fake.disables++;
	return fake.disable_error;
}

/* n, time enabled, time running, then the values in the order of opening. */
static long fake_read(int leader_fd, void *buf, size_t size)
{
	uint64_t *out = buf;

	assert_int_equal(leader_fd, LEADER);
	assert_false(fake.running);
	assert_true(size >= (3 + fake.open) * sizeof(*out));
	*out++ = fake.open;
	*out++ = fake.enabled_ns;
	*out++ = fake.running_ns;
	for (unsigned i = 0; i < fake.open; i++)
		*out++ = fake.value[fake.order[i]];
	return (long)((3 + fake.open - fake.short_read) * sizeof(*out));
}

static void fake_close(int fd)
{
	assert_in_range(fd, LEADER, LEADER + PERF_COUNTS);
	fake.closed++;
}

static const struct perf_sys fake_kernel = { fake_open, fake_enable, fake_disable, fake_read, fake_close };

static const struct perf_event events[] = {
	{ PERF_CYCLES, "cycles", PERF_TYPE_HARDWARE, 0, 0, 0 },
	{ PERF_INSTRUCTIONS, "instructions", PERF_TYPE_HARDWARE, 1, 0, 0 },
	{ PERF_LLC_MISSES, "llc", PERF_TYPE_HW_CACHE, 2, 0, 0 },
	{ PERF_LLC_MISSES, "r17", PERF_TYPE_RAW, 3, 0x17, 0x18 },
	{ PERF_LLC_MISSES, "r19", PERF_TYPE_RAW, 4, 0x19, UINT_MAX },
	{ PERF_REMOTE, "node", PERF_TYPE_HW_CACHE, 5, 0, 0 },
};
#define NEVENTS (sizeof(events) / sizeof(events[0]))

static struct perf_group opened(unsigned amd_family)
{
	struct perf_group g;

	perf_open(&g, &fake_kernel, events, NEVENTS, amd_family);
	return g;
}

/* The counters run on from slice to slice: what is told is the difference. */
static struct perf_reading counted(struct perf_group *g, uint64_t by)
{
	struct perf_reading r;

	perf_start(g);
	fake.enabled_ns += 1000;
	fake.running_ns += 250;
	for (unsigned i = 0; i < PERF_COUNTS; i++)
		fake.value[i] += by * (i + 1);
	perf_stop(g, &r);
	return r;
}

static int reset(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.refused_type = UINT64_MAX;
	return 0;
}

static void a_group_counts_between_start_and_stop(void **state)
{
	struct perf_group g = opened(0);
	struct perf_sum sum = { 0 };
	struct perf_reading r;

	(void)state;
	fake.value[PERF_CYCLES] = 7; /* from before: not ours */
	fake.enabled_ns = fake.running_ns = 5;
	assert_int_equal(g.n, 4);
	g.last = (struct perf_reading){ .count = { 7 }, .enabled_ns = 5, .running_ns = 5 };
	for (uint64_t by = 10; by <= 20; by += 10) {
		r = counted(&g, by);
		assert_int_equal(r.mask, 15);
		assert_int_equal(r.enabled_ns, 1000);
		assert_int_equal(r.running_ns, 250);
		for (unsigned i = 0; i < PERF_COUNTS; i++)
			assert_int_equal(r.count[i], by * (i + 1));
		perf_sum_add(&sum, &r);
	}
	/* on the PMU a quarter of the time: four times what was seen */
	assert_int_equal(sum.readings, 2);
	assert_int_equal(sum.mask, 15);
	assert_true(sum.count[PERF_CYCLES] == 120 && sum.count[PERF_REMOTE] == 480);
	assert_int_equal(sum.running_ns * 4, sum.enabled_ns);
	assert_int_equal(fake.enables, 2);
	perf_close(&g);
	perf_close(&g);
	assert_int_equal(fake.closed, 4);
}

static void what_cannot_be_counted_says_why(void **state)
{
	struct perf_group g;
	struct perf_reading r;

	(void)state;
	fake.refuse[PERF_LLC_MISSES] = fake.refuse[PERF_REMOTE] = ENOENT;
	fake.refused_type = PERF_TYPE_HW_CACHE;
	g = opened(0x19);
	assert_int_equal(g.n, 3);
	assert_string_equal(g.event[PERF_LLC_MISSES], "r19");
	assert_int_equal(g.error[PERF_LLC_MISSES], 0);
	assert_null(g.event[PERF_REMOTE]);
	assert_int_equal(g.error[PERF_REMOTE], ENOENT);
	r = counted(&g, 10);
	assert_int_equal(r.mask, 7);
	assert_int_equal(r.count[PERF_LLC_MISSES], 30);
	perf_close(&g);

	reset(NULL);
	fake.refuse[PERF_LLC_MISSES] = ENOENT;
	fake.refused_type = PERF_TYPE_HW_CACHE;
	g = opened(0x17);
	assert_string_equal(g.event[PERF_LLC_MISSES], "r17");
	perf_close(&g);

	reset(NULL);
	fake.refuse[PERF_LLC_MISSES] = ENOENT;
	fake.refused_type = PERF_TYPE_HW_CACHE;
	g = opened(0); /* raw events of AMD are something else elsewhere */
	assert_null(g.event[PERF_LLC_MISSES]);
	perf_close(&g);
}

/* Without its usual leader another count leads; without any there is nothing to start. */
static void a_group_without_its_first(void **state)
{
	struct perf_group g;
	struct perf_reading r;

	(void)state;
	fake.refuse[PERF_CYCLES] = EBUSY;
	g = opened(0);
	assert_int_equal(g.n, 3);
	r = counted(&g, 1);
	assert_int_equal(r.mask, 14);
	assert_int_equal(r.count[PERF_INSTRUCTIONS], 2);
	perf_close(&g);

	reset(NULL);
	for (unsigned i = 0; i < PERF_COUNTS; i++)
		fake.refuse[i] = EACCES;
	g = opened(0);
	assert_int_equal(g.n, 0);
	assert_int_equal(g.error[PERF_CYCLES], EACCES);
	perf_start(&g);
	perf_stop(&g, &r);
	assert_int_equal(r.mask, 0);
	assert_int_equal(fake.enables + fake.disables, 0);
	perf_close(&g);
}

static void what_was_not_read_is_not_told(void **state)
{
	struct perf_group g = opened(0);
	struct perf_sum sum = { 0 };
	struct perf_reading r;

	(void)state;
	r = counted(&g, 5);
	perf_sum_add(&sum, &r);
	assert_int_equal(sum.mask, 15);
	/* a slice that never had the PMU: its counts are 0 and mean nothing */
	perf_start(&g);
	fake.enabled_ns += 1000;
	perf_stop(&g, &r);
	assert_int_equal(r.running_ns, 0);
	perf_sum_add(&sum, &r);
	assert_int_equal(sum.mask, 0);
	assert_int_equal(sum.enabled_ns, 2000);
	fake.short_read = true;
	r = counted(&g, 5);
	assert_int_equal(r.mask, 0);
	fake.short_read = false;
	fake.disable_error = -EIO;
	r = counted(&g, 5);
	assert_int_equal(r.mask, 0);
	perf_close(&g);
}

static void said(int error, int paranoid, bool guest, const char *want)
{
	char text[200];

	perf_why(text, sizeof(text), error, paranoid, guest);
	if (!strstr(text, want))
		fail_msg("\"%s\" without \"%s\"", text, want);
	assert_true(strlen(text) < sizeof(text) - 1);
}

static void reasons_name_the_remedy(void **state)
{
	(void)state;
	said(EACCES, 4, false, "EACCES, perf_event_paranoid=4: sysctl kernel.perf_event_paranoid=2");
	said(EPERM, 2, false, "seccomp");
	said(EPERM, INT_MIN, false, "seccomp");
	said(ENOENT, 2, true, "ENOENT: no such counter in this guest");
	said(ENOENT, 2, false, "ENOENT: no such counter on this CPU");
	said(EOPNOTSUPP, 2, true, "guest");
	said(ENOSYS, 2, false, "CONFIG_PERF_EVENTS");
	said(EMFILE, 2, false, "ulimit -n");
	said(EBUSY, 2, false, "EBUSY");
	said(EINVAL, 2, false, "perf_event_open: EINVAL");
	said(12345, 2, false, "unknown");
}

static void pass(uint64_t ns)
{
	uint64_t until = clock_monotonic_ns() + ns;

	while (clock_monotonic_ns() < until)
		;
}

/* The real calls, on two clocks that only run between start and stop. */
static void the_kernel_counts_what_it_has(void **state)
{
	static const struct perf_event software[] = {
		{ PERF_CYCLES, "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, 0, 0 },
		{ PERF_INSTRUCTIONS, "nonsense", PERF_TYPE_SOFTWARE, 1 << 20, 0, 0 },
		{ PERF_REMOTE, "cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 0, 0 },
	};
	struct perf_group g;
	struct perf_reading slice[2];
	char why[200];

	(void)state;
	perf_open(&g, &perf_kernel, software, 3, 0);
	if (!g.n) {
		print_message("skipped: %s\n", perf_why(why, sizeof(why), g.error[PERF_CYCLES],
							perf_paranoid(), false));
		skip();
	}
	assert_int_equal(g.error[PERF_INSTRUCTIONS], ENOENT);
	for (int i = 0; i < 2; i++) {
		uint64_t began = clock_monotonic_ns(), took;

		perf_start(&g);
		pass(2000000);
		perf_stop(&g, &slice[i]);
		took = clock_monotonic_ns() - began;
		pass(10000000); /* between slices: in neither */
		assert_int_equal(slice[i].mask, 1 << PERF_CYCLES | 1 << PERF_REMOTE);
		assert_in_range(slice[i].count[PERF_CYCLES], 1, took);
		/* none, or some of it: Linux 6.18 lets a software counter that is no leader miss slices */
		assert_in_range(slice[i].count[PERF_REMOTE], 0, took);
		assert_in_range(slice[i].running_ns, 1, slice[i].enabled_ns);
	}
	perf_close(&g);
}

/* The soft limit is raised where the hard one lets us; room is left for other files. */
static void files_are_reserved(void **state)
{
	struct rlimit old, limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = old;
	limit.rlim_cur = 32;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(perf_reserve(10), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit.rlim_cur >= 10 * PERF_COUNTS + 20 && limit.rlim_cur < 1000);
	if (old.rlim_max < UINT_MAX)
		assert_int_equal(perf_reserve(UINT_MAX), EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* This machine's own four: counted, or each with an error. */
static void the_default_events_open_or_say_why(void **state)
{
	struct perf_group g;

	(void)state;
	perf_open_default(&g);
	for (unsigned i = 0; i < PERF_COUNTS; i++)
		assert_true(!g.event[i] == !!g.error[i]);
	perf_close(&g);
}

static void figures_are_by_operation(void **state)
{
	struct result r = made_result();
	struct case_result *c;

	(void)state;
	made_slices(made_case(&r, 0, LOCKLESS_2019, 2, 0), 8, 26);
	made_counters(&r.cases[0], 7);
	made_slices(made_case(&r, 1, LOCKLESS_2019, 2, 1000), 8, 26); /* thinks */
	made_counters(&r.cases[1], 7);
	made_slices(made_case(&r, 2, LOCKLESS_2019, 1, 0), 8, 26);
	made_counters(&r.cases[2], 7);
	r.cases[2].slices[3].counters.mask = 1; /* one slice lacks two */
	made_slices(made_case(&r, 3, LOCKLESS_2019, 1, 0), 8, 26); /* nothing was counted */
	strcpy(r.cases[3].counters.why, "perf_event_open: ENOENT");
	made_slices(made_case(&r, 4, LOCKLESS_2019, 1, 0), 8, 26);
	made_counters(&r.cases[4], 7);
	r.cases[4].verified = VERIFIED_NO;
	assert_int_equal(analyse(&r), 0);

	c = &r.cases[0];
	assert_true(fabs(c->counters.per_op[PERF_CYCLES] - 80) < 1e-9);
	assert_true(fabs(c->counters.per_op[PERF_INSTRUCTIONS] - 200) < 1e-9);
	assert_true(fabs(c->counters.per_op[PERF_LLC_MISSES] - 0.5) < 1e-9);
	assert_true(isnan(c->counters.per_op[PERF_REMOTE]));
	assert_true(fabs(c->counters.running_share - 0.6) < 1e-9);
	assert_string_equal(c->counters.why, "remote: because");

	c = &r.cases[1];
	assert_true(isnan(c->counters.per_op[PERF_CYCLES]));
	assert_true(isnan(c->counters.per_op[PERF_INSTRUCTIONS]));
	assert_true(fabs(c->counters.per_op[PERF_LLC_MISSES] - 0.5) < 1e-9);
	assert_non_null(strstr(c->counters.why, "remote: because; cycles, instructions: think"));

	c = &r.cases[2];
	assert_true(fabs(c->counters.per_op[PERF_CYCLES] - 80) < 1e-9);
	assert_true(isnan(c->counters.per_op[PERF_LLC_MISSES]));
	assert_non_null(strstr(c->counters.why, "without its turn"));

	assert_false(counters_any(&r.cases[3].counters));
	assert_false(counters_any(&r.cases[4].counters));
	assert_non_null(strstr(r.cases[4].counters.why, "audit"));
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_group_counts_between_start_and_stop, reset),
		cmocka_unit_test_setup(what_cannot_be_counted_says_why, reset),
		cmocka_unit_test_setup(a_group_without_its_first, reset),
		cmocka_unit_test_setup(what_was_not_read_is_not_told, reset),
		cmocka_unit_test(reasons_name_the_remedy),
		cmocka_unit_test(the_kernel_counts_what_it_has),
		cmocka_unit_test(files_are_reserved),
		cmocka_unit_test(the_default_events_open_or_say_why),
		cmocka_unit_test(figures_are_by_operation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
