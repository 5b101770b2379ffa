/*
 * atomic.h - the explorer's own, in place of src/sys/atomic.h: the same names, and every access is a
 * call that may let other threads run first, and that knows more than the newest value (memory.c).
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum ex_order { EX_relaxed, EX_consume, EX_acquire, EX_release, EX_acq_rel, EX_seq_cst };
enum ex_rmw_op { EX_XCHG, EX_ADD, EX_SUB, EX_OR, EX_AND };


/* One access in the sources. The orders in force may be weaker than those written: ex_weaken(). */
struct ex_site {
	const char *file, *function, *text;
	int line;
	enum ex_order written, written_lost; /* lost: of a compare-exchange */
	enum ex_order order, lost;
	bool known;
	struct ex_site *next;
	uint64_t reached; /* of use to whoever explores */
};

uint64_t ex_load(const volatile void *p, unsigned size, struct ex_site *site);
void ex_store(volatile void *p, unsigned size, uint64_t value, struct ex_site *site);
uint64_t ex_rmw(volatile void *p, unsigned size, enum ex_rmw_op op, uint64_t operand,
		struct ex_site *site);
bool ex_cas(volatile void *p, unsigned size, void *expected, uint64_t value, bool weak,
	    struct ex_site *site);
void ex_init(volatile void *p, unsigned size, uint64_t value, struct ex_site *site);
void ex_relax(struct ex_site *site);

/* The value's type: the comma drops _Atomic and const. */
#define EX_TYPE(p) __typeof__(((void)0, *(p)))
#define EX_BITS(p, v) ((uint64_t)(EX_TYPE(p))(v))

#define EX_SITE(site, text_, order_, lost_)                                                        \
	static struct ex_site site = { .file = __FILE__, .function = __func__, .text = text_,      \
				       .line = __LINE__, .written = order_, .written_lost = lost_, \
				       .order = order_, .lost = lost_ }
/* Accesses may be nested in each other's arguments: each site has a name of its own. */
#define EX_NAME_(n) ex_site_##n
#define EX_NAME(n) EX_NAME_(n)

#define EX_LOAD(site, p, o)                                                                        \
	__extension__({                                                                            \
		EX_SITE(site, #p, o, o);                                                           \
		(EX_TYPE(p))ex_load((p), sizeof(*(p)), &site);                                     \
	})
#define EX_STORE(site, p, v, o)                                                                    \
	__extension__({                                                                            \
		EX_SITE(site, #p, o, o);                                                           \
		ex_store((p), sizeof(*(p)), EX_BITS(p, v), &site);                                 \
	})
#define EX_RMW(site, p, op, v, o)                                                                  \
	__extension__({                                                                            \
		EX_SITE(site, #p, o, o);                                                           \
		(EX_TYPE(p))ex_rmw((p), sizeof(*(p)), op, EX_BITS(p, v), &site);                   \
	})
#define EX_CAS(site, p, expected, v, weak, o, l)                                                   \
	__extension__({                                                                            \
		EX_SITE(site, #p, o, l);                                                           \
		ex_cas((p), sizeof(*(p)), (expected), EX_BITS(p, v), weak, &site);                 \
	})
#define EX_INIT(site, p, v)                                                                        \
	__extension__({                                                                            \
		EX_SITE(site, #p, EX_relaxed, EX_relaxed);                                         \
		ex_init((p), sizeof(*(p)), EX_BITS(p, v), &site);                                  \
	})
#define EX_RELAX(site)                                                                             \
	__extension__({                                                                            \
		EX_SITE(site, "", EX_relaxed, EX_relaxed);                                         \
		ex_relax(&site);                                                                   \
	})

#define at_load(p, order) EX_LOAD(EX_NAME(__COUNTER__), p, EX_##order)
#define at_store(p, v, order) EX_STORE(EX_NAME(__COUNTER__), p, v, EX_##order)
#define at_xchg(p, v, order) EX_RMW(EX_NAME(__COUNTER__), p, EX_XCHG, v, EX_##order)
#define at_add(p, v, order) EX_RMW(EX_NAME(__COUNTER__), p, EX_ADD, v, EX_##order)
#define at_sub(p, v, order) EX_RMW(EX_NAME(__COUNTER__), p, EX_SUB, v, EX_##order)
#define at_or(p, v, order) EX_RMW(EX_NAME(__COUNTER__), p, EX_OR, v, EX_##order)
#define at_and(p, v, order) EX_RMW(EX_NAME(__COUNTER__), p, EX_AND, v, EX_##order)
#define at_cas(p, expected, v, won, lost) \
	EX_CAS(EX_NAME(__COUNTER__), p, expected, v, false, EX_##won, EX_##lost)
#define at_cas_weak(p, expected, v, won, lost) \
	EX_CAS(EX_NAME(__COUNTER__), p, expected, v, true, EX_##won, EX_##lost)
#define at_init(p, v) EX_INIT(EX_NAME(__COUNTER__), p, v)

/* A turn of a spin loop: not scheduled again before somebody else has stored something. */
#define cpu_relax() EX_RELAX(EX_NAME(__COUNTER__))

#define CACHE_ALIGN 128

/* No chunks here: page_desc() is a function of the page source (pages.c). */
#define IOPT_SANITIZED 1
