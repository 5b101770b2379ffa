/* complete_zsh.c - `iopt list zsh`. */
#include <string.h>

#include "bench/complete.h"
#include "bench/verbs.h"

static const char head[] =
	"#compdef iopt\n"
	"# zsh completion of iopt, made by `iopt list zsh`: install it as _iopt in a folder of $fpath.\n"
	"\n"
	"# Words of a flag of a verb, a line each, with what they mean; and the shipped traces.\n"
	"typeset -gA _iopt_table\n"
	"\n"
	"_iopt_files()\n"
	"{\n"
	"\t[[ -z $1 ]] || compadd -- ${=1}\n"
	"\t_files\n"
	"}\n"
	"\n"
	"# Words that may stand for themselves, and those that want something behind their colon.\n"
	"_iopt_words()\n"
	"{\n"
	"\tlocal -a whole open whole_says open_says\n"
	"\tlocal line word says\n"
	"\n"
	"\tif [[ $1 == -l ]]; then\n"
	"\t\tshift\n"
	"\t\tcompset -P '*,'\n"
	"\t\tcompset -S ',*'\n"
	"\tfi\n"
	"\tif compset -P 'replay:'; then\n"
	"\t\t_iopt_files $_iopt_table[traces]\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tfor line in ${(f)_iopt_table[$1]}; do\n"
	"\t\tword=${line%%$'\\t'*} says=${line/$'\\t'/  -- }\n"
	"\t\tif [[ $word == *: ]]; then\n"
	"\t\t\topen+=($word) open_says+=($says)\n"
	"\t\telse\n"
	"\t\t\twhole+=($word) whole_says+=($says)\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tcompadd -l -d whole_says -a -- whole\n"
	"\tcompadd -S '' -l -d open_says -a -- open\n"
	"}\n";

/* Inside $'…'. */
static void put_line(FILE *out, const char *word, const char *help)
{
	char text[COMPLETE_HELP_BYTES];

	fprintf(out, "%s%s", word, *help ? "\\t" : "");
	for (const char *c = complete_help(text, help); *c; c++)
		fprintf(out, "%s%c", *c == '\'' || *c == '\\' ? "\\" : "", *c);
	fputs("\\n", out);
}

struct of_verb {
	FILE *out;
	const char *verb;
};

static void flag_words(void *ctx, const struct complete_flag *f)
{
	const struct of_verb *v = ctx;

	if (!f->words[0].name)
		return;
	fprintf(v->out, "_iopt_table[%s-%s]=$'", v->verb, f->name);
	for (size_t i = 0; f->words[i].name; i++)
		put_line(v->out, f->words[i].name, f->words[i].help);
	fputs("'\n", v->out);
}

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
	const struct of_verb *v = ctx;
	char help[COMPLETE_HELP_BYTES];
	FILE *out = v->out;

	fprintf(out, " \\\n\t\t'--%s%s[", f->name, f->value == VALUE_NONE ? "" : f->attached ? "=-" : "=");
	put_escaped(out, complete_help(help, f->help));
	fputc(']', out);
	if (f->value != VALUE_NONE) {
		fputs(f->attached ? "::" : ":", out);
		put_escaped(out, f->metavar ? f->metavar : "VALUE");
		fputc(':', out);
	}
	if (f->value == VALUE_FILE || f->value == VALUE_DIR)
		fputs(f->value == VALUE_DIR ? "_files -/" : "_files", out);
	if (f->words[0].name)
		fprintf(out, " _iopt_words%s %s-%s", f->value == VALUE_LIST ? " -l" : "", v->verb, f->name);
	fputc('\'', out);
}

static void verb_function(void *ctx, const struct help_page *page)
{
	struct of_verb v = { ctx, page->verb };
	FILE *out = ctx;

	fputc('\n', out);
	complete_flags(page, flag_words, &v);
	fprintf(out, "_iopt_%s()\n{\n\t_arguments", page->verb);
	complete_flags(page, flag_spec, &v);
	if (page->files && page->words) {
		fputs(" \\\n\t\t'1:file: _iopt_files $_iopt_table[traces]'\n}\n", out);
		return;
	}
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
	char traces[512];

	fputs(head, out);
	fprintf(out, "\n_iopt_table[traces]='%s'\n", complete_traces(traces, sizeof(traces)));
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
