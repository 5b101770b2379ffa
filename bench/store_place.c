#include "bench/store_place.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An absolute path, else NULL. */
static const char *directory_of(const char *variable)
{
	const char *value = getenv(variable);

	return value && value[0] == '/' ? value : NULL;
}

int store_place(const char *below, char *path, int code, struct err *err)
{
	const char *data = directory_of("XDG_DATA_HOME"), *home = directory_of("HOME");

	if (!data && !home)
		return err_set(err, code, "no place to keep things: neither XDG_DATA_HOME nor HOME is "
			       "set to an absolute path");
	if (snprintf(path, STORE_PATH_BYTES, "%s%s/iopt/%s", data ? data : home,
		     data ? "" : "/.local/share", below) >= STORE_PATH_BYTES)
		return err_set(err, code, "%s: the path is too long",
			       data ? "XDG_DATA_HOME" : "HOME");
	return 0;
}

int store_join(const char *dir, const char *name, char *path, struct err *err)
{
	if (snprintf(path, STORE_PATH_BYTES, "%s/%s", dir, name) >= STORE_PATH_BYTES)
		return err_set(err, EXIT_CANT_CREATE, "%s: the path is too long", dir);
	return 0;
}

static int cannot_create(const char *path, struct err *err)
{
	const char *variable = directory_of("XDG_DATA_HOME") ? "XDG_DATA_HOME" : "HOME";

	return err_set(err, EXIT_CANT_CREATE,
		       "cannot create %s: %s (its place follows from %s; XDG_DATA_HOME can name "
		       "another directory)", path, strerror(errno), variable);
}

int store_make_dirs(const char *dir, struct err *err)
{
	char path[STORE_PATH_BYTES];

	if (store_join(dir, "", path, err)) /* ends in a slash, so that the last part is made too */
		return err->code;
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return cannot_create(path, err);
		*at = '/';
	}
	return 0;
}

FILE *store_open_temporary(const char *dir, char *temporary, struct err *err)
{
	mode_t mask = umask(0);
	FILE *out;
	int fd;

	umask(mask);
	if (store_join(dir, ".part.XXXXXX", temporary, err))
		return NULL;
	fd = mkstemp(temporary);
	if (fd < 0) {
		cannot_create(temporary, err);
		return NULL;
	}
	out = fdopen(fd, "w");
	if (out && !fchmod(fd, 0666 & ~mask))
		return out;
	cannot_create(temporary, err);
	if (out)
		fclose(out);
	else
		close(fd);
	unlink(temporary);
	return NULL;
}

int store_close_temporary(FILE *out, bool failed, const char *temporary, struct err *err)
{
	int why = failed ? errno : 0;

	/* fsync: a rename may reach the disk before the data it names */
	if (!failed && (fflush(out) || fsync(fileno(out)))) {
		failed = true;
		why = errno;
	}
	if (fclose(out) && !failed) {
		failed = true;
		why = errno;
	}
	if (!failed)
		return 0;
	unlink(temporary);
	return err_set(err, EXIT_WRITE, "writing %s failed: %s", temporary,
		       strerror(why ? why : EIO));
}

bool store_word_char(char c)
{
	return c && (isalnum((unsigned char)c) || strchr("._-", c));
}

size_t store_name_length(const char *text)
{
	size_t n = 0;

	if (text[0] == '.' || text[0] == '-')
		return 0;
	while (store_word_char(text[n]))
		n++;
	return n <= STORE_NAME_MAX ? n : 0;
}

int store_bad_name(const char *name, struct err *err)
{
	return err_set(err, EXIT_USAGE, "baseline %.80s: want a name of letters, digits, . _ -, not "
		       "starting with . or -, of at most %u characters", name, STORE_NAME_MAX);
}

int store_name_dir(const char *name, size_t length, char *path, int code, struct err *err)
{
	char below[STORE_NAME_MAX + 16];

	snprintf(below, sizeof(below), "baselines/%.*s", (int)length, name);
	return store_place(below, path, code, err);
}

unsigned store_number(const char *text, const char **end)
{
	size_t digits = strspn(text, "0123456789");

	*end = text + digits;
	return digits >= 4 && digits <= 6 ? (unsigned)strtoul(text, NULL, 10) : 0;
}

unsigned store_baseline_number(const char *file)
{
	const char *at;
	unsigned number = store_number(file, &at);
	size_t rest = strlen(at);

	if (!number || rest <= strlen("-.json") || rest > STORE_COMMIT_MAX + strlen("-.json") ||
	    *at != '-' || strcmp(at + rest - strlen(".json"), ".json"))
		return 0;
	while (store_word_char(*at))
		at++;
	return *at ? 0 : number;
}
