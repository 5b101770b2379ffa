/* verify_race.c - threads that share a table, and look at each other's ranges: no devices. */
#include "bench/verify_threads.h"

int verify_race(const struct verify_job *job, struct verify_outcome *out, struct err *err)
{
	return verify_rounds(job, VERIFY_RACE, out, err);
}
