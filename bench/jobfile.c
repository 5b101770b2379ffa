/*
 * jobfile.c - fio style job files, read with inih: [global], then a section per job.
 *
 * inih hands over one key at a time and knows no line numbers in its packaged form, so the reader
 * below counts lines as it feeds them.
 */
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "bench/option_row.h"

#define FILE_MAX (1u << 20)
#define SECTION_MAX 48u /* inih cuts longer ones in silence */

struct reader {
	const char *next, *end;
	unsigned line;         /* of the text handed over last */
	unsigned long_line;    /* first line too long for inih, or 0 */
	unsigned header;       /* line of the current [section], or 0 */
	unsigned empty_header; /* first section without a key, or 0 */
	bool indented, header_has_key;
};

/* A key whose value may go on in the next, indented line. */
struct pending {
	const struct option_row *row; /* NULL: none */
	unsigned line;
	char value[4096];
};

struct job_reader {
	struct reader reader;
	const char *path;
	struct err *err;
	unsigned failed_at; /* line that was being read when *err was set */
	struct options global;
	bool has_global;
	struct options *jobs;
	size_t n;
	struct options *target;  /* what the current section fills */
	unsigned target_header;  /* its line */
	uint64_t keys;           /* rows set in this section */
	struct pending pending;
};

static void note_header(struct reader *r, const char *text, size_t len)
{
	size_t blanks = 0;

	while (blanks < len && (text[blanks] == ' ' || text[blanks] == '\t'))
		blanks++;
	r->indented = blanks > 0;
	/* Below a key an indented bracket goes on with its value. */
	if (blanks == len || text[blanks] != '[' || (blanks && r->header_has_key))
		return;
	if (r->header && !r->header_has_key && !r->empty_header)
		r->empty_header = r->header;
	r->header = r->line;
	r->header_has_key = false;
}

/* fgets over the text in memory. */
static char *read_line(char *str, int num, void *stream)
{
	struct reader *r = stream;
	size_t left = (size_t)(r->end - r->next), len;

	if (!left)
		return NULL;
	const char *newline = memchr(r->next, '\n', left);

	len = newline ? (size_t)(newline - r->next) + 1 : left;
	r->line++;
	note_header(r, r->next, len);
	size_t fits = len < (size_t)num ? len : (size_t)num - 1;

	if (fits < len && !r->long_line)
		r->long_line = r->line;
	memcpy(str, r->next, fits);
	str[fits] = '\0';
	r->next += len;
	return str;
}

__attribute__((format(printf, 4, 5))) static int complain(struct job_reader *j, unsigned line,
							   int code, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	j->failed_at = j->reader.line;
	return err_set(j->err, code, "%.90s:%u: %s", j->path, line, text);
}

static int flush(struct job_reader *j)
{
	const struct option_row *row = j->pending.row;
	struct why why;

	j->pending.row = NULL;
	if (!row || !j->target)
		return 0;
	if (!option_set(j->target, row, j->pending.value, &why))
		return complain(j, j->pending.line, EXIT_USAGE, "%s = %.120s: %.250s", row->name,
				why.item, why.text);
	j->target->given |= option_bit(row);
	return 0;
}

static int begin_global(struct job_reader *j, unsigned line)
{
	if (j->has_global || j->n)
		return complain(j, line, EXIT_USAGE, "[global] must stand once, before the jobs");
	j->has_global = true;
	j->target = &j->global;
	return 0;
}

static int begin_section(struct job_reader *j, const char *name)
{
	unsigned line = j->reader.header;

	j->target_header = line;
	j->keys = 0;
	if (!line)
		return complain(j, j->reader.line, EXIT_USAGE,
				"a key before any section: start with [global] or [NAME]");
	if (!strcmp(name, "global"))
		return begin_global(j, line);
	if (!*name || strlen(name) > SECTION_MAX)
		return complain(j, line, EXIT_USAGE, "a job's name has 1..%u bytes", SECTION_MAX);
	for (size_t i = 0; i < j->n; i++)
		if (!strcmp(j->jobs[i].job, name))
			return complain(j, line, EXIT_USAGE, "[%s]: a second job of this name",
					name);
	if (j->n == JOBS_MAX)
		return complain(j, line, EXIT_USAGE, "more than %u jobs", JOBS_MAX);
	j->target = &j->jobs[j->n++];
	*j->target = j->global;
	snprintf(j->target->job, sizeof(j->target->job), "%s", name);
	return 0;
}

static int begin_key(struct job_reader *j, const char *name)
{
	const struct option_row *row = option_find(name);
	unsigned line = j->reader.line;
	char did[64];

	if (!row)
		return complain(j, line, EXIT_USAGE, "%s: unknown option%s (`iopt list options` "
				"names all)", name, option_suggest(name, "", did, sizeof(did)));
	if (j->keys & option_bit(row))
		return complain(j, line, EXIT_USAGE, "%s: a second time in this section; %s", name,
				row->count == ROW_SCALAR ? "give it once" :
				"put the values into one list, with commas");
	if (row->flags & ROW_ONCE && j->target != &j->global)
		return complain(j, line, EXIT_USAGE, "%s: is the same for all jobs; it belongs "
				"into [global] or on the command line", name);
	j->keys |= option_bit(row);
	j->pending.row = row;
	j->pending.line = line;
	j->pending.value[0] = '\0';
	return 0;
}

static int add_value(struct job_reader *j, const char *value)
{
	char *end = j->pending.value + strlen(j->pending.value);
	bool comma = end != j->pending.value && end[-1] != ',';
	size_t len = strlen(value);

	if (len + comma >= (size_t)(j->pending.value + sizeof(j->pending.value) - end))
		return complain(j, j->reader.line, EXIT_USAGE, "%s: longer than %zu bytes",
				j->pending.row->name, sizeof(j->pending.value) - 1);
	if (comma)
		*end++ = ',';
	memcpy(end, value, len + 1);
	return 0;
}

/* inih's callback: 1 to go on, 0 for an error (it goes on all the same, so err is looked at). */
static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct job_reader *j = user;
	bool fresh = !j->target || j->target_header != j->reader.header;
	bool more = !fresh && j->reader.indented && j->pending.row;

	if (j->err->code || j->reader.long_line)
		return 0;
	j->reader.header_has_key = true;
	if (!more && flush(j))
		return 0;
	if (fresh && begin_section(j, section))
		return 0;
	if (!more && begin_key(j, name))
		return 0;
	return !add_value(j, value);
}

static int finish(struct job_reader *j, int syntax_line)
{
	struct reader *r = &j->reader;
	unsigned bad = r->long_line;

	if (!j->err->code && !syntax_line && !bad && flush(j))
		return j->err->code;
	if (bad && (!j->err->code || bad < j->failed_at))
		return complain(j, bad, EXIT_BAD_DATA, "line too long; a list may go on in "
				"further, indented lines");
	if (syntax_line > 0 && (!j->err->code || (unsigned)syntax_line < j->failed_at))
		return complain(j, (unsigned)syntax_line, EXIT_BAD_DATA,
				"neither [section] nor name = value nor a comment");
	if (j->err->code)
		return j->err->code;
	if (r->header && !r->header_has_key && !r->empty_header)
		r->empty_header = r->header;
	if (r->empty_header)
		return complain(j, r->empty_header, EXIT_USAGE,
				"a section without options; give it one or delete it");
	if (!j->n && !j->has_global)
		return complain(j, r->line ? r->line : 1, EXIT_BAD_DATA,
				"no job: write [NAME] and options under it");
	if (!j->n)
		j->jobs[j->n++] = j->global;
	return 0;
}

/* The whole file, at most FILE_MAX bytes, into *text. */
static int load(char **text, size_t *len, const char *path, struct err *err)
{
	FILE *in = fopen(path, "r");

	if (!in)
		return err_set(err, EXIT_BAD_DATA, "%.300s: cannot read the job file: %s", path,
			       strerror(errno));
	*text = malloc(FILE_MAX + 1);
	*len = *text ? fread(*text, 1, FILE_MAX + 1, in) : 0;
	int failed = ferror(in) ? errno : 0;

	fclose(in);
	if (!*text)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to read %.300s", path);
	if (failed)
		return err_set(err, EXIT_BAD_DATA, "%.300s: cannot read the job file: %s", path,
			       strerror(failed));
	if (*len > FILE_MAX)
		return err_set(err, EXIT_BAD_DATA, "%.300s: larger than 1 MiB: not a job file",
			       path);
	if (memchr(*text, '\0', *len))
		return err_set(err, EXIT_BAD_DATA, "%.300s: binary: not a job file", path);
	return 0;
}

int jobfile_read(struct options **jobs, size_t *n, const char *path, struct err *err)
{
	struct job_reader *j = calloc(1, sizeof(*j));
	char *text = NULL;
	size_t len = 0;
	int rc;

	*jobs = malloc(JOBS_MAX * sizeof(**jobs));
	if (!j || !*jobs) {
		rc = err_set(err, EXIT_NO_RESOURCE, "no memory to read %.300s", path);
		goto out;
	}
	rc = load(&text, &len, path, err);
	if (rc)
		goto out;
	*err = (struct err){ 0 };
	j->path = path;
	j->err = err;
	j->jobs = *jobs;
	j->reader = (struct reader){ .next = text, .end = text + len };
	options_default(&j->global);
	rc = finish(j, ini_parse_stream(read_line, &j->reader, on_key, j));
	*n = j->n;
out:
	if (rc) {
		free(*jobs);
		*jobs = NULL;
		*n = 0;
	}
	free(text);
	free(j);
	return rc;
}
