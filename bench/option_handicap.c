/* option_handicap.c - the kind of value of `--handicap`. */
#include <stdlib.h>
#include <string.h>

#include "bench/option_row.h"

#define PERCENT_MIN 0.1
#define PERCENT_MAX 1000.0

/* Digits with a point among them: nothing else that strtod() reads. */
static bool percent_parse(const char *text, double *percent)
{
	char *end;

	if (text[strspn(text, "0123456789.")] || !*text)
		return false;
	*percent = strtod(text, &end);
	return !*end && *percent >= PERCENT_MIN && *percent <= PERCENT_MAX;
}

static bool handicap_parse(const struct option_row *row, const char *text, void *value,
			   struct why *why)
{
	struct handicap *h = value;

	(void)row;
	*h = (struct handicap){ .kind = HANDICAP_NONE };
	if (!strcmp(text, "none"))
		return true;
	if (!strcmp(text, "waste")) {
		h->kind = HANDICAP_WASTE;
		return true;
	}
	if (!strncmp(text, "slow:", 5) && percent_parse(text + 5, &h->percent)) {
		h->kind = HANDICAP_SLOW;
		return true;
	}
	snprintf(why->text, sizeof(why->text), "must be none, slow:PERCENT (%.1f..%.0f, such as slow:8), "
		 "or waste", PERCENT_MIN, PERCENT_MAX);
	return false;
}

char *handicap_text(const struct handicap *h, char *buf, size_t size)
{
	if (h->kind == HANDICAP_SLOW)
		snprintf(buf, size, "slow:%.9g", h->percent);
	else
		snprintf(buf, size, "%s", h->kind == HANDICAP_WASTE ? "waste" : "none");
	return buf;
}

static char *handicap_show(const struct option_row *row, const void *value, char *buf, size_t size)
{
	(void)row;
	return handicap_text(value, buf, size);
}

const struct option_kind kind_handicap = { "none|slow:PERCENT|waste", sizeof(struct handicap),
					   handicap_parse, handicap_show, NULL };
