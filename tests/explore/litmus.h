/* litmus.h - small programs and all that may come of them (litmus.c), for test_core.c. */
#pragma once

#include <stdbool.h>

struct litmus {
	const char *name;
	unsigned threads;
	void (*thread)(unsigned id);
	const char *outcomes;  /* all there are, four digits each */
	const char *failure;   /* or part of the message of one */
	void (*setup)(void), (*finish)(void);
};

/* Ends with a row whose name is NULL. */
extern const struct litmus litmus[];
/* Outcomes seen since this was cleared, as four digits. */
extern bool litmus_seen[10000];
