/*
 * arena.h - a jemalloc arena whose memory lies on one NUMA node. Private to the pool.
 *
 * The arena's extent hooks map address space, forbid huge pages in it and set the node's memory
 * policy; nothing is touched there, because jemalloc's extents grow geometrically and carry its own
 * metadata too. Whoever takes memory out says arena_populate() for what he will use.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jemalloc/jemalloc.h>

enum arena_policy {
	ARENA_ANYWHERE, /* no memory policy */
	ARENA_PREFER,   /* the node while it has memory, as the kernel's alloc_pages_node() does */
	ARENA_BIND,     /* the node or nothing */
};

struct arena {
	extent_hooks_t hooks;   /* first: the hooks find the arena from it */
	enum arena_policy policy;
	unsigned os_node;
	unsigned index;         /* jemalloc's */
	bool exists;
	atomic_uint_fast64_t bytes; /* address space held */
};

/* 0 or -ENOMEM. The struct stays where it is until arena_destroy(). */
int arena_create(struct arena *a, enum arena_policy policy, unsigned os_node);
/* Everything allocated from it goes too. */
void arena_destroy(struct arena *a);
/* Zeroed address space, not yet populated. NULL: no memory, or binding refused. */
void *arena_alloc(struct arena *a, size_t bytes, size_t align);
void arena_free(struct arena *a, void *p);
/* Fault in [p, p + bytes), whose content is zero. 0 or -ENOMEM. */
int arena_populate(void *p, size_t bytes);
/* May this process set `policy` on `os_node`? 0 or a negative errno. */
int arena_probe(enum arena_policy policy, unsigned os_node);
