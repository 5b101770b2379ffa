/*
 * crew.h - pinned threads that do, all at once, what the main thread tells them, and sleep between.
 *
 * Only the thread that created a crew calls these functions.
 */
#pragma once

#include <stdbool.h>

#include "sys/err.h"

struct crew;

/* cpus: OS indices, one per worker; NULL leaves the threads unpinned (tests). EXIT_NO_RESOURCE. */
int crew_create(struct crew **out, unsigned n, const unsigned *cpus, struct err *err);
void crew_destroy(struct crew *crew);
/* Run fn(arg, worker) on every worker; returns when all have returned. */
void crew_run(struct crew *crew, void (*fn)(void *arg, unsigned worker), void *arg);
