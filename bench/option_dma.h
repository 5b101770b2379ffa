/* option_dma.h - options of the DMA path (dma.h): kinds of values, names, what contradicts what. */
#pragma once

#include "bench/option_row.h"

#define IOVA_WINDOW_MIN (1ull << 20)
#define IOVA_WINDOW_MAX (1ull << 32)
#define BUFFER_MAX (1ull << 30)
#define DMA_WORKLOADS "ring,storage,bulk,piecewise"

/* Values: a struct iova_kind pointer, a bool, bytes, a size with weight as in page_mix.h. */
extern const struct option_kind kind_iova, kind_window, kind_buffer;
extern const struct choice flush_choices[], flush_lock_choices[];

/* What a checked --buffers is: n 0 for auto, 1 for a single size. */
struct page_mix buffers_of(const struct list_u64 *list);
/* "4K:80+64K:20", "64K"; "" where the workload has its own sizes. Returns buf. */
char *buffers_show(char *buf, size_t size, const struct page_mix *buffers);
/* EXIT_USAGE. `job` as in options_check(): "" or "[NAME] ". */
int options_check_dma(const struct options *o, const char *job, struct err *err);
