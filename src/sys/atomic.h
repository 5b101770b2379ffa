/*
 * atomic.h - every atomic access in src/ goes through these names.
 *
 * The memory order is always written, as the last argument (`at_load(p, acquire)`), and each use
 * says in a comment whom it pairs with. There are no standalone fences: ThreadSanitizer does not
 * model them. One place to define these makes each access a scheduling point for a checker.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define at_load(p, order) atomic_load_explicit((p), memory_order_##order)
#define at_store(p, v, order) atomic_store_explicit((p), (v), memory_order_##order)
#define at_xchg(p, v, order) atomic_exchange_explicit((p), (v), memory_order_##order)
#define at_add(p, v, order) atomic_fetch_add_explicit((p), (v), memory_order_##order)
#define at_sub(p, v, order) atomic_fetch_sub_explicit((p), (v), memory_order_##order)
#define at_or(p, v, order) atomic_fetch_or_explicit((p), (v), memory_order_##order)
#define at_and(p, v, order) atomic_fetch_and_explicit((p), (v), memory_order_##order)
/* Compare-exchange; on failure *expected receives what was found, read with order `lost`. */
#define at_cas(p, expected, v, won, lost) \
	atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_##won, \
						memory_order_##lost)
#define at_cas_weak(p, expected, v, won, lost) \
	atomic_compare_exchange_weak_explicit((p), (expected), (v), memory_order_##won, \
					      memory_order_##lost)
/* Before any other thread can see the object. */
#define at_init(p, v) atomic_init((p), (v))

/* Tell the core (and a hyperthread beside it) that this is a spin loop. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield");
#endif
}

/* Two writers' data never share this much: two 64-byte lines, because of adjacent-line prefetch. */
#define CACHE_ALIGN 128

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define IOPT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define IOPT_SANITIZED 1
#endif
#endif
