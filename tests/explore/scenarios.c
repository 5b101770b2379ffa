/* scenarios.c - all of them. */
#include "scenarios.h"

const struct ex_scenario *const ex_scenarios[] = {
	scenarios_table, scenarios_grow,  scenarios_retire, scenarios_memory,
	scenarios_domain, scenarios_locks, scenarios_grace, scenarios_flush, NULL,
};
