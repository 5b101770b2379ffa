#include <string.h>

#include "sys/host.h"

#define LOAD_PER_CPU_MAX 0.2
#define STEAL_SHARE_MAX 0.01

/* Each writes its warning, or returns false when there is nothing to warn of. */
typedef bool warning_fn(const struct host_facts *f, const struct topology *t, char *text,
			size_t size);

static bool warn_numa_balancing(const struct host_facts *f, const struct topology *t, char *text,
				size_t size)
{
	if (f->numa_balancing <= 0 || (t && t->nnodes < 2))
		return false;
	snprintf(text, size,
		 "numa_balancing=%d moves pages while we measure: sysctl kernel.numa_balancing=0",
		 f->numa_balancing);
	return true;
}

static bool warn_governor(const struct host_facts *f, const struct topology *t, char *text,
			  size_t size)
{
	(void)t;
	if (!f->governor[0] || !strcmp(f->governor, "performance"))
		return false;
	snprintf(text, size,
		 "governor %s changes the clock rate: cpupower frequency-set -g performance",
		 f->governor);
	return true;
}

static bool warn_boost(const struct host_facts *f, const struct topology *t, char *text,
		       size_t size)
{
	(void)t;
	if (strcmp(f->boost, "on"))
		return false;
	snprintf(text, size,
		 "boost is on, few threads run faster than many: cpupower set --turbo-boost 0");
	return true;
}

static bool warn_smt(const struct host_facts *f, const struct topology *t, char *text, size_t size)
{
	(void)t;
	if (f->smt != 1)
		return false;
	snprintf(text, size,
		 "SMT is on, two workers may share a core: "
		 "--threads up to the cores, or echo off > /sys/devices/system/cpu/smt/control");
	return true;
}

static bool warn_thp(const struct host_facts *f, const struct topology *t, char *text, size_t size)
{
	(void)t;
	if (strcmp(f->thp, "always"))
		return false;
	snprintf(text, size,
		 "transparent huge pages are always on (table pages opt out, the rest does not): "
		 "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
	return true;
}

static bool warn_clocksource(const struct host_facts *f, const struct topology *t, char *text,
			     size_t size)
{
	bool fine = !f->clocksource[0] || !strcmp(f->clocksource, "tsc") ||
		    !strcmp(f->clocksource, "arch_sys_counter") ||
		    !strcmp(f->clocksource, "kvm-clock");

	(void)t;
	if (fine)
		return false;
	snprintf(text, size,
		 "clocksource %s makes clock_gettime a slow call: "
		 "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource",
		 f->clocksource);
	return true;
}

static bool warn_load(const struct host_facts *f, const struct topology *t, char *text, size_t size)
{
	double cpus = t ? t->nallowed : 1;

	if (f->load1 <= LOAD_PER_CPU_MAX * cpus)
		return false;
	snprintf(text, size, "load is %.1f on %.0f CPU%s, others run beside us: stop them or wait",
		 f->load1, cpus, cpus < 2 ? "" : "s");
	return true;
}

static bool warn_quota(const struct host_facts *f, const struct topology *t, char *text,
		       size_t size)
{
	if (f->cgroup_cpus <= 0 || (t && f->cgroup_cpus >= t->nallowed))
		return false;
	snprintf(text, size,
		 "the control group grants %.1f CPUs and stops us beyond: "
		 "raise cpu.max, or --threads at most %u",
		 f->cgroup_cpus, f->cgroup_cpus < 1 ? 1u : (unsigned)f->cgroup_cpus);
	return true;
}

static bool warn_memory(const struct host_facts *f, const struct topology *t, char *text,
			size_t size)
{
	(void)t;
	if (!f->cgroup_memory_bytes || f->cgroup_memory_bytes >= (uint64_t)1 << 30)
		return false;
	snprintf(text, size,
		 "the control group grants %llu MiB of memory, a run may want 512: "
		 "raise memory.max",
		 (unsigned long long)(f->cgroup_memory_bytes >> 20));
	return true;
}

static bool warn_steal(const struct host_facts *f, const struct topology *t, char *text,
		       size_t size)
{
	(void)t;
	if (f->steal_share <= STEAL_SHARE_MAX)
		return false;
	snprintf(text, size,
		 "the hypervisor took %.1f %% of the CPUs' time since boot: use dedicated CPUs",
		 100 * f->steal_share);
	return true;
}

static bool warn_hypervisor(const struct host_facts *f, const struct topology *t, char *text,
			    size_t size)
{
	(void)t;
	if (!f->hypervisor[0])
		return false;
	snprintf(text, size,
		 "virtual machine (%s): figures move with the neighbours; "
		 "compare only within one run, or use bare metal",
		 f->hypervisor);
	return true;
}

bool host_warning(const struct host_facts *facts, const struct topology *t, unsigned i, char *text,
		  size_t size)
{
	static warning_fn *const warnings[] = {
		warn_numa_balancing,
		warn_governor,
		warn_boost,
		warn_smt,
		warn_thp,
		warn_clocksource,
		warn_load,
		warn_quota,
		warn_memory,
		warn_steal,
		warn_hypervisor,
	};

	for (size_t k = 0; k < sizeof(warnings) / sizeof(warnings[0]); k++)
		if (warnings[k](facts, t, text, size) && !i--)
			return true;
	return false;
}
