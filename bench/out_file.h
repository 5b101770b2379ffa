/*
 * out_file.h - one file that is there complete or not at all: written beside its place and renamed
 * into it; a device or a pipe is written as it is. Main thread.
 */
#pragma once

#include <stdio.h>

#include "sys/err.h"

/*
 * write() returns 0, or -1 when the stream would not take it all or memory ran out. flag ("--out")
 * is for messages. EXIT_CANT_CREATE, EXIT_WRITE; an earlier file is then as it was.
 */
int out_file_write(const char *path, const char *flag, int (*write)(FILE *out, const void *what),
		   const void *what, struct err *err);
