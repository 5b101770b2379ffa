/* model_parts.h - what the bodies of the model are made of; model.c and model_intel.c only. */
#pragma once

#include "bench/model.h"

void model_put(struct model *m, struct model_entry value);
void model_remove(struct model *m, unsigned level, uint64_t index);
/* Take a page. False: none is left, or it is the one that fails. */
bool model_page(struct model *m);
/* A pointer goes, and the table behind it with all below. */
void model_drop_table(struct model *m, unsigned level, uint64_t index);
/* The leaf or the hole an address ends in; NULL: a hole, at *level (above the top: 6). */
struct model_entry *model_walk(struct model *m, uint64_t iova, unsigned *level);
/* The largest page that fits at an address (iova | pa) with so many bytes left. */
unsigned model_fit(const struct model *m, uint64_t address, uint64_t left);

void model_map_intel(struct model *m, struct pt_op *op);
uint64_t model_unmap_intel(struct model *m, uint64_t first, uint64_t last);
