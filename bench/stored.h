/*
 * stored.h - a result.json read back: what comparing and exporting need of it, checked. Reads
 * files of schema version 1 of this and earlier builds (what they lack is NaN, 0 or ""). Main
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "bench/result.h"
#include "sys/err.h"

/* Largest file that is read; a result of a day of sweeps has some 200 MB. */
#define STORED_BYTES_MAX (1ull << 30)

/* One process's share of a case: where tables and code lie is luck, one process is one draw. */
struct stored_draw {
	uint32_t process;
	double ops_per_s;                 /* median of its slices; NaN unknown */
	double steady;                    /* the same in units of the ruler: median over half rounds of
					   * ops_per_s / the ruler's (limit, else null); NaN: no ruler */
	double ns_per_op[OP_KINDS];
	struct {
		uint64_t n;
		double p50, p90, p99, p999, p9999; /* ns; NaN: not supported by n */
	} latency[OP_KINDS];
	uint64_t lost;                    /* table pages in vain … */
	double tables;                    /* … of so many; 0: not counted in this case */
};

struct stored_slice {
	uint32_t process, round, half;
	double ops_per_s;                 /* NaN: none */
	uint64_t ops;
};

struct stored_case {
	char *id, *engine, *workload, *page_size; /* page_size: as shown, "4K" or a mix */
	char *ruler;                      /* name of the ruler that `steady` is in; NULL: none */
	char *handicap;                   /* "" unless made worse on purpose */
	unsigned group, threads;
	uint64_t batch, think_ns;
	char *place, *mem;
	bool forced, cold, unowned, is_ruler;
	bool scheduled;                   /* --rate, --speed recorded: the rate was asked for, so there is none */
	bool saturated;                   /* --rate: it was not kept */
	enum verified verified;
	double ops_per_s, ns_per_op[OP_KINDS];
	double lost_per_table, lost_per_table_lo, lost_per_table_hi;
	struct stored_draw *draws;        /* by process */
	size_t ndraws;
	struct stored_slice *slices;
	size_t nslices;
};

/* What has to be equal for two results to be comparable; "" is unknown. fingerprint.h */
struct stored_host {
	char *hostname, *kernel, *cpu_model, *microcode, *governor, *boost, *smt, *nodes, *cpus;
	char *allocator;                  /* library, version, MALLOC_CONF */
	char *version, *commit, *compiler, *flags;
};

struct stored {
	char *path, *started_utc;
	bool complete, lost_pinning, clock_stepped_back;
	unsigned processes;
	uint64_t seed;
	struct stored_host host;
	struct stored_case *cases;
	size_t ncases;
	char **warnings;
	size_t nwarnings;
	const struct stored_case **by_id; /* stored_find()'s; NULL: it looks at each case */
};

/*
 * The file that an argument stands for: a directory for its result.json, or, without one, its
 * result.json.gz; anything else for itself. EXIT_BAD_DATA: the name is too long.
 */
int stored_path(const char *arg, char *path, size_t size, struct err *err);

/*
 * Read `path` ("-": stdin). EXIT_BAD_DATA, saying which file, and where in it (line, or field), and
 * what to do: not there, a directory, empty, cut short, larger than STORED_BYTES_MAX, no JSON,
 * another program's, of a newer schema, a field of the wrong kind or out of range, a case twice.
 * EXIT_NO_RESOURCE. *out is freed with stored_free().
 */
int stored_read(struct stored **out, const char *path, struct err *err);
/* The same, and the document itself, json_decref()ed by the caller; as it was on error. */
int stored_document(struct stored **out, json_t **document, const char *path, struct err *err);
/* The same of bytes in memory; `name` is for messages. Any bytes are safe. */
int stored_parse(struct stored **out, const char *bytes, size_t n, const char *name,
		 struct err *err);
void stored_free(struct stored *s); /* NULL is allowed */
const struct stored_case *stored_find(const struct stored *s, const char *case_id);
