/*
 * A file of JSON, whole, into memory; plain or gzip, told apart by zlib. Whatever is named must end:
 * what can be no JSON is given up after its first bytes, and what is too large without being read.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "bench/stored_parts.h"

#define CHUNK (1u << 20)
#define WAIT_MS 1000
#define STEP_MS 50

static int bad(struct err *err, const char *name, const char *why)
{
	return err_set(err, EXIT_BAD_DATA, "%.200s: %s", name, why);
}

int stored_path(const char *arg, char *path, size_t size, struct err *err)
{
	struct stat st;
	bool dir = strcmp(arg, "-") != 0 && !stat(arg, &st) && S_ISDIR(st.st_mode);
	int n = snprintf(path, size, "%s%s", arg, dir ? "/result.json.gz" : "");
	bool packed;

	if (n >= (int)size)
		return err_set(err, EXIT_BAD_DATA, "%.100s…: the name is too long", arg);
	if (!dir)
		return 0;
	packed = !access(path, F_OK);
	path[n - 3] = '\0';
	if (packed && access(path, F_OK))
		path[n - 3] = '.';
	return 0;
}

/*
 * Of a pipe: does somebody write into it, or has done so? tee() tells without taking anything, and
 * poll() does not tell a writer who is slow from none at all.
 */
static bool has_writer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int scratch[2];
	bool has = false;

	if (pipe2(scratch, O_CLOEXEC))
		return true; /* then we shall see */
	for (int waited_ms = 0; !has && waited_ms < WAIT_MS; waited_ms += STEP_MS)
		has = poll(&p, 1, waited_ms ? STEP_MS : 0) > 0 ||
		      (tee(fd, scratch[1], 1, SPLICE_F_NONBLOCK) < 0 && errno == EAGAIN);
	close(scratch[0]);
	close(scratch[1]);
	return has;
}

static int open_it(int *fd, const char *path, const char *name, struct err *err)
{
	struct stat st;
	int flags;

	*fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : dup(0);
	if (*fd < 0)
		return bad(err, name, strerror(errno));
	if (fstat(*fd, &st))
		return bad(err, name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, EXIT_BAD_DATA, "%.200s: is a directory; name the file, "
			       "%.200s/result.json", name, path);
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > STORED_BYTES_MAX)
		return bad(err, name, "larger than 1 GiB: no result of iopt run");
	if (!strcmp(path, "-"))
		return 0;
	if (S_ISFIFO(st.st_mode) && !has_writer(*fd))
		return bad(err, name, "a pipe into which nobody writes");
	flags = fcntl(*fd, F_GETFL);
	if (flags < 0 || fcntl(*fd, F_SETFL, flags & ~O_NONBLOCK))
		return bad(err, name, strerror(errno));
	return 0;
}

/* Can this go on from the n bytes before it as an object in JSON? */
static int check_text(const char *bytes, size_t got, size_t n, const char *name, struct err *err)
{
	size_t i = 0;

	if (memchr(bytes, '\0', got))
		return bad(err, name, "binary: no result.json of iopt run");
	while (i < got && isspace((unsigned char)bytes[i]))
		i++;
	if (!n && i < got && bytes[i] != '{')
		return bad(err, name, "no result.json of iopt run: it does not begin with {");
	return 0;
}

static int grow(char **bytes, size_t *room, const char *name, struct err *err)
{
	size_t more = *room ? 2 * *room : CHUNK;
	char *larger = realloc(*bytes, more);

	if (!larger)
		return err_set(err, EXIT_NO_RESOURCE, "no memory to read %.200s", name);
	*bytes = larger;
	*room = more;
	return 0;
}

static int gz_failed(gzFile file, const char *name, struct err *err)
{
	int why = Z_OK;
	const char *text = gzerror(file, &why);

	if (why == Z_BUF_ERROR)
		return bad(err, name, "gzip data ends in the middle: was it cut short, or the disk full?");
	if (why == Z_ERRNO)
		return bad(err, name, strerror(errno));
	return err_set(err, EXIT_BAD_DATA, "%.200s: damaged gzip data: %.100s", name, text);
}

static int read_all(gzFile file, char **bytes, size_t *n, const char *name, struct err *err)
{
	size_t room = 0;
	int got, why = Z_OK;

	do {
		if (*n == room && grow(bytes, &room, name, err))
			return err->code;
		got = gzread(file, *bytes + *n, room - *n < CHUNK ? (unsigned)(room - *n) : CHUNK);
		gzerror(file, &why);
		if (got < 0 || (!got && why == Z_BUF_ERROR))
			return gz_failed(file, name, err);
		if (check_text(*bytes + *n, (size_t)got, *n, name, err))
			return err->code;
		*n += (size_t)got;
		if (*n > STORED_BYTES_MAX)
			return bad(err, name, "larger than 1 GiB: no result of iopt run");
	} while (got);
	return 0;
}

int stored_load(char **bytes, size_t *n, const char *path, struct err *err)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	gzFile file;
	int fd = -1, rc;

	*bytes = NULL;
	*n = 0;
	err->code = 0;
	rc = open_it(&fd, path, name, err);
	if (rc) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	file = gzdopen(fd, "rb");
	if (!file) {
		close(fd);
		return err_set(err, EXIT_NO_RESOURCE, "no memory to read %.200s", name);
	}
	rc = read_all(file, bytes, n, name, err);
	gzclose_r(file);
	return rc;
}
