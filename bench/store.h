/*
 * store.h - what iopt keeps between runs, below $XDG_DATA_HOME/iopt (~/.local/share/iopt): named
 * baselines (whole results), and the A/A floor of each machine. Files are written beside their
 * place and renamed into it. Main thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bench/gate.h"
#include "sys/err.h"

/*
 * Keep a copy of the file as the newest baseline NAME: baselines/NAME/0003-COMMIT.json. Older ones
 * stay. EXIT_USAGE (NAME: letters, digits, . _ -; at most 64), EXIT_CANT_CREATE, EXIT_WRITE.
 */
int store_save_baseline(const char *name, const struct stored *result, char *path, size_t size,
			struct err *err);
/* Path of the newest NAME, or of NAME@3. EXIT_BAD_DATA: none; says which names there are. */
int store_find_baseline(const char *name, char *path, size_t size, struct err *err);
/* Paths of all of NAME, oldest first; *n of them, each and the array from malloc. */
int store_list_baseline(const char *name, char ***paths, size_t *n, struct err *err);

/* The A/A floor of a machine: what identical code differs by. */
struct floor_facts {
	char measured_utc[32], version[64];
	unsigned trials;                          /* A/A trials behind it */
	double floor[GATE_DESIGNS][GATE_METRICS]; /* 95th percentile of |ratio - 1|; NaN unknown */
};
/* 0 and *found, for the machine with this fingerprint key. EXIT_BAD_DATA: the file is broken. */
int store_load_floor(const char *key, struct floor_facts *facts, bool *found, struct err *err);
int store_save_floor(const char *key, const struct floor_facts *facts, char *path, size_t size,
		     struct err *err);
