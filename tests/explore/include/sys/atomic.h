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

uint64_t ex_load(const volatile void *p, unsigned size, enum ex_order order, const char *file,
		 int line, const char *text);
void ex_store(volatile void *p, unsigned size, uint64_t value, enum ex_order order,
	      const char *file, int line, const char *text);
uint64_t ex_rmw(volatile void *p, unsigned size, enum ex_rmw_op op, uint64_t operand,
		enum ex_order order, const char *file, int line, const char *text);
bool ex_cas(volatile void *p, unsigned size, void *expected, uint64_t value, bool weak,
	    enum ex_order won, enum ex_order lost, const char *file, int line, const char *text);
void ex_init(volatile void *p, unsigned size, uint64_t value, const char *file, int line,
	     const char *text);
void ex_relax(const char *file, int line);

/* The value's type: the comma drops _Atomic and const. */
#define EX_TYPE(p) __typeof__(((void)0, *(p)))
#define EX_BITS(p, v) ((uint64_t)(EX_TYPE(p))(v))
#define EX_HERE(p) __FILE__, __LINE__, #p
/* a statement expression: its value may be left unused */
#define EX_RMW(p, op, v, order)                                                                    \
	__extension__({                                                                            \
		EX_TYPE(p) old_ = (EX_TYPE(p))ex_rmw((p), sizeof(*(p)), op, EX_BITS(p, v),         \
						     EX_##order, EX_HERE(p));                      \
		old_;                                                                              \
	})

#define at_load(p, order) ((EX_TYPE(p))ex_load((p), sizeof(*(p)), EX_##order, EX_HERE(p)))
#define at_store(p, v, order) \
	ex_store((p), sizeof(*(p)), EX_BITS(p, v), EX_##order, EX_HERE(p))
#define at_xchg(p, v, order) EX_RMW(p, EX_XCHG, v, order)
#define at_add(p, v, order) EX_RMW(p, EX_ADD, v, order)
#define at_sub(p, v, order) EX_RMW(p, EX_SUB, v, order)
#define at_or(p, v, order) EX_RMW(p, EX_OR, v, order)
#define at_and(p, v, order) EX_RMW(p, EX_AND, v, order)
#define at_cas(p, expected, v, won, lost) \
	ex_cas((p), sizeof(*(p)), (expected), EX_BITS(p, v), false, EX_##won, EX_##lost, EX_HERE(p))
#define at_cas_weak(p, expected, v, won, lost) \
	ex_cas((p), sizeof(*(p)), (expected), EX_BITS(p, v), true, EX_##won, EX_##lost, EX_HERE(p))
#define at_init(p, v) ex_init((p), sizeof(*(p)), EX_BITS(p, v), EX_HERE(p))

/* A turn of a spin loop: not scheduled again before somebody else has stored something. */
#define cpu_relax() ex_relax(__FILE__, __LINE__)

#define CACHE_ALIGN 128

/* No chunks here: page_desc() is a function of the page source (pages.c). */
#define IOPT_SANITIZED 1
