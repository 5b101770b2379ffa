#include "bench/suggest.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 63u

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

size_t edit_distance(const char *a, const char *b)
{
	size_t na = strnlen(a, WORD_MAX), nb = strnlen(b, WORD_MAX);
	size_t rows[3][WORD_MAX + 1];
	size_t *older = rows[0], *old = rows[1], *row = rows[2];

	for (size_t j = 0; j <= nb; j++)
		old[j] = j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = min3(old[j] + 1, row[j - 1] + 1,
				      old[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    older[j - 2] + 1 < row[j])
				row[j] = older[j - 2] + 1;
		}
		size_t *spare = older;

		older = old;
		old = row;
		row = spare;
	}
	return old[nb];
}

void suggest_start(struct suggest *s, const char *word)
{
	*s = (struct suggest){ .word = word };
}

void suggest_offer(struct suggest *s, const char *name)
{
	size_t len = strnlen(s->word, WORD_MAX);
	size_t allowed = len < 3 ? 1 : (len + 2) / 3;
	size_t d = edit_distance(s->word, name);

	/* Everything is near a word of one letter. */
	if (d > allowed || d >= strnlen(name, WORD_MAX) || (s->best && d >= s->distance))
		return;
	s->best = name;
	s->distance = d;
}

char *suggest_text(const struct suggest *s, const char *prefix, char *buf, size_t size)
{
	buf[0] = '\0';
	if (s->best)
		snprintf(buf, size, "; did you mean %s%s?", prefix, s->best);
	return buf;
}
