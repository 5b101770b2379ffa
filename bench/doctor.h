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
