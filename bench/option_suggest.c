/* option_suggest.c - "did you mean", for names of options. */
#include <string.h>

#include "bench/option_row.h"
#include "bench/suggest.h"

char *option_suggest(const char *name, const char *prefix, char *buf, size_t size)
{
	/* what other benchmarks call it */
	static const struct {
		const char *theirs, *ours;
	} words[] = {
		{ "time", "duration" }, { "seconds", "duration" }, { "runtime", "duration" }, { "cpus", "threads" },
		{ "workers", "threads" }, { "numjobs", "threads" }, { "runs", "processes" },
		{ "repeat", "processes" }, { "output", "out" }, { "json", "format" }, { "csv", "format" },
		{ "silent", "quiet" }, { "bs", "page-size" },
	};
	struct suggest s;

	suggest_start(&s, name);
	for (const struct option_row *row = option_rows; row->name; row++)
		suggest_offer(&s, row->name);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(name, words[i].theirs))
			s.best = words[i].ours;
	return suggest_text(&s, prefix, buf, size);
}
