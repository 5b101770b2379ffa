/* list.h - the topics of `iopt list`, each on stdout. Main thread. */
#pragma once

#include "sys/err.h"

/* Tables of the words that options take: list_tables.c. */
void list_engines(void);
void list_workloads(void);
void list_options(void);
void list_iova(void);
void list_presets(void);
void list_traces(void);
void list_metrics(void);
void list_mutants(void);
/* Named baselines. EXIT_BAD_DATA: the store cannot be read; EXIT_NO_RESOURCE. */
int list_baselines(struct err *err);
