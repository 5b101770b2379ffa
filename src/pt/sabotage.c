#include "pt/sabotage.h"

#include "pt/format.h"
#include "pt/pt.h"

#define FLEETING_EVERY 251u

/* Maps this thread has seen since it turned to a table. */
struct turn {
	uint32_t table;
	uint64_t maps;
};

static _Thread_local struct turn turn;

static bool is_map(const struct pt_op *op)
{
	return op->kind == PT_MAP || op->kind == PT_MAP_RANGE;
}

static bool stays(enum breakage kind)
{
	return kind == BREAK_DOUBLE_LINK || kind == BREAK_LEAK_PAGE || kind == BREAK_STRAY_LEAF;
}

/* Count a map; is it one to do damage at? */
static bool due(const struct pt *pt, enum breakage kind)
{
	if (turn.table != pt->id)
		turn = (struct turn){ .table = pt->id };
	turn.maps++;
	if (stays(kind))
		return !(turn.maps & (turn.maps - 1));
	return turn.maps % FLEETING_EVERY == 1;
}

static size_t run_one(struct pt *pt, struct pt_worker *w, struct pt_op *op)
{
	return pt_engine_of(pt)->run(pt, w, op, 1);
}

/* The same operation with other arguments; the caller sees its own. */
static size_t run_instead(struct pt *pt, struct pt_worker *w, struct pt_op *op, uint64_t pa,
			  uint8_t prot)
{
	struct pt_op other = *op;
	size_t done;

	other.pa = pa;
	other.prot = prot;
	done = run_one(pt, w, &other);
	op->result = other.result;
	op->err = other.err;
	return done;
}

static size_t drop(struct pt_op *op)
{
	op->result = (uint64_t)op->count << op->size_lg2;
	op->err = 0;
	return 1;
}

/* The highest bit of an address is above the alignment of every page. */
static uint64_t wrong_pa(const struct pt_op *op)
{
	return op->pa ^ UINT64_C(1) << 51;
}

/* Another permission, never none: engines refuse that. */
static uint8_t wrong_prot(const struct pt_op *op)
{
	return op->prot == PT_READ ? PT_WRITE : PT_READ;
}

/* A 4K page of this worker's at the top of what the table spans: above everybody's region. */
static struct pt_op stray_op(struct pt *pt, const struct pt_worker *w, enum pt_kind kind)
{
	unsigned level = top_level(top_load(pt));
	uint64_t last = level >= 5 ? UINT64_MAX : (UINT64_C(1) << entry_lg2(level + 1)) - 1;

	return (struct pt_op){ .iova = (last & ~UINT64_C(4095)) - ((uint64_t)w->id << 12),
			       .pa = UINT64_C(0xbad) << 12, .count = 1, .kind = (uint8_t)kind,
			       .size_lg2 = PT_PAGE_LG2, .prot = PT_READ };
}

static void stray_leaf(struct pt *pt, struct pt_worker *w)
{
	struct pt_op op = stray_op(pt, w, PT_MAP);

	run_one(pt, w, &op);
}

/* Let another empty slot of a table at level 1 point where the one at `iova` does. */
static void link_again(struct pt_table *parent, uint64_t iova)
{
	uint64_t entry = entry_load(entry_slot(parent, 1, iova)), seen;

	for (unsigned i = PT_ENTRIES; i-- > 0;) {
		seen = entry_load(&parent->e[i]);
		if (seen == entry && &parent->e[i] != entry_slot(parent, 1, iova))
			return;
		if (!seen && entry_install(&parent->e[i], &seen, entry))
			return;
	}
}

/*
 * A table of our own, so that nobody maps or unmaps through the second link: the leaf table of a
 * stray page, which is taken out again.
 */
static void double_link(struct pt *pt, struct pt_worker *w)
{
	struct pt_op map = stray_op(pt, w, PT_MAP), unmap = map;
	const struct pt_format *f = pt->engine->f;
	uint64_t top = top_load(pt);
	struct pt_table *table = top_root(top);
	unsigned level = top_level(top);

	unmap.kind = PT_UNMAP;
	if (!run_one(pt, w, &map))
		return;
	run_one(pt, w, &unmap);
	for (; level > 1; level--) {
		uint64_t entry = entry_load(entry_slot(table, level, map.iova));

		if (!f->is_table(entry, level))
			return;
		table = f->child(entry);
	}
	if (f->is_table(entry_load(entry_slot(table, 1, map.iova)), 1))
		link_again(table, map.iova);
}

/* The operation at which damage is due. */
ALWAYS_INLINE size_t run_damaged(enum breakage kind, struct pt *pt, struct pt_worker *w,
				 struct pt_op *op)
{
	switch (kind) {
	case BREAK_NONE:
		break;
	case BREAK_DROP_LEAF:
		return drop(op);
	case BREAK_WRONG_PA:
		return run_instead(pt, w, op, wrong_pa(op), op->prot);
	case BREAK_WRONG_PERM:
		return run_instead(pt, w, op, op->pa, wrong_prot(op));
	case BREAK_DOUBLE_LINK:
		double_link(pt, w);
		break;
	case BREAK_LEAK_PAGE:
		table_alloc(pt, w, 0);
		break;
	case BREAK_STRAY_LEAF:
		stray_leaf(pt, w);
		break;
	}
	return run_one(pt, w, op);
}

ALWAYS_INLINE size_t run_broken(enum breakage kind, struct pt *pt, struct pt_worker *w,
				struct pt_op *ops, size_t n)
{
	size_t from = 0, done = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_map(&ops[i]) || !due(pt, kind))
			continue;
		done += pt_engine_of(pt)->run(pt, w, ops + from, i - from);
		done += run_damaged(kind, pt, w, &ops[i]);
		from = i + 1;
	}
	return done + pt_engine_of(pt)->run(pt, w, ops + from, n - from);
}

#define DEFINE_BROKEN(name, kind)                                                                  \
	static size_t name(struct pt *pt, struct pt_worker *w, struct pt_op *ops, size_t n)        \
	{                                                                                          \
		return run_broken(kind, pt, w, ops, n);                                            \
	}

DEFINE_BROKEN(run_drop_leaf, BREAK_DROP_LEAF)
DEFINE_BROKEN(run_wrong_pa, BREAK_WRONG_PA)
DEFINE_BROKEN(run_wrong_perm, BREAK_WRONG_PERM)
DEFINE_BROKEN(run_double_link, BREAK_DOUBLE_LINK)
DEFINE_BROKEN(run_leak_page, BREAK_LEAK_PAGE)
DEFINE_BROKEN(run_stray_leaf, BREAK_STRAY_LEAF)

void pt_break(struct pt_engine *copy, enum breakage kind)
{
	static size_t (*const runs[])(struct pt *, struct pt_worker *, struct pt_op *, size_t) = {
		[BREAK_DROP_LEAF] = run_drop_leaf,     [BREAK_WRONG_PA] = run_wrong_pa,
		[BREAK_WRONG_PERM] = run_wrong_perm,   [BREAK_DOUBLE_LINK] = run_double_link,
		[BREAK_LEAK_PAGE] = run_leak_page,     [BREAK_STRAY_LEAF] = run_stray_leaf,
	};

	if (kind != BREAK_NONE)
		copy->run = runs[kind];
}
