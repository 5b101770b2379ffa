/* checks_machine.c - checks of what the machine is and how it is set up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys/checks.h"

#define STEP_NS_MAX 100.0
#define PAIR_NS_MAX 200.0

void check_governor(const struct check_input *in, struct check_found *out)
{
	const struct check_facts *f = in->facts;

	if (f->governor[0])
		check_say(out, CHECK_COMPLAINT, "governor %s on CPU %u", f->governor,
			  f->governor_cpu);
	else if (f->governors)
		check_say(out, CHECK_OK, "performance on %u CPU%s", f->governors,
			  f->governors == 1 ? "" : "s");
	else
		check_say(out, CHECK_UNKNOWN, "unknown: no cpufreq here%s",
			  in->host->hypervisor[0] ? ", the hypervisor keeps it to itself" : "");
}

void check_boost(const struct check_input *in, struct check_found *out)
{
	if (!in->host->boost[0])
		check_say(out, CHECK_UNKNOWN, "unknown: neither cpufreq/boost nor intel_pstate/no_turbo");
	else if (strcmp(in->host->boost, "on"))
		check_say(out, CHECK_OK, "off");
	else
		check_say(out, CHECK_COMPLAINT, "boost is on");
}

void check_smt(const struct check_input *in, struct check_found *out)
{
	if (in->host->smt < 0)
		check_say(out, CHECK_UNKNOWN, "unknown");
	else if (in->host->smt)
		check_say(out, CHECK_NOTE, "SMT is on");
	else
		check_say(out, CHECK_OK, "off, or one thread a core");
}

void check_thp(const struct check_input *in, struct check_found *out)
{
	if (!in->host->thp[0])
		check_say(out, CHECK_UNKNOWN, "unknown");
	else if (!strcmp(in->host->thp, "always"))
		check_say(out, CHECK_NOTE, "transparent huge pages are always on");
	else
		check_say(out, CHECK_OK, "%s", in->host->thp);
}

void check_numa_balancing(const struct check_input *in, struct check_found *out)
{
	int on = in->host->numa_balancing;

	if (on < 0)
		check_say(out, CHECK_UNKNOWN, "unknown: not in this kernel");
	else if (!on)
		check_say(out, CHECK_OK, "off");
	else if (in->topo && in->topo->nnodes < 2)
		check_say(out, CHECK_OK, "numa_balancing=%d, but there is one node only", on);
	else
		check_say(out, CHECK_COMPLAINT, "numa_balancing=%d", on);
}

void check_clocksource(const struct check_input *in, struct check_found *out)
{
	static const char *const fast[] = { "tsc", "arch_sys_counter", "kvm-clock",
					    "hyperv_clocksource_tsc_page" };
	const char *source = in->host->clocksource;

	if (!source[0]) {
		check_say(out, CHECK_UNKNOWN, "unknown");
		return;
	}
	for (size_t i = 0; i < sizeof(fast) / sizeof(fast[0]); i++)
		if (!strcmp(source, fast[i])) {
			check_say(out, CHECK_OK, "%s", source);
			return;
		}
	check_say(out, CHECK_COMPLAINT, "clocksource %s", source);
}

/* Asking for clock_gettime is the user's right, and no counter known no fault of the machine's state. */
void check_clock(const struct check_input *in, struct check_found *out)
{
	const struct clock_facts *c = in->clock;

	if (!c)
		check_say(out, CHECK_UNKNOWN, "not measured");
	else if (!c->why_not)
		check_say(out, CHECK_OK, "%s, in order on all CPUs, two calibrations within %.1f ppm",
			  c->source, c->drift_ppm);
	else if (c->cross_cpu_ns > 0 || c->drift_ppm > 100)
		check_say(out, CHECK_COMPLAINT, "%s, because of the cycle counter: %s", c->source,
			  c->why_not);
	else
		check_say(out, CHECK_NOTE, "%s: %s", c->source, c->why_not);
}

void check_timer(const struct check_input *in, struct check_found *out)
{
	const struct clock_facts *c = in->clock;

	if (!c)
		check_say(out, CHECK_UNKNOWN, "not measured");
	else
		check_say(out, c->step_ns > STEP_NS_MAX || c->pair_ns > PAIR_NS_MAX ? CHECK_COMPLAINT
										    : CHECK_OK,
			  "step %.3g ns, two stamps cost %.3g ns", c->step_ns, c->pair_ns);
}

void check_aslr(const struct check_input *in, struct check_found *out)
{
	if (in->facts->aslr < 0)
		check_say(out, CHECK_UNKNOWN, "unknown");
	else if (in->facts->aslr)
		check_say(out, CHECK_OK, "on: every process is another draw of where code and tables lie");
	else
		check_say(out, CHECK_NOTE, "address space randomisation is off");
}

void check_pmu(const struct check_input *in, struct check_found *out)
{
	const struct check_facts *f = in->facts;
	bool forbidden = f->pmu_error == EACCES || f->pmu_error == EPERM;
	const char *name = f->pmu_error > 0 ? strerrorname_np(f->pmu_error) : NULL, *remedy = "";

	if (f->pmu_error <= 0) {
		check_say(out, f->pmu_error ? CHECK_UNKNOWN : CHECK_OK,
			  f->pmu_error ? "not asked" : "cycles can be counted");
		return;
	}
	check_say(out, CHECK_NOTE, "no hardware counters (%s)", name ? name : "?");
	if (forbidden && f->paranoid > 2)
		remedy = "sysctl kernel.perf_event_paranoid=2";
	else if (forbidden)
		remedy = "allow perf_event_open in the container's seccomp profile, or grant CAP_PERFMON";
	else if (in->host->hypervisor[0])
		remedy = "ask the host of this guest for a PMU";
	snprintf(out->remedy, sizeof(out->remedy), "%s", remedy);
}

void check_hypervisor(const struct check_input *in, struct check_found *out)
{
	if (in->host->hypervisor[0])
		check_say(out, CHECK_NOTE, "virtual machine (%s)", in->host->hypervisor);
	else
		check_say(out, CHECK_OK, "none seen");
}
