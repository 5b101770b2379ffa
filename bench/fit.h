/*
 * fit.h - can this engine run this group? Formats differ in their page sizes and in how high a
 * table stands: amdv1 grows, vtdss stays as it was created. Pure, but that a replay reads its trace.
 */
#pragma once

#include "bench/plan.h"
#include "pt/engine.h"

/* Levels of a table that must span `reach`: 3 where it grows, else the least; perhaps too many. */
unsigned fit_levels(const struct pt_engine *engine, uint64_t reach);
/* The last address the workers of this group may touch. */
uint64_t fit_reach(const struct group *g);
/* Levels of a new table of this engine in this group, which it fits. Rulers walk 3. */
unsigned fit_group_levels(const struct group *g, const struct pt_engine *engine);
/*
 * EXIT_USAGE, naming the engine, what it lacks, and the remedy: in page sizes and highest table
 * (fit_format), or in how far the workload reaches (fit_height).
 */
int fit_format(const struct group *g, const struct pt_engine *engine, struct err *err);
int fit_height(const struct group *g, const struct pt_engine *engine, struct err *err);
/* "4K, 2M, 1G"; of many the first and the last, and how many: "4K .. 2P (39)". */
char *fit_show_sizes(char *buf, size_t size, uint64_t sizes);
/* Is there a group of the sweep whose page sizes and levels this engine has? */
bool fit_somewhere(const struct options *o, const struct pt_engine *engine);
/*
 * Engines that came with a word for many (`all`) and fit nowhere, or want one thread where none is
 * alone: out of the list, into o->left_out. Of those that stay the modern ones get their walks.
 */
void fit_engines(struct options *o);
/* Is there a group of the sweep whose threads have a CPU each? */
bool fit_cpus(const struct options *o, const struct topology *topo);
/* Where there is none, engines that lock in line and that nobody named: out of the list. */
void fit_machine(struct options *o, const struct topology *topo);
