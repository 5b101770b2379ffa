/*
 * headroom.h - is there address space for more threads?
 *
 * jemalloc 5.3 follows a null pointer when the first allocation of a thread finds no room for the
 * thread's arena (under RLIMIT_AS, `ulimit -v`). So we ask before threads are started, and say 69.
 */
#pragma once

#include <stdbool.h>

/* Stacks and first allocations of n threads. An answer for now: nobody else may allocate meanwhile. */
bool headroom_threads(unsigned n);
