/* gate_md.c - the verdict for a pull request: what is not OK on top, the rest folded. */
#include <ctype.h>
#include <string.h>

#include "bench/gate_parts.h"

#define ROWS_MAX 50u /* GitHub refuses comments of more than 65536 characters */

/* What comes out of a file is text, whatever Markdown and HTML would make of it. */
static void put(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (strchr("\\`*_[]#|~@", *text))
			fprintf(out, "\\%c", *text);
		else
			fputc(iscntrl((unsigned char)*text) ? ' ' : *text, out);
	}
}

/* A name that is to be copied: `code`, in which only bars and backticks matter. */
static void put_code(FILE *out, const char *text)
{
	fputc('`', out);
	for (; *text; text++) {
		if (*text == '|')
			fputs("\\|", out);
		else
			fputc(iscntrl((unsigned char)*text) || *text == '`' ? ' ' : *text, out);
	}
	fputc('`', out);
}

static void put_row(FILE *out, const struct gate_row *row, const struct gate_apart *apart)
{
	bool told = !strcmp(row->why, apart->why); /* or there is nothing to tell */
	char base[32], new[32], ratio[64], margin[48], p[16], steady[200];

	fputs("| ", out);
	put_code(out, row->a->id);
	fprintf(out, " | %s | %s | %s | %s%s | %s | %s | ", row->name,
		gate_show_value(base, sizeof(base), row, 0), gate_show_value(new, sizeof(new), row, 1),
		gate_show_ratio(ratio, sizeof(ratio), row), row->steady ? " \\*" : "",
		gate_show_margin(margin, sizeof(margin), row), gate_show_p(p, sizeof(p), row));
	fprintf(out, "%s%s%s | ", row->verdict == GATE_REGRESSED ? "**" : "",
		gate_verdict_name[row->verdict], row->verdict == GATE_REGRESSED ? "**" : "");
	put(out, gate_show_steady(steady, sizeof(steady), row));
	fputs(*steady && row->why[0] && !told ? "; " : "", out);
	put(out, told ? "" : row->why);
	fputs(" |\n", out);
}

static bool wanted(const struct gate_row *row, const struct gate_options *o, bool quiet)
{
	bool is_quiet = row->verdict == GATE_OK || row->verdict == GATE_INFO;

	return gate_row_shown(row, o) && is_quiet == quiet;
}

static size_t count(const struct gate *g, const struct gate_options *o, bool quiet)
{
	size_t n = 0;

	for (size_t i = 0; i < g->nrows; i++)
		n += wanted(&g->rows[i], o, quiet);
	return n;
}

static void put_table(FILE *out, const struct gate *g, const struct gate_options *o, bool quiet,
		      const struct gate_apart *apart)
{
	size_t n = 0, all = count(g, o, quiet);

	fprintf(out, "| case | metric | base | new | ratio \\[%.3g %%\\] | margin | p (Holm) | verdict | |\n"
		"|---|---|--:|--:|---|--:|--:|---|---|\n", 100 * (1 - g->alpha));
	for (size_t i = 0; i < g->nrows && n < ROWS_MAX; i++)
		if (wanted(&g->rows[i], o, quiet)) {
			put_row(out, &g->rows[i], apart);
			n++;
		}
	if (n < all)
		fprintf(out, "\n… and %zu more in the verdict file.\n", all - n);
	fputc('\n', out);
}

static void put_lines(FILE *out, const char *title, const char *lines, size_t n, size_t width)
{
	if (!n)
		return;
	fprintf(out, "%s\n\n", title);
	for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
		fputs("- ", out);
		put(out, lines + i * width);
		fputc('\n', out);
	}
	if (n > ROWS_MAX)
		fprintf(out, "- … and %zu more\n", n - ROWS_MAX);
	fputc('\n', out);
}

static void put_line(FILE *out, const char *text)
{
	if (!*text)
		return;
	put(out, text);
	fputs("\n\n", out);
}

static void put_how(FILE *out, const struct gate *g, const struct gate_options *o)
{
	char text[1024];

	fputs("<details><summary>How it was measured</summary>\n\n- ", out);
	put(out, gate_show_design(text, sizeof(text), g, o));
	fputs("\n- base: ", out);
	put(out, gate_show_side(text, sizeof(text), g->base));
	fputs("\n- new: ", out);
	put(out, gate_show_side(text, sizeof(text), g->new));
	if (g->base) {
		fingerprint_show(&g->base->host, text, sizeof(text));
		fputs("\n- on: ", out);
		put(out, text);
	}
	fputs("\n- REGRESSED: the interval lies beyond the margin, and p, adjusted for all gated tests, is "
	      "at most alpha. OK: it lies inside. INCONCLUSIVE: neither; no difference found is not "
	      "\"no regression\".\n\n", out);
	put_lines(out, "Notes", (const char *)g->notes, g->nnotes, sizeof(*g->notes));
	fputs("</details>\n", out);
}

int gate_write_md(const struct gate *g, const struct gate_options *o, FILE *out)
{
	const struct gate_apart apart = gate_apart(g, o);
	size_t quiet = count(g, o, true);
	char text[400];

	fprintf(out, "### iopt: %s\n\n", gate_word(g));
	put(out, g->summary);
	fputs("\n\n", out);
	put_lines(out, "What differs:", (const char *)g->differs, g->ndiffers, sizeof(*g->differs));
	put_lines(out, "Not on both sides, so not judged:", (const char *)g->missing, g->nmissing,
		  sizeof(*g->missing));
	put_line(out, gate_show_common(text, sizeof(text), &apart));
	if (count(g, o, false))
		put_table(out, g, o, false, &apart);
	if (quiet) {
		fprintf(out, "<details><summary>%zu other%s</summary>\n\n", quiet, quiet == 1 ? "" : "s");
		put_table(out, g, o, true, &apart);
		fputs("</details>\n\n", out);
	}
	put_line(out, gate_show_mark(&apart));
	put_line(out, gate_show_left_out(text, sizeof(text), &apart));
	put_how(out, g, o);
	return fflush(out) || ferror(out) ? -1 : 0;
}
