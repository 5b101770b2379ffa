/* plan_engines.h - the engines that --engines and --walk name together. */
#pragma once

#include "bench/plan.h"

/*
 * Into chosen[GROUP_ENGINES_MAX], in the order of the list, rulers left out; the walks of an engine
 * stand side by side. EXIT_USAGE for a walk that an engine has not. Main thread.
 */
int plan_engines(const struct options *o, const struct pt_engine **chosen, unsigned *n,
		 struct err *err);
