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
 * Keep a copy of the file that `result` was read from as the newest baseline NAME:
 * baselines/NAME/0003-COMMIT.json. Older ones stay; of several that save at once each gets a number
 * of its own. EXIT_USAGE (NAME: letters, digits, . _ -, neither . nor - first; at most 64; a result
 * from stdin), EXIT_BAD_DATA (interrupted), EXIT_CANT_CREATE, EXIT_WRITE.
 */
int store_save_baseline(const char *name, const struct stored *result, char *path, size_t size,
			struct err *err);
/*
 * Path of the newest NAME, or of NAME@3. EXIT_USAGE: no such name can be. EXIT_BAD_DATA: none; says
 * which there are. What is in the file is for stored_read() to judge.
 */
int store_find_baseline(const char *name, char *path, size_t size, struct err *err);
/*
 * Paths of all of NAME, oldest first; *n of them, each and the array from malloc. EXIT_BAD_DATA:
 * none, or two files of one number.
 */
int store_list_baseline(const char *name, char ***paths, size_t *n, struct err *err);
/* Paths in NAME's directory that iopt did not put there: to be told of, never read. */
int store_list_foreign(const char *name, char ***paths, size_t *n, struct err *err);
/* Names there are baselines of, in order; none is no error. */
int store_list_names(char ***names, size_t *n, struct err *err);
void store_free_list(char **list, size_t n);

/* The A/A floor of a machine: what identical code differs by. */
struct floor_facts {
	char measured_utc[32], version[64], host[192]; /* host: fingerprint_show(), for people */
	unsigned trials;                          /* A/A trials behind it */
	double floor[GATE_DESIGNS][GATE_METRICS]; /* 95th percentile of |ratio - 1|; NaN unknown */
};
/* 0 and *found, for the machine with this fingerprint key. EXIT_BAD_DATA: the file is broken. */
int store_load_floor(const char *key, struct floor_facts *facts, bool *found, struct err *err);
int store_save_floor(const char *key, const struct floor_facts *facts, char *path, size_t size,
		     struct err *err);
