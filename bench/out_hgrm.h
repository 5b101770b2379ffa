/*
 * out_hgrm.h - the directory hgrm/ of a result: a percentile file for each case and kind of operation
 * that has samples. It is made beside its place and exchanged with an earlier one as a whole. Called
 * by out_dir.c only, under signals_hold(); main thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bench/result.h"
#include "sys/err.h"

struct hgrm_dir {
	char path[4096]; /* of the one under a temporary name; "": none */
};

/* File names end so, without directories: CASE-KIND.hgrm. */
#define HGRM_NAME_MAX 200
/*
 * Of a case id: slashes become underscores; whatever else a shell or another system may trip over
 * too, and then a hash of the id keeps names apart, as it does where the id is too long.
 */
void hgrm_file_name(char name[HGRM_NAME_MAX], const char *case_id, const char *kind);

/*
 * May DIR/hgrm be replaced? ours: DIR holds a result of this program. EXIT_CANT_CREATE: it, or
 * something in it, is not of that result.
 */
int hgrm_check(const char *dir, bool ours, struct err *err);
/* Write all of them below a temporary name in dir. EXIT_CANT_CREATE, EXIT_WRITE. */
int hgrm_write(struct hgrm_dir *h, const struct result *r, const char *dir, struct err *err);
/* Make it DIR/hgrm; the earlier one is removed. EXIT_WRITE. */
int hgrm_put_in_place(struct hgrm_dir *h, const char *dir, struct err *err);
/* Remove what lies there under a temporary name. */
void hgrm_forget(struct hgrm_dir *h);
