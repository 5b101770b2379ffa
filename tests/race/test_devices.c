/*
 * Workers and devices at once: two workers map, unmap and replace in slots of 2M that lie between each
 * other's, so that tables are shared, while two devices translate all the time and obey when they feel
 * like it. Around each operation the owner announces what holds; a device that finds the same
 * announcement before and after a translation knows what it must have seen.
 */
#include "../unit/made_domain.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "../unit/made_random.h"

#define SLOTS 8u /* of each worker */
#define SLOT_LG2 21u
#ifdef IOPT_SANITIZED
#define OPS 100u /* of each worker */
#else
#define OPS 200u
#endif
#define SLOT (UINT64_C(1) << SLOT_LG2)

enum { ABSENT, MAPPED, CHANGING };

struct scene {
	struct made *m;
	alignas(CACHE_ALIGN) _Atomic(uint64_t) slot[MADE_WORKERS * SLOTS]; /* version << 2 | state */
	alignas(CACHE_ALIGN) _Atomic(uint32_t) working, failed;
	char evidence[256]; /* of whoever set failed first */
	uint64_t sure, hits;
	pthread_mutex_t lock;
};

struct hand {
	struct scene *s;
	unsigned id;
	uint64_t random;
};

/* Four in each half of the root's first table; in a table that grows also above 2^39 and so on. */
static uint64_t slot_iova(const struct scene *s, unsigned slot)
{
	unsigned height = slot / (MADE_WORKERS * SLOTS / 4); /* 0 to 3 */
	uint64_t iova = (UINT64_C(512) + slot) << SLOT_LG2;

	if (!pt_engine_grows(s->m->engine))
		return iova;
	return height ? iova | UINT64_C(1) << (30 + 9 * height) : iova;
}

static uint64_t slot_pa(unsigned slot, uint64_t version)
{
	return ((version & 0xfffff) << 8 | slot) << SLOT_LG2;
}

static void report(struct scene *s, const char *text)
{
	if (!at_xchg(&s->failed, 1, relaxed)) /* relaxed: the text is read when all have been joined */
		snprintf(s->evidence, sizeof(s->evidence), "%s", text);
}

static void check(struct scene *s, unsigned slot, uint64_t offset, struct walk_result r, uint64_t word)
{
	uint64_t pa = slot_pa(slot, word >> 2) | offset;
	bool mapped = (word & 3) == MAPPED, hit = r.end == WALK_HIT;
	char text[256];

	if (mapped ? hit && r.pa == pa : r.end == WALK_ABSENT)
		return;
	/* A machine weaker than x86 may show what is announced before the announcement. */
	sched_yield();
	/* acquire: pairs with the owner's announcements */
	if (at_load(&s->slot[slot], acquire) != word)
		return;
	snprintf(text, sizeof(text), "slot %u version %llu %s: 0x%llx, end %d, 0x%llx (%s)", slot,
		 (unsigned long long)(word >> 2), mapped ? "mapped" : "absent", (unsigned long long)pa,
		 r.end, (unsigned long long)r.pa, r.why ? r.why : "");
	report(s, text);
}

static void *device(void *arg)
{
	struct hand *h = arg;
	struct scene *s = h->s;
	struct iotlb_unit *u = s->m->unit[h->id];
	uint64_t sure = 0, hits = 0;

	/* relaxed: only a hint to stop */
	while (at_load(&s->working, relaxed)) {
		unsigned slot = (unsigned)(made_random(&h->random) % (MADE_WORKERS * SLOTS));
		uint64_t offset = made_random(&h->random) % SLOT;
		/* acquire, both: pair with the owner's announcements */
		uint64_t word = at_load(&s->slot[slot], acquire);
		struct walk_result r = unit_translate(u, slot_iova(s, slot) + offset, PT_READ);

		if (r.end == WALK_FREED || r.end == WALK_ILLEGAL || r.end == WALK_DENIED)
			report(s, r.why);
		if ((word & 3) != CHANGING && at_load(&s->slot[slot], acquire) == word) {
			check(s, slot, offset, r, word);
			sure++;
			hits += r.end == WALK_HIT;
		}
		if (made_random(&h->random) % 8 == 0 && !unit_obey(u))
			sched_yield();
	}
	pthread_mutex_lock(&s->lock);
	s->sure += sure;
	s->hits += hits;
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static unsigned page_size(const struct pt_engine *e, uint64_t *random)
{
	static const unsigned char amdv1[] = { 12, 12, 13, 16, 20, 21 }, vtdss[] = { 12, 21 };
	uint64_t r = made_random(random);

	return strcmp(e->format, "vtdss") ? amdv1[r % sizeof(amdv1)] : vtdss[r % sizeof(vtdss)];
}

/* What is to be done with a slot that is in this state: map it, or unmap it, or map over it. */
static struct pt_op choose(struct scene *s, unsigned slot, uint64_t word, uint64_t *random)
{
	const struct pt_engine *e = s->m->engine;
	bool mapped = (word & 3) == MAPPED, over = strcmp(e->body, "modern") && made_random(random) % 2;
	unsigned lg2 = page_size(e, random);
	struct pt_op op = { .iova = slot_iova(s, slot), .pa = slot_pa(slot, (word >> 2) + 1),
			    .prot = PT_READ | PT_WRITE, .kind = PT_MAP };

	if (mapped && over && !strcmp(e->body, "intel"))
		lg2 = 21; /* it does not write over 4K pages */
	else if (mapped && !over)
		op.kind = PT_UNMAP;
	op.size_lg2 = (uint8_t)(op.kind == PT_UNMAP ? 12 : lg2);
	op.count = 1u << (SLOT_LG2 - op.size_lg2);
	return op;
}

static void *worker(void *arg)
{
	struct hand *h = arg;
	struct scene *s = h->s;
	struct domain_worker *w = &s->m->w[h->id];

	grace_online(w->grace);
	for (unsigned i = 0; i < OPS && !at_load(&s->failed, relaxed); i++) {
		/* Every other slot is ours; the higher ones later, so that the root grows meanwhile. */
		unsigned known = SLOTS / 4 * (1 + i * 4 / OPS);
		unsigned slot = MADE_WORKERS * (unsigned)(made_random(&h->random) % known) + h->id;
		uint64_t word = at_load(&s->slot[slot], relaxed); /* relaxed: our own word */
		struct pt_op op = choose(s, slot, word, &h->random);
		uint64_t version = (word >> 2) + 1;

		/* acq_rel: what we do next comes after it; pairs with the devices' looks */
		at_xchg(&s->slot[slot], version << 2 | CHANGING, acq_rel);
		domain_run(&s->m->d, w, &op);
		if (op.err)
			report(s, "an operation failed");
		/* release: pairs with the devices' looks */
		at_store(&s->slot[slot], version << 2 | (op.kind == PT_MAP ? MAPPED : ABSENT), release);
		grace_quiescent(w->grace);
	}
	grace_offline(w->grace);
	at_sub(&s->working, 1, relaxed);
	return NULL;
}

static void run_scene(const char *name, unsigned levels, unsigned leaves)
{
	struct scene *s = aligned_alloc(CACHE_ALIGN, sizeof(*s));
	struct hand hand[MADE_WORKERS + MADE_UNITS];
	pthread_t thread[MADE_WORKERS + MADE_UNITS];

	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
	assert_non_null(pt_engine_find(name));
	s->m = made_setup(pt_engine_find(name), levels, MADE_UNITS, leaves);
	at_init(&s->working, MADE_WORKERS);
	for (unsigned i = 0; i < MADE_WORKERS + MADE_UNITS; i++) {
		bool works = i < MADE_WORKERS;

		hand[i] = (struct hand){ .s = s, .id = works ? i : i - MADE_WORKERS, .random = i + 1 };
		pthread_create(&thread[i], NULL, works ? worker : device, &hand[i]);
	}
	for (unsigned i = 0; i < MADE_WORKERS + MADE_UNITS; i++)
		pthread_join(thread[i], NULL);
	if (at_load(&s->failed, relaxed))
		fail_msg("%s: %s", name, s->evidence);
	assert_true(s->sure > 100 && s->hits > 100);
	assert_true(s->m->w[0].flushes > OPS / 4);
	made_teardown(s->m);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void devices_see_what_holds(void **state)
{
	(void)state;
	for (unsigned leaves = 16; leaves <= 512; leaves *= 32) {
		run_scene("lockless", 3, leaves);
		run_scene("lockless-2019", 3, leaves);
		run_scene("mutex-2019", 3, leaves);
		run_scene("vtdss/lockless", 4, leaves);
		run_scene("lockless-intel", 3, leaves);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_see_what_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
