/*
 * engines.c - the matrix: every engine is a line, and the compiler writes it out.
 *
 * Format and sync are static const structs and everything in the walk headers is always_inline, so
 * each function below is specialised and nothing in this object is an indirect call. A test reads
 * the disassembly and proves it.
 */
#include <string.h>

#include "pt/format_amdv1.h"
#include "pt/hot.h"
#include "pt/rulers.h"
#include "pt/walk2019.h"

/*
 * OLD: the 2019 body: format, sync_…, name, sync as shown, help.
 * NEW: the modern body: format, sync_…, name, help, single.
 */
#define PT_ENGINES(OLD, NEW)                                                                       \
	OLD(amdv1, lockless_2019, "lockless-2019", "lockless", "the AMD driver after the patch")   \
	OLD(amdv1, mutex_2019, "mutex-2019", "mutex", "before the patch: a kernel-like mutex")     \
	OLD(amdv1, spin_2019, "spin-2019", "spin", "the alternative of 2019: a queued spinlock")   \
	OLD(amdv1, pthread_2019, "pthread-2019", "pthread", "the same body under glibc's mutex")   \
	OLD(amdv1, plain_2019, "lockless-2019-plain", "lockless-plain",                            \
	    "after the patch, but leaves cleared by plain stores")                                 \
	NEW(amdv1, lockless, "lockless", "tables installed by compare-exchange", false)            \
	NEW(amdv1, none, "none", "no synchronisation at all: one thread only", true)               \
	NEW(amdv1, mutex, "mutex", "one kernel-like mutex", false)                                 \
	NEW(amdv1, spin, "spin", "one queued spinlock", false)                                     \
	NEW(amdv1, ticket, "ticket", "one ticket lock", false)                                     \
	NEW(amdv1, mcs, "mcs", "one MCS queue lock", false)

#define DEFINE_OLD(f, s, name_, shown, help_)                                                      \
	static size_t f##_##s##_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops,         \
				    size_t n)                                                      \
	{                                                                                          \
		static const struct pt_kit kit = { &f, &sync_##s };                                \
		return run_2019(&kit, pt, w, ops, n);                                              \
	}

#define DEFINE_NEW(f, s, name_, help_, single_)                                                    \
	static const struct pt_kit kit_##f##_##s = { &f, &sync_##s };                              \
	static NOINLINE unsigned f##_##s##_slow(struct pt *pt, struct pt_worker *w,                \
						struct pt_op *op)                                  \
	{                                                                                          \
		return modern_slow(&kit_##f##_##s, pt, w, op);                                     \
	}                                                                                          \
	static size_t f##_##s##_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops,         \
				    size_t n)                                                      \
	{                                                                                          \
		return modern_run(&kit_##f##_##s, f##_##s##_slow, pt, w, ops, n);                  \
	}

PT_ENGINES(DEFINE_OLD, DEFINE_NEW)

static size_t amdv1_null_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	return null_run(pt, w, ops, n);
}

static size_t amdv1_limit_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	(void)w;
	return limit_run(&amdv1, pt, ops, n);
}

#define ROW(f, s, name_, shown, body_, help_, single_, ruler_)                                     \
	{ .name = #f "/" name_, .format = #f, .sync = shown, .body = body_, .help = help_,         \
	  .run = f##_##s##_run, .single = single_, .ruler = ruler_ },
#define ROW_OLD(f, s, name_, shown, help_) ROW(f, s, name_, shown, "2019", help_, false, false)
#define ROW_NEW(f, s, name_, help_, single_)                                                       \
	ROW(f, s, name_, name_, "modern", help_, single_, false)
#define ROW_RULER(f, s, name_, help_) ROW(f, s, name_, name_, "ruler", help_, false, true)

const struct pt_engine pt_engines[] = {
	PT_ENGINES(ROW_OLD, ROW_NEW)
	ROW_RULER(amdv1, null, "null", "does nothing: the floor of the harness")
	ROW_RULER(amdv1, limit, "limit", "three loads and one store without a check: the floor of a map")
	{ .name = NULL }
};

const struct pt_engine *pt_engine_find(const char *name)
{
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!strcmp(name, e->name) || !strcmp(name, e->name + strlen(e->format) + 1))
			return e;
	return NULL;
}
