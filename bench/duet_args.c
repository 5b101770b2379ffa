/* duet_args.c - what `run` is asked to do when builds are compared, and may not be asked. */
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "bench/duet.h"

static const struct {
	const char *name, *why;
} ours[] = {
	{ "processes", "each process is a draw, and compare starts them: --pairs says how many" },
	{ "out", "compare reads the results itself: --keep DIR keeps them" },
	{ "format", "compare reads the results itself: its own --format is for the verdict" },
	{ "resume", "a comparison starts afresh: leave it out" },
	{ "dry-run", "there would be nothing to compare: leave it out" },
	{ "topology", "another machine cannot be measured: leave it out" },
	{ "seed", "each pair has a seed of its own: compare --seed N sets the first" },
	{ "quiet", "processes of a comparison are: leave it out" },
	{ "help", "ask the build itself: iopt run --help" },
};

int duet_check_args(char *const *args, int nargs, struct err *err)
{
	for (int i = 0; i < nargs; i++) {
		const char *name = args[i] + 2;

		if (strncmp(args[i], "--", 2))
			continue;
		for (size_t k = 0; k < sizeof(ours) / sizeof(ours[0]); k++)
			if (!strncmp(name, ours[k].name, strcspn(name, "=")) &&
			    strlen(ours[k].name) == strcspn(name, "="))
				return err_set(err, EXIT_USAGE, "--%s after `--`: %s", ours[k].name,
					       ours[k].why);
	}
	return 0;
}

/*
 * `private` is warm, and has a ruler: it tells a slower map or unmap. `cursor` makes tables that
 * others want too: it tells pages in vain.
 */
char *const *duet_default_args(unsigned cpus, int *n)
{
	static char engines[] = "--engines", lockless[] = "lockless", workload[] = "--workload",
		    both[] = "private,cursor", threads[] = "--threads", one[] = "1", two[] = "2",
		    duration[] = "--duration", length[] = "0.25s", slice[] = "--slice", turn[] = "5ms",
		    warmup[] = "--warmup", start[] = "1ms", round[] = "--round", tables[] = "256";
	static char *args[] = { engines, lockless, workload, both, threads, NULL, duration, length,
				slice, turn, warmup, start, round, tables };

	args[5] = cpus > 1 ? two : one;
	*n = (int)(sizeof(args) / sizeof(args[0]));
	return args;
}

unsigned duet_cpus(void)
{
	cpu_set_t set;

	if (!sched_getaffinity(0, sizeof(set), &set))
		return (unsigned)CPU_COUNT(&set);
	return (unsigned)sysconf(_SC_NPROCESSORS_ONLN); /* more than a cpu_set_t has room for */
}
