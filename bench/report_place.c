/* report_place.c - where `iopt report` may write: never over a measurement, nor somebody else's page. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "bench/page.h"

#define PAGE_NAME "report.html"
/* In the first lines of every page of ours. */
#define PAGE_MARK "<meta name=\"generator\" content=\"iopt\">"
/* In the first lines of every result.json, or its gzip. */
#define RESULT_MARK "\"iopt-result\""

enum kind {
	KIND_NONE,  /* not there, no file with bytes to keep, or not to be read: writing it says why */
	KIND_EMPTY,
	KIND_PAGE,
	KIND_RESULT,
	KIND_OTHER,
};

static enum kind kind_of(const char *path)
{
	char head[1024];
	const char *text = head;
	struct stat st;
	gzFile file;
	int n;

	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return KIND_NONE;
	file = gzopen(path, "rb");
	if (!file)
		return KIND_NONE;
	n = gzread(file, head, sizeof(head) - 1);
	gzclose_r(file);
	if (n <= 0)
		return n < 0 ? KIND_OTHER : KIND_EMPTY;
	head[n] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	if (*text == '{' && strstr(text, RESULT_MARK))
		return KIND_RESULT;
	return strstr(head, PAGE_MARK) ? KIND_PAGE : KIND_OTHER;
}

/* "out/result.json" to "out/report.html"; of stdin it is the working directory. */
char *page_place_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *place = NULL;

	if (asprintf(&place, "%.*s" PAGE_NAME, slash ? (int)(slash + 1 - path) : 0, path) < 0)
		return NULL;
	return place;
}

int page_check_place(const char *place, const char *flag, struct err *err)
{
	enum kind kind = kind_of(place);

	if (kind != KIND_OTHER && kind != KIND_RESULT)
		return 0;
	return err_set(err, EXIT_CANT_CREATE, "%s%s%.300s: is there, and no page of iopt: name another file "
		       "with --out, or move it away", flag ? flag : "", flag ? " " : "", place);
}

void page_forget(const char *dir)
{
	enum kind kind;
	char *path = NULL;

	if (asprintf(&path, "%s/" PAGE_NAME, dir) < 0)
		return;
	kind = kind_of(path);
	if (kind == KIND_PAGE || kind == KIND_EMPTY)
		unlink(path);
	free(path);
}

/* Is `path`, a RESULT as it was given, the file of *out? What cannot be found is told when it is read. */
static bool is_read_from(const char *path, const struct stat *out)
{
	char file[4096];
	struct err unused;
	struct stat st;

	if (!strcmp(path, "-") ? fstat(STDIN_FILENO, &st)
			       : stored_path(path, file, sizeof(file), &unused) || stat(file, &st))
		return false;
	return st.st_dev == out->st_dev && st.st_ino == out->st_ino;
}

int report_check_out(const struct flag_args *args, const char *out, bool page, struct err *err)
{
	struct stat st;
	bool same = false;

	if (stat(out, &st) || !S_ISREG(st.st_mode))
		return 0;
	for (size_t i = 0; !same && i < args->nargs; i++)
		same = is_read_from(args->args[i], &st);
	if (same)
		return err_set(err, EXIT_USAGE, "--out %.300s: is a RESULT that is read, and would be gone: "
			       "name another file", out);
	if (page)
		return page_check_place(out, "--out", err);
	if (kind_of(out) == KIND_RESULT)
		return err_set(err, EXIT_CANT_CREATE, "--out %.300s: is there, and a result of iopt run: name "
			       "another file, or move it away", out);
	return 0;
}
