/* scenarios.h - the tables of scenarios, each ending with a row whose name is NULL (scenarios.c). */
#pragma once

#include "explore.h"

extern const struct ex_scenario scenarios_table[];   /* neighbours in tables of three levels */
extern const struct ex_scenario scenarios_grow[];    /* the root grows */
extern const struct ex_scenario scenarios_retire[];  /* tables are taken out under walkers */
extern const struct ex_scenario scenarios_memory[];  /* memory runs out */
extern const struct ex_scenario scenarios_domain[];  /* devices */
extern const struct ex_scenario scenarios_locks[];   /* mutual exclusion */
extern const struct ex_scenario scenarios_grace[];   /* nothing is freed under a reader */
extern const struct ex_scenario scenarios_flush[];   /* no range comes back before its flush */
