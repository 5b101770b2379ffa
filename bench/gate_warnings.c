/* gate_warnings.c - what the results warn of, each kind once: of two builds there are a hundred files. */
#include <ctype.h>
#include <string.h>

#include "bench/gate_parts.h"

/* But for the numbers: "load is 1.6" is "load is 2.1". */
static bool alike(const char *a, const char *b)
{
	while (*a && *b) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			a += strspn(a, "0123456789.");
			b += strspn(b, "0123456789.");
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return *a == *b;
}

static bool in_file(const struct stored *s, size_t n, const char *text)
{
	for (size_t k = 0; k < n; k++)
		if (alike(s->warnings[k], text))
			return true;
	return false;
}

/* In any of the first `files` of a side. */
static bool warns(const struct gate_side *side, size_t files, const char *text)
{
	for (size_t i = 0; i < files; i++)
		if (in_file(side->files[i], side->files[i]->nwarnings, text))
			return true;
	return false;
}

/* What both warn of is told once, with the first. */
static int pass_on(struct gate *g, const struct gate_side *side, const struct gate_side *other,
		   const char *name, bool first)
{
	for (size_t i = 0; i < side->n; i++) {
		const struct stored *s = side->files[i];

		for (size_t k = 0; k < s->nwarnings; k++) {
			const char *text = s->warnings[k];
			bool both = warns(other, other->n, text);

			if ((both && !first) || warns(side, i, text) || in_file(s, k, text))
				continue;
			if (gate_note(g, "%s: %s", both ? "both" : name, text))
				return -1;
		}
	}
	return 0;
}

int gate_pass_on_warnings(struct gate *g, const struct gate_side *a, const struct gate_side *b)
{
	return pass_on(g, a, b, "BASE", true) || pass_on(g, b, a, "NEW", false) ? -1 : 0;
}
