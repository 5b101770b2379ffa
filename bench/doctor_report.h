/* doctor_report.h - what `iopt doctor` found, as plain data for its two writers. Main thread. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "bench/terminal.h"
#include "sys/checks.h"
#include "sys/hiccup.h"
#include "sys/transfer.h"

#define DOCTOR_CHECKS_MAX 32u

struct doctor_report {
	const struct topology *topo;
	struct host_facts host;
	struct check_facts facts;
	struct check_probe probe;
	uint64_t probe_ns;         /* 0: not probed */
	struct hiccup_cpu *cpus;   /* probe.cpus of them */
	struct transfer_matrix matrix; /* n == 0: not asked for */
	struct check_found found[DOCTOR_CHECKS_MAX]; /* by row of checks[] */
	unsigned count[CHECK_COMPLAINT + 1];         /* by verdict */
};

/* Look at what has been gathered so far: found and count. `clock` false: it has not been measured. */
void doctor_look(struct doctor_report *r, bool clock);

void doctor_print(const struct doctor_report *r, FILE *out, struct terminal terminal);
/* 0, or -1 when the stream would not take it all, or for no memory. */
int doctor_write_json(const struct doctor_report *r, FILE *out);

/* `doctor --calibrate`: the A/A floor, calibrate.c. args: of `run`, or none. Returns an exit code. */
int doctor_calibrate(unsigned trials, char *const *args, int nargs, bool json, struct err *err);
