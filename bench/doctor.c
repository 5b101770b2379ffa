/* doctor.c - under construction. */
#include "bench/verbs.h"

#include <stdio.h>

int verb_doctor(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fputs("iopt doctor: not there yet\n", stderr);
	return EXIT_INTERNAL;
}
