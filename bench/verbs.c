#include "bench/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int verb_fail(const char *verb, const struct err *err)
{
	fprintf(stderr, "iopt %s: %s\n", verb, err->text);
	return err->code;
}

bool verb_argument(const char *verb, const char *help, int argc, char **argv, const char **arg,
		   int *rc)
{
	struct err err = { 0 };

	*arg = NULL;
	*rc = EXIT_FINE;
	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			fputs(help, stdout);
			return false;
		}
		if (argv[i][0] == '-')
			*rc = err_set(&err, EXIT_USAGE, "%s: unknown option (see iopt %s --help)",
				      argv[i], verb);
		else if (*arg)
			*rc = err_set(&err, EXIT_USAGE, "%s: one argument too many", argv[i]);
		else
			*arg = argv[i];
	}
	if (*rc)
		verb_fail(verb, &err);
	return !*rc;
}

int finish_stdout(void)
{
	static bool told;

	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_FINE;
	if (!told)
		fprintf(stderr, "iopt: cannot write to stdout: %s\n",
			errno ? strerror(errno) : "an earlier write failed");
	told = true;
	return EXIT_WRITE;
}
