#include "bench/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/flags.h"

int verb_fail(const char *verb, const struct err *err)
{
	fprintf(stderr, "iopt %s: %s\n", verb, err->text);
	return err->code;
}

bool verb_argument(const struct help_page *page, int argc, char **argv, const char **arg, int *rc)
{
	const struct flag none[] = { { .name = NULL } };
	struct flag_args args = { .most = 1 };
	struct err err = { 0 };

	*rc = flags_parse(none, page->verb, argc, argv, &args, &err);
	*arg = args.nargs ? args.args[0] : NULL;
	if (*rc)
		verb_fail(page->verb, &err);
	else if (args.help)
		help_show(page);
	return !*rc && !args.help;
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
