/* Definitions that give way to those of other files. */
#include "bench/compare.h"

#define LATER __attribute__((weak))

LATER int compare_builds(const struct compare_options *o, struct err *err)
{
	(void)o;
	return err_set(err, EXIT_INTERNAL, "--old and --new: not there yet");
}

LATER int compare_self_test(const struct compare_options *o, struct err *err)
{
	(void)o;
	return err_set(err, EXIT_INTERNAL, "--self-test: not there yet");
}
