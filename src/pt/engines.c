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
		static const struct pt_kit kit = { &f, &sync_##s, false };                         \
		observe_begin(w->observed, n);                                                     \
		return run_2019(&kit, pt, w, ops, n);                                              \
	}

#define DEFINE_MODERN(f, s, as, rewalk_)                                                           \
	static const struct pt_kit kit_##f##_##as = { &f, &sync_##s, rewalk_ };                    \
	static NOINLINE unsigned f##_##as##_slow(struct pt *pt, struct pt_worker *w,               \
						 struct pt_op *op)                                 \
	{                                                                                          \
		return modern_slow(&kit_##f##_##as, pt, w, op);                                    \
	}                                                                                          \
	static size_t f##_##as##_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops,        \
				     size_t n)                                                     \
	{                                                                                          \
		observe_begin(w->observed, n);                                                     \
		return modern_run(&kit_##f##_##as, f##_##as##_slow, pt, w, ops, n);                \
	}

/* Each modern engine comes with its re-walking sibling. */
#define DEFINE_NEW(f, s, name_, help_, single_) DEFINE_MODERN(f, s, s, false)
#define DEFINE_SIBLING(f, s, name_, help_, single_) DEFINE_MODERN(f, s, s##_rewalk, true)
#define NOTHING(...)

#define DEFINE_INTEL(f, s, name_, shown, help_)                                                    \
	static size_t f##_##s##_run(struct pt *pt, struct pt_worker *w, struct pt_op *ops,         \
				    size_t n)                                                      \
	{                                                                                          \
		static const struct pt_kit kit = { &f, &sync_##s, false };                         \
		observe_begin(w->observed, n);                                                     \
		return run_intel(&kit, pt, w, ops, n);                                             \
	}

PT_ENGINES(DEFINE_OLD, DEFINE_NEW, DEFINE_INTEL)
PT_ENGINES(NOTHING, DEFINE_SIBLING, NOTHING)

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

#define ROW(f_, s, name_, shown, body_, walk_, help_, ...)                                         \
	{ .name = #f_ "/" name_, .format = #f_, .sync = shown, .body = body_, .walk = walk_,         \
	  .help = help_, .run = f_##_##s##_run, .f = &f_, __VA_ARGS__ },
#define ROW_OLD(f, s, name_, shown, help_)                                                         \
	ROW(f, s, name_, shown, "2019", "re-walk", help_, .single = false)
#define ROW_NEW(f, s, name_, help_, single_)                                                       \
	ROW(f, s, name_, name_, "modern", "cursor", help_, .single = single_)
#define ROW_SIBLING(f, s, name_, help_, single_)                                                   \
	ROW(f, s##_rewalk, name_ "-rewalk", name_, "modern", "re-walk", help_, .single = single_,  \
	    .sibling = true)
#define ROW_INTEL(f, s, name_, shown, help_)                                                       \
	ROW(f, s, name_, shown, "intel", "per-table", help_, .single = false)
#define ROW_RULER(f, s, name_, help_) ROW(f, s, name_, name_, "ruler", NULL, help_, .ruler = true)

const struct pt_engine pt_engines[] = {
	PT_ENGINES(ROW_OLD, ROW_NEW, ROW_INTEL)
	PT_ENGINES(NOTHING, ROW_SIBLING, NOTHING)
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

const struct pt_engine *pt_engine_walking(const struct pt_engine *e, const char *walk)
{
	for (const struct pt_engine *o = pt_engines; o->name; o++)
		if (o->walk && !strcmp(o->walk, walk) && !strcmp(o->format, e->format) &&
		    !strcmp(o->body, e->body) && !strcmp(o->sync, e->sync))
			return o;
	return NULL;
}
