/*
 * shadow.h - included before every explored source and scenario: what they would ask of the kernel or
 * of the C library while they wait, they ask of the explorer (system.c).
 */
#pragma once

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* One block, of which each coroutine has its own copy (coroutine.c). */
#define _Thread_local __attribute__((section("ex_thread_local")))

long ex_syscall(long number, ...);
int ex_clock_gettime(clockid_t clock, struct timespec *out);
int ex_getcpuclockid(pthread_t thread, clockid_t *out);
int ex_sched_yield(void);
int ex_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr);
int ex_mutex_destroy(pthread_mutex_t *m);
int ex_mutex_lock(pthread_mutex_t *m);
int ex_mutex_trylock(pthread_mutex_t *m);
int ex_mutex_unlock(pthread_mutex_t *m);

/* Memory is taken back when a schedule ends, wherever it ended, and lies at the same addresses in each. */
void *ex_aligned_alloc(size_t align, size_t bytes);
void *ex_malloc(size_t bytes);
void *ex_calloc(size_t n, size_t bytes);
void ex_free(void *p);

#define aligned_alloc ex_aligned_alloc
#define malloc ex_malloc
#define calloc ex_calloc
#define free ex_free
#define syscall ex_syscall
#define clock_gettime ex_clock_gettime
#define pthread_getcpuclockid ex_getcpuclockid
#define sched_yield ex_sched_yield
#define pthread_mutex_init ex_mutex_init
#define pthread_mutex_destroy ex_mutex_destroy
#define pthread_mutex_lock ex_mutex_lock
#define pthread_mutex_trylock ex_mutex_trylock
#define pthread_mutex_unlock ex_mutex_unlock

/*
 * A spinner of the mutex asks at every look whether the owner runs, and any answer may come. By its
 * own count, 64 looks apart, schedules would be long and alike.
 */
#define KMUTEX_LOOKS_MIN 1u
#define KMUTEX_LOOKS_MAX 1u

/* A queue that is full with one range, and a command ring that is soon initialised. */
#define FLUSH_QUEUE 2u
#define FLUSH_RING 8u
