/*
 * sabotage.h - bugs on demand: run an engine, but now and then do to the table what a broken engine
 * would, so that the audit can prove that it bites. Outside the engines: a decorator of run().
 *
 * A worker does its damage at its first map after it turned to a table, so that the shortest run
 * shows it, and then: at every 251st (a prime, to fall into step with nothing) what a later unmap
 * takes away again, at map 2, 4, 8, … what stays until the end.
 */
#pragma once

#include "pt/engine.h"

enum breakage {
	BREAK_NONE,
	BREAK_DROP_LEAF,   /* a map reports success and does nothing */
	BREAK_WRONG_PA,    /* a map to another address */
	BREAK_WRONG_PERM,  /* a map with other permissions */
	BREAK_DOUBLE_LINK, /* a table that two entries of its parent point to */
	BREAK_LEAK_PAGE,   /* a page allocated and forgotten */
	BREAK_STRAY_LEAF,  /* a page that nobody asked for, at the top of the IOVA space in use */
};

/*
 * Put a run() into *copy that does `kind`; BREAK_NONE changes nothing. Tables must have been
 * created with the genuine engine: its run() is found through them. Not for rulers. Any number of
 * tables and threads at once.
 */
void pt_break(struct pt_engine *copy, enum breakage kind);
