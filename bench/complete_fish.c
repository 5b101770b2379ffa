/* complete_fish.c - `iopt list fish`. */
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

/* Inside single quotes. */
static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('\'', out);
}

struct of_verb {
	FILE *out;
	const char *verb;
};

static void flag_line(void *ctx, const struct complete_flag *f)
{
	const struct of_verb *v = ctx;
	FILE *out = v->out;
	char help[80];

	fprintf(out, "complete -c iopt -n '__fish_seen_subcommand_from %s' -l %s", v->verb, f->name);
	if (f->value != VALUE_NONE && !f->attached)
		fputs(f->value == VALUE_FILE ? " -rF" : f->value == VALUE_DIR ? " -xa '(__fish_complete_directories)'"
		      : " -x", out);
	for (size_t i = 0; f->words[i]; i++)
		fprintf(out, "%s%s", i ? " " : f->value == VALUE_LIST ? " -a '(__iopt_list " : " -a '", f->words[i]);
	if (f->words[0])
		fputs(f->value == VALUE_LIST ? ")'" : "'", out);
	fputs(" -d ", out);
	put_quoted(out, complete_help(help, sizeof(help), f->help));
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
