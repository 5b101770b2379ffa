#include "bench/duet_process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/runner.h"
#include "bench/signals.h"
#include "sys/clock.h"

#define WORDS_BYTES 8192  /* of its stderr; what is beyond is dropped */
#define FIRST_LINE 260    /* of that, in our message */
#define LOOK_MS 200       /* how often a silent process is asked whether it still is there */
#define STOP_S 30.0       /* a process asked to stop ends its slice (10 s at most), and writes */
#define EXEC_FAILED 127   /* also the loader's, when a library is missing */

/* A process under way. */
struct child {
	pid_t pid;
	int words;            /* read end of its stderr */
	char text[WORDS_BYTES];
	size_t length;
	int status;
	bool stuck;
};

int duet_check_build(const struct duet_build *build, const char *role, struct err *err)
{
	struct stat st;

	if (stat(build->exe, &st))
		return err_set(err, EXIT_USAGE, "%s build %s: %s: build it first, or give the path of its "
			       "iopt", role, build->exe, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_USAGE, "%s build %s is no program: give the path of its iopt",
			       role, build->exe);
	if (access(build->exe, X_OK))
		return err_set(err, EXIT_USAGE, "%s build %s: %s: give the path of its iopt, or chmod +x",
			       role, build->exe, strerror(errno));
	return 0;
}

/* exe run ARGS --processes 1 --quiet --seed N --out DIR EXTRA. Free with free(). */
static char **command(const struct duet_process *p, const char *seed, const char *dir)
{
	const char *const fixed[] = { "--processes", "1", "--quiet", "--seed", seed, "--out", dir };
	const size_t nfixed = sizeof(fixed) / sizeof(fixed[0]);
	size_t n = 0, nextra = 0;
	const char **argv;

	while (p->build->extra && p->build->extra[nextra])
		nextra++;
	argv = calloc(2 + (size_t)p->nargs + nfixed + nextra + 1, sizeof(*argv));
	if (!argv)
		return NULL;
	argv[n++] = p->build->exe;
	argv[n++] = "run";
	for (int i = 0; i < p->nargs; i++)
		argv[n++] = p->args[i];
	for (size_t i = 0; i < nfixed; i++)
		argv[n++] = fixed[i];
	for (size_t i = 0; i < nextra; i++)
		argv[n++] = p->build->extra[i];
	return (char **)argv; /* execv() promises not to write to them */
}

/* After the fork. What it prints goes nowhere, what it complains of to `words`. */
static void become(char **argv, pid_t parent, int words, const sigset_t *before)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

	/* ours would only set a flag that exec forgets */
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (signal(stops[i], SIG_DFL) == SIG_IGN)
			signal(stops[i], SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(words, STDERR_FILENO) < 0)
		_exit(EXIT_NO_RESOURCE);
	signals_release(before);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "it does not start: %s\n", strerror(errno));
	_exit(EXEC_FAILED);
}

/* Fork under held signals, so that none is lost between the fork and whoever it is for. */
static int start(struct child *c, char **argv, struct err *err)
{
	pid_t parent = getpid();
	sigset_t before;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return err_set(err, EXIT_NO_RESOURCE, "cannot make a pipe: %s", strerror(errno));
	fflush(NULL);
	signals_hold(&before);
	c->pid = fork();
	if (c->pid == 0)
		become(argv, parent, ends[1], &before);
	signals_pass_to(c->pid > 0 ? c->pid : 0);
	if (c->pid > 0 && at_load(&run_interrupted, relaxed)) /* before the hold: a flag */
		kill(c->pid, SIGTERM);
	signals_release(&before);
	close(ends[1]);
	c->words = ends[0];
	if (c->pid > 0)
		return 0;
	close(ends[0]);
	return err_set(err, EXIT_NO_RESOURCE, "cannot fork: %s", strerror(errno));
}

static bool ended(pid_t pid, int flags)
{
	siginfo_t info = { .si_pid = 0 };

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | flags) < 0)
		if (errno != EINTR)
			return true;
	return info.si_pid == pid;
}

/* False when no more will come. */
static bool hear(struct child *c)
{
	char piece[1024];
	ssize_t got = read(c->words, piece, sizeof(piece));
	size_t room = sizeof(c->text) - 1 - c->length;

	if (got <= 0)
		return got < 0 && errno == EINTR;
	room = (size_t)got < room ? (size_t)got : room;
	memcpy(c->text + c->length, piece, room);
	c->length += room;
	return true;
}

/*
 * Listen until it has ended. It may have given its stderr to others who live on, or have closed it:
 * so it is asked for as well.
 */
static void attend(struct child *c, double limit_s)
{
	uint64_t began = clock_monotonic_ns(), stop_ns = 0;
	bool open = true;

	while (!ended(c->pid, WNOHANG)) {
		struct pollfd fd = { .fd = open ? c->words : -1, .events = POLLIN };
		uint64_t now;

		if (poll(&fd, 1, open ? LOOK_MS : 1) > 0)
			open = hear(c);
		now = clock_monotonic_ns();
		if (at_load(&run_interrupted, relaxed) && !stop_ns) /* a flag, nothing rides on it */
			stop_ns = now;
		if (limit_s > 0 && (double)(now - began) / 1e9 > limit_s)
			c->stuck = true;
		if (c->stuck || (stop_ns && (double)(now - stop_ns) / 1e9 > STOP_S))
			kill(c->pid, SIGKILL);
	}
}

/* What it said last, its status, and no signals for whoever has its number later. */
static void reap(struct child *c)
{
	struct pollfd fd = { .fd = c->words, .events = POLLIN };

	signals_pass_to(0);
	while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
		;
	while (poll(&fd, 1, 0) > 0 && hear(c))
		;
	close(c->words);
	for (size_t i = 0; i < c->length; i++)
		if (!c->text[i])
			c->text[i] = '?';
	while (c->length && c->text[c->length - 1] == '\n')
		c->length--;
	c->text[c->length] = '\0';
}

/* The first line for our message; when there are more, all of them to stderr. */
static void quote(const struct child *c, const char *role, char line[FIRST_LINE])
{
	if (strchr(c->text, '\n'))
		fprintf(stderr, "iopt compare: the %s build says:\n%s\n", role, c->text);
	snprintf(line, FIRST_LINE, "%.*s", (int)strcspn(c->text, "\n"),
		 c->length ? c->text : "it says nothing");
}

static int explain(const struct duet_process *p, const struct child *c, struct err *err)
{
	int code = WIFEXITED(c->status) ? WEXITSTATUS(c->status) : EXIT_INTERNAL;
	const char *exe = p->build->exe;
	char words[FIRST_LINE];

	if (c->stuck)
		return err_set(err, EXIT_INTERNAL, "%s build %.120s: killed, for it had not ended after %.0f "
			       "s: does it hang?", p->role, exe, p->limit_s);
	quote(c, p->role, words);
	if (WIFSIGNALED(c->status))
		return err_set(err, EXIT_INTERNAL, "%s build %.120s: killed by signal %d (%s): %s", p->role,
			       exe, WTERMSIG(c->status), strsignal(WTERMSIG(c->status)), words);
	switch (code) {
	case EXIT_USAGE:
		return err_set(err, code, "%s build %.120s refuses its arguments: %s", p->role, exe, words);
	case EXIT_VERIFY:
	case EXIT_UNTRUSTED:
	case EXIT_BAD_DATA:
	case EXIT_NO_RESOURCE:
	case EXIT_CANT_CREATE:
	case EXIT_WRITE:
	case EXIT_INTERRUPTED:
		break;
	case EXEC_FAILED:
		code = EXIT_NO_RESOURCE;
		break;
	default:
		code = EXIT_INTERNAL;
	}
	return err_set(err, code, "%s build %.120s: exit code %d: %s", p->role, exe,
		       WEXITSTATUS(c->status), words);
}

static int read_result(const struct duet_process *p, const char *dir, struct stored **out,
		       struct err *err)
{
	char path[PATH_MAX], *exe;
	struct err why = { 0 };
	int code;

	snprintf(path, sizeof(path), "%s/result.json", dir);
	code = stored_read(out, path, &why);
	exe = code ? NULL : strdup(p->build->exe);
	if (exe) { /* whose it is; where it was says nothing once it is gone */
		free((*out)->path);
		(*out)->path = exe;
	}
	if (!code)
		return 0;
	return err_set(err, code, "%s build %.120s left no result that can be read: %.300s", p->role,
		       p->build->exe, why.text);
}

static int converse(const struct duet_process *p, const char *dir, struct stored **out,
		    struct err *err)
{
	struct child c = { .pid = -1 };
	struct err unread;
	char seed[24];
	char **argv;
	int code;

	snprintf(seed, sizeof(seed), "%" PRIu64, p->seed);
	argv = command(p, seed, dir);
	if (!argv)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for a command line");
	code = start(&c, argv, err);
	free(argv);
	if (code)
		return code;
	attend(&c, p->limit_s);
	reap(&c);
	if (at_load(&run_interrupted, relaxed)) /* a flag, nothing rides on it */
		return err_set(err, EXIT_INTERRUPTED, "interrupted");
	if (!c.status)
		return read_result(p, dir, out, err);
	code = explain(p, &c, err);
	if (code == EXIT_VERIFY || code == EXIT_UNTRUSTED)
		read_result(p, dir, out, &unread); /* for the table of the verdict */
	return code;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path) && errno != ENOENT;
}

int duet_process_run(const struct duet_process *p, struct stored **out, struct err *err)
{
	const char *parent = getenv("TMPDIR");
	char dir[PATH_MAX];
	int code;

	*out = NULL;
	if (at_load(&run_interrupted, relaxed)) /* a flag, nothing rides on it */
		return err_set(err, EXIT_INTERRUPTED, "interrupted");
	if (p->keep) {
		signals_kill_child();
		code = converse(p, p->keep, out, err);
		signals_catch();
		return code;
	}
	if (!parent || !*parent)
		parent = "/tmp";
	if (snprintf(dir, sizeof(dir), "%s/iopt-duet.XXXXXX", parent) >= (int)sizeof(dir))
		return err_set(err, EXIT_CANT_CREATE, "TMPDIR is too long a path");
	signals_kill_child();
	if (mkdtemp(dir)) {
		code = converse(p, dir, out, err);
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	} else {
		code = err_set(err, EXIT_CANT_CREATE, "cannot make a directory in %.200s: %s: set TMPDIR",
			       parent, strerror(errno));
	}
	signals_catch();
	return code;
}

int duet_run(const struct duet_build *build, char *const *args, int nargs, uint64_t seed,
	     struct stored **out, struct err *err)
{
	struct duet_process p = { .build = build, .role = "this", .args = args, .nargs = nargs,
				  .seed = seed };

	return duet_check_build(build, p.role, err) ? err->code : duet_process_run(&p, out, err);
}
