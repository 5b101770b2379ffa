/*
 * fingerprint.h - were two results measured on the same machine in the same state, by builds made
 * the same way? CPU model, microcode, kernel, governor, boost, SMT, nodes, CPUs, allocator settings,
 * build flags. Pure.
 */
#pragma once

#include "bench/stored.h"

enum fingerprint_scope {
	FINGERPRINT_ALL,  /* two files */
	FINGERPRINT_HOST, /* two builds on one machine: compiler and flags may differ */
};

/*
 * The i-th thing that differs, "kernel: Linux 6.1.0, was Linux 6.0.9", into `text`; false: no more.
 * What one of the two does not know is no difference.
 */
bool fingerprint_differs(const struct stored_host *base, const struct stored_host *new,
			 enum fingerprint_scope scope, unsigned i, char *text, size_t size);
/* 16 hexadecimal digits of the host's part (no hostname: containers change theirs), for file names. */
#define FINGERPRINT_KEY 17
void fingerprint_key(const struct stored_host *host, char key[FINGERPRINT_KEY]);
/* "AMD EPYC …, Linux 6.1, 2 CPUs, 1 node": for people. */
void fingerprint_show(const struct stored_host *host, char *text, size_t size);
