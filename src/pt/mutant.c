#include "pt/mutant.h"

#include <string.h>

const struct mutant pt_mutants[MUTANTS] = {
#define MUTANT_ROW(id, name_, engine_, help_) [MUTANT_##id] = { name_, engine_, help_ },
	PT_MUTANTS(MUTANT_ROW)
#undef MUTANT_ROW
};

enum pt_mutant pt_mutant_on;

enum pt_mutant pt_mutant_find(const char *name)
{
	for (unsigned m = MUTANT_NONE + 1; m < MUTANTS; m++)
		if (!strcmp(name, pt_mutants[m].name))
			return (enum pt_mutant)m;
	return MUTANT_NONE;
}
