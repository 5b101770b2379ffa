/* gate_write.c - a judged gate on its way out: to a stream, or to a file that is complete or not there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/gate_parts.h"
#include "bench/signals.h"

int gate_write(const struct gate *g, const struct gate_options *o, enum gate_format format,
	       FILE *out, struct terminal terminal)
{
	switch (format) {
	case GATE_MD:
		return gate_write_md(g, o, out);
	case GATE_JSON:
		return gate_write_json(g, o, out);
	case GATE_CSV:
		return gate_write_csv(g, out);
	case GATE_TEXT:
		break;
	}
	return gate_write_text(g, o, out, terminal);
}

/* A pipe, a device, or a link to who knows what (/dev/stdout): nothing to rename over. */
static bool special(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

void gate_forget_verdict(const char *path)
{
	char head[64] = "";
	struct stat st;
	FILE *in;
	bool ours;

	if (lstat(path, &st) || !S_ISREG(st.st_mode))
		return;
	in = fopen(path, "r");
	if (!in)
		return;
	ours = fread(head, 1, sizeof(head) - 1, in) &&
	       (strstr(head, "\"iopt-verdict\"") || strstr(head, "\"iopt-self-test\""));
	fclose(in);
	if (ours)
		unlink(path);
}

static FILE *open_beside(char *temporary, size_t size, const char *path, struct err *err)
{
	mode_t mask = umask(0);
	FILE *out = NULL;
	struct stat st;
	int fd = -1;

	umask(mask);
	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		errno = EISDIR;
	else if (snprintf(temporary, size, "%s.XXXXXX", path) >= (int)size)
		errno = ENAMETOOLONG;
	else
		fd = mkstemp(temporary);
	if (fd >= 0 && !fchmod(fd, 0666 & ~mask))
		out = fdopen(fd, "w");
	if (out)
		return out;
	err_set(err, EXIT_CANT_CREATE, "--verdict %.300s: cannot create it: %s", path, strerror(errno));
	if (fd >= 0) {
		close(fd);
		unlink(temporary);
	}
	return NULL;
}

static int fill(gate_writer *write, const void *what, FILE *out, const char *path, struct err *err)
{
	int failed;

	errno = 0;
	failed = write(what, out);
	if (fclose(out) || failed)
		return err_set(err, EXIT_WRITE, "--verdict %.300s: writing failed: %s", path,
			       strerror(errno ? errno : ENOMEM));
	return 0;
}

static int write_special(gate_writer *write, const void *what, const char *path, struct err *err)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return err_set(err, EXIT_CANT_CREATE, "--verdict %.300s: cannot create it: %s", path,
			       strerror(errno));
	return fill(write, what, out, path, err);
}

static int write_beside(gate_writer *write, const void *what, const char *path, struct err *err)
{
	char temporary[4096];
	FILE *out = open_beside(temporary, sizeof(temporary), path, err);

	if (!out)
		return err->code;
	if (!fill(write, what, out, path, err) && !rename(temporary, path))
		return 0;
	if (!err->code)
		err_set(err, EXIT_CANT_CREATE, "--verdict %.300s: cannot create it: %s", path,
			strerror(errno));
	unlink(temporary);
	return err->code;
}

int gate_write_file(gate_writer *write, const void *what, const char *path, struct err *err)
{
	sigset_t before;
	int code;

	if (special(path))
		return write_special(write, what, path, err);
	signals_hold(&before); /* nobody ends the process while a temporary file lies there */
	code = write_beside(write, what, path, err);
	signals_release(&before);
	return code;
}

struct judged {
	const struct gate *g;
	const struct gate_options *o;
};

static int write_judged(const void *what, FILE *out)
{
	const struct judged *j = what;

	return gate_write_json(j->g, j->o, out);
}

int gate_write_verdict(const struct gate *g, const struct gate_options *o, const char *path,
		       struct err *err)
{
	return gate_write_file(write_judged, &(const struct judged){ g, o }, path, err);
}
