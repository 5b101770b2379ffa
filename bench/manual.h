/* manual.h - iopt(1), made of the pages that `--help` shows and of the rows of the options. Main thread. */
#pragma once

#include <stdio.h>

#include "sys/err.h"

/*
 * The page in man(7). Its date is that of SOURCE_DATE_EPOCH, if that is set, else today; EXIT_USAGE where
 * it is no time.
 */
int manual_write(FILE *out, struct err *err);
/* What is no verb's: what iopt is; then job files, files, environment, exit codes, where to read on. */
void manual_about(FILE *out);
void manual_rest(FILE *out);
