/* option_mix.c - the kinds of values of `--ratio` and `--readers`. */
#include <string.h>

#include "bench/option_row.h"

static bool ratio_parse_row(const struct option_row *row, const char *text, void *value,
			    struct why *why)
{
	(void)row;
	if (ratio_parse(text, value))
		return true;
	snprintf(why->text, sizeof(why->text), "must be MAP:UNMAP:LOOKUP, such as 2:2:1, of numbers "
		 "1..%u (lookups from 0), or auto", RATIO_MAX);
	return false;
}

static char *ratio_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	return ratio_text(*(const struct ratio *)value, buf, size);
}

static bool auto_parse(const struct option_row *row, const char *text, void *value,
		       struct why *why)
{
	*(uint64_t *)value = 0;
	return !strcmp(text, "auto") || kind_count.parse(row, text, value, why);
}

static char *auto_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	if (*(const uint64_t *)value)
		return kind_count.show(row, value, buf, size);
	snprintf(buf, size, "auto");
	return buf;
}

const struct option_kind kind_ratio = { "M:U:L", sizeof(struct ratio), ratio_parse_row, ratio_show,
					NULL };
const struct option_kind kind_auto = { "N", sizeof(uint64_t), auto_parse, auto_show, NULL };
