/* gate_lists.c - what grows: the files of a side, and the lines that a gate has to say. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gate_parts.h"

int gate_side_add(struct gate_side *side, const struct stored *file)
{
	if (side->n == side->room) {
		size_t room = side->room ? 2 * side->room : 16;
		const struct stored **files = realloc(side->files, room * sizeof(const struct stored *));

		if (!files)
			return -1;
		side->files = files;
		side->room = room;
	}
	side->files[side->n++] = file;
	return 0;
}

void gate_side_free(struct gate_side *side)
{
	free(side->files);
	*side = (struct gate_side){ 0 };
}

/* Lines of `width` bytes each; what does not fit a line is cut. */
static int add(void *list, size_t *n, size_t width, const char *text)
{
	char **lines = list;

	for (size_t i = 0; i < *n; i++)
		if (!strncmp(*lines + i * width, text, width - 1))
			return 0;
	/* room for a power of two, doubled when the count reaches one */
	if ((*n & (*n - 1)) == 0) {
		char *more = realloc(*lines, (*n ? 2 * *n : 1) * width);

		if (!more)
			return -1;
		*lines = more;
	}
	snprintf(*lines + (*n)++ * width, width, "%s", text);
	return 0;
}

int gate_note(struct gate *g, const char *fmt, ...)
{
	char text[sizeof(*g->notes)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add(&g->notes, &g->nnotes, sizeof(*g->notes), text);
}

int gate_differ(struct gate *g, const char *text)
{
	return add(&g->differs, &g->ndiffers, sizeof(*g->differs), text);
}

int gate_miss(struct gate *g, const char *fmt, ...)
{
	char text[sizeof(*g->missing)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add(&g->missing, &g->nmissing, sizeof(*g->missing), text);
}

void gate_free(struct gate *g)
{
	free(g->rows);
	free(g->missing);
	free(g->differs);
	free(g->notes);
	*g = (struct gate){ 0 };
}
