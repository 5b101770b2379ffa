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

LATER int store_find_baseline(const char *name, char *path, size_t size, struct err *err)
{
	(void)path;
	(void)size;
	return err_set(err, EXIT_BAD_DATA, "--baseline %s: there is none", name);
}

LATER int store_load_floor(const char *key, struct floor_facts *facts, bool *found, struct err *err)
{
	(void)key;
	(void)facts;
	(void)err;
	*found = false;
	return 0;
}
