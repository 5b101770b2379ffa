/* place_parse.c - the words of --place. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"

#define CPU_NUMBER_MAX 65535u

/* The decimal number at *text, which moves past it. False: none, or beyond any CPU. */
static bool take_number(const char **text, unsigned *out)
{
	unsigned long v;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	v = strtoul(*text, &end, 10);
	if (errno || v > CPU_NUMBER_MAX)
		return false;
	*text = end;
	*out = (unsigned)v;
	return true;
}

int place_range(const char **text, unsigned *first, unsigned *last)
{
	if (!**text)
		return 0;
	if (!take_number(text, first))
		return -1;
	*last = *first;
	if (**text == '-') {
		++*text;
		if (!take_number(text, last) || *last < *first)
			return -1;
	}
	if (**text == ',')
		return *++*text ? 1 : -1;
	return **text ? -1 : 1;
}

static int check_list(const struct place *place, struct err *err)
{
	const char *rest = place->text + strlen("cpus:");
	unsigned first, last;
	int rc = *rest ? 1 : -1;

	while (rc > 0)
		rc = place_range(&rest, &first, &last);
	if (rc < 0)
		return err_set(err, EXIT_USAGE, "--place %s: want a list such as cpus:0,2-5",
			       place->text);
	return 0;
}

int place_parse(struct place *out, const char *text, struct err *err)
{
	static const struct {
		const char *name;
		enum place_kind kind;
	} plain[] = {
		{ "compact", PLACE_COMPACT },
		{ "scatter", PLACE_SCATTER },
		{ "node-rr", PLACE_NODE_RR },
	};
	const char *rest = text + strlen("node:");

	*out = (struct place){ .kind = PLACE_COMPACT };
	if (strlen(text) >= sizeof(out->text))
		return err_set(err, EXIT_USAGE, "--place: longer than %zu characters",
			       sizeof(out->text) - 1);
	memcpy(out->text, text, strlen(text) + 1);
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(text, plain[i].name))
			continue;
		out->kind = plain[i].kind;
		return 0;
	}
	if (!strncmp(text, "cpus:", 5)) {
		out->kind = PLACE_CPUS;
		return check_list(out, err);
	}
	if (!strncmp(text, "node:", 5)) {
		out->kind = PLACE_NODE;
		if (take_number(&rest, &out->node) && !*rest)
			return 0;
		return err_set(err, EXIT_USAGE, "--place %s: want a node number, such as node:0",
			       text);
	}
	return err_set(err, EXIT_USAGE,
		       "--place %s: want compact, scatter, node-rr, node:N or cpus:LIST", text);
}
