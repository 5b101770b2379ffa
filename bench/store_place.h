/*
 * store_place.h - where the store lies, how its files are called, and how one gets into it: what
 * store*.c share. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "sys/err.h"

#define STORE_PATH_BYTES 4096
#define STORE_NAME_MAX 64u
#define STORE_COMMIT_MAX 48u
#define STORE_NUMBER_MAX 999999u

/*
 * $XDG_DATA_HOME/iopt/BELOW, else $HOME/.local/share/iopt/BELOW. A variable that is no absolute path
 * counts as not set (XDG base directory specification 0.8). `code`, naming the variables, if neither
 * is; path[STORE_PATH_BYTES].
 */
int store_place(const char *below, char *path, int code, struct err *err);
/* Path of `name` in `dir`: EXIT_CANT_CREATE if it is too long. */
int store_join(const char *dir, const char *name, char *path, struct err *err);
/* mkdir -p, 0700 as the specification asks. EXIT_CANT_CREATE, naming the variable that led there. */
int store_make_dirs(const char *dir, struct err *err);

/*
 * A new file in `dir` that nobody else has, its path in temporary[STORE_PATH_BYTES]. NULL:
 * EXIT_CANT_CREATE in err.
 */
FILE *store_open_temporary(const char *dir, char *temporary, struct err *err);
/*
 * Flush it to the disk and close it, whatever happened before (failed: a write did). EXIT_WRITE, and
 * the file is gone.
 */
int store_close_temporary(FILE *out, bool failed, const char *temporary, struct err *err);

/* A character of names of baselines and commits. */
bool store_word_char(char c);
/* Length of the name of a baseline that `text` begins with; 0: none. */
size_t store_name_length(const char *text);
int store_bad_name(const char *name, struct err *err); /* EXIT_USAGE */
/* Directory of the baselines of the name of `length` bytes; as store_place(). */
int store_name_dir(const char *name, size_t length, char *path, int code, struct err *err);
/* "0003" and what follows, at *end; 0: does not begin with a number of four to six digits. */
unsigned store_number(const char *text, const char **end);
/* Number of a file 0003-COMMIT.json; 0: not of that form. */
unsigned store_baseline_number(const char *file);
