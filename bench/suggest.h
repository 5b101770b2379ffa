/* suggest.h - "did you mean": the known name nearest to a mistyped one. Pure. */
#pragma once

#include <stddef.h>

struct suggest {
	const char *word;
	const char *best; /* NULL: nothing near enough so far */
	size_t distance;  /* of best */
};

/* Edits (insert, delete, replace, swap neighbours) from a to b, of which 63 bytes are looked at. */
size_t edit_distance(const char *a, const char *b);

/* Offer every known name, then read `best`: at most a third of the word may be wrong. */
void suggest_start(struct suggest *s, const char *word);
void suggest_offer(struct suggest *s, const char *name);
/* "; did you mean NAME?" or "", into buf, which is returned. */
char *suggest_text(const struct suggest *s, const char *prefix, char *buf, size_t size);
