/* main.c - finds the verb and hands over; the only place that decides the exit code. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/suggest.h"
#include "bench/verbs.h"

static void usage(FILE *out)
{
	fputs("usage: iopt VERB [arguments]\n"
	      "\n"
	      "Stress-tests and benchmarks IOMMU page tables, locked and lockless.\n"
	      "\n", out);
	for (const struct verb *v = verbs; v->name; v++)
		fprintf(out, "  %-9s%s\n", v->name, v->help);
	fputs("\n`iopt VERB --help` tells more. Start with: iopt run --out DIR\n", out);
}

static const struct verb *verb_find(const char *name)
{
	const struct verb *v = verbs;

	if (!strcmp(name, "--version"))
		name = "version";
	while (v->name && strcmp(v->name, name))
		v++;
	return v->name ? v : NULL;
}

static int unknown_verb(const char *name)
{
	struct suggest s;
	char did[64];

	suggest_start(&s, name);
	for (const struct verb *v = verbs; v->name; v++)
		suggest_offer(&s, v->name);
	fprintf(stderr, "iopt: %s: no such verb%s (`iopt --help` lists all)\n", name,
		suggest_text(&s, "", did, sizeof(did)));
	return EXIT_USAGE;
}

/* A failed write counts where nothing worse happened: 13 > 14 > 74 > 10 > 11. */
static int finish(int rc)
{
	int written = rc == EXIT_WRITE ? rc : finish_stdout();

	if (rc == EXIT_FINE || rc == EXIT_REGRESSED || rc == EXIT_INCONCLUSIVE)
		return written ? written : rc;
	return rc;
}

int main(int argc, char **argv)
{
	static char help_flag[] = "--help", buffer[64 << 10];
	char *help_argv[] = { help_flag, NULL };

	/* so that a text is one write, and its error the one that is reported */
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	bool help = !strcmp(argv[1], "help");

	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (help && argc == 2)) {
		usage(stdout);
		return finish(EXIT_FINE);
	}
	const struct verb *verb = verb_find(argv[1 + help]);

	if (!verb)
		return unknown_verb(argv[1 + help]);
	return finish(help ? verb->run(1, help_argv) : verb->run(argc - 2, argv + 2));
}
