/* columns_text.c - how wide a text is on a terminal, and its words in lines. */
#include <ctype.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "bench/columns.h"

/* Whatever LC_ALL says: results are UTF-8. Where the C library lacks the locale each character is one. */
static size_t wide_columns(const char *text)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before = (locale_t)0;
	size_t n = 0, length;
	mbstate_t state = { 0 };
	wchar_t c;

	if (utf8)
		before = uselocale(utf8);
	for (; *text; text += length) {
		int w = 1;

		length = utf8 ? mbrtowc(&c, text, strlen(text), &state) : 1;
		if (length > strlen(text)) { /* no character: a byte that counts as one */
			length = 1;
			memset(&state, 0, sizeof(state));
		} else if (utf8) {
			w = wcwidth(c);
		} else {
			w = ((unsigned char)*text & 0xc0) != 0x80;
		}
		n += w > 0 ? (size_t)w : 0;
	}
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return n;
}

size_t columns_width(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c >= 0x80)
			return wide_columns(text);
	return strlen(text);
}

void columns_clean(char *text)
{
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

void columns_words(FILE *out, const struct terminal *terminal, enum paint paint, size_t at, size_t indent,
		   const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;
	bool begun = false;

	if (!copy) {
		fprintf(out, "%s\n", text);
		return;
	}
	columns_clean(copy);
	fputs(paint_begin(terminal, paint), out);
	while ((word = strsep(&rest, " "))) {
		size_t length = columns_width(word);

		if (!length)
			continue;
		if (begun && at + 1 + length > terminal->width) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (begun) {
			fputc(' ', out);
			at++;
		}
		fputs(word, out);
		at += length;
		begun = true;
	}
	fprintf(out, "%s\n", paint_end(terminal, paint));
	free(copy);
}
