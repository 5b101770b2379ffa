#include "sys/headroom.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

#define ARENA_BYTES ((size_t)12 << 20) /* seen: between 4 and 8 MiB */

bool headroom_threads(unsigned n)
{
	size_t stack = (size_t)8 << 20, bytes;
	pthread_attr_t attr;
	void *p;

	if (!pthread_attr_init(&attr)) {
		pthread_attr_getstacksize(&attr, &stack);
		pthread_attr_destroy(&attr);
	}
	bytes = n * (stack + ARENA_BYTES);
	p = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	munmap(p, bytes);
	return true;
}
