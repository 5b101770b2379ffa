/* version.c - `iopt version`: what a bug report or a result has to name. */
#include <jansson.h>
#include <string.h>
#include <zlib.h>

#include "bench/page.h"
#include "bench/verbs.h"
#include "sys/host.h"

/* From the build, for what these libraries do not say of themselves; a compiler called by hand knows none. */
#ifndef IOPT_NUMA
#define IOPT_NUMA ""
#endif
#ifndef IOPT_INIH
#define IOPT_INIH ""
#endif
#ifndef IOPT_CHART
#define IOPT_CHART ""
#endif

static const struct help_page page = { .verb = "version", .usage =
	"usage: iopt version\n"
	"\n"
	"Print version, commit, compiler, its flags and the libraries in use.\n"
	"\n"
	"Example:\n"
	"  iopt version\n" };

static void line(const char *name, const char *value)
{
	printf("%-9s %s\n", name, *value ? value : "unknown");
}

int verb_version(int argc, char **argv)
{
	struct host_facts facts;
	struct topology *t;
	struct err err = { 0 };
	const char *arg;
	int rc;

	if (!verb_argument(&page, argc, argv, &arg, &rc))
		return rc;
	if (arg) {
		err_set(&err, EXIT_USAGE, "%s: takes no argument", arg);
		return verb_fail("version", &err);
	}
	if (topology_load(&t, NULL, &err))
		return verb_fail("version", &err);
	host_read(&facts, t);
	topology_free(t);
	printf("iopt %s\n", facts.version);
	line("commit", facts.commit);
	line("compiler", facts.compiler);
	line("flags", facts.flags);
	line("arch", facts.arch);
	line("hwloc", facts.hwloc);
	line("jemalloc", facts.jemalloc);
	line("libnuma", IOPT_NUMA);
	line("inih", IOPT_INIH);
	line("jansson", jansson_version_str());
	line("zlib", zlibVersion());
	line("Chart.js", page_built() ? IOPT_CHART : "none: no pages of html");
	return EXIT_FINE;
}
