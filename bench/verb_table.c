/* verb_table.c - the verbs, a row each. */
#include <stddef.h>

#include "bench/verbs.h"

const struct verb verbs[] = {
	{ "run", verb_run, "measure page tables against each other, and audit them" },
	{ "compare", verb_compare, "two results, or two builds: is the new one worse?" },
	{ "verify", verb_verify, "are the engines right? races, devices, histories, planted bugs" },
	{ "doctor", verb_doctor, "what would spoil a measurement on this machine, and the remedies" },
	{ "report", verb_report, "a result as a page with charts, or in formats that other tools read" },
	{ "topo", verb_topo, "draw this machine and where workers would run" },
	{ "dump", verb_dump, "carry out a script of operations and print the page table" },
	{ "trace", verb_trace, "summarise a recorded map/unmap trace" },
	{ "list", verb_list, "engines, workloads and all words that options take" },
	{ "version", verb_version, "version, build and libraries" },
	{ NULL, NULL, NULL },
};
