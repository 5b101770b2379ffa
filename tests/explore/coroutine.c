/*
 * coroutine.c - the threads of a scenario on one real thread. A coroutine is made once, with
 * makecontext(), and used again for every schedule that ran to its end; between them _setjmp() and
 * _longjmp() switch without a system call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "internal.h"

#define STACK_BYTES (256u << 10)
#define LOCALS_MAX 4096u
#define NOINLINE __attribute__((noinline)) /* _setjmp() and locals of others do not mix */

jmp_buf ex_alone;

static struct coroutine {
	jmp_buf at;       /* where it goes on */
	jmp_buf start;
	bool made;        /* stands at its beginning, or will come back there */
	char *stack;
	char locals[LOCALS_MAX];
} coroutine[EX_THREADS_MAX];

static jmp_buf maker;
static char locals_first[LOCALS_MAX], locals_alone[LOCALS_MAX];

/* All _Thread_local variables of explored sources and scenarios (include/shadow.h), by the linker. */
extern char __start_ex_thread_local[] __attribute__((weak));
extern char __stop_ex_thread_local[] __attribute__((weak));

static size_t locals_bytes(void)
{
	size_t bytes = (size_t)(__stop_ex_thread_local - __start_ex_thread_local);

	if (bytes > LOCALS_MAX) {
		fputs("explore: thread-local variables: raise LOCALS_MAX\n", stderr);
		abort();
	}
	return bytes;
}

static char *locals_of(unsigned id)
{
	return id == ALONE ? locals_alone : coroutine[id].locals;
}

/* ucontext hands over ints. */
static void begin(int id)
{
	struct coroutine *c = &coroutine[id];

	for (;;) {
		if (!_setjmp(c->start)) {
			if (c->made)
				ex_thread_over((unsigned)id);
			c->made = true;
			_longjmp(maker, 1);
		}
		ex_run.scenario->thread((unsigned)id);
	}
}

static char *stack_new(void)
{
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);

	/* what grows beyond its stack shall not write into another */
	if (stack == MAP_FAILED || mprotect(stack, (size_t)getpagesize(), PROT_NONE)) {
		perror("explore: stack of a coroutine");
		abort();
	}
	return stack;
}

static NOINLINE void make(unsigned id)
{
	struct coroutine *c = &coroutine[id];
	ucontext_t context;

	if (!c->stack)
		c->stack = stack_new();
	getcontext(&context);
	context.uc_stack.ss_sp = c->stack;
	context.uc_stack.ss_size = STACK_BYTES;
	context.uc_link = NULL;
	makecontext(&context, (void (*)(void))(uintptr_t)begin, 1, (int)id);
	if (!_setjmp(maker))
		setcontext(&context);
}

void ex_coroutines_prepare(unsigned n)
{
	static bool known;
	size_t bytes = locals_bytes();

	if (bytes && !known)
		memcpy(locals_first, __start_ex_thread_local, bytes);
	known = true;
	if (bytes)
		memcpy(__start_ex_thread_local, locals_first, bytes);
	for (unsigned id = 0; id < n; id++) {
		memcpy(coroutine[id].locals, locals_first, bytes);
		if (!coroutine[id].made)
			make(id);
		memcpy(coroutine[id].at, coroutine[id].start, sizeof(jmp_buf));
	}
}

void ex_coroutines_abandon(void)
{
	for (unsigned id = 0; id < EX_THREADS_MAX; id++)
		coroutine[id].made = false;
}

static void locals_switch(unsigned from, unsigned to)
{
	size_t bytes = locals_bytes();

	if (!bytes)
		return;
	memcpy(locals_of(from), __start_ex_thread_local, bytes);
	memcpy(__start_ex_thread_local, locals_of(to), bytes);
}

void ex_switch(unsigned from, unsigned to)
{
	locals_switch(from, to);
	ex_run.self = to;
	if (to == ALONE)
		_longjmp(ex_alone, 1);
	if (from == ALONE || !_setjmp(coroutine[from].at))
		_longjmp(coroutine[to].at, 1);
}
