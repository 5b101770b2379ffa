/* case.h - a case's storage: made from the plan, merged over processes. Main thread. */
#pragma once

#include <stdio.h>

#include "bench/plan.h"
#include "bench/result.h"

/* What a case of group g with its engine e is called and asked to do; nothing is allocated. */
void case_identify(struct case_result *c, const struct group *g, unsigned group_index, unsigned e);
/*
 * Identity from group g and its engine e, arrays allocated, everything else empty; result_free() frees it.
 * 0 or -ENOMEM.
 */
int case_init(struct case_result *c, const struct group *g, unsigned group_index, unsigned e,
	      const struct topology *topo);
/* Append a slice. 0 or -ENOMEM. */
int case_add_slice(struct case_result *c, const struct slice *s);
/* What a process found, through a file: plain data, same binary on both sides. 0 or -1. */
int case_save(const struct case_result *c, FILE *f);
/* Read what case_save wrote for the same case and merge it into c. 0 or -1. */
int case_load_merge(struct case_result *c, FILE *f);
