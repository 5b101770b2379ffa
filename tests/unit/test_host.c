#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_root.h"
#include "stat/histogram.h"
#include "sys/clock.h"
#include "sys/host.h"

static struct topology *two_nodes(void)
{
	struct topology *t = NULL;
	struct err err;

	assert_int_equal(topology_load(&t, "numa:2 core:4 pu:1", &err), 0);
	return t;
}

static void test_empty_machine(void **state)
{
	struct topology *t = two_nodes();
	struct host_facts f;

	(void)state;
	host_read_at(&f, t, root);
	assert_string_equal(f.governor, "");
	assert_string_equal(f.boost, "");
	assert_string_equal(f.container, "");
	assert_string_equal(f.hypervisor, "");
	assert_int_equal(f.numa_balancing, -1);
	assert_int_equal(f.smt, -1);
	assert_true(f.cgroup_cpus == 0);
	assert_int_equal(f.cgroup_memory_bytes, 0);
	assert_int_equal(f.memory_bytes, 0);
	/* these come from the program itself */
	assert_true(f.compiler[0] && f.version[0] && f.commit[0] && f.jemalloc[0] && f.hwloc[0]);
	topology_free(t);
}

static void test_troubled_machine(void **state)
{
	struct topology *t = two_nodes();
	struct host_facts f;

	(void)state;
	put("/etc/os-release", "ID=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
	put("/proc/cpuinfo",
	    "processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7763\nmicrocode\t: 0xa0011d5\n");
	put("/proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\n");
	put("/proc/loadavg", "3.50 1.00 0.50 1/100 42\n");
	put("/proc/stat", "cpu  50 10 20 1000 5 5 5 10 0 0\ncpu0 1 1 1 1\n");
	put("/proc/sys/kernel/numa_balancing", "1\n");
	put("/sys/devices/system/cpu/smt/active", "1\n");
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "schedutil\n");
	put("/sys/devices/system/cpu/cpufreq/boost", "1\n");
	put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
	put("/sys/class/dmi/id/product_name", "QEMU Standard PC\n");
	put("/run/systemd/container", "lxc\n");
	host_read_at(&f, t, root);
	assert_string_equal(f.os, "Debian GNU/Linux 12 (bookworm)");
	assert_string_equal(f.cpu_model, "AMD EPYC 7763");
	assert_string_equal(f.microcode, "0xa0011d5");
	assert_int_equal(f.memory_bytes, 16384 * 1024);
	assert_true(f.load1 == 3.5);
	assert_true(f.steal_share == 0.1);
	assert_int_equal(f.numa_balancing, 1);
	assert_int_equal(f.smt, 1);
	assert_string_equal(f.governor, "schedutil");
	assert_string_equal(f.boost, "on");
	assert_string_equal(f.clocksource, "hpet");
	assert_string_equal(f.thp, "always");
	assert_string_equal(f.container, "lxc");
	assert_string_equal(f.hypervisor, "QEMU Standard PC");
	topology_free(t);
}

static void test_quiet_machine(void **state)
{
	struct topology *t = two_nodes();
	struct host_facts f;

	(void)state;
	put("/proc/loadavg", "0.10 1.00 0.50 1/100 42\n");
	put("/proc/stat", "cpu  50 10 20 1000 5 5 5 0 0 0\n");
	put("/proc/sys/kernel/numa_balancing", "0\n");
	put("/sys/devices/system/cpu/smt/active", "0\n");
	put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
	put("/sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
	put("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
	put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
	host_read_at(&f, t, root);
	assert_string_equal(f.boost, "off");
	assert_string_equal(f.thp, "madvise");
	topology_free(t);
}

/* The tightest of the group's own limits and those above it. */
static void test_cgroup2(void **state)
{
	struct topology *t = two_nodes();
	struct host_facts f;

	(void)state;
	put("/proc/self/cgroup", "0::/a.slice/b\n");
	put("/sys/fs/cgroup/a.slice/b/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/a.slice/b/memory.max", "1073741824\n");
	put("/sys/fs/cgroup/a.slice/cpu.max", "250000 100000\n");
	put("/sys/fs/cgroup/a.slice/memory.max", "268435456\n");
	put("/sys/fs/cgroup/memory.max", "max\n");
	host_read_at(&f, t, root);
	assert_true(f.cgroup_cpus == 2.5);
	assert_int_equal(f.cgroup_memory_bytes, 268435456);
	topology_free(t);
}

static void test_cgroup2_namespace(void **state)
{
	struct host_facts f;

	(void)state;
	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/cpu.max", "50000 100000\n");
	host_read_at(&f, NULL, root);
	assert_true(f.cgroup_cpus == 0.5);
}

/* Version 1, in a container whose own group is the mount's top. */
static void test_cgroup1(void **state)
{
	struct host_facts f;

	(void)state;
	put("/proc/self/cgroup",
	    "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n");
	put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
	put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
	host_read_at(&f, NULL, root);
	assert_true(f.cgroup_cpus == 1.5);
	assert_int_equal(f.cgroup_memory_bytes, 536870912);
	assert_string_equal(f.container, "docker");
	put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
	put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	host_read_at(&f, NULL, root);
	assert_true(f.cgroup_cpus == 0);
	assert_int_equal(f.cgroup_memory_bytes, 0);
}

static void test_this_machine(void **state)
{
	struct topology *t = NULL;
	struct host_facts f;
	struct err err;

	(void)state;
	assert_int_equal(topology_load(&t, NULL, &err), 0);
	host_read(&f, t);
	assert_true(f.hostname[0] && f.kernel[0] && f.arch[0] && f.os[0]);
	assert_true(f.memory_bytes > 0);
	assert_true(host_peak_rss_bytes() > 1 << 20);
	assert_true(host_peak_rss_bytes() < (uint64_t)1 << 32);
	host_steal_ns();
	topology_free(t);
}

static void test_counters(void **state)
{
	struct host_counters before, after;
	char *pages = malloc(64 * 4096);

	(void)state;
	host_counters_thread(&before);
	assert_non_null(pages);
	memset(pages, 1, 64 * 4096);
	assert_true(pages[4096] == 1);
	free(pages);
	for (int i = 0; i < 5; i++)
		usleep(1000);
	host_counters_thread(&after);
	assert_true(after.voluntary >= before.voluntary + 5);
	assert_true(after.involuntary >= before.involuntary);
	assert_true(after.minor_faults >= before.minor_faults);
	assert_true(after.migrations >= before.migrations);
}

static void test_hiccups(void **state)
{
	static struct histogram gaps;
	uint64_t start, spent = 0;

	(void)state;
	clock_init();
	start = clock_monotonic_ns();
	host_hiccups(&gaps, 20000000);
	assert_true(clock_monotonic_ns() - start >= 19000000);
	assert_true(!gaps.n || gaps.min >= 200);
	for (uint32_t b = 0; b < HIST_BUCKETS; b++)
		spent += gaps.count[b] * hist_bucket_low(b);
	assert_true(spent <= clock_monotonic_ns() - start);
}

int main(void)
{
#define FAKE(test) cmocka_unit_test_setup_teardown(test, new_root, remove_root)
	const struct CMUnitTest tests[] = {
		FAKE(test_empty_machine),
		FAKE(test_troubled_machine),
		FAKE(test_quiet_machine),
		FAKE(test_cgroup2),
		FAKE(test_cgroup2_namespace),
		FAKE(test_cgroup1),
		cmocka_unit_test(test_this_machine),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_hiccups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
