/* presets.c - the table of presets. */
#include "bench/preset.h"

#include <string.h>

#include "bench/option_row.h"

const struct preset *const presets[] = { &preset_generic_pt, NULL };

const struct choice preset_choices[] = {
	{ "none", "no preset" },
	{ "generic_pt", "the kernel's kunit benchmark of its page tables: each size, one thread" },
	{ NULL, NULL },
};

const struct preset *preset_of(const struct options *o)
{
	return o->preset ? presets[o->preset - 1] : NULL;
}

bool preset_chooses(const struct option_row *row)
{
	return (row->flags & ROW_CHOOSES || row->group < GROUP_MEASURE) && strcmp(row->name, "preset");
}

bool preset_takes(const struct preset *p, const char *option)
{
	size_t len = strlen(option);

	for (const char *at = p->takes; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strcspn(at, ",") == len && !strncmp(at, option, len))
			return true;
	}
	return false;
}
