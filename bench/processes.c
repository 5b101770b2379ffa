#include "bench/processes.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/case.h"

/* What a child reports beside its cases. */
struct share_end {
	struct err err;
	bool lost_pinning, clock_stepped_back;
	char warnings[16][240];
	unsigned nwarnings;
};

static void on_stop(int signal)
{
	(void)signal;
	at_store(&run_interrupted, 1, relaxed); /* a flag, nothing rides on it */
}

/*
 * A terminal interrupts parent and child, `kill` only the parent, who passes it on: so the child
 * may hear of it any number of times. When a second interrupt kills the parent, it goes too.
 */
static void follow_parent(void)
{
	struct sigaction action = { .sa_handler = on_stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* In the child: run, save, and leave without the parent's exit handlers. */
static void child(const struct plan *plan, uint32_t process, unsigned processes,
		  struct result *result, const struct progress *progress,
		  struct checkpoint *kept, FILE *f)
{
	struct share_end end = { 0 };
	bool saved;

	follow_parent();
	result_free(result); /* what earlier processes found is the parent's */
	result->nwarnings = 0;
	if (cases_init(plan, result))
		_exit(1);
	run_share(plan, process, processes, result, progress, kept, &end.err);
	end.lost_pinning = result->lost_pinning;
	end.clock_stepped_back = result->clock_stepped_back;
	end.nwarnings = result->nwarnings;
	memcpy(end.warnings, result->warnings, sizeof(end.warnings));
	saved = fwrite(&end, sizeof(end), 1, f) == 1;
	for (size_t i = 0; saved && i < result->ncases; i++)
		saved = !case_save(&result->cases[i], f);
	_exit(saved && !fflush(f) ? 0 : 1);
}

static int merge(struct result *result, FILE *f, struct err *err)
{
	struct share_end end;

	rewind(f);
	if (fread(&end, sizeof(end), 1, f) != 1)
		return err_set(err, EXIT_INTERNAL, "--processes: a process left nothing behind");
	for (size_t i = 0; i < result->ncases; i++)
		if (case_load_merge(&result->cases[i], f))
			return err_set(err, EXIT_INTERNAL, "--processes: what a process left is cut short");
	result->lost_pinning |= end.lost_pinning;
	result->clock_stepped_back |= end.clock_stepped_back;
	for (unsigned i = 0; i < end.nwarnings; i++)
		result_warn(result, "%s", end.warnings[i]);
	*err = end.err;
	return err->code;
}

/* Where a child leaves what it found; needs no directory that can be written to. */
static FILE *memory_file(void)
{
	int fd = memfd_create("iopt", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

static int one_process(const struct plan *plan, uint32_t process, unsigned processes,
		       struct result *result, const struct progress *progress,
		       struct checkpoint *kept, struct err *err)
{
	FILE *f = memory_file();
	int status, code;
	pid_t pid;

	if (!f)
		return err_set(err, EXIT_NO_RESOURCE, "--processes: no memory for what a process finds: %s",
			       strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(plan, process, processes, result, progress, kept, f);
	if (pid < 0) {
		fclose(f);
		return err_set(err, EXIT_NO_RESOURCE, "--processes: cannot fork: %s", strerror(errno));
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) /* a signal, passed on */
		kill(pid, SIGTERM);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		code = err_set(err, WIFEXITED(status) ? EXIT_WRITE : EXIT_INTERNAL,
			       "--processes: process %u ended badly (status 0x%x)", process, status);
	else
		code = merge(result, f, err);
	fclose(f);
	return code;
}

int run_in_processes(const struct plan *plan, unsigned processes, struct result *result,
		     const struct progress *progress, struct checkpoint *kept, struct err *err)
{
	for (uint32_t p = 0; p < processes; p++) {
		if (at_load(&run_interrupted, relaxed)) /* a signal's flag, nothing rides on it */
			return 0;
		if (one_process(plan, p, processes, result, progress, kept, err))
			return err->code;
	}
	return 0;
}
