/* list.h - the part of `iopt list` that lies in a file of its own. Main thread. */
#pragma once

#include "sys/err.h"

/* Named baselines on stdout. EXIT_BAD_DATA: the store cannot be read; EXIT_NO_RESOURCE. */
int list_baselines(struct err *err);
