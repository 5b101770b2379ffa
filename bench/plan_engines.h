/* plan_engines.h - the engines that --engines and --walk name together. */
#pragma once

#include "bench/plan.h"

/*
 * Into chosen[GROUP_ENGINES_MAX], in the order of the list, rulers left out; the walks of an engine
 * stand side by side. EXIT_USAGE for a walk that an engine has not. Main thread.
 */
int plan_engines(const struct options *o, const struct pt_engine **chosen, unsigned *n,
		 struct err *err);

/*
 * The engines of the options that can run this group; the first is the baseline. What wants one
 * thread stays out of larger groups of a sweep that gives it one, and what has not the page size or
 * the levels out of groups of a sweep that has others; there may be none left, and the plan notes
 * what stayed out.
 */
int plan_choose_engines(struct plan *plan, struct group *g, const struct options *o,
			const struct topology *topo, bool sweeps_one, struct err *err);
/* Take engines that lock in line out of a group whose threads share CPUs; noted. */
void plan_drop_in_line(struct plan *plan, struct group *g, const struct topology *topo);
