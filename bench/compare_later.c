/* Definitions that give way to those of other files. */
#include "bench/compare.h"

#define LATER __attribute__((weak))

LATER int compare_save_baseline(const struct compare_options *o, struct err *err)
{
	(void)o;
	return err_set(err, EXIT_INTERNAL, "--save-baseline: not there yet");
}

LATER int compare_history(const struct compare_options *o, struct err *err)
{
	(void)o;
	return err_set(err, EXIT_INTERNAL, "--history: not there yet");
}
