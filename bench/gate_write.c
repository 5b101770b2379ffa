/* gate_write.c - a judged gate on its way out: to a stream, or to a file that is complete or not there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/gate_parts.h"
#include "bench/signals.h"

int gate_write(const struct gate *g, const struct gate_options *o, enum gate_format format,
	       FILE *out, bool colour)
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
	return gate_write_text(g, o, out, colour);
}

/* A pipe, a device, or a link to who knows what (/dev/stdout): nothing to rename over. */
static bool special(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
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

static int fill(const struct gate *g, const struct gate_options *o, FILE *out, const char *path,
		struct err *err)
{
	int failed;

	errno = 0;
	failed = gate_write_json(g, o, out);
	if (fclose(out) || failed)
		return err_set(err, EXIT_WRITE, "--verdict %.300s: writing failed: %s", path,
			       strerror(errno ? errno : ENOMEM));
	return 0;
}

static int write_special(const struct gate *g, const struct gate_options *o, const char *path,
			 struct err *err)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return err_set(err, EXIT_CANT_CREATE, "--verdict %.300s: cannot create it: %s", path,
			       strerror(errno));
	return fill(g, o, out, path, err);
}

static int write_beside(const struct gate *g, const struct gate_options *o, const char *path,
			struct err *err)
{
	char temporary[4096];
	FILE *out = open_beside(temporary, sizeof(temporary), path, err);

	if (!out)
		return err->code;
	if (!fill(g, o, out, path, err) && !rename(temporary, path))
		return 0;
	if (!err->code)
		err_set(err, EXIT_CANT_CREATE, "--verdict %.300s: cannot create it: %s", path,
			strerror(errno));
	unlink(temporary);
	return err->code;
}

int gate_write_verdict(const struct gate *g, const struct gate_options *o, const char *path,
		       struct err *err)
{
	sigset_t before;
	int code;

	if (special(path))
		return write_special(g, o, path, err);
	signals_hold(&before); /* nobody ends the process while a temporary file lies there */
	code = write_beside(g, o, path, err);
	signals_release(&before);
	return code;
}
