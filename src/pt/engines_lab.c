/*
 * engines_lab.c - the engines, their cold paths and their locks once more, with the hooks of the
 * laboratory (lab.h) and under other names. The objects that are measured know nothing of this one.
 */
#define PT_LAB 1

#define pt_engines pt_engines_lab
#define pt_engine_find pt_engine_find_lab
#define pt_engine_walking pt_engine_walking_lab
#define pt_install pt_install_lab
#define pt_grow pt_grow_lab
#define pt_grow_2019 pt_grow_2019_lab
#define pt_retire_tree pt_retire_tree_lab
#define pt_vacant pt_vacant_lab
#define kmutex_clock kmutex_clock_lab
#define kmutex_adopt kmutex_adopt_lab
#define kmutex_acquire_slow kmutex_acquire_slow_lab
#define kmutex_release_slow kmutex_release_slow_lab
#define qspin_acquire_slow qspin_acquire_slow_lab

#include "pt/cold.c"
#include "pt/engines.c"
#include "pt/lock_kmutex.c"
#include "pt/lock_qspin.c"

#include "pt/lab.h"

const struct pt_engine *pt_engine_lab(const struct pt_engine *e)
{
	return e->ruler ? NULL : pt_engine_find(e->name);
}
