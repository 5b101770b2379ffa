/* checks.c - the table; docs/doctor.md is checked against it. */
#include "sys/checks.h"

#include <stdarg.h>
#include <stdio.h>

const char *const check_verdict_name[] = { "ok", "unknown", "note", "complaint" };

#define CPU_SYSFS "/sys/devices/system/cpu/"

const struct check checks[] = {
	{ "governor", "a CPU of ours has another governor than performance",
	  "the clock rate changes while we measure", "cpupower frequency-set -g performance",
	  check_governor },
	{ "boost", "it is on", "few busy cores run faster than many, and all by temperature",
	  "cpupower set --turbo-boost 0", check_boost },
	{ "smt", "never; a note when on", "two workers may share a core",
	  "--smt off leaves the second threads idle; or echo off > " CPU_SYSFS "smt/control",
	  check_smt },
	{ "thp", "never; a note when always on",
	  "table pages opt out, everything else is merged and moved in the background",
	  "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled", check_thp },
	{ "numa_balancing", "it is on and there are several nodes", "it moves pages while we measure",
	  "sysctl kernel.numa_balancing=0", check_numa_balancing },
	{ "clocksource", "the kernel does not trust a fast clock", "clock_gettime is a slow call",
	  "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource",
	  check_clocksource },
	{ "clock", "the cycle counter drifts, or steps back between CPUs",
	  "times of different CPUs cannot be compared",
	  "use other hardware or another hypervisor; journalctl -k -g tsc says what the kernel found",
	  check_clock },
	{ "timer", "a step is above 100 ns or two stamps cost above 200 ns",
	  "latencies of single operations drown in the clock's own cost",
	  "unset IOPT_CLOCK; else boot with tsc=reliable if the machine's TSC is known to be good",
	  check_timer },
	{ "hiccups", "a CPU pauses for 1 ms or more over twice a second, or 1 % of its time",
	  "a slice is 20 ms long, and one such pause in it is a 5 % slowdown that no engine caused",
	  "end what runs beside us (top), or keep it off with isolcpus= and nohz_full=",
	  check_hiccups },
	{ "steal", "over the probe the hypervisor took above 1 %; a note from 1 % since boot",
	  "the CPUs' time went to other machines", "use dedicated CPUs, or measure when it is quiet",
	  check_steal },
	{ "load", "the load is above 0.2 a CPU and somebody runs right now; a note if nobody does",
	  "others take turns with our workers", "stop them (ps -eo pid,psr,pcpu,args --sort=-pcpu), or wait",
	  check_load },
	{ "irqs", "never; a note above 1000 a second from devices",
	  "they interrupt whichever CPU they are routed to",
	  "systemctl stop irqbalance, and route them elsewhere: /proc/irq/*/smp_affinity_list",
	  check_irqs },
	{ "isolated", "never; a note when there are isolated CPUs and none of them is ours",
	  "the quiet CPUs stay unused", "taskset -c LIST iopt …, with the isolated CPUs as LIST",
	  check_isolated },
	{ "cpuset", "never; a note when online CPUs are not ours", "others may run on their siblings and caches",
	  "taskset -c 0-N iopt …, or a larger cpuset.cpus", check_cpuset },
	{ "cpu_quota", "the control group grants less time than we have CPUs",
	  "we are stopped for the rest of each period", "raise cpu.max, or --threads at most the quota",
	  check_cpu_quota },
	{ "memory_limit", "the control group grants below 1 GiB", "a run may want 512 MiB, and is killed",
	  "raise memory.max", check_memory_limit },
	{ "memory", "below 512 MiB are available, or a node of ours has less free while there are others",
	  "pages are reclaimed while we measure, or come from another node",
	  "end what holds the memory; sync; echo 3 > /proc/sys/vm/drop_caches", check_memory },
	{ "swap", "never; a note when in use", "a page that comes back from disk costs milliseconds",
	  "swapoff -a", check_swap },
	{ "locked_memory", "never: not needed", "iopt populates its memory and locks none of it", NULL,
	  check_locked_memory },
	{ "mbind", "it is refused and there are several nodes",
	  "table pages lie where the kernel puts them",
	  "allow mbind in the container's seccomp profile (docker: --cap-add SYS_NICE)", check_mbind },
	{ "move_pages", "never; a note when refused and there are several nodes",
	  "where pages lie cannot be verified",
	  "allow move_pages in the container's seccomp profile (docker: --cap-add SYS_NICE)",
	  check_move_pages },
	{ "aslr", "never; a note when off",
	  "every process has the same layout of code and stack, which is one draw however many "
	  "processes",
	  "sysctl kernel.randomize_va_space=2, and no setarch -R", check_aslr },
	{ "pmu", "never; a note when nothing can be counted", "cycles and misses by operation stay null",
	  "sysctl kernel.perf_event_paranoid=2; a guest needs a PMU from its host", check_pmu },
	{ "hypervisor", "never; a note in a virtual machine", "figures move with the neighbours",
	  "compare only within one run or by turns (iopt compare --old --new), or use bare metal",
	  check_hypervisor },
};
const size_t nchecks = sizeof(checks) / sizeof(checks[0]);

void check_say(struct check_found *out, enum check_verdict verdict, const char *fmt, ...)
{
	va_list ap;

	out->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(out->found, sizeof(out->found), fmt, ap);
	va_end(ap);
}

void check_look(const struct check *c, const struct check_input *in, struct check_found *out)
{
	*out = (struct check_found){ 0 };
	c->look(in, out);
	if (out->verdict < CHECK_NOTE)
		out->remedy[0] = '\0';
	else if (!out->remedy[0])
		snprintf(out->remedy, sizeof(out->remedy), "%s", c->remedy ? c->remedy : "");
}

char *check_text(const struct check *c, const struct check_found *found, char *text, size_t size)
{
	snprintf(text, size, "%s (%s)%s%s", found->found, c->why, found->remedy[0] ? ": " : "",
		 found->remedy);
	return text;
}
