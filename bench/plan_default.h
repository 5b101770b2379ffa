/* plan_default.h - the parts of planning that plan.c and the default comparison share. */
#pragma once

#include "bench/plan.h"

/* The comparison of the screen, about a minute whatever the number of CPUs. */
int plan_default(struct plan *plan, const struct options *o, const struct topology *topo,
		 struct err *err);

/* A group with everything scalar from the options' first values; no workload, threads, engines. */
void plan_group_from(struct group *g, const struct options *o);
/* Append a copy of *g with its CPUs chosen. */
int plan_add(struct plan *plan, const struct group *g, const struct topology *topo, struct err *err);
/* Make `share` and `order` what the workload makes of AUTO, and of what is not about it. */
void plan_settle_shape(struct group *g);
/*
 * Mixes and orders that the workload does not take, page sources that do not go with the memory:
 * EXIT_USAGE, with the remedy. plan_shape.c
 */
int plan_check_shape(const struct group *g, struct err *err);
/* null, and where it applies the limit of each format. */
void plan_add_rulers(struct group *g);
/* Note, once, what is left out: plan_left_out.c */
void plan_leave_out(struct plan *plan, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Note that a CPU quota leaves fewer threads than there are CPUs, where their number is ours to choose. */
void plan_note_quota(struct plan *plan, const struct options *o, const struct topology *topo);
/* EXIT_USAGE when all that this job names was left out: no groups since `first`. */
int plan_check_any(const struct plan *plan, size_t first, const struct options *o, struct err *err);
/* Count, in `twin`, groups whose cases another group has already: no two ids are the same. */
int plan_tell_twins(struct plan *plan, struct err *err);
#define PLAN_GROUP_OVERHEAD_S 0.35 /* opening, calibration, audit, closing; measured on two cores */
/* Of a group, in all processes. */
double plan_predict_group_s(const struct group *g, unsigned processes);
/* Fill predicted_s and predicted_bytes: plan_predict.c */
void plan_predict(struct plan *plan, unsigned processes);
/* Levels of a choice of --levels; 0: auto. */
unsigned plan_levels(unsigned choice);
/* The user's list, or 1, 2, 4, … and all allowed CPUs, of which a CPU quota may leave fewer. */
void plan_thread_counts(struct list_u64 *out, const struct options *o, const struct place *place,
			const struct topology *topo);
