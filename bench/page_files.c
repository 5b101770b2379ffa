/*
 * The files of bench/html and Chart.js, joined by scripts of the build into what stands before the data
 * of a page and what stands after it. The assembler takes them in: a string literal of 300 KB is more
 * than compilers promise to take.
 */
#include <stdint.h>

#include "bench/page.h"

#ifdef IOPT_PAGE_DIR
__asm__(".pushsection .rodata\n"
	"page_before_start: .incbin \"" IOPT_PAGE_DIR "/before.html\"\n"
	"page_before_end:\n"
	"page_after_start: .incbin \"" IOPT_PAGE_DIR "/after.html\"\n"
	"page_after_end:\n"
	".byte 0\n"
	".popsection\n");
extern const char page_before_start[], page_before_end[], page_after_start[], page_after_end[];

bool page_built(void)
{
	return true;
}

/* To the compiler start and end are two objects, whose distance is not defined; addresses have one. */
static struct page_text text(const char *start, const char *end)
{
	return (struct page_text){ start, (uintptr_t)end - (uintptr_t)start };
}

struct page_text page_before(void)
{
	return text(page_before_start, page_before_end);
}

struct page_text page_after(void)
{
	return text(page_after_start, page_after_end);
}
#else
bool page_built(void)
{
	return false;
}

struct page_text page_before(void)
{
	return (struct page_text){ "", 0 };
}

struct page_text page_after(void)
{
	return (struct page_text){ "", 0 };
}
#endif
