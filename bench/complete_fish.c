/* complete_fish.c - `iopt list fish`. */
#include <string.h>

#include "bench/complete.h"
#include "bench/verbs.h"

static const char head[] =
	"# fish completion of iopt, made by `iopt list fish`: install it as iopt.fish in\n"
	"# /usr/share/fish/vendor_completions.d or ~/.config/fish/completions.\n"
	"function __iopt_list # what is there up to the last comma, then each of the words\n"
	"\tset -l done (commandline -ct | string replace -r '^--[a-z-]*=' '' | string match -r '^.*,')\n"
	"\tprintf '%s\\n' \"$done\"$argv\n"
	"end\n"
	"complete -c iopt -f\n";

/* Inside `depth` levels of single quotes. */
static void put_inside(FILE *out, const char *text, unsigned depth)
{
	for (; *text; text++) {
		unsigned escapes = *text == '\'' || *text == '\\' ? (1u << depth) - 1 : 0;

		while (escapes--)
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	put_inside(out, text, 1);
	fputc('\'', out);
}

/* What -a is to cut into words: WORD\t'help'. */
static void put_words(FILE *out, const struct complete_flag *f)
{
	char help[COMPLETE_HELP_BYTES], traces[512], *rest = traces, *name;

	fputs(f->value == VALUE_LIST ? " -a '(__iopt_list" : " -a '", out);
	for (size_t i = 0; f->words[i].name; i++) {
		fprintf(out, "%s%s", i || f->value == VALUE_LIST ? " " : "", f->words[i].name);
		if (*f->words[i].help) {
			fputs("\\\\t\\'", out);
			put_inside(out, complete_help(help, f->words[i].help), 2);
			fputs("\\'", out);
		}
		if (strcmp(f->words[i].name, "replay:"))
			continue;
		complete_traces(traces, sizeof(traces));
		while ((name = strsep(&rest, " ")))
			fprintf(out, " replay:%s\\\\t\\'a recorded trace\\'", name);
	}
	fputs(f->value == VALUE_LIST ? ")'" : "'", out);
}

struct of_verb {
	FILE *out;
	const char *verb;
};

static void flag_line(void *ctx, const struct complete_flag *f)
{
	const struct of_verb *v = ctx;
	FILE *out = v->out;
	char help[COMPLETE_HELP_BYTES];

	fprintf(out, "complete -c iopt -n '__fish_seen_subcommand_from %s' -l %s", v->verb, f->name);
	if (f->value != VALUE_NONE && !f->attached)
		fputs(f->value == VALUE_FILE ? " -rF" : f->value == VALUE_DIR ? " -xa '(__fish_complete_directories)'"
		      : " -x", out);
	if (f->words[0].name)
		put_words(out, f);
	fputs(" -d ", out);
	put_quoted(out, complete_help(help, f->help));
	fputc('\n', out);
}

static void verb_lines(void *ctx, const struct help_page *page)
{
	struct of_verb v = { ctx, page->verb };

	complete_flags(page, flag_line, &v);
	if (page->files)
		fprintf(v.out, "complete -c iopt -n '__fish_seen_subcommand_from %s' -F\n", v.verb);
	for (size_t i = 0; page->words && page->words[i]; i++)
		fprintf(v.out, "complete -c iopt -n '__fish_seen_subcommand_from %s' -a %s\n", v.verb,
			page->words[i]);
}

void complete_fish(FILE *out)
{
	fputs(head, out);
	for (const struct verb *v = verbs; v->name; v++) {
		fprintf(out, "complete -c iopt -n __fish_use_subcommand -a %s -d ", v->name);
		put_quoted(out, v->help);
		fputc('\n', out);
	}
	help_each(verb_lines, out);
}
