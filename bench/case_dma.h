/* case_dma.h - the DMA path's part of a case: identity, storage, merged over processes. Main thread. */
#pragma once

#include <stdio.h>

#include "bench/plan.h"
#include "bench/result.h"

/* What was asked for; `asked` stays false where the workload is none of these. */
void case_dma_identify(struct case_result *c, const struct group *g);
/* "/iova-percpu/strict/flush-5us": what is not as usual, behind what `text` holds. */
void case_dma_name(char *text, size_t size, const struct case_result *c);
/* Everything that is not known yet, and where a model is asked for its histograms. 0 or -ENOMEM. */
int case_dma_init(struct dma_result *d);
void case_dma_free(struct dma_result *d);
/* What one worker counted, onto the sums. */
void dma_count_add(struct dma_result *into, const struct iova_count *iova, const struct flush_count *flush);
/* Counts of another process. */
void case_dma_merge(struct dma_result *into, const struct dma_result *from);
/* The dimensions of case_differs(): how many, their names, and whether they differ. */
#define CASE_DMA_AXES 8u
struct case_axis {
	const char *name;
	bool differs;
};
void case_dma_axes(struct case_axis axes[CASE_DMA_AXES], const struct dma_result *a,
		   const struct dma_result *b);
