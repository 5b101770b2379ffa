#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stat/histogram.h"
#include "sys/clock.h"
#include "sys/host.h"
#include "sys/host_file.h"

#define GAP_NS 200u

void host_counters_thread(struct host_counters *c)
{
	char *sched = host_file("", "/proc/thread-self/sched");
	const char *moved = sched ? strstr(sched, "se.nr_migrations") : NULL;
	struct rusage u;

	*c = (struct host_counters){ 0 };
	if (!getrusage(RUSAGE_THREAD, &u)) {
		c->voluntary = (uint64_t)u.ru_nvcsw;
		c->involuntary = (uint64_t)u.ru_nivcsw;
		c->minor_faults = (uint64_t)u.ru_minflt;
	}
	moved = moved ? strchr(moved, ':') : NULL;
	if (moved)
		c->migrations = strtoull(moved + 1, NULL, 10);
	free(sched);
}

/* proc(5): "cpu user nice system idle iowait irq softirq steal …" in USER_HZ */
uint64_t host_steal_ns(void)
{
	unsigned long long steal;
	long hz = sysconf(_SC_CLK_TCK);
	char line[256];

	if (hz <= 0 || !host_line("", "/proc/stat", line, sizeof(line)) ||
	    sscanf(line, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		return 0;
	return steal * (1000000000u / (uint64_t)hz);
}

uint64_t host_peak_rss_bytes(void)
{
	struct rusage own, child;

	/* with --processes the children do the work, one after another */
	if (getrusage(RUSAGE_SELF, &own) || getrusage(RUSAGE_CHILDREN, &child))
		return 0;
	return (uint64_t)(own.ru_maxrss > child.ru_maxrss ? own.ru_maxrss : child.ru_maxrss) * 1024;
}

void host_hiccups(struct histogram *gaps, uint64_t duration_ns)
{
	uint64_t limit = clock_ticks(GAP_NS), start = clock_now();
	uint64_t end = start + clock_ticks((double)duration_ns), last = start;

	while (last < end) {
		uint64_t now = clock_now();

		if (now - last > limit)
			hist_record(gaps, (uint64_t)(clock_ns(now - last) + 0.5));
		last = now;
	}
}
