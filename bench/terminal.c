#include "bench/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0: it is no window, or does not know. */
static unsigned window_of(int fd)
{
	struct winsize window;

	return ioctl(fd, TIOCGWINSZ, &window) ? 0 : window.ws_col;
}

/* 0: it says nothing of use. */
static unsigned asked_for(const char *columns)
{
	char *end = NULL;
	unsigned long n;

	if (!columns || *columns < '0' || *columns > '9')
		return 0;
	n = strtoul(columns, &end, 10);
	return *end ? 0 : n < TERMINAL_MOST ? (unsigned)n : TERMINAL_MOST;
}

static unsigned columns_of(FILE *out)
{
	unsigned width = window_of(fileno(out));
	struct stat st;

	if (!width)
		width = asked_for(getenv("COLUMNS"));
	/* through `tee` or a pager it most likely ends in the window we complain to; in a file it is kept */
	if (!width && !fstat(fileno(out), &st) && S_ISFIFO(st.st_mode))
		width = window_of(STDERR_FILENO);
	return width ? width : TERMINAL_FILE;
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
