/*
 * checkpoint.h - what a sweep has measured so far, kept in its --out directory, so that --resume goes
 * on where one stopped that was interrupted or killed.
 *
 * DIR/checkpoint is a header that says which plan it belongs to, then a record for each finished
 * group of each process, with its checksum: a record cut short by a kill ends the file. It is
 * native structs, read by the build that wrote it only, and removed with the last group.
 */
#pragma once

#include <stdbool.h>

#include "bench/plan.h"
#include "bench/result.h"

struct checkpoint;

/* Does DIR hold a checkpoint of this program, whoever's build? */
bool checkpoint_in(const char *dir);
/*
 * Begin one in `dir`, or with `resume` go on with the one there. EXIT_BAD_DATA: there is none, or
 * it is of another plan, machine or build; EXIT_CANT_CREATE; EXIT_NO_RESOURCE.
 */
int checkpoint_open(struct checkpoint **out, const char *dir, bool resume, const struct plan *plan,
		    const struct result *result, struct err *err);
/* Put what was measured earlier into result->cases, which are fresh. EXIT_BAD_DATA in err. */
int checkpoint_load(struct checkpoint *c, struct result *result, struct err *err);
/* Was this group finished earlier? */
bool checkpoint_has(const struct checkpoint *c, uint32_t process, size_t group);
/*
 * A group is finished: its cases start at result->cases[first]. Called in the process that measured
 * it, one at a time. A full disk becomes a warning of the result.
 */
void checkpoint_add(struct checkpoint *c, uint32_t process, size_t group, size_t first,
		    struct result *result);
/* The result is complete and written: nothing is left to resume, so the file goes. */
void checkpoint_remove(const struct checkpoint *c);
/* NULL is allowed. */
void checkpoint_close(struct checkpoint *c);
