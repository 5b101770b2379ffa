/* roff.h - text for a manual page in man(7): what means something to troff is made not to. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Up to n bytes of running text: `words in backquotes` become bold, new lines stay. */
void roff_text(FILE *out, const char *text, size_t n);
/* Lines that stay as they are. */
void roff_literal(FILE *out, const char *text, size_t n);
/*
 * Paragraphs divided by empty lines: "  indented" lines are literal, "Heading:" before them is a line of
 * its own. `heads`: it comes right behind a heading, where the first paragraph needs no macro.
 */
void roff_paragraphs(FILE *out, const char *text, bool heads);
