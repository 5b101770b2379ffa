/*
 * input.h - what the fuzzers share. Each is one function that takes any bytes (libFuzzer's
 * interface), so that corpus.c can run it over known inputs where there is no libFuzzer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What must hold for any input that was accepted. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The bytes as a file; the path is good until the next call. */
static inline const char *as_file(const void *data, size_t n)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("input", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	MUST(fd >= 0 && !ftruncate(fd, 0));
	MUST(pwrite(fd, data, n, 0) == (ssize_t)n);
	return path;
}
