/* table.h - what table.c and scan.c share. */
#pragma once

#include <stdint.h>

/* A number no page of any pool is marked with yet (until 2^32 of them have been taken). */
uint32_t pt_new_mark(void);
