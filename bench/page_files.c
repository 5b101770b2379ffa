/*
 * The files of bench/html and Chart.js, joined by scripts of the build into what stands before the data
 * of a page and what stands after it. The assembler takes them in: a string literal of 300 KB is more
 * than compilers promise to take.
 */
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

struct page_text page_before(void)
{
	return (struct page_text){ page_before_start, (size_t)(page_before_end - page_before_start) };
}

struct page_text page_after(void)
{
	return (struct page_text){ page_after_start, (size_t)(page_after_end - page_after_start) };
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
