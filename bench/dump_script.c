/* dump_script.c - op scripts for `iopt dump`: one operation a line, read into struct pt_op. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/dump.h"
#include "bench/units.h"

#define FIELDS_MAX 5

/* What the fields after the operation's name mean, one letter each. */
static const struct form {
	const char *name, *fields;
	enum pt_kind kind;
} forms[] = {
	/* I iova, A pa, P page size, C count, S size of a range, R permission */
	{ "map", "IAPCR", PT_MAP },
	{ "unmap", "IPC", PT_UNMAP },
	{ "map_range", "IASR", PT_MAP_RANGE },
	{ "unmap_range", "IS", PT_UNMAP_RANGE },
	{ "lookup", "I", PT_LOOKUP },
};

/* What is no page size becomes one that the engine refuses. */
static void set_page_size(struct pt_op *op, uint64_t bytes)
{
	op->size_lg2 = 0;
	if (bytes && !(bytes & (bytes - 1)))
		op->size_lg2 = (uint8_t)__builtin_ctzll(bytes);
}

/* A range as count << size_lg2, with a size that every format has; none of them: the engine refuses. */
static bool set_range(struct pt_op *op, uint64_t bytes)
{
	static const uint8_t sizes[] = { 12, 21, 30 };
	size_t i = 0;

	while (i < 2 && bytes >> sizes[i] > UINT32_MAX && !(bytes & ((1ull << sizes[i + 1]) - 1)))
		i++;
	op->size_lg2 = bytes & ((1ull << sizes[0]) - 1) ? 0 : sizes[i];
	op->count = (uint32_t)(bytes >> sizes[i]);
	return bytes >> sizes[i] <= UINT32_MAX;
}

static const char *set_field(struct pt_op *op, char field, uint64_t value)
{
	switch (field) {
	case 'I':
		op->iova = value;
		break;
	case 'A':
		op->pa = value;
		break;
	case 'P':
		set_page_size(op, value);
		break;
	case 'C':
		if (value > UINT32_MAX)
			return "COUNT is above 4294967295";
		op->count = (uint32_t)value;
		break;
	case 'S':
		if (!set_range(op, value))
			return "SIZE is not a 32-bit count of any page size";
		break;
	default:
		op->prot = value > UINT8_MAX ? UINT8_MAX : (uint8_t)value;
		break;
	}
	return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *parse_line(struct pt_op *op, char *line)
{
	const struct form *form = NULL;
	char *save = NULL, *word = strtok_r(line, " \t", &save);
	const char *wrong;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(word, forms[i].name))
			form = &forms[i];
	if (!form)
		return "operations are map, unmap, map_range, unmap_range and lookup";
	*op = (struct pt_op){ .kind = (uint8_t)form->kind };
	for (const char *field = form->fields; *field; field++) {
		uint64_t value;

		word = strtok_r(NULL, " \t", &save);
		if (!word)
			return "too few arguments";
		if (!parse_bytes(word, &value))
			return "a number is decimal or 0x…, with K M G T P, A+B, A-B or -A";
		wrong = set_field(op, *field, value);
		if (wrong)
			return wrong;
	}
	return strtok_r(NULL, " \t", &save) ? "too many arguments" : NULL;
}

/* Cut comment and outer blanks off; NULL if nothing is left. */
static char *trim(char *line)
{
	char *end;

	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	end = line + strlen(line);
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return *line ? line : NULL;
}

static int add_step(struct dump_script *s, const char *text)
{
	struct dump_step *steps = realloc(s->steps, (s->n + 1) * sizeof(*steps));

	if (!steps)
		return -ENOMEM;
	s->steps = steps;
	steps[s->n].text = strdup(text);
	if (!steps[s->n].text)
		return -ENOMEM;
	s->n++;
	return 0;
}

static int read_lines(struct dump_script *s, FILE *file, const char *path, struct err *err)
{
	char *line = NULL;
	size_t room = 0;
	int rc = 0;

	for (size_t number = 1; !rc; number++) {
		ssize_t length = getline(&line, &room, file);
		const char *wrong;
		char *text;

		if (length < 0)
			break;
		if (strlen(line) != (size_t)length) {
			rc = err_set(err, EXIT_BAD_DATA, "%s:%zu: a zero byte", path, number);
			break;
		}
		text = trim(line);
		if (!text)
			continue;
		if (add_step(s, text)) {
			rc = err_set(err, EXIT_NO_RESOURCE, "no memory for %s", path);
			break;
		}
		wrong = parse_line(&s->steps[s->n - 1].op, text);
		if (wrong)
			rc = err_set(err, EXIT_BAD_DATA, "%s:%zu: %s", path, number, wrong);
	}
	if (!rc && ferror(file))
		rc = err_set(err, EXIT_BAD_DATA, "%s: %s", path, strerror(errno));
	free(line);
	return rc;
}

int dump_read(struct dump_script *out, const char *path, struct err *err)
{
	FILE *file = fopen(path, "r");
	int rc;

	*out = (struct dump_script){ 0 };
	if (!file)
		return err_set(err, EXIT_BAD_DATA, "%s: %s", path, strerror(errno));
	rc = read_lines(out, file, path, err);
	fclose(file);
	if (rc)
		dump_free(out);
	return rc;
}

void dump_free(struct dump_script *script)
{
	for (size_t i = 0; i < script->n; i++)
		free(script->steps[i].text);
	free(script->steps);
	*script = (struct dump_script){ 0 };
}
