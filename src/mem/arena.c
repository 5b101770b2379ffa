#include "mem/arena.h"

#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "sys/atomic.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

static struct arena *arena_of(extent_hooks_t *hooks)
{
	return (struct arena *)hooks;
}

/* 0 or a negative errno. */
static int set_policy(void *p, size_t bytes, enum arena_policy policy, unsigned os_node)
{
	struct bitmask *nodes;
	int rc;

	if (policy == ARENA_ANYWHERE)
		return 0;
	nodes = numa_allocate_nodemask();
	if (!nodes)
		return -ENOMEM;
	if (os_node >= nodes->size) {
		numa_bitmask_free(nodes);
		return -EINVAL;
	}
	numa_bitmask_setbit(nodes, os_node);
	rc = mbind(p, bytes, policy == ARENA_BIND ? MPOL_BIND : MPOL_PREFERRED, nodes->maskp,
		   nodes->size + 1, 0) ? -errno : 0;
	numa_bitmask_free(nodes);
	return rc;
}

int arena_probe(enum arena_policy policy, unsigned os_node)
{
	size_t bytes = 4096;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (p == MAP_FAILED)
		return -errno;
	rc = set_policy(p, bytes, policy, os_node);
	munmap(p, bytes);
	return rc;
}

static void *map_aligned(size_t bytes, size_t align)
{
	char *p = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t lead, trail;

	if (p == MAP_FAILED)
		return NULL;
	lead = (align - (uintptr_t)p % align) % align;
	trail = align - lead;
	if (lead)
		munmap(p, lead);
	if (trail)
		munmap(p + lead + bytes, trail);
	return p + lead;
}

static void *hook_alloc(extent_hooks_t *hooks, void *at, size_t bytes, size_t align, bool *zero,
			bool *commit, unsigned index)
{
	struct arena *a = arena_of(hooks);
	void *p;

	(void)index;
	if (at)
		return NULL; /* no wish for an address is granted */
	p = map_aligned(bytes, align);
	if (!p)
		return NULL;
	/* a kernel without huge pages refuses, and needs no telling */
	madvise(p, bytes, MADV_NOHUGEPAGE);
	/* what the system grants was found out before: here it is best effort, except for BIND */
	if (set_policy(p, bytes, a->policy, a->os_node) && a->policy == ARENA_BIND) {
		munmap(p, bytes);
		return NULL;
	}
	at_add(&a->bytes, bytes, relaxed); /* a statistic, read at rest */
	*zero = true;
	*commit = true;
	return p;
}

/* False means done, as in all of jemalloc's hooks. */
static bool hook_dalloc(extent_hooks_t *hooks, void *p, size_t bytes, bool committed,
			unsigned index)
{
	(void)committed;
	(void)index;
	if (munmap(p, bytes))
		return true;
	at_sub(&arena_of(hooks)->bytes, bytes, relaxed); /* a statistic, read at rest */
	return false;
}

static void hook_destroy(extent_hooks_t *hooks, void *p, size_t bytes, bool committed,
			 unsigned index)
{
	hook_dalloc(hooks, p, bytes, committed, index);
}

static bool hook_split(extent_hooks_t *hooks, void *p, size_t bytes, size_t a, size_t b,
		       bool committed, unsigned index)
{
	(void)hooks, (void)p, (void)bytes, (void)a, (void)b, (void)committed, (void)index;
	return false;
}

static bool hook_merge(extent_hooks_t *hooks, void *p, size_t a, void *q, size_t b, bool committed,
		       unsigned index)
{
	(void)hooks, (void)p, (void)a, (void)q, (void)b, (void)committed, (void)index;
	return false;
}

int arena_create(struct arena *a, enum arena_policy policy, unsigned os_node)
{
	static const char *const decays[] = { "dirty_decay_ms", "muzzy_decay_ms" };
	extent_hooks_t *hooks = &a->hooks;
	size_t size = sizeof(a->index);
	ssize_t never = -1;
	char name[64];

	a->hooks = (extent_hooks_t){ .alloc = hook_alloc,
				     .dalloc = hook_dalloc,
				     .destroy = hook_destroy,
				     .split = hook_split,
				     .merge = hook_merge };
	a->policy = policy;
	a->os_node = os_node;
	at_init(&a->bytes, 0);
	if (mallctl("arenas.create", &a->index, &size, &hooks, sizeof(hooks)))
		return -ENOMEM;
	a->exists = true;
	for (size_t i = 0; i < sizeof(decays) / sizeof(decays[0]); i++) {
		snprintf(name, sizeof(name), "arena.%u.%s", a->index, decays[i]);
		mallctl(name, NULL, NULL, &never, sizeof(never));
	}
	return 0;
}

void arena_destroy(struct arena *a)
{
	char name[64];

	if (!a->exists)
		return;
	snprintf(name, sizeof(name), "arena.%u.destroy", a->index);
	mallctl(name, NULL, NULL, NULL, 0);
	a->exists = false;
}

void *arena_alloc(struct arena *a, size_t bytes, size_t align)
{
	return mallocx(bytes, MALLOCX_ARENA(a->index) | MALLOCX_TCACHE_NONE | MALLOCX_ALIGN(align) |
				      MALLOCX_ZERO);
}

void arena_free(struct arena *a, void *p)
{
	dallocx(p, MALLOCX_ARENA(a->index) | MALLOCX_TCACHE_NONE);
}

int arena_populate(void *p, size_t bytes)
{
	if (!madvise(p, bytes, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL)
		return -ENOMEM;
	memset(p, 0, bytes); /* a kernel before 5.14 */
	return 0;
}
