/*
 * engines.c - the matrix (matrix.h) written out by the compiler, and the table of it.
 *
 * Format and sync are static const structs and everything in the walk headers is always_inline, so
 * each function below is specialised and nothing in this object is an indirect call. A test reads
 * the disassembly and proves it.
 */
#include <string.h>

#include "pt/matrix.h"

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

#define DEFINE_INTEL(f, s, name_, shown, help_)                                                    \
	static size_t f##_##s##_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops,         \
				    size_t n)                                                      \
	{                                                                                          \
		static const struct pt_kit kit = { &f, &sync_##s };                                \
		return run_intel(&kit, pt, w, ops, n);                                             \
	}

PT_ENGINES(DEFINE_OLD, DEFINE_NEW, DEFINE_INTEL)

static size_t amdv1_null_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	return null_run(pt, w, ops, n);
}

static size_t amdv1_limit_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	(void)w;
	return limit_run(&amdv1, pt, ops, n);
}

static size_t vtdss_limit_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)
{
	(void)w;
	return limit_run(&vtdss, pt, ops, n);
}

#define ROW(f_, s, name_, shown, body_, help_, single_, ruler_)                                    \
	{ .name = #f_ "/" name_, .format = #f_, .sync = shown, .body = body_, .help = help_,         \
	  .run = f_##_##s##_run, .single = single_, .ruler = ruler_, .f = &f_ },
#define ROW_OLD(f, s, name_, shown, help_) ROW(f, s, name_, shown, "2019", help_, false, false)
#define ROW_NEW(f, s, name_, help_, single_)                                                       \
	ROW(f, s, name_, name_, "modern", help_, single_, false)
#define ROW_INTEL(f, s, name_, shown, help_) ROW(f, s, name_, shown, "intel", help_, false, false)
#define ROW_RULER(f, s, name_, help_) ROW(f, s, name_, name_, "ruler", help_, false, true)

const struct pt_engine pt_engines[] = {
	PT_ENGINES(ROW_OLD, ROW_NEW, ROW_INTEL)
	ROW_RULER(amdv1, null, "null", "does nothing: the floor of the harness")
	ROW_RULER(amdv1, limit, "limit", "three loads and one store without a check: the floor of a map")
	ROW_RULER(vtdss, limit, "limit", "the same in the entries of VT-d")
	{ .name = NULL }
};

const struct pt_engine *pt_engine_find(const char *name)
{
	for (const struct pt_engine *e = pt_engines; e->name; e++)
		if (!strcmp(name, e->name) || !strcmp(name, e->name + strlen(e->format) + 1))
			return e;
	return NULL;
}
