/* host_file.h - reading small files of /proc and /sys, below a root that tests put elsewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole file, freed by the caller; NULL when there is none. At most 1 MiB. */
char *host_file(const char *root, const char *path);
/* Its first line without the newline; false, and "" in line, when there is none or it is empty. */
bool host_line(const char *root, const char *path, char *line, size_t size);
bool host_exists(const char *root, const char *path);

/*
 * Limits of this process's control group and those above it, version 2 or 1: CPUs' worth of time
 * and bytes; 0 for none.
 */
void host_cgroup(const char *root, double *cpus, uint64_t *memory_bytes);
