/* report.c - under construction. */
#include "bench/verbs.h"

#include <stdio.h>

int verb_report(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs("iopt report: not there yet\n", stderr);
	return EXIT_INTERNAL;
}
