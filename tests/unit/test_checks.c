/* Every check of the doctor, on machines that are made up: fine, and with the fault planted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <math.h>

#include "made_root.h"
#include "sys/checks.h"
#include "sys/hiccup.h"

static struct topology *topo;
static struct host_facts host;
static struct check_facts facts;
static struct clock_facts fine_clock = { .source = "tsc", .ns_per_tick = 0.4, .step_ns = 10,
					 .pair_ns = 23, .drift_ppm = 0.1 };
static struct check_probe probe;
static struct check_input in;

static void load(const char *spec)
{
	struct err err;

	topology_free(topo);
	topo = NULL;
	assert_int_equal(topology_load(&topo, spec, &err), 0);
}

static void read_machine(void)
{
	host_read_at(&host, topo, root);
	check_facts_read_at(&facts, topo, root);
	in = (struct check_input){ &host, &facts, topo, NULL, NULL };
}

/* A machine with two nodes, eight cores, and nothing wrong. */
static void make_fine(void)
{
	load("numa:2 core:4 pu:1");
	put("/proc/loadavg", "0.10 1.00 0.50 1/100 42\n");
	put("/proc/stat", "cpu  50 10 20 1000 5 5 5 0 0 0\nintr 1000 0 10 20\n");
	put("/proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1000 kB\nMemAvailable: 8388608 kB\n"
			     "SwapCached: 7 kB\nSwapTotal: 1048576 kB\nSwapFree: 1048576 kB\n");
	put("/proc/sys/kernel/numa_balancing", "0\n");
	put("/proc/sys/kernel/randomize_va_space", "2\n");
	put("/proc/sys/kernel/perf_event_paranoid", "2\n");
	put("/sys/devices/system/cpu/online", "0-7\n");
	put("/sys/devices/system/cpu/isolated", "\n");
	put("/sys/devices/system/cpu/nohz_full", "(null)\n");
	put("/sys/devices/system/cpu/smt/active", "0\n");
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
	put("/sys/devices/system/cpu/cpu7/cpufreq/scaling_governor", "performance\n");
	put("/sys/devices/system/cpu/cpufreq/boost", "0\n");
	put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	put("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal: 8388608 kB\n"
						       "Node 0 MemFree: 4194304 kB\n");
	put("/sys/devices/system/node/node1/meminfo", "Node 1 MemFree: 2097152 kB\n");
	read_machine();
	facts.mbind_error = facts.move_pages_error = facts.pmu_error = 0;
	probe = (struct check_probe){ .seconds = 1, .cpus = 8, .worst_ns = 300000 };
	in.clock = &fine_clock;
	in.probe = &probe;
}

static struct check_found look(const char *name)
{
	struct check_found found;

	for (size_t i = 0; i < nchecks; i++)
		if (!strcmp(checks[i].name, name)) {
			check_look(&checks[i], &in, &found);
			return found;
		}
	fail_msg("no check %s", name);
	return (struct check_found){ 0 };
}

static void expect(const char *name, enum check_verdict verdict, const char *says)
{
	struct check_found found = look(name);

	if (found.verdict != verdict || !strstr(found.found, says))
		fail_msg("%s: %s, \"%s\"; expected %s, \"%s\"", name,
			 check_verdict_name[found.verdict], found.found, check_verdict_name[verdict],
			 says);
	/* whoever complains has a remedy */
	assert_int_equal(found.verdict == CHECK_COMPLAINT ? found.remedy[0] != '\0' : 1, 1);
	if (found.verdict < CHECK_NOTE)
		assert_string_equal(found.remedy, "");
}

static void expect_remedy(const char *name, const char *has)
{
	struct check_found found = look(name);

	if (!strstr(found.remedy, has))
		fail_msg("%s: remedy \"%s\" has no \"%s\"", name, found.remedy, has);
}

static void test_fine(void **state)
{
	(void)state;
	make_fine();
	for (size_t i = 0; i < nchecks; i++)
		expect(checks[i].name, CHECK_OK, "");
	expect("memory", CHECK_OK, "8192 MiB available, node 1 has the least free, 2048 MiB");
	expect("governor", CHECK_OK, "performance on 2 CPUs");
	expect("swap", CHECK_OK, "not in use");
}

/* A folder without a file: nothing is known, nothing is complained of. */
static void test_nothing_known(void **state)
{
	static const char *const unknown[] = { "governor", "boost", "thp", "numa_balancing",
		"clocksource", "clock", "timer", "hiccups", "irqs", "cpuset", "memory", "mbind",
		"move_pages", "aslr", "pmu", "smt" };

	(void)state;
	load("numa:2 core:4 pu:1");
	read_machine();
	for (size_t i = 0; i < nchecks; i++) {
		enum check_verdict verdict = CHECK_OK;

		for (size_t k = 0; k < sizeof(unknown) / sizeof(unknown[0]); k++)
			if (!strcmp(checks[i].name, unknown[k]))
				verdict = CHECK_UNKNOWN;
		expect(checks[i].name, verdict, "");
	}
	/* neither a topology */
	in.topo = NULL;
	check_facts_read_at(&facts, NULL, root);
	for (size_t i = 0; i < nchecks; i++)
		assert_true(look(checks[i].name).verdict <= CHECK_UNKNOWN);
}

static void test_cpu_rate(void **state)
{
	(void)state;
	make_fine();
	put("/sys/devices/system/cpu/cpu7/cpufreq/scaling_governor", "schedutil\n");
	put("/sys/devices/system/cpu/cpufreq/boost", "1\n");
	put("/sys/devices/system/cpu/smt/active", "1\n");
	read_machine();
	expect("governor", CHECK_COMPLAINT, "governor schedutil on CPU 7");
	expect_remedy("governor", "cpupower frequency-set -g performance");
	expect("boost", CHECK_COMPLAINT, "boost is on");
	expect("smt", CHECK_NOTE, "SMT is on");
	/* a CPU that is not ours may do as it likes */
	topo->cpus[7].allowed = false;
	read_machine();
	expect("governor", CHECK_OK, "performance on 1 CPU");
}

static void test_kernel(void **state)
{
	(void)state;
	make_fine();
	put("/proc/sys/kernel/numa_balancing", "1\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
	put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
	put("/proc/sys/kernel/randomize_va_space", "0\n");
	read_machine();
	expect("numa_balancing", CHECK_COMPLAINT, "numa_balancing=1");
	expect("thp", CHECK_NOTE, "always on");
	expect("clocksource", CHECK_COMPLAINT, "clocksource hpet");
	expect("aslr", CHECK_NOTE, "off");
	expect_remedy("aslr", "sysctl kernel.randomize_va_space=2");
	topo->nnodes = 1; /* nothing to move to */
	expect("numa_balancing", CHECK_OK, "one node");
	topo->nnodes = 2;
}

static void test_clock(void **state)
{
	struct clock_facts back = { .source = "clock_gettime", .why_not = "it steps back 90 ns between CPUs",
				    .cross_cpu_ns = 90, .step_ns = 1, .pair_ns = 45 };
	struct clock_facts slow = { .source = "clock_gettime", .why_not = "IOPT_CLOCK=clock_gettime",
				    .step_ns = 120, .pair_ns = 60 };

	(void)state;
	make_fine();
	in.clock = &back;
	expect("clock", CHECK_COMPLAINT, "steps back 90 ns");
	expect("timer", CHECK_OK, "step 1 ns");
	in.clock = &slow;
	expect("clock", CHECK_NOTE, "IOPT_CLOCK");
	expect("timer", CHECK_COMPLAINT, "step 120 ns");
	slow.step_ns = 10;
	expect("timer", CHECK_OK, "");
	slow.pair_ns = 900;
	expect("timer", CHECK_COMPLAINT, "cost 900 ns");
	back.cross_cpu_ns = 0;
	back.drift_ppm = 400;
	in.clock = &back;
	expect("clock", CHECK_COMPLAINT, "");
}

static void test_others(void **state)
{
	struct check_ticks before, after;

	(void)state;
	make_fine();
	put("/proc/loadavg", "3.50 1.00 0.50 3/100 42\n");
	put("/proc/stat", "cpu  50 10 20 1000 5 5 5 10 0 0\nintr 1000 0 10 20\n");
	read_machine();
	assert_int_equal(facts.running, 2);
	expect("load", CHECK_COMPLAINT, "load is 3.5 on 8 CPUs");
	expect("steal", CHECK_NOTE, "10.0 % of the CPUs' busy time since boot");
	/* our own last run is in the mean, and over */
	put("/proc/loadavg", "3.50 1.00 0.50 1/100 42\n");
	read_machine();
	expect("load", CHECK_NOTE, "nobody else runs now");

	check_ticks_read_at(&before, root);
	put("/proc/stat", "cpu  50 10 20 1085 5 5 5 25 0 0\nintr 9000 0 3010 1020\n");
	check_ticks_read_at(&after, root);
	probe.seconds = 2;
	check_ticks_between(&before, &after, &probe);
	assert_true(fabs(probe.steal_share - 0.15) < 1e-9);
	assert_true(fabs(probe.irqs_per_s - 2000) < 1e-9);
	in.probe = &probe;
	expect("steal", CHECK_COMPLAINT, "takes 15.0 %");
	expect("irqs", CHECK_NOTE, "2000 interrupts");
	check_ticks_between(&after, &after, &probe);
	assert_true(isnan(probe.steal_share));
	expect("steal", CHECK_NOTE, "since boot");
	expect("irqs", CHECK_OK, "0 interrupts");
}

static void test_limits(void **state)
{
	(void)state;
	make_fine();
	put("/proc/self/cgroup", "0::/a\n");
	put("/sys/fs/cgroup/a/cpu.max", "250000 100000\n");
	put("/sys/fs/cgroup/a/memory.max", "268435456\n");
	put("/sys/devices/system/cpu/online", "0-15\n");
	put("/sys/devices/system/cpu/isolated", "8-15\n");
	read_machine();
	expect("cpu_quota", CHECK_COMPLAINT, "grants 2.5 CPUs");
	expect_remedy("cpu_quota", "--threads at most 2");
	expect("memory_limit", CHECK_COMPLAINT, "256 MiB");
	expect("cpuset", CHECK_NOTE, "8 of 16 online CPUs");
	expect("isolated", CHECK_NOTE, "CPUs 8-15 are isolated and none is ours");
	put("/sys/fs/cgroup/a/cpu.max", "800000 100000\n");
	put("/sys/fs/cgroup/a/memory.max", "2147483648\n");
	put("/sys/devices/system/cpu/isolated", "6-15\n");
	read_machine();
	expect("cpu_quota", CHECK_OK, "8.0 CPUs, for 8");
	expect("memory_limit", CHECK_OK, "2048 MiB");
	expect("isolated", CHECK_OK, "2 of ours among them");
	put("/sys/devices/system/cpu/isolated", "\n");
	put("/sys/devices/system/cpu/nohz_full", "9\n");
	read_machine();
	expect("isolated", CHECK_NOTE, "nohz_full");
}

static void test_memory(void **state)
{
	(void)state;
	make_fine();
	put("/sys/devices/system/node/node1/meminfo", "Node 1 MemFree: 102400 kB\n");
	put("/proc/meminfo", "MemAvailable: 8388608 kB\nSwapTotal: 1048576 kB\nSwapFree: 524288 kB\n");
	read_machine();
	expect("memory", CHECK_COMPLAINT, "node 1 has 100 MiB free");
	expect("swap", CHECK_NOTE, "512 of 1024 MiB");
	topo->nodes[1].cpus = 0; /* nobody of ours takes memory there */
	read_machine();
	expect("memory", CHECK_OK, "node 0 has the least");
	put("/proc/meminfo", "MemAvailable: 409600 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
	read_machine();
	expect("memory", CHECK_COMPLAINT, "400 MiB of memory are available");
	expect("swap", CHECK_OK, "none");
}

static void test_refused(void **state)
{
	(void)state;
	make_fine();
	facts.mbind_error = EPERM;
	facts.move_pages_error = ENOSYS;
	facts.pmu_error = EACCES;
	facts.paranoid = 4;
	expect("mbind", CHECK_COMPLAINT, "mbind is refused (EPERM)");
	expect("move_pages", CHECK_NOTE, "ENOSYS");
	expect("pmu", CHECK_NOTE, "EACCES");
	expect_remedy("pmu", "sysctl kernel.perf_event_paranoid=2");
	topo->nnodes = 1;
	expect("mbind", CHECK_OK, "one node only");
	expect("move_pages", CHECK_OK, "one node only");
	topo->nnodes = 2;
	put("/sys/class/dmi/id/product_name", "QEMU Standard PC\n");
	put("/proc/sys/kernel/numa_balancing", "0\n");
	read_machine();
	expect("hypervisor", CHECK_NOTE, "QEMU Standard PC");
}

/* What pauses come to: so many on one CPU, so much of the time on another. */
static void test_hiccups(void **state)
{
	struct hiccup_cpu *cpu = calloc(3, sizeof(*cpu));

	(void)state;
	assert_non_null(cpu);
	make_fine();
	cpu[0] = (struct hiccup_cpu){ .cpu = 4, .duration_ns = 1000000000, .long_gaps = 2, .lost_ns = 5e6 };
	hist_record(&cpu[0].gaps, 2500000);
	cpu[1] = (struct hiccup_cpu){ .cpu = 5, .duration_ns = 1000000000, .lost_ns = 9e6 };
	cpu[2] = (struct hiccup_cpu){ .cpu = 6, .error = EINVAL };
	probe = (struct check_probe){ 0 };
	hiccup_sum(cpu, 3, 1000000000, &probe);
	assert_int_equal(probe.failed, 1);
	expect("hiccups", CHECK_OK, "2 CPUs, at most 0.9 % of the time lost, longest pause 2.5 ms");
	cpu[0].long_gaps = 3; /* above twice a second */
	hiccup_sum(cpu, 2, 1000000000, &probe);
	expect("hiccups", CHECK_COMPLAINT, "CPU 4 paused 3 times for 1 ms or more in 1 s");
	cpu[0].long_gaps = 1; /* once in 100 ms is chance */
	cpu[1].lost_ns = 11e6;
	probe = (struct check_probe){ 0 };
	hiccup_sum(cpu, 2, 100000000, &probe);
	expect("hiccups", CHECK_COMPLAINT, "CPU 5 lost 1.1 %");
	cpu[1].lost_ns = 0;
	probe = (struct check_probe){ 0 };
	hiccup_sum(cpu, 2, 100000000, &probe);
	expect("hiccups", CHECK_OK, "");
	probe = (struct check_probe){ .cpus = 2, .failed = 2 };
	expect("hiccups", CHECK_UNKNOWN, "no CPU could be probed");
	free(cpu);
}

static void test_probe_here(void **state)
{
	struct hiccup_cpu *cpu = calloc(2, sizeof(*cpu));
	unsigned cpus[2] = { 0, 1u << 20 }; /* the second is nowhere */

	(void)state;
	assert_non_null(cpu);
	load(NULL);
	for (unsigned i = 0; i < topo->ncpus; i++)
		if (topo->cpus[i].allowed)
			cpus[0] = topo->cpus[i].os;
	clock_init();
	hiccup_probe(cpus, 2, 20000000, cpu);
	assert_int_equal(cpu[0].error, 0);
	assert_int_equal(cpu[0].cpu, cpus[0]);
	assert_true(cpu[0].duration_ns >= 19000000);
	assert_true(cpu[0].lost_ns <= 1.02 * (double)cpu[0].duration_ns);
	assert_true(cpu[1].error != 0);
	free(cpu);
}

static void test_this_machine(void **state)
{
	(void)state;
	load(NULL);
	host_read(&host, topo);
	check_facts_read(&facts, topo);
	assert_true(facts.mbind_error >= 0 && facts.move_pages_error >= 0 && facts.pmu_error >= 0);
	assert_true(facts.available_bytes > 0);
	assert_true(facts.online >= topo->nallowed);
	assert_true(facts.running >= 0);
}

/* The manual has the table: a row for each check, with the reason and the remedy. */
static void test_manual(void **state)
{
	FILE *f = fopen(TEST_DATA "/../../docs/doctor.md", "r");
	static char text[1 << 16];
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	for (size_t i = 0; i < nchecks; i++) {
		const struct check *c = &checks[i];
		char row[700];

		snprintf(row, sizeof(row), "| `%s` | %s | %s | %s%s%s |\n", c->name, c->complains, c->why,
			 c->remedy ? "`" : "", c->remedy ? c->remedy : "", c->remedy ? "`" : "");
		if (!strstr(text, row))
			fail_msg("docs/doctor.md lacks the row:\n%s", row);
	}
}

static int end(void **state)
{
	(void)state;
	topology_free(topo);
	return 0;
}

int main(void)
{
#define FAKE(test) cmocka_unit_test_setup_teardown(test, new_root, remove_root)
	const struct CMUnitTest tests[] = {
		FAKE(test_fine),
		FAKE(test_nothing_known),
		FAKE(test_cpu_rate),
		FAKE(test_kernel),
		FAKE(test_clock),
		FAKE(test_others),
		FAKE(test_limits),
		FAKE(test_memory),
		FAKE(test_refused),
		FAKE(test_hiccups),
		cmocka_unit_test(test_probe_here),
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
