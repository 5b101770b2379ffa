#include "bench/flags.h"

#include <stdlib.h>
#include <string.h>

#include "bench/suggest.h"
#include "bench/units.h"

#define HELP_INDENT 24
#define HELP_COLUMNS 96

static const struct flag *find(const struct flag *flags, const char *name, size_t length)
{
	for (; flags->name; flags++)
		if (strlen(flags->name) == length && !strncmp(flags->name, name, length))
			return flags;
	return NULL;
}

static int unknown(const struct flag *flags, const char *verb, const char *name, size_t length,
		   struct err *err)
{
	char word[64], did[64];
	struct suggest s;

	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	suggest_start(&s, word);
	for (; flags->name; flags++)
		suggest_offer(&s, flags->name);
	return err_set(err, EXIT_USAGE, "--%s: no such flag%s (iopt %s --help lists them)", word,
		       suggest_text(&s, "--", did, sizeof(did)), verb);
}

static int set_number(const struct flag *f, const char *text, struct err *err)
{
	bool time = f->kind == FLAG_DURATION;
	char min[32], max[32];
	uint64_t v;

	if (!(time ? parse_duration_ns(text, &v) : parse_count(text, &v)))
		return err_set(err, EXIT_USAGE, "--%s %.64s: want a %s", f->name, text,
			       time ? "time with its unit, such as 20ms" : "whole number");
	if (v >= f->min && v <= f->max) {
		*(uint64_t *)f->value = v;
		return 0;
	}
	if (time)
		return err_set(err, EXIT_USAGE, "--%s %.64s: want %s to %s", f->name, text,
			       show_ns(min, sizeof(min), (double)f->min),
			       show_ns(max, sizeof(max), (double)f->max));
	return err_set(err, EXIT_USAGE, "--%s %.64s: want %s to %s", f->name, text,
		       show_int(min, sizeof(min), f->min), show_int(max, sizeof(max), f->max));
}

static int set_percent(const struct flag *f, const char *text, struct err *err)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%")) || !(v >= 0 && v <= (double)f->max))
		return err_set(err, EXIT_USAGE, "--%s %.64s: want a percentage from 0 to %lu, such as 3%%",
			       f->name, text, (unsigned long)f->max);
	*(double *)f->value = v / 100;
	return 0;
}

static int set_choice(const struct flag *f, const char *text, struct err *err)
{
	char all[256] = "";

	for (unsigned i = 0; f->choices[i]; i++) {
		size_t used = strlen(all);

		if (!strcmp(text, f->choices[i])) {
			*(unsigned *)f->value = i;
			return 0;
		}
		snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", f->choices[i]);
	}
	return err_set(err, EXIT_USAGE, "--%s %.64s: want one of %s", f->name, text, all);
}

static int set(const struct flag *f, const char *text, struct err *err)
{
	if (!*text && f->kind != FLAG_TEXT)
		return err_set(err, EXIT_USAGE, "--%s wants a value", f->name);
	switch (f->kind) {
	case FLAG_BOOL:
		return err_set(err, EXIT_USAGE, "--%s takes no value", f->name);
	case FLAG_TEXT:
		*(const char **)f->value = text;
		return 0;
	case FLAG_COUNT:
	case FLAG_DURATION:
		return set_number(f, text, err);
	case FLAG_PERCENT:
		return set_percent(f, text, err);
	case FLAG_CHOICE:
	case FLAG_MODE:
		return set_choice(f, text, err);
	}
	return 0;
}

/* The flag at argv[*i], which moves on over a value that stands apart. */
static int take(const struct flag *flags, const char *verb, int argc, char **argv, int *i,
		struct err *err)
{
	const char *name = argv[*i] + 2;
	size_t length = strcspn(name, "=");
	const struct flag *f = find(flags, name, length);

	if (!f)
		return unknown(flags, verb, name, length, err);
	if (f->given)
		*f->given = true;
	if (name[length])
		return set(f, name + length + 1, err);
	if (f->kind == FLAG_BOOL) {
		*(bool *)f->value = true;
		return 0;
	}
	if (f->kind == FLAG_MODE) {
		*(unsigned *)f->value = 1;
		return 0;
	}
	if (*i + 1 == argc || !strcmp(argv[*i + 1], "--"))
		return err_set(err, EXIT_USAGE, "--%s wants a value", f->name);
	return set(f, argv[++*i], err);
}

int flags_parse(const struct flag *flags, const char *verb, int argc, char **argv,
		struct flag_args *out, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		if (out->takes_rest && !strcmp(argv[i], "--")) {
			out->rest = argv + i + 1;
			out->nrest = argc - i - 1;
			return 0;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			out->help = true;
			return 0;
		}
		if (!strncmp(argv[i], "--", 2) && argv[i][2]) {
			if (take(flags, verb, argc, argv, &i, err))
				return err->code;
		} else if (argv[i][0] == '-' && argv[i][1]) { /* a lone dash is a file: stdin */
			return err_set(err, EXIT_USAGE, "%s: no such flag (iopt %s --help lists them)",
				       argv[i], verb);
		} else if (out->nargs == out->most) {
			return err_set(err, EXIT_USAGE, "%s: one argument too many (see iopt %s --help)",
				       argv[i], verb);
		} else {
			out->args[out->nargs++] = argv[i];
		}
	}
	return 0;
}

void flags_help(const struct flag *flags, FILE *out)
{
	for (; flags->name; flags++) {
		const char *text = flags->help;
		int at = fprintf(out, "  --%s%s%s", flags->name, flags->metavar ? " " : "",
				 flags->metavar ? flags->metavar : "");

		if (at + 2 > HELP_INDENT) {
			fputc('\n', out);
			at = 0;
		}
		at += fprintf(out, "%*s", HELP_INDENT - at, "");
		while (*text) {
			size_t len = strcspn(text, " ");

			if (at + 1 + (int)len > HELP_COLUMNS)
				at = fprintf(out, "\n%*s", HELP_INDENT, "") - 1;
			else if (at > HELP_INDENT)
				at += fprintf(out, " ");
			at += fprintf(out, "%.*s", (int)len, text);
			text += len + (text[len] == ' ');
		}
		fputc('\n', out);
	}
	fprintf(out, "  %-*sthis text\n", HELP_INDENT - 2, "--help");
}
