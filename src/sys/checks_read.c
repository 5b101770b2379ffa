/* checks_read.c - the facts that checks look at: files below a root, and questions to the kernel. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>

#include "sys/checks.h"
#include "sys/host_file.h"
#include "sys/perf.h"

#define CPU_PATH "/sys/devices/system/cpu"

static void read_governors(struct check_facts *f, const struct topology *t, const char *root)
{
	for (unsigned i = 0; i < (t ? t->ncpus : 1); i++) {
		unsigned cpu = t ? t->cpus[i].os : 0;
		char path[96], line[32];

		if (t && !t->cpus[i].allowed)
			continue;
		snprintf(path, sizeof(path), CPU_PATH "/cpu%u/cpufreq/scaling_governor", cpu);
		if (!host_line(root, path, line, sizeof(line)))
			continue;
		f->governors++;
		if (f->governor[0] || !strcmp(line, "performance"))
			continue;
		snprintf(f->governor, sizeof(f->governor), "%s", line);
		f->governor_cpu = cpu;
	}
}

/* "Name:   123 kB" of a meminfo, in bytes; nodes write "Node 0 Name:". UINT64_MAX: not there. */
static uint64_t meminfo(const char *text, const char *name)
{
	const char *at = text;
	size_t length = strlen(name);

	while (at && (at = strstr(at, name))) {
		if (at[length] == ':' && (at == text || at[-1] == '\n' || at[-1] == ' '))
			return strtoull(at + length + 1, NULL, 10) * 1024;
		at += length;
	}
	return UINT64_MAX;
}

static void read_memory(struct check_facts *f, const char *root)
{
	char *text = host_file(root, "/proc/meminfo");
	uint64_t available = meminfo(text, "MemAvailable"), swap = meminfo(text, "SwapTotal"),
		 unused = meminfo(text, "SwapFree");

	if (available != UINT64_MAX)
		f->available_bytes = available;
	if (swap != UINT64_MAX && unused <= swap) {
		f->swap_bytes = swap;
		f->swap_used_bytes = swap - unused;
	}
	free(text);
}

static void read_nodes(struct check_facts *f, const struct topology *t, const char *root)
{
	for (unsigned i = 0; t && i < t->nnodes; i++) {
		const struct topo_node *node = &t->nodes[i];
		char path[96], *text;
		uint64_t bytes;

		if (!node->cpus || node->forbidden || !node->memory_bytes)
			continue;
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", node->os);
		text = host_file(root, path);
		bytes = meminfo(text, "MemFree");
		free(text);
		if (bytes == UINT64_MAX || (f->low_node_bytes && bytes >= f->low_node_bytes))
			continue;
		f->low_node = node->os;
		f->low_node_bytes = bytes ? bytes : 1; /* 0 is unknown */
	}
}

/* CPUs of a list, or those of them that are ours; 0 when it is malformed. */
static unsigned count(const char *list, const struct topology *ours)
{
	unsigned first, last, n = 0;

	while (place_range(&list, &first, &last) > 0)
		for (unsigned cpu = first; cpu <= last; cpu++) {
			const struct topo_cpu *c = ours ? topology_cpu(ours, cpu) : NULL;

			n += !ours || (c && c->allowed);
		}
	return n;
}

static void read_lists(struct check_facts *f, const struct topology *t, const char *root)
{
	char online[256];

	if (host_line(root, CPU_PATH "/online", online, sizeof(online)))
		f->online = count(online, NULL);
	host_line(root, CPU_PATH "/isolated", f->isolated, sizeof(f->isolated));
	host_line(root, CPU_PATH "/nohz_full", f->nohz_full, sizeof(f->nohz_full));
	if (f->nohz_full[0] == '(') /* "(null)" says some kernel without */
		f->nohz_full[0] = '\0';
	if (t)
		f->isolated_ours = count(f->isolated[0] ? f->isolated : f->nohz_full, t);
}

/* "0.20 0.18 0.12 1/80 11206": one runs now, we ourselves. */
static int read_running(const char *root)
{
	char line[64];
	int running;

	if (!host_line(root, "/proc/loadavg", line, sizeof(line)) ||
	    sscanf(line, "%*f %*f %*f %d/", &running) != 1)
		return -1;
	return running > 0 ? running - 1 : 0;
}

static int read_number(const char *root, const char *path, int unknown)
{
	char line[32];

	return host_line(root, path, line, sizeof(line)) ? atoi(line) : unknown;
}

void check_facts_read_at(struct check_facts *f, const struct topology *t, const char *root)
{
	*f = (struct check_facts){ .mbind_error = -1, .move_pages_error = -1, .pmu_error = -1 };
	read_governors(f, t, root);
	read_memory(f, root);
	read_nodes(f, t, root);
	read_lists(f, t, root);
	f->running = read_running(root);
	f->aslr = read_number(root, "/proc/sys/kernel/randomize_va_space", -1);
	f->paranoid = read_number(root, "/proc/sys/kernel/perf_event_paranoid", INT_MIN);
}

/* May this process say where its memory goes, and ask where it is? */
static void ask_placement(struct check_facts *f)
{
	int node = -1, where = 0;
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *pages[1] = { page };
	struct bitmask *nodes = NULL;

	if (page == MAP_FAILED)
		return;
	page[0] = 1; /* there has to be a page to be asked for */
	/* the node it is on, by its own policy: certainly one of ours */
	if (!get_mempolicy(&node, NULL, 0, page, MPOL_F_NODE | MPOL_F_ADDR) && node >= 0)
		nodes = numa_allocate_nodemask();
	if (nodes && (unsigned)node < nodes->size) {
		numa_bitmask_setbit(nodes, (unsigned)node);
		f->mbind_error = mbind(page, 4096, MPOL_PREFERRED, nodes->maskp, nodes->size + 1, 0)
					 ? errno : 0;
	} else if (node < 0) {
		f->mbind_error = errno;
	}
	f->move_pages_error = numa_move_pages(0, 1, pages, NULL, &where, 0) ? errno : 0;
	if (nodes)
		numa_bitmask_free(nodes);
	munmap(page, 4096);
}

static void ask_pmu(struct check_facts *f)
{
	struct perf_group group;

	perf_open_default(&group);
	f->pmu_error = group.error[PERF_CYCLES];
	perf_close(&group);
}

void check_facts_read(struct check_facts *f, const struct topology *t)
{
	int persona = personality(0xffffffff); /* asks and changes nothing: personality(2) */

	check_facts_read_at(f, t, "");
	if (persona != -1 && persona & ADDR_NO_RANDOMIZE)
		f->aslr = 0;
	ask_placement(f);
	ask_pmu(f);
}

/* proc(5): "cpu user nice system idle iowait irq softirq steal …"; guest time is in user. */
void check_ticks_read_at(struct check_ticks *ticks, const char *root)
{
	char *text = host_file(root, "/proc/stat"), *at = text ? strstr(text, "\nintr ") : NULL;
	double v[8];

	*ticks = (struct check_ticks){ 0 };
	if (text && sscanf(text, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3],
			   &v[4], &v[5], &v[6], &v[7]) == 8) {
		ticks->known = true;
		for (int i = 0; i < 8; i++)
			ticks->total += v[i];
		ticks->steal = v[7];
	}
	/* the first number is the sum, the others are by interrupt; some have no number: timers, IPIs */
	at = at ? strchr(at + strlen("\nintr "), ' ') : NULL;
	while (at && *at == ' ')
		ticks->irqs += (double)strtoull(at, &at, 10);
	free(text);
}

void check_ticks_between(const struct check_ticks *before, const struct check_ticks *after,
			 struct check_probe *probe)
{
	bool known = before->known && after->known;

	probe->steal_share = known && after->total > before->total
				     ? (after->steal - before->steal) / (after->total - before->total)
				     : NAN;
	probe->irqs_per_s = known && probe->seconds > 0
				    ? (after->irqs - before->irqs) / probe->seconds : NAN;
}
