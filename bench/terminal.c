#include "bench/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static unsigned columns_of(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize window;
	char *end = NULL;
	unsigned long n;

	if (!ioctl(fileno(out), TIOCGWINSZ, &window) && window.ws_col)
		return window.ws_col;
	if (!columns || *columns < '0' || *columns > '9')
		return TERMINAL_FILE;
	n = strtoul(columns, &end, 10);
	if (!n || *end)
		return TERMINAL_FILE;
	return n < TERMINAL_MOST ? (unsigned)n : TERMINAL_MOST;
}

bool terminal_redraws(FILE *out)
{
	const char *term = getenv("TERM");

	return isatty(fileno(out)) && !(term && !strcmp(term, "dumb"));
}

struct terminal terminal_of(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR");
	unsigned width = columns_of(out);

	if (width < TERMINAL_LEAST)
		width = TERMINAL_LEAST;
	return (struct terminal){
		.width = width < TERMINAL_MOST ? width : TERMINAL_MOST,
		.colour = terminal_redraws(out) && !(no_colour && *no_colour),
	};
}

const char *paint_begin(const struct terminal *t, enum paint paint)
{
	static const char *const code[] = {
		[PAINT_NONE] = "", [PAINT_WORSE] = "\033[31m", [PAINT_UNSURE] = "\033[33m",
		[PAINT_BETTER] = "\033[32m", [PAINT_TITLE] = "\033[1m",
	};

	return t->colour ? code[paint] : "";
}

const char *paint_end(const struct terminal *t, enum paint paint)
{
	return t->colour && paint != PAINT_NONE ? "\033[0m" : "";
}
