/* scene.c - one table with what ought to be in it: operations, lookups and the reckoning. */
#include "scene.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct scene scene;

static struct domain_worker *me(void)
{
	return &scene.worker[ex_self()];
}

/* What a schedule that failed has left: its pages are gone already. */
static void forget(void)
{
	free(scene.pt);
	free(scene.grace);
	memset(&scene, 0, sizeof(scene));
}

void scene_begin(const char *engine, unsigned levels)
{
	forget();
	scene.engine = pt_engine_find(engine);
	ex_require(scene.engine);
	scene.levels = levels;
	for (unsigned i = 0; i <= EX_THREADS_MAX; i++)
		scene.worker[i].w = (struct pt_worker){ .id = i, .pages = pool_cache_create(NULL, 0) };
	ex_require(!pt_create_levels(&scene.pt, scene.engine, levels, &me()->w));
}

void scene_reclaim(void)
{
	scene.grace = grace_create(EX_THREADS_MAX + 1);
	ex_require(scene.grace);
	for (unsigned i = 0; i <= EX_THREADS_MAX; i++)
		scene.worker[i].grace = grace_worker(scene.grace, i);
	domain_init(&scene.domain, scene.pt, scene.engine);
}

unsigned scene_probe(uint64_t iova)
{
	struct probe *p = &scene.probe[scene.probes];

	ex_require(scene.probes < PROBES_MAX);
	*p = (struct probe){ .iova = iova };
	at_init(&p->told, 0);
	return scene.probes++;
}

void scene_grows_to(unsigned levels, bool perhaps)
{
	scene.levels = levels;
	scene.perhaps_lower = perhaps;
}

uint64_t scene_pa(uint64_t iova, unsigned size_lg2, unsigned version)
{
	/* multipliers of splitmix64: any two mappings differ in high bits */
	uint64_t hash = (iova >> 12) * UINT64_C(0x9e3779b97f4a7c15) +
			version * UINT64_C(0xbf58476d1ce4e5b9);
	uint64_t pa = hash >> 16 & ~((UINT64_C(1) << size_lg2) - 1);

	return pa ? pa : UINT64_C(1) << 47; /* 0 means "nothing there" */
}

static void run(struct pt_op *op)
{
	if (scene.grace)
		domain_run(&scene.domain, me(), op);
	else
		scene.engine->run(scene.pt, &me()->w, op, 1);
}

static bool inside(uint64_t iova, uint64_t first, uint64_t bytes)
{
	return iova - first < bytes;
}

/* From now on lookups in a range may find what `pa` leads to; 0: nothing. */
static void begin_values(uint64_t iova, uint64_t bytes, uint64_t pa)
{
	for (struct probe *p = scene.probe; p < scene.probe + scene.probes; p++) {
		if (!inside(p->iova, iova, bytes))
			continue;
		ex_require(p->begun + 1 < PROBE_VALUES_MAX);
		p->value[++p->begun] = pa ? pa + (p->iova - iova) : 0;
	}
}

/* The operation has returned: others may rely on it. */
static void tell(uint64_t iova, uint64_t bytes)
{
	for (struct probe *p = scene.probe; p < scene.probe + scene.probes; p++)
		if (inside(p->iova, iova, bytes))
			/* release: pairs with the acquire of whoever judges by it */
			at_store(&p->told, p->begun, release);
}

static void forget_leaves(uint64_t iova, uint64_t bytes)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < scene.leaves; i++)
		if (!inside(scene.leaf[i].iova, iova, bytes))
			scene.leaf[kept++] = scene.leaf[i];
	scene.leaves = kept;
}

static bool occupied(uint64_t iova, uint64_t bytes)
{
	for (unsigned i = 0; i < scene.leaves; i++)
		if (inside(scene.leaf[i].iova, iova, bytes))
			return true;
	return false;
}

static void add_leaf(uint64_t iova, uint64_t pa, unsigned size_lg2)
{
	ex_require(scene.leaves < SCENE_LEAVES_MAX);
	scene.leaf[scene.leaves++] = (struct pt_leaf){ iova, pa, (uint8_t)size_lg2,
						       PT_READ | PT_WRITE };
}

/* Carry out a map and enter what it did. */
static bool mapped(struct pt_op *op)
{
	uint64_t iova = op->iova, page = UINT64_C(1) << op->size_lg2, bytes = op->count * page;

	ex_note("map 0x%" PRIx64 ", %u x 2^%u bytes", iova, op->count, op->size_lg2);
	if (occupied(iova, bytes)) /* what stands there goes first */
		begin_values(iova, bytes, 0);
	begin_values(iova, bytes, op->pa);
	run(op);
	if (op->err) {
		if (op->err != ENOMEM || op->result || !ex_pages_refused())
			ex_fail("map of 0x%" PRIx64 " says %s, %" PRIu64 " bytes done", iova,
				strerror(op->err), op->result);
		begin_values(iova, bytes, 0);
		return false;
	}
	if (op->result != bytes)
		ex_fail("map of 0x%" PRIx64 " says %" PRIu64 " bytes", iova, op->result);
	forget_leaves(iova, bytes);
	for (unsigned i = 0; i < op->count; i++)
		add_leaf(iova + i * page, op->pa + i * page, op->size_lg2);
	tell(iova, bytes);
	return true;
}

bool scene_map(uint64_t iova, unsigned size_lg2, unsigned version)
{
	struct pt_op op = { .kind = PT_MAP, .iova = iova, .count = 1, .size_lg2 = (uint8_t)size_lg2,
			    .pa = scene_pa(iova, size_lg2, version), .prot = PT_READ | PT_WRITE };

	return mapped(&op);
}

bool scene_map_range(uint64_t iova, unsigned n, unsigned version)
{
	/* an odd page number at an even one, or the reverse: no larger page fits */
	struct pt_op op = { .kind = PT_MAP_RANGE, .iova = iova, .count = n, .size_lg2 = 12,
			    .pa = (scene_pa(iova, 13, version) | 4096) ^ (iova & 4096),
			    .prot = PT_READ | PT_WRITE };

	return mapped(&op);
}

void scene_map_inside(uint64_t iova, unsigned version, uint64_t large, uint64_t bytes)
{
	begin_values(large, bytes, 0);
	forget_leaves(large, bytes);
	scene_map(iova, 12, version);
	tell(large, bytes);
}

void scene_unmap_part(uint64_t iova, uint64_t asked, uint64_t bytes)
{
	bool page = !(asked & (asked - 1)) && pt_engine_sizes(scene.engine) & asked;
	struct pt_op op = { .kind = PT_UNMAP, .iova = iova,
			    .count = page ? 1 : (uint32_t)(asked >> 12),
			    .size_lg2 = page ? (uint8_t)__builtin_ctzll(asked) : 12 };

	ex_note("unmap 0x%" PRIx64 ", %" PRIu64 " bytes", iova, asked);
	begin_values(iova, bytes, 0);
	run(&op);
	if (op.err || op.result != bytes)
		ex_fail("unmap of 0x%" PRIx64 " says %" PRIu64 " of %" PRIu64 " bytes, error %u",
			iova, op.result, bytes, op.err);
	forget_leaves(iova, bytes);
	tell(iova, bytes);
}

void scene_unmap(uint64_t iova, uint64_t bytes)
{
	scene_unmap_part(iova, bytes, bytes);
}

uint64_t scene_lookup(uint64_t iova)
{
	struct pt_op op = { .kind = PT_LOOKUP, .iova = iova, .count = 1, .size_lg2 = 12 };

	/* the engine itself: a lookup has nothing to tell a device */
	scene.engine->run(scene.pt, &me()->w, &op, 1);
	ex_note("lookup 0x%" PRIx64 ": 0x%" PRIx64, iova, op.result);
	return op.result;
}

/* The value it is, from the from-th on; begun + 1: none of them. */
static unsigned value_from(const struct probe *p, unsigned from, uint64_t found)
{
	while (from <= p->begun && p->value[from] != found)
		from++;
	return from;
}

void scene_judge(unsigned probe, uint32_t from, uint64_t found, const char *who)
{
	const struct probe *p = &scene.probe[probe];

	if (value_from(p, from, found) <= p->begun)
		return;
	if (value_from(p, 0, found) < from)
		ex_fail("%s at 0x%" PRIx64 " finds 0x%" PRIx64 ", which is over: 0x%" PRIx64
			" has followed", who, p->iova, found, p->value[from]);
	ex_fail("%s at 0x%" PRIx64 " finds 0x%" PRIx64 ", which was never there", who, p->iova, found);
}

uint64_t scene_look(unsigned probe)
{
	struct probe *p = &scene.probe[probe];
	/* acquire: pairs with tell() */
	uint32_t told = at_load(&p->told, acquire), from = p->seen[ex_self()];
	uint64_t found = scene_lookup(p->iova);

	/* Nor is what this reader finds older than what it found before. */
	from = told > from ? told : from;
	scene_judge(probe, from, found, "lookup");
	p->seen[ex_self()] = value_from(p, from, found);
	return found;
}

void scene_online(void)
{
	grace_online(me()->grace);
}

void scene_quiescent(void)
{
	grace_quiescent(me()->grace);
	grace_poll(me()->grace, me()->w.pages);
}

void scene_offline(void)
{
	grace_offline(me()->grace);
}

static void leaf_found(void *ctx, const struct pt_leaf *found)
{
	unsigned *right = ctx;

	for (unsigned i = 0; i < scene.leaves; i++) {
		const struct pt_leaf *l = &scene.leaf[i];

		if (l->iova != found->iova)
			continue;
		if (l->pa != found->pa || l->size_lg2 != found->size_lg2 || l->prot != found->prot)
			ex_fail("0x%" PRIx64 " is mapped to 0x%" PRIx64 ", 2^%u bytes, instead of 0x%"
				PRIx64 ", 2^%u bytes", found->iova, found->pa, found->size_lg2, l->pa,
				l->size_lg2);
		++*right;
		return;
	}
	ex_fail("0x%" PRIx64 " is mapped to 0x%" PRIx64 ": nobody did that", found->iova, found->pa);
}

static void flaw_found(void *ctx, const char *evidence)
{
	(void)ctx;
	ex_fail("scan: %s", evidence);
}

static void missing_leaf(void)
{
	for (unsigned i = 0; i < scene.leaves; i++)
		if (!scene_lookup(scene.leaf[i].iova))
			ex_fail("the page mapped at 0x%" PRIx64 " is not there", scene.leaf[i].iova);
	ex_fail("a mapped page is not there");
}

/* All that was allocated is somewhere. */
static void ledger(uint64_t tables)
{
	struct pt_count sum = { 0 };
	uint64_t gathered = 0;

	for (unsigned i = 0; i <= EX_THREADS_MAX; i++) {
		struct pt_worker *w = &scene.worker[i].w;

		sum.allocated += w->n.allocated;
		sum.freed += w->n.freed;
		sum.retired += w->n.retired;
		gathered += w->gather.n;
	}
	if (sum.allocated != sum.freed + sum.retired + tables)
		ex_fail("%" PRIu64 " pages allocated, but %" PRIu64 " freed, %" PRIu64 " retired, %"
			PRIu64 " in the table", sum.allocated, sum.freed, sum.retired, tables);
	ex_pages_balance(tables + gathered);
}

void scene_end(void)
{
	unsigned right = 0;
	struct pt_scan scan = { .leaf = leaf_found, .flaw = flaw_found, .ctx = &right };

	for (unsigned i = 0; scene.grace && i <= EX_THREADS_MAX; i++)
		grace_drain(scene.worker[i].grace, me()->w.pages);
	pt_scan(scene.pt, &scan);
	if (right != scene.leaves)
		missing_leaf();
	if (pt_levels(scene.pt) > scene.levels ||
	    (pt_levels(scene.pt) < scene.levels && !scene.perhaps_lower))
		ex_fail("the table has %u levels, %u were needed", pt_levels(scene.pt), scene.levels);
	ledger(scan.tables);
	for (unsigned i = 0; i <= EX_THREADS_MAX; i++) {
		struct page_list *gather = &scene.worker[i].w.gather;

		for (struct page_desc *d = gather->head, *next; d; d = next) {
			next = d->next;
			page_free(me()->w.pages, d->page);
		}
	}
	pt_destroy(scene.pt, &me()->w);
	ex_pages_balance(0);
	if (scene.grace)
		grace_destroy(scene.grace);
	scene.pt = NULL;
	scene.grace = NULL;
}
