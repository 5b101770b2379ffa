#include "bench/help.h"

#include "bench/flags.h"
#include "bench/option_row.h"
#include "bench/verbs.h"

/* Who is shown pages instead of stdout; a page is a verb's answer to --help, so nobody can ask for it. */
static void (*reader)(void *ctx, const struct help_page *page);
static void *reader_ctx;

void help_print(const struct help_page *page, FILE *out)
{
	fputs(page->usage, out);
	for (const struct choice *c = page->list; c && c->name; c++)
		fprintf(out, "  %-20s  %s\n", c->name, c->help);
	if (page->options) {
		options_help(out);
	} else if (page->flags) {
		fputs("\nFlags:\n", out);
		flags_help(page->flags, out);
	}
	if (page->examples)
		fprintf(out, "\n%s", page->examples);
}

void help_show(const struct help_page *page)
{
	if (reader)
		reader(reader_ctx, page);
	else
		help_print(page, stdout);
}

void help_each(void (*fn)(void *ctx, const struct help_page *page), void *ctx)
{
	static char flag[] = "--help";
	char *argv[] = { flag, NULL };

	reader = fn;
	reader_ctx = ctx;
	for (const struct verb *v = verbs; v->name; v++)
		v->run(1, argv);
	reader = NULL;
}
