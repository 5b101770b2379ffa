#include "bench/signals.h"

#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/runner.h"

static const int stops[] = { SIGINT, SIGTERM, SIGHUP };

#define NSTOPS (sizeof(stops) / sizeof(stops[0]))

static _Atomic pid_t child;

/* On any thread. Relaxed: a flag and a number, nothing else rides on them. */
static void on_stop(int signal)
{
	pid_t pid = at_load(&child, relaxed);

	(void)signal;
	at_store(&run_interrupted, 1, relaxed);
	if (pid > 0)
		kill(pid, SIGTERM);
}

static void on_stop_or_kill(int signal)
{
	pid_t pid = at_load(&child, relaxed);

	if (at_load(&run_interrupted, relaxed) && pid > 0)
		kill(pid, SIGKILL);
	else
		on_stop(signal);
}

/* SA_RESTART: a result half printed is printed whole. */
static void catch(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART | flags }, was;

	for (size_t i = 0; i < NSTOPS; i++)
		if (!sigaction(stops[i], NULL, &was) && was.sa_handler != SIG_IGN)
			sigaction(stops[i], &action, NULL);
}

void signals_catch(void)
{
	catch(on_stop, (int)SA_RESETHAND);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/*
 * A terminal interrupts parent and child, `kill` only the parent, who passes it on: so the child
 * may hear of it any number of times. When a second interrupt kills the parent, it goes too.
 */
void signals_follow(pid_t parent, const sigset_t *before)
{
	signals_pass_to(0);
	catch(on_stop, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* it went before we could ask to be told */
	signals_release(before);
}

void signals_kill_child(void)
{
	catch(on_stop_or_kill, 0);
}

void signals_pass_to(pid_t pid)
{
	at_store(&child, pid, relaxed); /* read by the handler alone */
}

void signals_hold(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < NSTOPS; i++)
		sigaddset(&set, stops[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

void signals_release(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}
