/* The line that `run` prints: none, the only complaint, or the names of several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "bench/doctor.h"
#include "sys/checks.h"
#include "sys/clock.h"

static struct topology *topo;
static struct host_facts host;

static int start(void **state)
{
	struct err err;

	(void)state;
	if (topology_load(&topo, "numa:1 core:2 pu:1", &err))
		return -1;
	for (unsigned i = 0; i < topo->ncpus; i++)
		topo->cpus[i].allowed = false; /* so that nobody asks this machine for its governors */
	host = (struct host_facts){ .numa_balancing = -1, .smt = -1 };
	clock_facts = (struct clock_facts){ .source = "tsc", .ns_per_tick = 1, .step_ns = 10, .pair_ns = 20 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	topology_free(topo);
	return 0;
}

static void test_nothing(void **state)
{
	char text[240] = "";

	(void)state;
	strcpy(host.hypervisor, "KVM"); /* a note */
	assert_false(doctor_brief(&host, topo, text, sizeof(text)));
}

static void test_one(void **state)
{
	char text[240], advice[32][DOCTOR_TEXT];
	bool noted = false;
	unsigned n;

	(void)state;
	strcpy(host.boost, "on");
	strcpy(host.hypervisor, "KVM");
	assert_true(doctor_advice(&host, topo, text, sizeof(text), advice, 32, &n));
	assert_string_equal(text, "boost is on (few busy cores run faster than many, and all by temperature): "
				  "cpupower set --turbo-boost 0");
	assert_string_equal(advice[0], text);
	for (unsigned i = 1; i < n; i++)
		noted |= !strncmp(advice[i], "virtual machine (KVM)", strlen("virtual machine (KVM)"));
	assert_true(noted);
	assert_true(doctor_advice(&host, topo, text, sizeof(text), advice, 1, &n));
	assert_int_equal(n, 1);
}

static void test_several(void **state)
{
	char text[240];

	(void)state;
	strcpy(host.boost, "on");
	strcpy(host.clocksource, "hpet");
	host.cgroup_memory_bytes = 1 << 20;
	assert_true(doctor_brief(&host, topo, text, sizeof(text)));
	assert_string_equal(text, "doctor: boost, clocksource, memory_limit (`iopt doctor` has the remedies)");
}

/* However many there are, the line ends as it should; and each alone has its remedy on it, uncut. */
static void test_fits(void **state)
{
	char text[240] = "doctor: ";
	size_t longest = 0;

	(void)state;
	for (size_t i = 0; i < nchecks; i++) {
		size_t length = strlen(checks[i].why) + (checks[i].remedy ? strlen(checks[i].remedy) : 0);

		/* names of all that can complain at once come nowhere near the end */
		longest += strncmp(checks[i].complains, "never", 5) ? strlen(checks[i].name) + 2 : 0;
		/* hiccups are probed by doctor only, which wraps its lines */
		if (strncmp(checks[i].complains, "never", 5) && strcmp(checks[i].name, "hiccups"))
			assert_true(length + 75 < sizeof(text));
	}
	assert_true(longest + strlen("doctor:  (`iopt doctor` has the remedies)") < sizeof(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, start, end),
		cmocka_unit_test_setup_teardown(test_one, start, end),
		cmocka_unit_test_setup_teardown(test_several, start, end),
		cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
