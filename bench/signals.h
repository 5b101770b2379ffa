/*
 * signals.h - what may end a run early: SIGINT, SIGTERM and SIGHUP ask it to stop at the end of the
 * slice and to keep what is valid; the second of a kind ends it at once. Main thread.
 */
#pragma once

#include <signal.h>
#include <sys/types.h>

/*
 * From the start of `run` on. Signals that the caller ignores (nohup) stay ignored. A closed stdout
 * or a file beyond the limit of its size becomes an error of the write.
 */
void signals_catch(void);
/* In the child of a fork under signals_hold(): heed any number of them; go when the parent goes. */
void signals_follow(pid_t parent, const sigset_t *before);
/* Whoever asks this process to stop asks that child too, until told of pid 0. */
void signals_pass_to(pid_t child);
/*
 * From here on no signal ends this process, for it has files to remove: the first asks the child to
 * stop, the second kills that child.
 */
void signals_kill_child(void);
/* None of them comes between hold and release; what came meanwhile comes then. */
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);
