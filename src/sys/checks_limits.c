/* checks_limits.c - checks of what others take from us, now or by a limit, and of memory. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sys/checks.h"

#define LOAD_PER_CPU_MAX 0.2
#define STEAL_SHARE_MAX 0.01
#define IRQS_PER_S_MAX 1000.0
#define LIMIT_BYTES_MIN ((uint64_t)1 << 30)
#define FREE_BYTES_MIN ((uint64_t)512 << 20)

static unsigned long long mib(uint64_t bytes)
{
	return (unsigned long long)(bytes >> 20);
}

static const char *plural(double n)
{
	return n == 1 ? "" : "s";
}

void check_hiccups(const struct check_input *in, struct check_found *out)
{
	const struct check_probe *p = in->probe;
	double ms;

	if (!p || p->failed == p->cpus) {
		check_say(out, CHECK_UNKNOWN, p && p->cpus ? "no CPU could be probed" : "not probed");
		return;
	}
	ms = (double)p->worst_ns / 1e6;
	if (p->long_gaps > 1 && (double)p->long_gaps > CHECK_LONG_PER_S * p->seconds)
		check_say(out, CHECK_COMPLAINT,
			  "CPU %u paused %llu times for 1 ms or more in %.3g s, longest %.3g ms", p->long_cpu,
			  (unsigned long long)p->long_gaps, p->seconds, ms);
	else if (p->lost_share > CHECK_LOST_SHARE)
		check_say(out, CHECK_COMPLAINT, "CPU %u lost %.1f %% of its time, longest pause %.3g ms",
			  p->lost_cpu, 100 * p->lost_share, ms);
	else
		check_say(out, CHECK_OK, "%u CPU%s, at most %.2g %% of the time lost, longest pause %.3g ms",
			  p->cpus - p->failed, plural(p->cpus - p->failed), 100 * p->lost_share, ms);
}

/* What was taken before says what to expect, not what there is: a note. */
void check_steal(const struct check_input *in, struct check_found *out)
{
	double now = in->probe ? in->probe->steal_share : NAN, ever = in->host->steal_share;

	if (now > STEAL_SHARE_MAX)
		check_say(out, CHECK_COMPLAINT, "the hypervisor takes %.1f %% of the CPUs' time (since boot %.1f %%)",
			  100 * now, 100 * ever);
	else if (ever > STEAL_SHARE_MAX)
		check_say(out, CHECK_NOTE, "the hypervisor took %.1f %% of the CPUs' busy time since boot%s",
			  100 * ever, now >= 0 ? ", not now" : "");
	else
		check_say(out, CHECK_OK, "%.1f %% of the CPUs' busy time since boot", 100 * ever);
}

/* The mean over a minute also has our own last run in it; who runs at this moment is somebody else. */
void check_load(const struct check_input *in, struct check_found *out)
{
	/* of all the host, so of all its CPUs, even when few of them are ours */
	double cpus = in->topo ? in->topo->ncpus : 1, load = in->host->load1;
	int running = in->facts->running;

	if (load <= LOAD_PER_CPU_MAX * cpus)
		check_say(out, CHECK_OK, "%.2f on %.0f CPU%s", load, cpus, plural(cpus));
	else if (running)
		check_say(out, CHECK_COMPLAINT, "load is %.1f on %.0f CPU%s", load, cpus, plural(cpus));
	else
		check_say(out, CHECK_NOTE, "load was %.1f on %.0f CPU%s over the last minute, nobody else runs now",
			  load, cpus, plural(cpus));
}

void check_irqs(const struct check_input *in, struct check_found *out)
{
	if (!in->probe || isnan(in->probe->irqs_per_s))
		check_say(out, CHECK_UNKNOWN, "not probed");
	else
		check_say(out, in->probe->irqs_per_s > IRQS_PER_S_MAX ? CHECK_NOTE : CHECK_OK,
			  "%.0f interrupts from devices in a second", in->probe->irqs_per_s);
}

void check_isolated(const struct check_input *in, struct check_found *out)
{
	const struct check_facts *f = in->facts;
	const char *list = f->isolated[0] ? f->isolated : f->nohz_full;

	if (!list[0])
		check_say(out, CHECK_OK, "none");
	else if (f->isolated_ours)
		check_say(out, CHECK_OK, "%s CPUs %s, %u of ours among them",
			  f->isolated[0] ? "isolated" : "nohz_full", list, f->isolated_ours);
	else
		check_say(out, CHECK_NOTE, "CPUs %s are %s and none is ours", list,
			  f->isolated[0] ? "isolated" : "nohz_full");
}

void check_cpuset(const struct check_input *in, struct check_found *out)
{
	unsigned online = in->facts->online, ours = in->topo ? in->topo->nallowed : 0;

	if (!online || !ours)
		check_say(out, CHECK_UNKNOWN, "unknown");
	else
		check_say(out, ours < online ? CHECK_NOTE : CHECK_OK, "%u of %u online CPU%s may be used", ours,
			  online, plural(online));
}

void check_cpu_quota(const struct check_input *in, struct check_found *out)
{
	double quota = in->host->cgroup_cpus;

	if (quota <= 0)
		check_say(out, CHECK_OK, "none");
	else if (in->topo && quota >= in->topo->nallowed)
		check_say(out, CHECK_OK, "%.1f CPUs, for %u", quota, in->topo->nallowed);
	else {
		check_say(out, CHECK_COMPLAINT, "the control group grants %.1f CPUs", quota);
		snprintf(out->remedy, sizeof(out->remedy), "raise cpu.max, or --threads at most %u",
			 quota < 1 ? 1u : (unsigned)quota);
	}
}

void check_memory_limit(const struct check_input *in, struct check_found *out)
{
	uint64_t limit = in->host->cgroup_memory_bytes;

	if (!limit)
		check_say(out, CHECK_OK, "none");
	else
		check_say(out, limit < LIMIT_BYTES_MIN ? CHECK_COMPLAINT : CHECK_OK,
			  "the control group grants %llu MiB of memory", mib(limit));
}

/* Only with other nodes does a full node matter by itself: its pages come from them, unreclaimed. */
void check_memory(const struct check_input *in, struct check_found *out)
{
	const struct check_facts *f = in->facts;
	bool several = in->topo && in->topo->nnodes > 1;

	if (!f->available_bytes)
		check_say(out, CHECK_UNKNOWN, "unknown");
	else if (f->available_bytes < FREE_BYTES_MIN)
		check_say(out, CHECK_COMPLAINT, "%llu MiB of memory are available", mib(f->available_bytes));
	else if (several && f->low_node_bytes && f->low_node_bytes < FREE_BYTES_MIN)
		check_say(out, CHECK_COMPLAINT, "node %u has %llu MiB free", f->low_node,
			  mib(f->low_node_bytes));
	else if (several && f->low_node_bytes)
		check_say(out, CHECK_OK, "%llu MiB available, node %u has the least free, %llu MiB",
			  mib(f->available_bytes), f->low_node, mib(f->low_node_bytes));
	else
		check_say(out, CHECK_OK, "%llu MiB available", mib(f->available_bytes));
}

void check_swap(const struct check_input *in, struct check_found *out)
{
	const struct check_facts *f = in->facts;

	if (f->swap_used_bytes)
		check_say(out, CHECK_NOTE, "%llu of %llu MiB of swap are in use", mib(f->swap_used_bytes),
			  mib(f->swap_bytes));
	else
		check_say(out, CHECK_OK, f->swap_bytes ? "not in use" : "none");
}

void check_locked_memory(const struct check_input *in, struct check_found *out)
{
	(void)in;
	check_say(out, CHECK_OK, "not needed");
}

static void check_refused(const struct check_input *in, const char *call, int error,
			  enum check_verdict verdict, struct check_found *out)
{
	const char *name = error > 0 ? strerrorname_np(error) : NULL;

	if (error < 0)
		check_say(out, CHECK_UNKNOWN, "not asked");
	else if (!error)
		check_say(out, CHECK_OK, "granted");
	else if (in->topo && in->topo->nnodes < 2)
		check_say(out, CHECK_OK, "refused (%s), but there is one node only", name ? name : "?");
	else
		check_say(out, verdict, "%s is refused (%s)", call, name ? name : "?");
}

void check_mbind(const struct check_input *in, struct check_found *out)
{
	check_refused(in, "mbind", in->facts->mbind_error, CHECK_COMPLAINT, out);
}

void check_move_pages(const struct check_input *in, struct check_found *out)
{
	check_refused(in, "move_pages", in->facts->move_pages_error, CHECK_NOTE, out);
}
