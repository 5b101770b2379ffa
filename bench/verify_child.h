/*
 * verify_child.h - a layer in a child process, which may crash, hang or be killed by a sanitizer
 * without taking the verdict along. Main thread; several children at once.
 */
#pragma once

#include <sys/types.h>

#include "bench/verify.h"

#define VERIFY_GRACE_NS UINT64_C(10000000000)

typedef int verify_layer_fn(const struct verify_job *job, struct verify_outcome *out, struct err *err);

/* What a child is to do: call a function, or be a program. */
struct verify_task {
	enum verify_layer layer;
	const struct verify_job *job;
	verify_layer_fn *run;     /* NULL: the layer's own, or its program */
	const char *program;      /* VERIFY_EXPLORER, VERIFY_TSAN */
	const unsigned *cpu;      /* it may run on these, by OS number; NULL: where its parent may */
	unsigned ncpus;
};

struct verify_child {
	pid_t pid;                /* 0: none */
	int said[2];              /* its stdout and stderr */
	struct answer *answer;    /* shared with it */
	int status;
	bool hung;
	uint64_t began_ns, looked_ns, ended_ns, limit_ns;
	struct verify_task task;
};

/* EXIT_NO_RESOURCE when no child could be had. */
int verify_child_start(struct verify_child *c, const struct verify_task *task, struct err *err);
/*
 * To be asked every few milliseconds: has it ended? One that has had its time is killed; time in which
 * nobody asked does not count, for then this process was stopped.
 */
bool verify_child_ended(struct verify_child *c);
/*
 * Of one that has ended: what it found. A signal is "crash", no answer in time "hang", a sanitizer's
 * report its name; all of them are caught, whether a mutant is switched on or not. Or the error it
 * reported; EXIT_NO_RESOURCE where somebody else has killed it.
 */
int verify_child_reap(struct verify_child *c, struct verify_outcome *out, struct err *err);
/* Kill it and forget it. */
void verify_child_kill(struct verify_child *c);

/*
 * Where a build puts the program of VERIFY_EXPLORER or VERIFY_TSAN, seen from this program; "" where
 * there is none.
 */
void verify_program_find(enum verify_layer layer, char *path, size_t size);
/* In the child: become it. Returns only when that fails. */
void verify_program_exec(const struct verify_task *task);
/* What it has said: its last line (on stdout, if any), the status it ended with. 0, or EXIT_INTERNAL. */
int verify_program_answer(const struct verify_task *task, int exit_code, const char *last,
			  struct verify_outcome *out, struct err *err);

/*
 * Run `layer`, one of those that are functions, on the job in a child and wait at most the job's
 * duration and a grace of ten seconds. 0, or as above; EXIT_INTERRUPTED.
 */
int verify_child(enum verify_layer layer, const struct verify_job *job, struct verify_outcome *out,
		 struct err *err);
