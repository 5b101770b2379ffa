/* verify_choose.c - random operations near the places where tables, levels and leaves begin and end. */
#include "bench/verify_sequence.h"

/* Near a border where an index or the level of the root changes, or anywhere around one. */
static uint64_t new_address(struct verify_random *r)
{
	static const unsigned borders[] = { 0, 21, 30, 39, 48, 57, 64 };
	unsigned lg2 = borders[verify_below(r, 7)];
	uint64_t border = lg2 == 0 || lg2 == 64 ? 0 : UINT64_C(1) << lg2;

	if (!verify_below(r, 3))
		lg2 = 12 + (unsigned)verify_below(r, 40);
	else
		lg2 = 12 + (unsigned)verify_below(r, 12);
	return border + ((verify_below(r, 16) - 8) << lg2);
}

/* On, in or just before what an earlier operation touched. */
static uint64_t past_address(struct sequence_chooser *c)
{
	struct verify_random *r = &c->random;
	const struct pt_op *op = &c->past[verify_below(r, SEQUENCE_PAST)];
	uint64_t bytes = (uint64_t)op->count << op->size_lg2;

	switch (verify_below(r, 4)) {
	case 0:
		return op->iova;
	case 1:
		return op->iova & -(UINT64_C(1) << model_shift(1 + (unsigned)verify_below(r, 3)));
	case 2:
		return op->iova + bytes - (bytes ? 1 + verify_below(r, bytes < 8 ? bytes : 8) : 0);
	}
	return op->iova + (bytes ? verify_below(r, bytes) : 0);
}

static unsigned any_size(struct sequence_chooser *c)
{
	static const unsigned usual[] = { 12, 12, 12, 13, 16, 20, 21, 22, 29, 30 };
	struct verify_random *r = &c->random;
	unsigned lg2 = 12 + (unsigned)verify_below(r, 40);

	if (c->vtdss)
		return 12 + 9 * (unsigned)(verify_below(r, 5) / 2);
	switch (verify_below(r, 4)) {
	case 0:
		break;
	case 1:
		/* A little larger or smaller than before. */
		lg2 = c->past[verify_below(r, SEQUENCE_PAST)].size_lg2 + (unsigned)verify_below(r, 4) - 2;
		lg2 = lg2 < 12 || lg2 > 51 ? 12 : lg2;
		break;
	default:
		lg2 = usual[verify_below(r, 10)];
	}
	return lg2 == 39 ? 38 : lg2;
}

static uint64_t any_pa(struct sequence_chooser *c, const struct pt_op *op)
{
	struct verify_random *r = &c->random;
	uint64_t page = UINT64_C(1) << op->size_lg2, in_1g = (UINT64_C(1) << 30) - 1;
	uint64_t pa = verify_below(r, 4) ? verify_below(r, UINT64_C(1) << 52) : op->iova;

	pa &= -page & ((UINT64_C(1) << 52) - 1);
	if (op->kind >= PT_MAP_RANGE && verify_below(r, 2))
		pa = (pa & ~in_1g) | (op->iova & in_1g);
	return pa;
}

/* Cut what does not fit into 64 bits or the output addresses. */
static void fit_count(struct pt_op *op)
{
	uint64_t page = UINT64_C(1) << op->size_lg2, room = (-page - op->iova) >> op->size_lg2;
	bool maps = op->kind == PT_MAP || op->kind == PT_MAP_RANGE;

	if (op->count - 1 > room)
		op->count = (uint32_t)room + 1;
	room = ((UINT64_C(1) << 52) - page - op->pa) >> op->size_lg2;
	if (maps && op->count - 1 > room)
		op->count = (uint32_t)room + 1;
}

struct pt_op sequence_choose(struct sequence_chooser *c)
{
	struct verify_random *r = &c->random;
	struct pt_op op = { .kind = (uint8_t)verify_below(r, 5), .size_lg2 = (uint8_t)any_size(c),
			    .prot = (uint8_t)(1 + verify_below(r, 3)), .result = 0xdead, .err = 0xee };
	uint64_t page;

	if (op.kind >= PT_MAP_RANGE && verify_below(r, 2))
		op.size_lg2 = 12;
	page = UINT64_C(1) << op.size_lg2;
	op.iova = (verify_below(r, 3) ? past_address(c) : new_address(r)) & -page;
	if (c->vtdss && verify_below(r, 8)) /* mostly below the top, which does not grow */
		op.iova &= (UINT64_C(1) << model_shift(c->levels)) - 1;
	op.pa = any_pa(c, &op);
	op.count = 1 + (uint32_t)verify_below(r, verify_below(r, 4) ? 3 : 1100);
	if (op.size_lg2 - model_shift(model_level_of(op.size_lg2)) > 3 || op.kind == PT_LOOKUP)
		op.count = 1 + op.count % 20;
	fit_count(&op);
	if (op.kind == PT_LOOKUP)
		op.iova += verify_below(r, page);
	if (op.kind == PT_UNMAP && op.count > 1 && !verify_below(r, 8)) {
		op.iova += verify_below(r, page >> 12) << 12;
		op.count--;
	}
	c->past[verify_below(r, SEQUENCE_PAST)] = op;
	return op;
}
