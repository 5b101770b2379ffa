#include "bench/out_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/signals.h"

struct target {
	const char *path, *flag;
	char temporary[4096]; /* "": written in place */
};

static int cannot_create(const struct target *t, struct err *err)
{
	return err_set(err, EXIT_CANT_CREATE, "%s %.400s: cannot create it: %s", t->flag, t->path,
		       strerror(errno));
}

static FILE *open_target(struct target *t, struct err *err)
{
	mode_t mask = umask(0);
	FILE *out = NULL;
	struct stat st;
	int fd = -1;

	umask(mask);
	t->temporary[0] = '\0';
	if (!stat(t->path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		out = fopen(t->path, "w");
	else if (!stat(t->path, &st) && S_ISDIR(st.st_mode))
		errno = EISDIR;
	else if (snprintf(t->temporary, sizeof(t->temporary), "%s.XXXXXX", t->path) >=
		 (int)sizeof(t->temporary))
		errno = ENAMETOOLONG;
	else
		fd = mkstemp(t->temporary);
	if (fd >= 0 && !fchmod(fd, 0666 & ~mask))
		out = fdopen(fd, "w");
	if (out)
		return out;
	cannot_create(t, err);
	if (fd >= 0) {
		close(fd);
		unlink(t->temporary);
	}
	return NULL;
}

static int fill(const struct target *t, FILE *out, int (*write)(FILE *out, const void *what),
		const void *what, struct err *err)
{
	int failed;

	errno = 0;
	failed = write(out, what) || fflush(out) || (t->temporary[0] && fsync(fileno(out)));
	if (fclose(out) || failed)
		return err_set(err, EXIT_WRITE, "%s %.400s: writing failed: %s", t->flag, t->path,
			       strerror(errno ? errno : ENOMEM));
	if (t->temporary[0] && rename(t->temporary, t->path))
		return cannot_create(t, err);
	return 0;
}

int out_file_write(const char *path, const char *flag, int (*write)(FILE *out, const void *what),
		   const void *what, struct err *err)
{
	struct target t = { .path = path, .flag = flag };
	sigset_t before;
	int code;
	FILE *out;

	signals_hold(&before);
	out = open_target(&t, err);
	code = out ? fill(&t, out, write, what, err) : err->code;
	if (out && code && t.temporary[0])
		unlink(t.temporary);
	signals_release(&before);
	return code;
}
