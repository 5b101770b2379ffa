/* complete_bash.c - `iopt list bash`. */
#include "bench/complete.h"
#include "bench/verbs.h"

/*
 * Bash cuts words at `=` and `:` before a completion sees them, so the line is cut again, at blanks
 * alone; of the replies what stands before the last colon is taken off, as bash has it already.
 */
static const char head[] =
	"# bash completion of iopt, made by `iopt list bash`: source it, or install it as iopt in\n"
	"# /usr/share/bash-completion/completions.\n"
	"_iopt_reply()\n"
	"{\n"
	"\tlocal kind=$1 cur=$2 words=$3 done='' i\n"
	"\n"
	"\tcase $kind in\n"
	"\tfile)\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"; compgen -f -- \"$cur\") ;;\n"
	"\tdir) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"\twords) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
	"\tlist)\n"
	"\t\tdone=${cur%\"${cur##*,}\"}\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -P \"$done\" -W \"$words\" -- \"${cur##*,}\")\n"
	"\t\tcompopt -o nospace 2>/dev/null ;;\n"
	"\tesac\n"
	"\tcase ${COMPREPLY[0]} in *[:=]) compopt -o nospace 2>/dev/null ;; esac\n"
	"\t[[ $cur == *:* && $COMP_WORDBREAKS == *:* ]] || return 0\n"
	"\tfor i in \"${!COMPREPLY[@]}\"; do\n"
	"\t\tCOMPREPLY[i]=${COMPREPLY[i]#\"${cur%\"${cur##*:}\"}\"}\n"
	"\tdone\n"
	"}\n"
	"\n"
	"_iopt()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} cur verb flag tokens flags='' kind='' words='' traces='"
;

static const char middle[] =
	"'\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tcur=${line##*[[:space:]]}\n"
	"\tread -ra tokens <<< \"${line%\"$cur\"}\"\n"
	"\tverb=${tokens[1]} flag=${tokens[${#tokens[@]}-1]}\n"
	"\tif [[ $verb == help ]]; then\n"
	"\t\tverb=''\n"
	"\tfi\n"
	"\tif [[ $cur == --*=* ]]; then\n"
	"\t\tflag=${cur%%=*}= cur=${cur#*=}\n"
	"\tfi\n"
	"\tcase $verb in\n";

static const char tail[] =
	"' ;;\n"
	"\tesac\n"
	"\tif [[ -z $flag && $cur == -* ]]; then\n"
	"\t\tkind='words' words=$flags\n"
	"\telif [[ $kind == list && $cur == *replay:* ]]; then\n"
	"\t\tkind='file' cur=${cur##*replay:} words=$traces\n"
	"\tfi\n"
	"\t_iopt_reply \"$kind\" \"$cur\" \"$words\"\n"
	"}\n"
	"complete -F _iopt iopt\n";

static void flag_name(void *ctx, const struct complete_flag *f)
{
	fprintf(ctx, " --%s", f->name);
}

static void flag_value(void *ctx, const struct complete_flag *f)
{
	static const char *const kinds[] = { [VALUE_FREE] = "free", [VALUE_FILE] = "file",
					     [VALUE_DIR] = "dir", [VALUE_WORDS] = "words",
					     [VALUE_LIST] = "list" };

	if (f->value == VALUE_NONE)
		return;
	if (f->attached)
		fprintf(ctx, "\t\t--%s=) kind='%s'", f->name, kinds[f->value]);
	else
		fprintf(ctx, "\t\t--%s | --%s=) kind='%s'", f->name, f->name, kinds[f->value]);
	for (size_t i = 0; f->words[i].name; i++)
		fprintf(ctx, "%s%s", i ? " " : " words='", f->words[i].name);
	fputs(f->words[0].name ? "' ;;\n" : " ;;\n", ctx);
}

static void verb_case(void *ctx, const struct help_page *page)
{
	FILE *out = ctx;

	fprintf(out, "\t%s)\n\t\tflags='", page->verb);
	complete_flags(page, flag_name, out);
	fputs("'\n\t\tcase $flag in\n", out);
	complete_flags(page, flag_value, out);
	fprintf(out, "\t\t*) flag='' kind='%s'", page->files ? "file" : page->words ? "words" : "none");
	for (size_t i = 0; page->words && page->words[i]; i++)
		fprintf(out, "%s%s", i ? " " : " words='", page->words[i]);
	fputs(page->words ? "' ;;\n" : " ;;\n", out);
	fputs("\t\tesac ;;\n", out);
}

void complete_bash(FILE *out)
{
	char traces[512];

	fputs(head, out);
	fputs(complete_traces(traces, sizeof(traces)), out);
	fputs(middle, out);
	help_each(verb_case, out);
	fputs("\t*) flag='' kind='words' words='help --help --version", out);
	for (const struct verb *v = verbs; v->name; v++)
		fprintf(out, " %s", v->name);
	fputs(tail, out);
}
