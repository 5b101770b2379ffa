/* columns_text.c - how wide a text is on a terminal, and its words in lines. */
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "bench/columns.h"

/* Bytes of the character at `at`, or 0 for one that would move the cursor or is no UTF-8. */
static size_t printable(const unsigned char *at)
{
	size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc2 ? 2 : 0;

	if (at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

/* Whatever LC_ALL says: results are UTF-8. Where the C library lacks the locale each character is one. */
static size_t cut_wide(const char *text, size_t most, size_t *taken)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), before = (locale_t)0;
	size_t bytes = 0, length;
	mbstate_t state = { 0 };
	wchar_t c;

	if (utf8)
		before = uselocale(utf8);
	for (*taken = 0; text[bytes]; bytes += length) {
		int w = 1;

		length = utf8 ? mbrtowc(&c, text + bytes, strlen(text + bytes), &state) : 1;
		if (length > strlen(text + bytes)) { /* no character: a byte that counts as one */
			length = 1;
			memset(&state, 0, sizeof(state));
		} else if (utf8) {
			w = wcwidth(c);
		} else {
			w = ((unsigned char)text[bytes] & 0xc0) != 0x80;
		}
		if (w > 0 && *taken + (size_t)w > most)
			break;
		*taken += w > 0 ? (size_t)w : 0;
	}
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return bytes;
}

size_t columns_cut(const char *text, size_t most, size_t *taken)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c >= 0x80)
			return cut_wide(text, most, taken);
	*taken = strnlen(text, most);
	return *taken;
}

size_t columns_width(const char *text)
{
	size_t taken;

	columns_cut(text, SIZE_MAX, &taken);
	return taken;
}

void columns_clean(char *text)
{
	size_t length;

	for (; *text; text += length ? length : 1) {
		length = printable((const unsigned char *)text);
		if (!length)
			*text = '?';
	}
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
