/*
 * doctor.h - what would spoil a measurement on this machine, each with its remedy. Main thread.
 */
#pragma once

#include "sys/host.h"

/*
 * The line that `run` prints and stores when doctor would complain of something that can be told at
 * once (no probing): "doctor: governor, load (`iopt doctor` has the remedies)". False: nothing.
 */
bool doctor_brief(const struct host_facts *facts, const struct topology *t, char *text, size_t size);

/*
 * The same, and all of it at length: "FOUND (WHY): REMEDY", complaints first, then notes. Into at most
 * `most` texts; *n says how many. A single complaint is both the line and the first text.
 */
#define DOCTOR_TEXT 400
bool doctor_advice(const struct host_facts *facts, const struct topology *t, char *text, size_t size,
		   char (*advice)[DOCTOR_TEXT], unsigned most, unsigned *n);
