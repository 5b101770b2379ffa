/*
 * pages.c - the page source of the explored sources (mem/pool.h): every page comes and goes one by one,
 * and a wrong one is a failed schedule.
 *
 * A freed page is poisoned and stays away for the rest of the schedule, so that whoever still holds it
 * is found out; after ex_pages_reuse() whether it comes back is one of the things explored, for errors
 * that need the same address twice.
 * Threads of the explorer are coroutines: nothing here needs to be atomic.
 */
#include <string.h>
#include <sys/mman.h>

#include "explore.h"
#include "mem/pool.h"

#define PAGES_MAX 512u
#define POISON 0xa5

struct pool_cache {
	unsigned users;
};

static struct {
	char *base; /* PAGES_MAX pages, kept from schedule to schedule */
	struct page_desc desc[PAGES_MAX];
	unsigned used;     /* handed out at least once in this schedule */
	unsigned live;
	unsigned may_fail; /* allocations that still may */
	bool exhausted;    /* EX_FOR_GOOD, and it has come */
	bool refused;      /* one has failed */
	bool reuse;
	uint32_t births, deaths;
	struct pool_cache cache;
} pages;

/* The explorer numbers pages by birth, and so do we: `unused2`. `reserved[0]`: when it was freed. */

void ex_pages_reset(void)
{
	/* A fixed address, if it can be had: the same run has the same pointers in its trace. */
	if (!pages.base)
		pages.base = mmap((void *)(uintptr_t)0x100000000000, PAGES_MAX * PAGE_BYTES,
				  PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages.base == MAP_FAILED) {
		pages.base = NULL;
		ex_fail("no memory for the pages of the explored table");
	}
	for (unsigned i = 0; i < pages.used; i++) /* `generation` goes on */
		pages.desc[i].state = PAGE_FREE;
	pages.used = pages.live = pages.may_fail = pages.births = pages.deaths = 0;
	pages.reuse = pages.exhausted = pages.refused = false;
}

void ex_pages_may_fail(unsigned times)
{
	pages.may_fail = times;
}

bool ex_pages_refused(void)
{
	return pages.refused;
}

void ex_pages_reuse(void)
{
	pages.reuse = true;
}

static unsigned number_of(const void *page)
{
	return (unsigned)(((uintptr_t)page - (uintptr_t)pages.base) / PAGE_BYTES);
}

static bool ours(const void *page)
{
	uintptr_t offset = (uintptr_t)page - (uintptr_t)pages.base;

	return !(offset % PAGE_BYTES) && offset / PAGE_BYTES < pages.used;
}

struct page_desc *page_desc(const void *page)
{
	if (!ours(page))
		ex_fail("%p is taken for a table: no page lies there", page);
	return &pages.desc[number_of(page)];
}

/* The page freed last that lies free; used: there is none. */
static unsigned freed_last(void)
{
	unsigned best = pages.used;

	for (unsigned i = 0; i < pages.used; i++)
		if (pages.desc[i].state == PAGE_FREE &&
		    (best == pages.used || pages.desc[i].reserved[0] > pages.desc[best].reserved[0]))
			best = i;
	return best;
}

static bool refuse(void)
{
	if (ex_self() == EX_THREADS_MAX)
		return false;
	if (!pages.may_fail || pages.exhausted || !ex_choose(2, "no memory for a page?"))
		return pages.exhausted;
	if (pages.may_fail == EX_FOR_GOOD)
		pages.exhausted = true;
	else
		pages.may_fail--;
	return true;
}

void *page_alloc(struct pool_cache *cache, uint32_t owner)
{
	unsigned i = pages.used;
	struct page_desc *d;

	(void)cache;
	if (refuse()) {
		ex_note("no memory for a page");
		pages.refused = true;
		return NULL;
	}
	if (pages.reuse && freed_last() < pages.used && ex_choose(2, "a page used before?"))
		i = freed_last();
	if (i == PAGES_MAX)
		ex_fail("more than %u pages in one schedule", PAGES_MAX);
	pages.used += i == pages.used;
	pages.live++;
	d = &pages.desc[i];
	*d = (struct page_desc){ .owner = owner, .state = PAGE_LIVE, .generation = d->generation + 1,
				 .page = pages.base + (size_t)i * PAGE_BYTES };
	memset(d->page, 0, PAGE_BYTES);
	d->unused2 = ++pages.births;
	ex_page_born(d->page, PAGE_BYTES);
	return d->page;
}

void page_free(struct pool_cache *cache, void *page)
{
	struct page_desc *d;

	(void)cache;
	if (!ours(page))
		ex_fail("%p is freed: no page lies there", page);
	d = page_desc(page);
	if (d->state != PAGE_LIVE)
		ex_fail("page %u is freed twice", d->unused2);
	ex_page_gone(page, PAGE_BYTES);
	d->state = PAGE_FREE;
	d->reserved[0] = ++pages.deaths;
	pages.live--;
	memset(page, POISON, PAGE_BYTES);
}

/* One of those that live without having been reached by the scan that marked the others. */
static unsigned lost_page(void)
{
	uint32_t newest = 0;
	unsigned lost = pages.used;

	for (unsigned i = 0; i < pages.used; i++)
		if (pages.desc[i].state == PAGE_LIVE && pages.desc[i].mark > newest)
			newest = pages.desc[i].mark;
	for (unsigned i = 0; i < pages.used; i++)
		if (pages.desc[i].state == PAGE_LIVE && pages.desc[i].mark != newest)
			lost = i;
	return lost;
}

void ex_pages_balance(uint64_t reachable)
{
	unsigned lost = lost_page();

	if (pages.live == reachable)
		return;
	if (pages.live > reachable && lost < pages.used)
		ex_fail("%u pages live, %u are accounted for: page %u, of level %u, allocated by worker "
			"%u, is lost", pages.live, (unsigned)reachable, pages.desc[lost].unused2,
			pages.desc[lost].level, pages.desc[lost].worker);
	ex_fail("%u pages live, %u are accounted for", pages.live, (unsigned)reachable);
}

/* Nothing is cached: one for all. */
struct pool_cache *pool_cache_create(struct pool *pool, unsigned home_node)
{
	(void)pool;
	(void)home_node;
	pages.cache.users++;
	return &pages.cache;
}

void pool_cache_destroy(struct pool_cache *cache)
{
	cache->users--;
}
