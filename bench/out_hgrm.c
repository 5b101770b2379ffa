#include "bench/out_hgrm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/analyse.h"
#include "bench/write.h"

#define SUFFIX ".hgrm"
#define ID_MAX 150 /* leaves room for hash, kind and suffix */

/* FNV-1a: two cases of one run share 32 bits once in four billion. */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h;
}

static bool harmless(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(".,+=-", c));
}

void hgrm_file_name(char name[HGRM_NAME_MAX], const char *case_id, const char *kind)
{
	bool reversible = strlen(case_id) <= ID_MAX;
	char id[ID_MAX + 1], apart[16] = "";
	size_t n;

	for (n = 0; n < ID_MAX && case_id[n]; n++) {
		reversible &= harmless(case_id[n]) || case_id[n] == '/';
		id[n] = '_';
		if (harmless(case_id[n]))
			id[n] = case_id[n];
	}
	id[n] = '\0';
	if (id[0] == '.' || id[0] == '-') /* hidden, or a flag */
		id[0] = '_';
	if (!reversible)
		snprintf(apart, sizeof(apart), "-%08" PRIx32, hash(case_id));
	snprintf(name, HGRM_NAME_MAX, "%s%s-%.8s" SUFFIX, id, apart, kind);
}

static bool is_hgrm(const char *name)
{
	size_t n = strlen(name), suffix = strlen(SUFFIX);

	return n > suffix && !strcmp(name + n - suffix, SUFFIX);
}

/* 0, or the first entry that iopt has not made, in `name`. */
static int all_ours(const char *path, char *name, size_t size)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	int rc = 0;

	if (!dir)
		return -1;
	while (!rc && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (is_hgrm(entry->d_name) &&
		    !fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISREG(st.st_mode))
			continue;
		snprintf(name, size, "/%s", entry->d_name);
		rc = -1;
	}
	closedir(dir);
	return rc;
}

static int join(char *path, size_t size, const char *dir, const char *name, struct err *err)
{
	if (snprintf(path, size, "%s/%s", dir, name) >= (int)size)
		return err_set(err, EXIT_CANT_CREATE, "%s: path is too long", dir);
	return 0;
}

int hgrm_check(const char *dir, bool ours, struct err *err)
{
	char path[4096], name[300] = "";
	struct stat st;

	if (join(path, sizeof(path), dir, "hgrm", err))
		return err->code;
	if (lstat(path, &st))
		return 0;
	if (!S_ISDIR(st.st_mode))
		return err_set(err, EXIT_CANT_CREATE, "%s is in the way: not a directory", path);
	if (!ours)
		return err_set(err, EXIT_CANT_CREATE,
			       "%s is in the way: %s holds no result of iopt that it could belong "
			       "to; choose another --out", path, dir);
	if (all_ours(path, name, sizeof(name)))
		return err_set(err, EXIT_CANT_CREATE,
			       "%s%s is in the way: the directory is replaced as a whole; move it",
			       path, name);
	return 0;
}

/* A directory that holds files only. */
static void remove_flat(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

static int write_one(int dir, const char *name, const struct histogram *h)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int failed;

	if (!out) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	failed = write_hgrm(h, out) || fsync(fd); /* before any rename, as of the other files */
	return fclose(out) || failed ? -1 : 0;
}

static int write_all(int dir, const struct result *r)
{
	char name[HGRM_NAME_MAX];

	for (size_t i = 0; i < r->ncases; i++)
		for (int kind = 0; kind < OP_KINDS; kind++) {
			const struct case_result *c = &r->cases[i];

			if (!case_sampled(c, kind))
				continue;
			hgrm_file_name(name, c->case_id, op_kind_name[kind]);
			if (write_one(dir, name, c->latency[kind]))
				return -1;
		}
	return fsync(dir);
}

int hgrm_write(struct hgrm_dir *h, const struct result *r, const char *dir, struct err *err)
{
	mode_t mask = umask(0);
	int fd, failed;

	umask(mask);
	if (join(h->path, sizeof(h->path), dir, ".hgrm.XXXXXX", err)) {
		h->path[0] = '\0';
		return err->code;
	}
	if (!mkdtemp(h->path)) {
		h->path[0] = '\0';
		return err_set(err, EXIT_CANT_CREATE, "cannot create a directory in %s: %s", dir,
			       strerror(errno));
	}
	fd = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	errno = 0;
	failed = fd < 0 || fchmod(fd, 0777 & ~mask) || write_all(fd, r);
	if (failed)
		err_set(err, EXIT_WRITE, "writing %s/hgrm failed: %s", dir,
			strerror(errno ? errno : ENOMEM));
	if (fd >= 0)
		close(fd);
	return failed ? err->code : 0;
}

int hgrm_put_in_place(struct hgrm_dir *h, const char *dir, struct err *err)
{
	char path[4096];

	if (join(path, sizeof(path), dir, "hgrm", err))
		return err->code;
	/* the old one takes the temporary name, and goes in hgrm_forget() */
	if (!renameat2(AT_FDCWD, h->path, AT_FDCWD, path, RENAME_EXCHANGE))
		return 0;
	if (errno == EINVAL || errno == ENOSYS) /* cannot exchange: for a moment there is none */
		remove_flat(path);
	if (rename(h->path, path))
		return err_set(err, EXIT_WRITE, "cannot rename %s to %s: %s", h->path, path,
			       strerror(errno));
	h->path[0] = '\0';
	return 0;
}

void hgrm_forget(struct hgrm_dir *h)
{
	if (h->path[0])
		remove_flat(h->path);
	h->path[0] = '\0';
}
