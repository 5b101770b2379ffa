/* verify_reader.c - who looks: a worker between its operations, readers, devices all the time. */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

#include "bench/verify_evidence.h"
#include "bench/verify_threads.h"

#define LOOKS 8u /* between quiescent states */
#define BLIND_IN 4u

/* Where to look: half of the time where somebody works just now. */
static struct shadow_cell *anywhere(struct verify_thread *t, uint64_t *offset)
{
	struct verify_round *r = t->round;
	unsigned id = (unsigned)verify_below(&t->random, r->ncells);
	struct shadow_cell *c;

	if (verify_below(&t->random, 2))
		/* relaxed: any value will do */
		id = at_load(&r->thread[verify_below(&t->random, r->writers)].at, relaxed);
	c = &r->cell[id];
	*offset = verify_below(&t->random, (uint64_t)c->units << c->unit_lg2);
	return c;
}

static void tell(struct verify_thread *t, const char *oracle, const char *who,
		 const struct shadow_cell *c, const struct shadow_finding *f, const char *why)
{
	struct verify_round *r = t->round;
	unsigned unit = (unsigned)(f->offset >> c->unit_lg2);
	uint64_t iova = c->iova + f->offset;
	char path[64], before[48], after[48], found[96], want[32] = "nothing";

	if (!verify_caught(&t->found, oracle, "%s of iova 0x%" PRIx64 ", entry %s: %s", who, iova,
			   verify_path(path, sizeof(path), pt_levels(r->pt), iova), why))
		return;
	if ((f->before & 3) == SHADOW_MAPPED)
		snprintf(want, sizeof(want), "0x%" PRIx64,
			 shadow_pa(c, (unsigned)(f->before >> 2), f->offset));
	else if ((f->before & 3) == SHADOW_CHANGING || f->before != f->after)
		snprintf(want, sizeof(want), "nothing, or one of its own");
	verify_add(&t->found, "expected %s, found 0x%" PRIx64 ": %s", want, f->hit ? f->pa : 0,
		   f->hit ? shadow_pa_text(found, sizeof(found), f->pa, r->cell, r->ncells) : "absent");
	verify_add(&t->found, "cell %u of worker %u, unit %u: %s before, %s after", c->id, c->owner, unit,
		   shadow_word_text(before, sizeof(before), f->before),
		   shadow_word_text(after, sizeof(after), f->after));
	at_store(&r->stop, 1, relaxed); /* a flag; the evidence is read after the join */
}

static void judge(struct verify_thread *t, const char *oracle, const char *who,
		  const struct shadow_cell *c, const struct shadow_finding *f)
{
	if (shadow_judge(c, f) == SHADOW_WRONG)
		tell(t, oracle, who, c, f, "not what its owner has announced");
}

/*
 * One in BLIND_IN does not look at the word before, only after: it synchronises with nobody, as a
 * device would not, so that an engine's own orders are all there is (ThreadSanitizer).
 */
void verify_lookup(struct verify_thread *t)
{
	struct verify_round *r = t->round;
	struct shadow_finding f = { .before = SHADOW_CHANGING };
	struct shadow_cell *c = anywhere(t, &f.offset);
	unsigned unit = (unsigned)(f.offset >> c->unit_lg2);
	struct pt_op op = { .kind = PT_LOOKUP, .iova = c->iova + f.offset };
	bool seen;

	if (c->owner == t->id || verify_below(&t->random, BLIND_IN))
		f.before = shadow_load(c, unit);
	domain_run(&r->domain, &t->d, &op);
	f.hit = !op.err;
	f.pa = op.result;
	seen = !f.hit || shadow_payload_seen(r->cell, r->ncells, f.pa, r->seed);
	f.after = shadow_load(c, unit);
	judge(t, "O1", "lookup", c, &f);
	if (!seen)
		tell(t, "O1", "lookup", c, &f, "what its owner wrote before it mapped is not there");
	t->lookups++;
}

/* Writers work as long as `done` says so. */
static bool work_goes_on(const struct verify_round *r)
{
	/* relaxed: only when to stop */
	return at_load(&r->done, relaxed) < r->writers;
}

void verify_read(struct verify_thread *t)
{
	grace_online(t->d.grace);
	while (work_goes_on(t->round)) {
		for (unsigned i = 0; i < LOOKS && !t->found.caught; i++)
			verify_lookup(t);
		grace_quiescent(t->d.grace);
		if (t->round->crowded)
			sched_yield();
	}
	grace_offline(t->d.grace);
}

/* A device's access: permitted or not, as the owner said. */
static void access_once(struct verify_thread *t)
{
	struct verify_round *r = t->round;
	uint8_t wanted = (uint8_t)verify_below(&t->random, 4);
	struct shadow_finding f;
	struct shadow_cell *c = anywhere(t, &f.offset);
	unsigned unit = (unsigned)(f.offset >> c->unit_lg2);
	struct walk_result walk;
	bool denied, known, seen;

	f.before = shadow_load(c, unit);
	walk = unit_translate(t->unit, c->iova + f.offset, wanted);
	f.hit = walk.end == WALK_HIT;
	f.pa = walk.pa;
	seen = !f.hit || shadow_payload_seen(r->cell, r->ncells, f.pa, r->seed);
	f.after = shadow_load(c, unit);
	t->translations++;
	if (walk.end == WALK_ILLEGAL || walk.end == WALK_FREED) {
		tell(t, "O5", "a device's access", c, &f, walk.why);
		return;
	}
	known = f.before == f.after && (f.before & 3) == SHADOW_MAPPED;
	denied = (shadow_prot((unsigned)(f.before >> 2)) & wanted) != wanted;
	if (walk.end == WALK_DENIED ? known && !denied : known && f.hit && denied)
		tell(t, "O5", "a device's access", c, &f, "its permissions are not those of the mapping");
	else if (walk.end != WALK_DENIED)
		judge(t, "O5", "a device's access", c, &f);
	else if (f.before == f.after && (f.before & 3) == SHADOW_ABSENT)
		tell(t, "O5", "a device's access", c, &f, "denied, where nothing is mapped");
	if (!seen)
		tell(t, "O5", "a device's access", c, &f, "what its owner wrote before it mapped is not there");
}

void verify_translate(struct verify_thread *t)
{
	while (work_goes_on(t->round)) {
		/* commands wait while a device is busy: a little mostly, at times for long */
		unsigned busy = 1u << verify_below(&t->random, t->round->busy_lg2);

		unit_obey(t->unit);
		/* after a finding it goes on to obey, for others wait for completion */
		for (unsigned i = 0; i < busy && !t->found.caught; i++)
			access_once(t);
		if (t->round->crowded)
			sched_yield();
	}
	unit_obey(t->unit);
}
