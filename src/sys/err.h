/*
 * err.h - how a failure travels up to main: an exit code of the design and one line of text.
 *
 * Below main nothing prints or exits; a function that can fail for a reason worth telling the user
 * takes `struct err *` and returns what err_set() returned.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>

enum iopt_exit {
	EXIT_FINE = 0,
	EXIT_REGRESSED = 10,
	EXIT_INCONCLUSIVE = 11,
	EXIT_NOT_COMPARABLE = 12,
	EXIT_VERIFY = 13,
	EXIT_UNTRUSTED = 14,
	EXIT_USAGE = 64,
	EXIT_BAD_DATA = 65,
	EXIT_NO_RESOURCE = 69,
	EXIT_INTERNAL = 70,
	EXIT_CANT_CREATE = 73,
	EXIT_WRITE = 74,
	EXIT_INTERRUPTED = 130,
};

struct err {
	int code; /* an enum iopt_exit; 0: nothing went wrong */
	char text[512];
};

/* Fill *err and return `code`, so that a caller can write `return err_set(err, …)`. */
__attribute__((format(printf, 3, 4))) static inline int err_set(struct err *err, int code,
								 const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}
