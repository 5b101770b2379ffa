/* trace_read.c - finds and reads a trace file; trace_line and trace_model make sense of it. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "bench/trace_parts.h"

#ifndef IOPT_TRACE_SOURCE_DIR
#define IOPT_TRACE_SOURCE_DIR "configs/traces"
#endif
#ifndef IOPT_TRACE_FROM_PROGRAM
#define IOPT_TRACE_FROM_PROGRAM "../share/iopt/traces"
#endif

#define SUFFIX ".trace.gz"
/* The kernel's own lines end below 4 KiB (trace_seq is a page). */
#define TRACE_LINE_MAX (64u << 10)
/* Steps and waits of a schedule hold an event in 32 bits. */
#define TRACE_EVENTS_MAX UINT32_MAX

/* -- names -- */

/* Beside the program, wherever it was installed to: a package's prefix is not that of its build. */
static const char *installed_dir(void)
{
	static char dir[PATH_MAX + sizeof(IOPT_TRACE_FROM_PROGRAM)];
	ssize_t n = readlink("/proc/self/exe", dir, PATH_MAX);
	char *slash;

	dir[n > 0 ? n : 0] = '\0';
	slash = strrchr(dir, '/');
	snprintf(slash ? slash + 1 : dir, sizeof(IOPT_TRACE_FROM_PROGRAM), "%s", IOPT_TRACE_FROM_PROGRAM);
	return dir;
}

/* Where shipped traces may be: index 0, 1, … until NULL. */
static const char *shipped_dir(unsigned i)
{
	const char *env = getenv("IOPT_TRACE_DIR");
	const char *dirs[] = { env, installed_dir(), IOPT_TRACE_SOURCE_DIR };

	if (!env || !*env)
		i++;
	return i < sizeof(dirs) / sizeof(dirs[0]) ? dirs[i] : NULL;
}

static int is_shipped(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > strlen(SUFFIX) && !strcmp(d->d_name + n - strlen(SUFFIX), SUFFIX);
}

char *trace_shipped(char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; !used && shipped_dir(i); i++) {
		struct dirent **found;
		int n = scandir(shipped_dir(i), &found, is_shipped, alphasort);

		for (int k = 0; k < n; k++) {
			const char *name = found[k]->d_name;

			if (used < size)
				used += (size_t)snprintf(buf + used, size - used, "%s%.*s",
							 used ? ", " : "",
							 (int)(strlen(name) - strlen(SUFFIX)),
							 name);
			free(found[k]);
		}
		if (n >= 0)
			free(found);
	}
	return buf;
}

static int find_file(const char *name, char *path, size_t size, struct err *err)
{
	char list[256];
	int why;

	if ((size_t)snprintf(path, size, "%s", name) >= size)
		return err_set(err, EXIT_BAD_DATA, "'%.60s...': name too long", name);
	if (*name && !access(path, F_OK))
		return 0;
	why = errno;
	for (unsigned i = 0; *name && !strchr(name, '/') && shipped_dir(i); i++) {
		int n = snprintf(path, size, "%s/%s" SUFFIX, shipped_dir(i), name);

		if ((size_t)n < size && !access(path, F_OK))
			return 0;
	}
	if (strchr(name, '/'))
		return err_set(err, EXIT_BAD_DATA, "%s: %s", name, strerror(why));
	trace_shipped(list, sizeof(list));
	return err_set(err, EXIT_BAD_DATA, "'%s': no such file, and no shipped trace (%s)",
		       name, *list ? list : "none is installed");
}

/* "dir/net.trace.gz" is "net". */
static void base_name(const char *path, char *out, size_t size)
{
	static const char *const suffixes[] = { ".gz", ".txt", ".trace" };
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t n = strlen(base);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t k = strlen(suffixes[i]);

		if (n > k && !strncmp(base + n - k, suffixes[i], k))
			n -= k;
	}
	n = n < size ? n : size - 1;
	memcpy(out, base, n);
	out[n] = '\0';
}

/* -- lines -- */

struct reader {
	const char *path;
	gzFile file;
	char *buf; /* TRACE_LINE_MAX + 1 bytes, of which [begin, end) are read and not yet used */
	size_t begin, end;
	uint64_t line; /* number of the line last returned */
	bool eof;
};

static int open_reader(struct reader *r, const char *path, struct err *err)
{
	struct stat st;

	*r = (struct reader){ .path = path };
	if (stat(path, &st))
		return err_set(err, EXIT_BAD_DATA, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(err, EXIT_BAD_DATA, "%s: is a directory", path);
	errno = 0;
	r->file = gzopen(path, "rb");
	if (!r->file)
		return err_set(err, errno && errno != ENOMEM ? EXIT_BAD_DATA : EXIT_NO_RESOURCE,
			       "%s: %s", path, strerror(errno ? errno : ENOMEM));
	r->buf = malloc(TRACE_LINE_MAX + 1);
	if (!r->buf)
		return err_set(err, EXIT_NO_RESOURCE, "%s: no memory", path);
	return 0;
}

static void close_reader(struct reader *r)
{
	if (r->file)
		gzclose_r(r->file);
	free(r->buf);
}

/* Read more behind [begin, end). A gzip stream that stops short is found only at its end. */
static int refill(struct reader *r, struct err *err)
{
	int got, why = Z_OK;
	const char *text;

	memmove(r->buf, r->buf + r->begin, r->end - r->begin);
	r->end -= r->begin;
	r->begin = 0;
	got = gzread(r->file, r->buf + r->end, TRACE_LINE_MAX - (unsigned)r->end);
	text = gzerror(r->file, &why);
	if (got < 0 || (!got && why == Z_BUF_ERROR)) /* what came before the cut is read first */
		return err_set(err, EXIT_BAD_DATA, "%s: after line %llu: %s", r->path,
			       (unsigned long long)r->line,
			       why == Z_ERRNO ? strerror(errno) :
			       why == Z_BUF_ERROR ? "gzip data is cut short" : text);
	r->end += (size_t)got;
	r->eof = got == 0;
	return 0;
}

/* *text is the next line, valid until the next call; NULL at the end of the file. */
static int next_line(struct reader *r, char **text, struct err *err)
{
	char *at = r->buf + r->begin, *nl;
	size_t n;

	/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): err_set() never returns 0 */
	while (!(nl = memchr(at, '\n', r->end - r->begin)) && !r->eof) {
		if (r->end - r->begin >= TRACE_LINE_MAX)
			return err_set(err, EXIT_BAD_DATA, "%s:%llu: line beyond %u bytes",
				       r->path, (unsigned long long)r->line + 1, TRACE_LINE_MAX);
		if (refill(r, err))
			return err->code;
		at = r->buf;
	}
	n = nl ? (size_t)(nl - at) : r->end - r->begin;
	*text = nl || n ? at : NULL;
	r->begin += n + (nl != NULL);
	r->line += *text != NULL;
	if (memchr(at, '\0', n))
		return err_set(err, EXIT_BAD_DATA, "%s:%llu: a zero byte: this is no text",
			       r->path, (unsigned long long)r->line);
	at[n] = '\0';
	if (n && at[n - 1] == '\r')
		at[n - 1] = '\0';
	return 0;
}

/* -- events -- */

/* Events as they come, with their order in the file: qsort is not stable everywhere. */
struct raw {
	struct trace_event event;
	uint64_t order;
};

struct raws {
	struct raw *v;
	size_t n, room;
};

static int by_time(const void *a, const void *b)
{
	const struct raw *x = a, *y = b;

	if (x->event.time_s != y->event.time_s)
		return x->event.time_s > y->event.time_s ? 1 : -1;
	return (x->order > y->order) - (x->order < y->order);
}

static int add_event(struct raws *raws, const struct trace_event *e)
{
	if (raws->n == raws->room) {
		size_t room = raws->room ? 2 * raws->room : 4096;
		struct raw *v = raws->n < TRACE_EVENTS_MAX
					? reallocarray(raws->v, room, sizeof(*v))
					: NULL;

		if (!v)
			return -1;
		raws->v = v;
		raws->room = room;
	}
	raws->v[raws->n] = (struct raw){ .event = *e, .order = raws->n };
	raws->n++;
	return 0;
}

static int read_events(struct reader *r, struct trace *t, struct raws *raws, struct err *err)
{
	struct trace_line line;
	char *text = NULL;

	while (!next_line(r, &text, err) && text) {
		switch (trace_line_parse(text, &line)) {
		case LINE_EVENT:
			t->context_known |= line.has_flags;
			t->no_cpu += line.no_cpu;
			if (!add_event(raws, &line.event))
				break;
			return err_set(err, EXIT_NO_RESOURCE, "%s: no memory after %zu "
				       "events", r->path, raws->n);
		case LINE_LOST:
			t->lost_events += line.lost;
			t->other_lines++;
			break;
		case LINE_OTHER:
			t->other_lines++;
			break;
		case LINE_BAD:
			return err_set(err, EXIT_BAD_DATA, "%s:%llu: %s", r->path,
				       (unsigned long long)r->line, line.why);
		}
	}
	t->lines = r->line;
	return err->code;
}

/* In order of time into t->events. */
static int take_events(struct trace *t, struct raws *raws)
{
	qsort(raws->v, raws->n, sizeof(*raws->v), by_time);
	t->events = calloc(raws->n, sizeof(*t->events));
	if (!t->events)
		return -1;
	for (size_t i = 0; i < raws->n; i++)
		t->events[i] = raws->v[i].event;
	t->n = raws->n;
	return trace_make_legal(t);
}

static int fill(struct trace *t, const char *path, struct err *err)
{
	struct reader r;
	struct raws raws = { 0 };

	if (!open_reader(&r, path, err) && !read_events(&r, t, &raws, err)) {
		if (!raws.n)
			err_set(err, EXIT_BAD_DATA, "%s: no map or unmap event in %llu lines",
				path, (unsigned long long)t->lines);
		else if (take_events(t, &raws))
			err_set(err, EXIT_NO_RESOURCE, "%s: no memory for %zu events", path,
				raws.n);
		else if (!t->n)
			err_set(err, EXIT_BAD_DATA, "%s: none of its %zu events can be "
				"replayed: all unmap what was mapped before", path, raws.n);
	}
	free(raws.v);
	close_reader(&r);
	return err->code;
}

int trace_load(struct trace **out, const char *name, struct err *err)
{
	char path[4096];
	struct trace *t;

	err->code = 0;
	if (find_file(name, path, sizeof(path), err))
		return err->code;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, EXIT_NO_RESOURCE, "%s: no memory", path);
	base_name(path, t->name, sizeof(t->name));
	if (fill(t, path, err)) {
		trace_free(t);
		return err->code;
	}
	*out = t;
	return 0;
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	free(t->events);
	free(t);
}
