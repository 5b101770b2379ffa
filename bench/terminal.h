/*
 * terminal.h - what text for people may use of where it goes: how many columns, and whether colour. Every
 * escape code of the program is here or erases a line of progress. Main thread.
 *
 * Colour means worse, unsure or better, and nothing else; it is never alone: a word or a sign in the
 * coloured text says the same ("worse", "!", "REGRESSED"). Bold is for titles.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#define TERMINAL_LEAST 80u    /* a narrower one is written to as if it had these */
#define TERMINAL_FILE 100u    /* of what is no terminal */
#define TERMINAL_MOST 200u    /* longer lines nobody reads */
#define TERMINAL_ROOMY 120u   /* from here on names are written out */

struct terminal {
	unsigned width; /* columns of a line, TERMINAL_LEAST to TERMINAL_MOST */
	bool colour;
};

enum paint { PAINT_NONE, PAINT_WORSE, PAINT_UNSURE, PAINT_BETTER, PAINT_TITLE };

/*
 * The window's columns, else $COLUMNS, else, of a pipe, those of stderr's window, else TERMINAL_FILE.
 * Colour only on a terminal that is not `dumb`, and not with $NO_COLOR (no-color.org: set, and not empty).
 */
struct terminal terminal_of(FILE *out);
/* A terminal on which a line can be written again: one that is not `dumb`. */
bool terminal_redraws(FILE *out);

/* Codes around a painted text, "" where there is no colour or nothing to paint. */
const char *paint_begin(const struct terminal *t, enum paint paint);
const char *paint_end(const struct terminal *t, enum paint paint);
