#include "sys/perf.h"

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "sys/host_file.h"

const char *const perf_count_name[PERF_COUNTS] = { "cycles", "instructions", "llc_misses", "remote" };

#define READ_MISS (PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16)
#define OTHER_FILES 64u
#define ZEN 0x17, UINT_MAX
#define ANY 0, 0

/*
 * The kernel's generic cache events where it has them. For AMD's Zen it has none for the last-level
 * cache and for nodes (its "cache-misses" are those of the L2), so there it is PMCx043, demand fills of
 * the data cache by source (PPR for family 17h models 01h/08h, 54945, 2.1.15.4.2, and family 19h,
 * 55898): bits 3 and 6 memory here and on another node, 4 another node's cache, and from
 * family 19h on 2, the cache of another complex of this node.
 */
static const struct perf_event default_events[] = {
	{ PERF_CYCLES, "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, ANY },
	{ PERF_INSTRUCTIONS, "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, ANY },
	{ PERF_LLC_MISSES, "LLC-load-misses", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_LL | READ_MISS,
	  ANY },
	{ PERF_LLC_MISSES, "r5843: demand fills", PERF_TYPE_RAW, 0x5843, 0x17, 0x18 },
	{ PERF_LLC_MISSES, "r5c43: demand fills", PERF_TYPE_RAW, 0x5c43, 0x19, UINT_MAX },
	{ PERF_REMOTE, "node-load-misses", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_NODE | READ_MISS,
	  ANY },
	{ PERF_REMOTE, "r5043: demand fills", PERF_TYPE_RAW, 0x5043, ZEN },
};

static int kernel_open(const struct perf_event *event, int leader_fd)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = event->type,
		.config = event->config,
		.disabled = leader_fd < 0, /* the others follow the leader */
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, leader_fd, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static int kernel_enable(int leader_fd)
{
	return ioctl(leader_fd, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP) ? -errno : 0;
}

static int kernel_disable(int leader_fd)
{
	return ioctl(leader_fd, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP) ? -errno : 0;
}

static long kernel_read(int leader_fd, void *buf, size_t size)
{
	return read(leader_fd, buf, size);
}

static void kernel_close(int fd)
{
	close(fd);
}

const struct perf_sys perf_kernel = { kernel_open, kernel_enable, kernel_disable, kernel_read,
				      kernel_close };

static bool for_this_cpu(const struct perf_event *event, unsigned amd_family)
{
	return !event->amd_first ||
	       (amd_family >= event->amd_first && amd_family <= event->amd_last);
}

void perf_open(struct perf_group *g, const struct perf_sys *sys, const struct perf_event *events,
	       size_t n, unsigned amd_family)
{
	*g = (struct perf_group){ .sys = sys };
	for (size_t i = 0; i < n; i++) {
		enum perf_count count = events[i].count;
		int fd;

		if (g->event[count] || !for_this_cpu(&events[i], amd_family))
			continue;
		fd = sys->open(&events[i], g->n ? g->fd[0] : -1);
		if (fd < 0) {
			g->error[count] = g->error[count] ? g->error[count] : -fd;
			continue;
		}
		g->fd[g->n] = fd;
		g->count[g->n++] = count;
		g->event[count] = events[i].name;
		g->error[count] = 0;
	}
}

/* CPUID: 0 has the maker's name in EBX, EDX, ECX; 1 the family, which is two fields from 15 on. */
static unsigned amd_family(void)
{
#if defined(__x86_64__)
	unsigned a, b, c, d, family;
	char maker[12];

	if (!__get_cpuid(0, &a, &b, &c, &d))
		return 0;
	memcpy(maker, &b, 4);
	memcpy(maker + 4, &d, 4);
	memcpy(maker + 8, &c, 4);
	if ((memcmp(maker, "AuthenticAMD", 12) && memcmp(maker, "HygonGenuine", 12)) ||
	    !__get_cpuid(1, &a, &b, &c, &d))
		return 0;
	family = a >> 8 & 15;
	return family == 15 ? family + (a >> 20 & 255) : family;
#else
	return 0;
#endif
}

void perf_open_default(struct perf_group *g)
{
	perf_open(g, &perf_kernel, default_events, sizeof(default_events) / sizeof(default_events[0]),
		  amd_family());
}

int perf_reserve(unsigned groups)
{
	rlim_t files = (rlim_t)groups * (PERF_COUNTS + 1) + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return EMFILE;
	if (limit.rlim_cur >= files) /* RLIM_INFINITY is the largest there is */
		return 0;
	limit.rlim_cur = files;
	return limit.rlim_max < files || setrlimit(RLIMIT_NOFILE, &limit) ? EMFILE : 0;
}

void perf_close(struct perf_group *g)
{
	while (g->n)
		g->sys->close(g->fd[--g->n]);
}

/* Layout: perf_event_open(2), "Reading results". */
static bool read_group(struct perf_group *g, struct perf_reading *out)
{
	struct {
		uint64_t n, enabled_ns, running_ns, value[PERF_COUNTS];
	} raw;
	long want = (long)((3 + g->n) * sizeof(uint64_t));

	*out = (struct perf_reading){ 0 };
	if (g->sys->read(g->fd[0], &raw, sizeof(raw)) != want || raw.n != g->n)
		return false;
	out->enabled_ns = raw.enabled_ns;
	out->running_ns = raw.running_ns;
	for (unsigned i = 0; i < g->n; i++) {
		out->count[g->count[i]] = raw.value[i];
		out->mask |= 1u << g->count[i];
	}
	return true;
}

void perf_start(struct perf_group *g)
{
	if (g->n)
		g->sys->enable(g->fd[0]); /* if that fails no time has run when it is read */
}

void perf_stop(struct perf_group *g, struct perf_reading *out)
{
	struct perf_reading now;

	*out = (struct perf_reading){ 0 };
	if (!g->n || g->sys->disable(g->fd[0]) || !read_group(g, &now))
		return;
	*out = now;
	out->enabled_ns -= g->last.enabled_ns;
	out->running_ns -= g->last.running_ns;
	for (unsigned i = 0; i < PERF_COUNTS; i++)
		out->count[i] -= g->last.count[i];
	g->last = now;
}

void perf_sum_add(struct perf_sum *sum, const struct perf_reading *r)
{
	struct perf_sum one = { .enabled_ns = r->enabled_ns, .running_ns = r->running_ns,
				.readings = 1 };

	if (r->running_ns) {
		double scale = (double)r->enabled_ns / (double)r->running_ns;

		one.mask = r->mask;
		for (unsigned i = 0; i < PERF_COUNTS; i++)
			one.count[i] = (double)r->count[i] * scale;
	}
	perf_sum_merge(sum, &one);
}

void perf_sum_merge(struct perf_sum *into, const struct perf_sum *from)
{
	if (!from->readings)
		return;
	into->mask = into->readings ? into->mask & from->mask : from->mask;
	into->readings += from->readings;
	into->enabled_ns += from->enabled_ns;
	into->running_ns += from->running_ns;
	for (unsigned i = 0; i < PERF_COUNTS; i++)
		into->count[i] += from->count[i];
}

int perf_paranoid(void)
{
	char line[32];

	return host_line("", "/proc/sys/kernel/perf_event_paranoid", line, sizeof(line)) ? atoi(line)
											  : INT_MIN;
}

char *perf_why(char *text, size_t size, int error, int paranoid, bool guest)
{
	const char *name = strerrorname_np(error);

	name = name ? name : "an unknown error";
	if ((error == EACCES || error == EPERM) && paranoid > 2)
		snprintf(text, size, "perf_event_open: %s, perf_event_paranoid=%d: "
			 "sysctl kernel.perf_event_paranoid=2", name, paranoid);
	else if (error == EACCES || error == EPERM)
		snprintf(text, size, "perf_event_open: %s: forbidden, perhaps by a container: allow it "
			 "in the seccomp profile, or grant CAP_PERFMON", name);
	else if ((error == ENOENT || error == ENODEV || error == EOPNOTSUPP) && guest)
		snprintf(text, size, "perf_event_open: %s: no such counter in this guest: "
			 "ask its host for a PMU", name);
	else if (error == ENOENT || error == ENODEV || error == EOPNOTSUPP)
		snprintf(text, size, "perf_event_open: %s: no such counter on this CPU and kernel",
			 name);
	else if (error == ENOSYS)
		snprintf(text, size, "perf_event_open: ENOSYS: kernel without CONFIG_PERF_EVENTS");
	else if (error == EMFILE || error == ENFILE)
		snprintf(text, size, "perf_event_open: %s: four files a thread: ulimit -n 65536", name);
	else if (error == EBUSY)
		snprintf(text, size, "perf_event_open: EBUSY: somebody else holds the PMU: end them");
	else
		snprintf(text, size, "perf_event_open: %s", name);
	return text;
}
