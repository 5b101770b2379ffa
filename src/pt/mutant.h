/*
 * mutant.h - known bugs that can be switched on, so that every check can be seen to notice the one it
 * is for. One row a bug; `verify --break NAME` runs with it, `verify --mutants` tries them all.
 *
 * Those of the page table live in the sources of the engines as `if (mutant(NAME))` (lab.h) and are
 * compiled into the laboratory copies of the engines only (engines_lab.c); those of the flush live in
 * src/iotlb, which is never measured.
 *
 * Sources of the names B1 to B22: commits of the Linux AMD and Intel drivers; docs/verification.md
 * has each with its commit.
 */
#pragma once

/*
 * M(NAME, name, engine that shows it, what is wrong). Order: as printed.
 */
#define PT_MUTANTS(M)                                                                               \
	M(B1_UNLOCKED_GROWTH, "b1-unlocked-growth", "lockless-2019",                                \
	  "the root grows without a lock, level and pointer one after the other")                   \
	M(B2_NO_RECHECK, "b2-no-recheck", "lockless-2019",                                          \
	  "growth does not look again under its lock")                                              \
	M(B3_TORN_TOP, "b3-torn-top", "lockless", "level and root are read one after the other")    \
	M(B4_SHARED_FLAG, "b4-shared-flag", "lockless-2019",                                        \
	  "one flag of the domain says whether a flush is due: another's flush clears it")          \
	M(B5_NO_WAIT, "b5-no-wait", "lockless", "tables are freed before the flush has completed")  \
	M(B6_LATE_ROOT, "b6-late-root", "lockless",                                                 \
	  "others map below a new root before the device knows it")                                 \
	M(B7_ENDLESS_GROWTH, "b7-endless-growth", "lockless-2019",                                  \
	  "out of memory while growing: tried again for ever")                                      \
	M(B10_NO_DOWNGRADE, "b10-no-downgrade", "lockless-2019",                                    \
	  "4K below a leaf of a level's own size is refused")                                       \
	M(B11_STALE_REPLICAS, "b11-stale-replicas", "lockless-2019",                                \
	  "a table takes the place of one replica, the others stay")                                \
	M(B12_LARGE_AT_ZERO, "b12-large-at-zero", "lockless-2019",                                  \
	  "a page larger than the root's entries at IOVA 0 does not make the root grow")            \
	M(B14_HOLES, "b14-holes", "lockless-2019",                                                  \
	  "an unmap counts a missing table as unmapped, and goes on at 0 above the top")            \
	M(B16_FREE_AT_ONCE, "b16-free-at-once", "lockless-2019",                                    \
	  "a subtree that a large page replaces is freed under its walkers")                        \
	M(B17_RELAXED_LINK, "b17-relaxed-link", "mutex",                                            \
	  "under a lock a table is linked by a relaxed store: walkers take no lock")                \
	M(B19_WALK_CACHE, "b19-walk-cache", "lockless",                                             \
	  "a freed table stays in the device's walk cache")                                         \
	M(B20_SHORT_FLUSH, "b20-short-flush", "lockless-2019",                                      \
	  "an unmap takes all of a large page, its flush only what was asked for")                  \
	M(B22_ONE_LESS, "b22-one-less", "lockless", "the end of a flush is taken one too early")    \
	M(NOT_ZEROED, "not-zeroed", "lockless", "a table page is not zeroed")                       \
	M(LOSER_KEEPS_OWN, "loser-keeps-own", "lockless", "who loses an install goes on in its own page") \
	M(RELAXED_PUBLISH, "relaxed-publish", "lockless", "a table is installed without release")   \
	M(RELAXED_FAILURE, "relaxed-failure", "lockless", "who loses an install does not acquire")  \
	M(RELAXED_TOP, "relaxed-top", "lockless", "a new root is published without release")        \
	M(RELAXED_LEAF, "relaxed-leaf", "lockless", "a leaf is stored without release")             \
	M(DOUBLE_FREE, "double-free", "lockless", "who loses an install frees its page twice")      \
	M(EARLY_UNLOCK, "early-unlock", "mutex", "the lock is let go before the work is done")      \
	M(WRONG_REPLICAS, "wrong-replicas", "lockless", "half of the replicas are written")         \
	M(NO_GRACE, "no-grace", "lockless", "a retired page is freed without a grace period")

enum pt_mutant {
	MUTANT_NONE,
#define MUTANT_ID(id, name, engine, help) MUTANT_##id,
	PT_MUTANTS(MUTANT_ID)
#undef MUTANT_ID
	MUTANTS
};

struct mutant {
	const char *name;   /* NULL for MUTANT_NONE */
	const char *engine; /* where it shows */
	const char *help;
};

extern const struct mutant pt_mutants[MUTANTS];
/* MUTANT_NONE: no such name. */
enum pt_mutant pt_mutant_find(const char *name);

/* The one switched on, for the whole process. Written while no worker runs. */
extern enum pt_mutant pt_mutant_on;
