/*
 * verify_child.h - a layer in a child process, which may crash, hang or be killed by a sanitizer
 * without taking the verdict along. Main thread.
 */
#pragma once

#include "bench/verify.h"

/*
 * Run `layer` on the job in a child and wait at most the job's duration and a grace of ten seconds. A
 * signal is "crash", no answer in time "hang"; both count as caught where a mutant is switched on or
 * not. 0; EXIT_NO_RESOURCE when no child could be had.
 */
int verify_child(enum verify_layer layer, const struct verify_job *job, struct verify_outcome *out,
		 struct err *err);
