#include "bench/verify_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/runner.h"
#include "bench/signals.h"
#include "bench/verify_evidence.h"
#include "sys/clock.h"
#include "sys/topology.h"

#define WORDS_BYTES 65536u /* of what it says, from the end */
#define EXEC_FAILED 127    /* also the loader's, when a library is missing */
#define LOOK_NS 2000000
#define STOPPED_NS 200000000 /* nobody looked for so long: nobody was running */

/* On a page that parent and child share: how far one came that did not end as it should is there too. */
struct answer {
	bool whole;
	int code;
	struct err err;
	struct verify_outcome out;
};

static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

#define NSTOPS (sizeof(stops) / sizeof(stops[0]))

static verify_layer_fn *const own[VERIFY_LAYERS] = {
	[VERIFY_SEQUENCE] = verify_sequence,
	[VERIFY_RACE] = verify_race,
	[VERIFY_DEVICE] = verify_device,
	[VERIFY_HISTORY] = verify_history,
};

/* A bug that was asked for shall not leave core dumps about. */
static void no_core(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

/* A terminal interrupts parent and child: the parent ends the child, or goes and takes it along. */
static void leave_stops_to(pid_t parent, const sigset_t *before)
{
	for (size_t i = 0; i < NSTOPS; i++)
		signal(stops[i], SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_INTERNAL); /* it went before we could ask to be told */
	signals_release(before);
}

__attribute__((noreturn)) static void be_child(const struct verify_child *c, pid_t parent,
					       const sigset_t *before)
{
	const struct verify_task *t = &c->task;
	struct answer *a = c->answer;

	if (dup2(c->said[0], STDOUT_FILENO) < 0 || dup2(c->said[1], STDERR_FILENO) < 0)
		_exit(EXIT_NO_RESOURCE);
	if (t->job->mutant != MUTANT_NONE)
		no_core();
	leave_stops_to(parent, before);
	if (t->cpu) /* refused: on any of them, then */
		bind_self(t->cpu, t->ncpus);
	if (!t->run) {
		verify_program_exec(t);
		_exit(EXEC_FAILED);
	}
	a->code = t->run(t->job, &a->out, &a->err);
	a->whole = true;
	fflush(NULL);
	_exit(EXIT_FINE);
}

static void close_all(const struct verify_child *c)
{
	if (c->answer != MAP_FAILED)
		munmap(c->answer, sizeof(*c->answer));
	for (size_t i = 0; i < 2; i++)
		if (c->said[i] >= 0)
			close(c->said[i]);
}

static int no_child(struct verify_child *c, struct err *err)
{
	int why = errno;

	c->pid = 0;
	close_all(c);
	return err_set(err, EXIT_NO_RESOURCE, "no child process to be had: %s", strerror(why));
}

/* Fork under held signals, so that none is lost between the fork and whoever it is for. */
int verify_child_start(struct verify_child *c, const struct verify_task *task, struct err *err)
{
	pid_t parent = getpid();
	sigset_t before;

	*c = (struct verify_child){ .task = *task };
	if (!c->task.run && !c->task.program)
		c->task.run = own[task->layer];
	c->limit_ns = task->job->duration_ns + VERIFY_GRACE_NS;
	if (task->layer == VERIFY_EXPLORER) /* goes by schedules, seconds here, and not by time */
		c->limit_ns += 11 * VERIFY_GRACE_NS;
	c->said[0] = memfd_create("iopt", MFD_CLOEXEC);
	c->said[1] = memfd_create("iopt", MFD_CLOEXEC);
	c->answer = mmap(NULL, sizeof(*c->answer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	if (c->said[0] < 0 || c->said[1] < 0 || c->answer == MAP_FAILED)
		return no_child(c, err);
	fflush(NULL);
	signals_hold(&before);
	c->began_ns = c->looked_ns = clock_monotonic_ns();
	c->pid = fork();
	if (c->pid == 0)
		be_child(c, parent, &before);
	signals_release(&before);
	return c->pid > 0 ? 0 : no_child(c, err);
}

/* Stopped (a terminal, a container, the machine): then the child was too, and had no time. */
static void forgive_stop(struct verify_child *c, uint64_t now)
{
	if (now - c->looked_ns > STOPPED_NS)
		c->began_ns += now - c->looked_ns;
	c->looked_ns = now;
}

bool verify_child_ended(struct verify_child *c)
{
	siginfo_t info = { .si_pid = 0 };
	uint64_t now = clock_monotonic_ns();

	forgive_stop(c, now);
	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 && errno == EINTR)
		return false;
	if (!info.si_pid && now - c->began_ns > c->limit_ns && !c->hung) {
		c->hung = true;
		kill(c->pid, SIGKILL);
	}
	if (info.si_pid)
		c->ended_ns = now;
	return info.si_pid != 0;
}

static void collect(struct verify_child *c)
{
	while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
}

void verify_child_kill(struct verify_child *c)
{
	kill(c->pid, SIGKILL);
	collect(c);
	close_all(c);
}

/* The end of what it said there, as text. */
static void hear(int fd, char *text, size_t size)
{
	off_t end = lseek(fd, 0, SEEK_END), from = end < (off_t)size ? 0 : end - (off_t)size + 1;
	ssize_t got = pread(fd, text, size - 1, from);

	text[got > 0 ? got : 0] = '\0';
	for (ssize_t i = 0; i < got; i++)
		if (!text[i])
			text[i] = '?';
	while (got > 0 && text[got - 1] == '\n')
		text[--got] = '\0';
}

/* A sanitizer's report, whatever else has come of it. */
static bool sanitizer(const char *words, struct verify_outcome *out)
{
	static const struct {
		const char *says, *oracle;
	} known[] = { { "WARNING: ThreadSanitizer:", "race" },
		      { "SUMMARY: ThreadSanitizer:", "race" }, /* the rest may be cut off */
		      { "AddressSanitizer:", "asan" },
		      { "runtime error:", "ubsan" } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const char *at = strstr(words, known[i].says), *summary = strstr(words, "SUMMARY: ");

		if (!at)
			continue;
		while (at > words && at[-1] != '\n')
			at--;
		at = summary ? summary + strlen("SUMMARY: ") : at;
		verify_caught(out, known[i].oracle, "%.*s", (int)strcspn(at, "\n"), at);
		return true;
	}
	return false;
}

/* It could not start, or not go on: the fault of the place it runs in. */
static int sanitizer_gave_up(const struct verify_child *c, const char *words, struct err *err)
{
	const char *at = strstr(words, "FATAL: ThreadSanitizer");

	if (!at)
		return 0;
	return err_set(err, EXIT_NO_RESOURCE, "%s does not run here (under setarch -R it may): %.*s",
		       c->task.program ? c->task.program : "iopt", (int)strcspn(at, "\n"), at);
}

/* How it ended, when it did not end as it should; what it had done is counted. */
static void violent(const struct verify_child *c, const char *words, struct verify_outcome *out)
{
	size_t length = strlen(words);
	const char *last = length > 300 ? words + length - 300 : words;

	*out = c->answer->out;
	out->caught = false; /* what it was about to say may be half said */
	if (c->hung) {
		verify_caught(out, "hang", "no answer after %.1f s: killed%s%s",
			      (double)(c->ended_ns - c->began_ns) / 1e9, length ? "\n" : "", last);
	} else if (WIFSIGNALED(c->status)) {
		const char *name = sigabbrev_np(WTERMSIG(c->status));

		verify_caught(out, "crash", "SIG%s%s%s", name ? name : "?", length ? "\n" : "", last);
	} else {
		verify_caught(out, "crash", "it ended with exit code %d%s%s", WEXITSTATUS(c->status),
			      length ? "\n" : "", last);
	}
	if (!c->task.program)
		verify_again(out, c->task.job, c->task.layer,
			     c->task.job->seed + (out->rounds ? out->rounds - 1 : 0));
}

/* By a signal that no engine sends itself, and the parent only where it says so. */
static bool killed_from_outside(const struct verify_child *c)
{
	int by = !c->hung && WIFSIGNALED(c->status) ? WTERMSIG(c->status) : 0;
	bool outside = by == SIGKILL;

	for (size_t i = 0; i < NSTOPS; i++)
		outside |= by == stops[i];
	return outside;
}

static int understand(const struct verify_child *c, const char *said, const char *words,
		      struct verify_outcome *out, struct err *err)
{
	const char *last = *said ? said : words, *line = strrchr(last, '\n');
	bool normal = !c->hung && WIFEXITED(c->status);
	const struct answer *a = c->answer;

	if (!c->task.run && normal && WEXITSTATUS(c->status) == EXEC_FAILED)
		return err_set(err, EXIT_NO_RESOURCE, "%s does not start: %.200s", c->task.program, words);
	if (sanitizer_gave_up(c, words, err) || sanitizer_gave_up(c, said, err))
		return err->code;
	if (sanitizer(words, out) || sanitizer(said, out))
		return 0;
	if (normal && !c->task.run)
		return verify_program_answer(&c->task, WEXITSTATUS(c->status), line ? line + 1 : last, out,
					     err);
	if (normal && a->whole) {
		*out = a->out;
		*err = a->err;
		err->code = a->code;
		return a->code;
	}
	if (killed_from_outside(c))
		return err_set(err, EXIT_NO_RESOURCE, "a process that checked was killed from outside "
			       "(SIG%s): out of memory?", sigabbrev_np(WTERMSIG(c->status)));
	violent(c, words, out);
	return 0;
}

int verify_child_reap(struct verify_child *c, struct verify_outcome *out, struct err *err)
{
	char *words = malloc(2 * WORDS_BYTES);
	int code;

	collect(c);
	*out = (struct verify_outcome){ 0 };
	if (words) {
		hear(c->said[0], words, WORDS_BYTES);
		hear(c->said[1], words + WORDS_BYTES, WORDS_BYTES);
		code = understand(c, words, words + WORDS_BYTES, out, err);
	} else {
		code = err_set(err, EXIT_NO_RESOURCE, "no memory for what a child says");
	}
	if (!out->elapsed_ns)
		out->elapsed_ns = c->ended_ns - c->began_ns;
	close_all(c);
	free(words);
	return code;
}

int verify_child(enum verify_layer layer, const struct verify_job *job, struct verify_outcome *out,
		 struct err *err)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	struct verify_task task = { .layer = layer, .job = job };
	struct verify_child c;

	if (verify_child_start(&c, &task, err))
		return err->code;
	while (!verify_child_ended(&c)) {
		if (at_load(&run_interrupted, relaxed)) { /* a flag, nothing rides on it */
			verify_child_kill(&c);
			return err_set(err, EXIT_INTERRUPTED, "interrupted");
		}
		nanosleep(&look, NULL);
	}
	return verify_child_reap(&c, out, err);
}
