/* compare.c - under construction. */
#include "bench/compare.h"

#include "bench/verbs.h"

#include <stdio.h>

int verb_compare(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs("iopt compare: not there yet\n", stderr);
	return EXIT_INTERNAL;
}
