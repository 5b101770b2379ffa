/*
 * engines_stat.c - the engines, their cold paths and their locks once more, with hooks that count
 * (observe.h) and under other names. The objects that are measured know nothing of this one.
 */
#define PT_OBSERVED 1

#define pt_engines pt_engines_observed
#define pt_engine_find pt_engine_find_observed
#define pt_engine_walking pt_engine_walking_observed
#define pt_install pt_install_observed
#define pt_grow pt_grow_observed
#define pt_grow_2019 pt_grow_2019_observed
#define pt_retire_tree pt_retire_tree_observed
#define pt_vacant pt_vacant_observed
#define kmutex_clock kmutex_clock_observed
#define kmutex_adopt kmutex_adopt_observed
#define kmutex_acquire_slow kmutex_acquire_slow_observed
#define kmutex_release_slow kmutex_release_slow_observed
#define qspin_acquire_slow qspin_acquire_slow_observed

#include "pt/cold.c"
#include "pt/engines.c"
#include "pt/lock_kmutex.c"
#include "pt/lock_qspin.c"

_Thread_local struct pt_observation *pt_observing;

const struct pt_engine *pt_engine_observed(const struct pt_engine *e)
{
	return e->ruler ? NULL : pt_engine_find(e->name);
}
