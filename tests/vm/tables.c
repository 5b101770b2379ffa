/*
 * tables.c FD ADDRESS:OFFSET:BYTES… - page tables inside the memory of an emulated machine.
 *
 * FD is the file that is the machine's RAM. Each window of it (so many bytes at OFFSET of the file,
 * which the machine finds at ADDRESS) is mapped at the same ADDRESS here, and table pages are handed
 * out from there: what the engines write as an address is right for the machine's IOMMU, bit for bit.
 * The engines are those of the release build; only their page source is this file's.
 *
 * Obeys one line after the other on stdin, each answered by one line of numbers:
 *
 *   new ENGINE LEVELS                            an empty table; the one before is destroyed
 *   break MUTANT                                 from now on the laboratory's copy with this bug; "none"
 *   map | map_range IOVA PA SIZE_LG2 COUNT PROT  -> errno, bytes
 *   unmap | unmap_range IOVA SIZE_LG2 COUNT      -> errno, bytes
 *   lookup IOVA                                  -> errno, address
 *   top                                          -> address of the root, levels
 *   walk DTE IOVA WANTED                         -> our device's walker: end, pa, size_lg2, prot
 *   path IOVA                                    -> address and value of each entry on the way down
 *   leaves                                       -> iova, pa, size_lg2, prot of each page (the audit's)
 *   flaws                                        -> what the audit finds wrong
 *   pages                                        -> table pages allocated, freed
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "iotlb/walker.h"
#include "mem/pool.h"
#include "pt/engine.h"
#include "pt/mutant.h"
#include "pt/pt.h"

#define WINDOWS_MAX 4u

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "tables: %s\n", what);
	exit(1);
}

/* The page source: windows of guest memory, a descriptor for each page beside them. */

struct window {
	char *start;
	size_t pages;
	struct page_desc *desc;
};

static struct window windows[WINDOWS_MAX];
static unsigned nwindows;
static struct page_desc *oldest, *newest; /* free pages; the one freed last is handed out last */
static uint64_t allocated, freed;
/* While there are any, page_desc() asks page_desc_single(). */
atomic_uint pool_singles = 1;

/*
 * What stands in pages that are free: leaves for the first bytes of RAM, everything permitted. Who
 * still walks them lands there, and is found out.
 */
#define FREED_ENTRY UINT64_C(0x7000000000000001)

struct page_desc *page_desc_single(const void *page)
{
	static struct page_desc nowhere;

	for (unsigned i = 0; i < nwindows; i++) {
		struct window *w = &windows[i];
		size_t n = ((uintptr_t)page - (uintptr_t)w->start) / PAGE_BYTES;

		if (n < w->pages)
			return &w->desc[n];
	}
	return &nowhere; /* the audit asks about damaged pointers, too */
}

static void put_free(struct page_desc *d)
{
	uint64_t *entries = d->page;

	for (unsigned i = 0; i < PT_ENTRIES; i++)
		entries[i] = FREED_ENTRY;
	d->state = PAGE_FREE;
	d->next = NULL;
	if (oldest)
		newest->next = d;
	else
		oldest = d;
	newest = d;
}

void *page_alloc(struct pool_cache *cache, uint32_t owner)
{
	struct page_desc *d = oldest;

	(void)cache;
	if (!d)
		return NULL;
	oldest = d->next;
	memset(d->page, 0, PAGE_BYTES);
	*d = (struct page_desc){ .owner = owner, .state = PAGE_LIVE, .page = d->page,
				 .generation = d->generation + 1 };
	allocated++;
	return d->page;
}

void page_free(struct pool_cache *cache, void *page)
{
	(void)cache;
	if (page_desc(page)->state != PAGE_LIVE)
		fail("a page is freed that is not live");
	put_free(page_desc(page));
	freed++;
}

static void open_window(int fd, const char *text)
{
	struct window *w = &windows[nwindows];
	uintptr_t address, offset;
	size_t bytes;

	if (nwindows == WINDOWS_MAX ||
	    sscanf(text, "%" SCNuPTR ":%" SCNuPTR ":%zu", &address, &offset, &bytes) != 3)
		fail("usage: tables FD ADDRESS:OFFSET:BYTES…");
	w->start = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, fd, (off_t)offset);
	if (w->start != (char *)address)
		fail("the machine's memory cannot be mapped at its own addresses");
	w->pages = bytes / PAGE_BYTES;
	w->desc = calloc(w->pages, sizeof(*w->desc));
	if (!w->desc)
		fail("no memory");
	nwindows++;
}

/* Pages of all windows in turn, with large steps in between, so that pointers differ in many bits. */
static void fill_pool(void)
{
	for (size_t n = 0, i = 0; n < windows[0].pages; n++, i = (i + 1021) % windows[0].pages)
		for (unsigned k = 0; k < nwindows; k++) {
			struct window *w = &windows[k];

			if (i >= w->pages)
				continue;
			w->desc[i].page = w->start + i * PAGE_BYTES;
			put_free(&w->desc[i]);
		}
}

/* The table, and what one may do with it. */

static struct pt *pt;
static struct pt_worker worker;

static void free_retired(void)
{
	struct page_desc *next;

	for (struct page_desc *d = worker.gather.head; d; d = next) {
		next = d->next;
		page_free(NULL, d->page);
	}
	worker.gather = (struct page_list){ 0 };
}

static void new_table(const char *engine, unsigned levels)
{
	const struct pt_engine *e = pt_engine_find(engine);

	if (!e || e->ruler)
		fail("no such engine");
	if (pt)
		pt_destroy(pt, &worker);
	if (pt_create_levels(&pt, e, levels, &worker))
		fail("no memory for a table");
}

static void break_engine(const char *name)
{
	pt_mutant_on = pt_mutant_find(name);
	if (!pt_mutant_on && strcmp(name, "none"))
		fail("no such bug");
}

static void carry_out(struct pt_op op)
{
	const struct pt_engine *e = pt_engine_of(pt);

	(pt_mutant_on ? pt_engine_lab(e) : e)->run(pt, &worker, &op, 1);
	free_retired();
	printf("%u %" PRIu64, op.err, op.result);
}

/* walk_alive: a table of this tree, by what the page source knows. */
static const char *alive(void *ctx, uint64_t table, unsigned level)
{
	const struct page_desc *d = page_desc((const void *)(uintptr_t)table);

	(void)ctx;
	return d->state == PAGE_LIVE && d->owner == pt_id(pt) && d->level == level ? NULL : "no table";
}

static void print_walk(iotlb_dte dte, uint64_t iova, uint8_t wanted)
{
	const struct walker walker = { .format = WALK_AMDV1, .alive = alive };
	struct walk_result r = walk_from_dte(&walker, dte, iova, wanted);

	printf("%d %" PRIu64 " %u %u", r.end, r.pa, r.size_lg2, r.prot);
}

static void print_path(uint64_t iova)
{
	uint64_t top = top_load(pt), entry;
	struct pt_table *table = top_root(top);

	for (unsigned level = top_level(top);; level--) {
		pt_entry *slot = entry_slot(table, level, iova);

		entry = entry_load(slot);
		printf("%" PRIuPTR " %" PRIu64 " ", (uintptr_t)slot, entry);
		if (!level || (entry >> 9 & 7) != level || !(entry & 1))
			return;
		table = (struct pt_table *)(uintptr_t)(entry & UINT64_C(0x000ffffffffff000));
	}
}

static void print_leaf(void *ctx, const struct pt_leaf *leaf)
{
	(void)ctx;
	printf("%" PRIu64 " %" PRIu64 " %u %u ", leaf->iova, leaf->pa, leaf->size_lg2, leaf->prot);
}

static void scan(bool leaves)
{
	struct pt_scan s = { .leaf = leaves ? print_leaf : NULL };

	pt_scan(pt, &s);
	if (!leaves)
		printf("%" PRIu64, s.flaws);
}

static void obey(const char *line)
{
	struct pt_op op = { 0 };
	char word[32], engine[64];
	uint64_t a, b, c, d;
	unsigned prot, n, levels;

	if (sscanf(line, "new %63s %u", engine, &levels) == 2) {
		new_table(engine, levels);
		return;
	}
	if (sscanf(line, "break %63s", engine) == 1) {
		break_engine(engine);
		return;
	}
	n = (unsigned)sscanf(line, "%31s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %u", word, &a,
			     &b, &c, &d, &prot);
	op.iova = a;
	if (n == 6 && !strncmp(word, "map", 3)) {
		op.kind = strcmp(word, "map") ? PT_MAP_RANGE : PT_MAP;
		op.pa = b;
		op.size_lg2 = (uint8_t)c;
		op.count = (uint32_t)d;
		op.prot = (uint8_t)prot;
		carry_out(op);
	} else if (n == 4 && !strncmp(word, "unmap", 5)) {
		op.kind = strcmp(word, "unmap") ? PT_UNMAP_RANGE : PT_UNMAP;
		op.size_lg2 = (uint8_t)b;
		op.count = (uint32_t)c;
		carry_out(op);
	} else if (n == 2 && !strcmp(word, "lookup")) {
		op.kind = PT_LOOKUP;
		carry_out(op);
	} else if (n == 4 && !strcmp(word, "walk")) {
		print_walk(a, b, (uint8_t)c);
	} else if (n == 2 && !strcmp(word, "path")) {
		print_path(a);
	} else if (n == 1 && !strcmp(word, "top")) {
		printf("%" PRIuPTR " %u", (uintptr_t)top_root(top_load(pt)), pt_levels(pt));
	} else if (n == 1 && !strcmp(word, "leaves")) {
		scan(true);
	} else if (n == 1 && !strcmp(word, "flaws")) {
		scan(false);
	} else if (n == 1 && !strcmp(word, "pages")) {
		printf("%" PRIu64 " %" PRIu64, allocated, freed);
	} else {
		fail("a line that is not understood");
	}
}

int main(int argc, char **argv)
{
	char line[256];

	for (int i = 2; i < argc; i++)
		open_window((int)strtol(argv[1], NULL, 10), argv[i]);
	if (!nwindows)
		fail("usage: tables FD ADDRESS:OFFSET:BYTES…");
	fill_pool();
	while (fgets(line, sizeof(line), stdin)) {
		obey(line);
		putchar('\n');
		fflush(stdout);
	}
	return 0;
}
