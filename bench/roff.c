#include "bench/roff.h"

#include <stdint.h>
#include <string.h>

#define LINE_LONG 50u /* a line of running text goes on in the next from here; mandoc(1) wants < 80 */

/* The code point at `text`, *used bytes of UTF-8; a byte that begins none stands for itself. */
static uint32_t code_point(const char *text, size_t left, size_t *used)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t more = at[0] >= 0xf0 ? 3 : at[0] >= 0xe0 ? 2 : at[0] >= 0xc0 ? 1 : 0;
	uint32_t point = more ? at[0] & (0x3fu >> more) : at[0];

	*used = 1;
	if (more >= left)
		return at[0];
	for (size_t i = 1; i <= more; i++)
		point = point << 6 | (at[i] & 0x3f);
	*used += more;
	return point;
}

/*
 * A hyphen is written as a minus everywhere: nearly all of them are in names and options, which are to
 * be found and copied.
 */
static void put_point(FILE *out, uint32_t point)
{
	switch (point) {
	case '\\':
		fputs("\\e", out);
		break;
	case '-':
		fputs("\\-", out);
		break;
	case '\'':
		fputs("\\(aq", out);
		break;
	case '`':
		fputs("\\(ga", out);
		break;
	case '^':
		fputs("\\(ha", out);
		break;
	case '~':
		fputs("\\(ti", out);
		break;
	default:
		if (point < 0x80)
			fputc((int)point, out);
		else
			fprintf(out, "\\[u%04X]", point);
	}
}

static void put(FILE *out, const char *text, size_t n, bool bold_quotes)
{
	bool line_begins = true, bold = false;
	size_t used, column = 0;

	for (size_t i = 0; i < n; i += used) {
		uint32_t point = code_point(text + i, n - i, &used);

		if (line_begins && (point == '.' || point == '\''))
			fputs("\\&", out);
		if (point == ' ' && bold_quotes && column > LINE_LONG)
			point = '\n';
		line_begins = point == '\n';
		column = line_begins ? 0 : column + 1;
		if (point == '`' && bold_quotes) {
			fputs(bold ? "\\fR" : "\\fB", out);
			bold = !bold;
		} else {
			put_point(out, point);
		}
	}
}

void roff_text(FILE *out, const char *text, size_t n)
{
	put(out, text, n, true);
}

void roff_literal(FILE *out, const char *text, size_t n)
{
	put(out, text, n, false);
}

/* One line with its end, if it has one. */
static size_t line_length(const char *text)
{
	size_t n = strcspn(text, "\n");

	return n + (text[n] == '\n');
}

static bool is_literal(const char *line)
{
	return !strncmp(line, "  ", 2);
}

static void put_literal_block(FILE *out, const char **text)
{
	fputs(".PP\n.RS 4\n.nf\n", out);
	while (is_literal(*text)) {
		size_t n = line_length(*text);

		roff_literal(out, *text + 2, n - 2);
		*text += n;
	}
	fputs(".fi\n.RE\n", out);
}

void roff_paragraphs(FILE *out, const char *text, bool heads)
{
	bool begins = !heads;

	text += strspn(text, "\n");
	while (*text) {
		if (*text == '\n') {
			begins = true;
			text++;
		} else if (is_literal(text)) {
			put_literal_block(out, &text);
			begins = true;
		} else {
			size_t n = line_length(text);

			if (begins)
				fputs(".PP\n", out);
			begins = false;
			roff_text(out, text, n);
			text += n;
		}
	}
}
