/* complete_zsh.c - `iopt list zsh`. */
#include <string.h>

#include "bench/complete.h"
#include "bench/verbs.h"

static const char head[] =
	"#compdef iopt\n"
	"# zsh completion of iopt, made by `iopt list zsh`: install it as _iopt in a folder of $fpath.\n"
	"\n"
	"# Words that may stand for themselves, and those that want something behind their colon.\n"
	"_iopt_words()\n"
	"{\n"
	"\tlocal -a whole open\n"
	"\n"
	"\tif [[ $1 == -l ]]; then\n"
	"\t\tshift\n"
	"\t\tcompset -P '*,'\n"
	"\t\tcompset -S ',*'\n"
	"\tfi\n"
	"\tif compset -P 'replay:'; then\n"
	"\t\t_files\n"
	"\t\treturn\n"
	"\tfi\n"
	"\topen=(${(M)@:#*:})\n"
	"\twhole=(${@:#*:})\n"
	"\tcompadd -- $whole\n"
	"\tcompadd -S '' -- $open\n"
	"}\n";

/* Inside the brackets of _arguments, inside single quotes. */
static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\'", out);
		else if (strchr("[]:\\", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void flag_spec(void *ctx, const struct complete_flag *f)
{
	FILE *out = ctx;
	char help[80];

	fprintf(out, " \\\n\t\t'--%s%s[", f->name, f->value == VALUE_NONE ? "" : f->attached ? "=-" : "=");
	put_escaped(out, complete_help(help, sizeof(help), f->help));
	fputc(']', out);
	if (f->value != VALUE_NONE) {
		fputs(f->attached ? "::" : ":", out);
		put_escaped(out, f->metavar ? f->metavar : "VALUE");
		fputc(':', out);
	}
	if (f->value == VALUE_FILE || f->value == VALUE_DIR)
		fputs(f->value == VALUE_DIR ? "_files -/" : "_files", out);
	if (f->words[0])
		fprintf(out, " _iopt_words%s", f->value == VALUE_LIST ? " -l" : "");
	for (size_t i = 0; f->words[i]; i++) {
		fputc(' ', out);
		put_escaped(out, f->words[i]);
	}
	fputc('\'', out);
}

static void verb_function(void *ctx, const struct help_page *page)
{
	FILE *out = ctx;

	fprintf(out, "\n_iopt_%s()\n{\n\t_arguments", page->verb);
	complete_flags(page, flag_spec, out);
	if (page->files)
		fputs(" \\\n\t\t'*:file:_files'", out);
	if (page->words)
		fputs(" \\\n\t\t'1:topic:(", out);
	for (size_t i = 0; page->words && page->words[i]; i++)
		fprintf(out, "%s%s", i ? " " : "", page->words[i]);
	fputs(page->words ? ")'\n}\n" : "\n}\n", out);
}

void complete_zsh(FILE *out)
{
	fputs(head, out);
	help_each(verb_function, out);
	fputs("\n_iopt()\n{\n\tlocal -a verbs\n\n\tverbs=(\n", out);
	for (const struct verb *v = verbs; v->name; v++) {
		fprintf(out, "\t\t'%s:", v->name);
		put_escaped(out, v->help);
		fputs("'\n", out);
	}
	fputs("\t)\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\t_describe verb verbs\n"
	      "\telif (( ${+functions[_iopt_$words[2]]} )); then\n"
	      "\t\tshift words\n"
	      "\t\t(( CURRENT-- ))\n"
	      "\t\t_iopt_$words[1]\n"
	      "\tfi\n"
	      "}\n"
	      "\n"
	      "[[ $funcstack[1] != _iopt ]] || _iopt \"$@\"\n", out);
}
