#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/checkpoint.h"
#include "bench/out_hgrm.h"
#include "bench/page.h"
#include "bench/signals.h"
#include "bench/write.h"

static int write_job(const struct result *r, FILE *out)
{
	fputs("; The options of this run, all of them. Again: iopt run job.ini, with options behind it that win.\n"
	      "; What each means: iopt list options\n", out);
	for (size_t i = 0; i < r->njobs; i++)
		options_write_job(&r->jobs[i], out);
	return fflush(out) || ferror(out) ? -1 : 0;
}

static const struct {
	const char *name;
	int (*write)(const struct result *r, FILE *out);
} files[] = {
	{ "result.json", write_json },
	{ "summary.csv", write_summary_csv },
	{ "slices.csv", write_slices_csv },
	{ "series.csv", write_series_csv },
	{ "latency.csv", write_latency_csv },
	{ "scaling.csv", write_scaling_csv },
	{ "comparisons.csv", write_comparisons_csv },
	{ "workers.csv", write_workers_csv },
	{ "latency.hlog", write_latency_hlog },
	{ "job.ini", write_job },
};

#define NFILES (sizeof(files) / sizeof(files[0]))
#define PATH_BYTES 4096
#define ROOM_BYTES (1 << 20) /* what a run of a few seconds leaves; a minute leaves some more */

static int join(char *path, const char *dir, const char *prefix, const char *name, struct err *err)
{
	if (snprintf(path, PATH_BYTES, "%s/%s%s", dir, prefix, name) >= PATH_BYTES)
		return err_set(err, EXIT_CANT_CREATE, "%s: path is too long", dir);
	return 0;
}

/* mkdir -p */
static int make_dirs(const char *dir, struct err *err)
{
	char path[PATH_BYTES];
	struct stat st;

	if (join(path, dir, "", "", err)) /* ends in a slash, so that the last part is made too */
		return err->code;
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return err_set(err, EXIT_CANT_CREATE, "cannot create directory %s: %s", path,
				       strerror(errno));
		*at = '/';
	}
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return err_set(err, EXIT_CANT_CREATE, "%s is not a directory", dir);
	return 0;
}

/*
 * Does a result.json of this program lie there (its first line after the brace says so), or a run
 * that was cut short?
 */
static bool holds_our_result(const char *dir)
{
	char path[PATH_BYTES], head[256] = "";
	struct err err;
	FILE *in;

	if (checkpoint_in(dir))
		return true;
	if (join(path, dir, "", "result.json", &err))
		return false;
	in = fopen(path, "r");
	if (!in)
		return false;
	if (!fread(head, 1, sizeof(head) - 1, in))
		head[0] = '\0';
	fclose(in);
	return strstr(head, "\"schema\": \"" RESULT_SCHEMA "\"");
}

static int refuse_foreign_files(const char *dir, struct err *err)
{
	bool ours = holds_our_result(dir);
	char path[PATH_BYTES];
	struct stat st;

	for (size_t i = 0; i < NFILES; i++) {
		if (join(path, dir, "", files[i].name, err))
			return err->code;
		if (lstat(path, &st))
			continue;
		if (!S_ISREG(st.st_mode))
			return err_set(err, EXIT_CANT_CREATE, "%s is in the way: not a regular file",
				       path);
		if (!ours)
			return err_set(err, EXIT_CANT_CREATE,
				       "%s is in the way: %s holds no result of iopt that it could "
				       "belong to; choose another --out", path, dir);
	}
	return hgrm_check(dir, ours, err);
}

/* A file nobody else has, beside where it will go. NULL: err is set. */
static FILE *open_temporary(char *path, const char *dir, const char *name, struct err *err)
{
	char suffixed[64];
	mode_t mask = umask(0);
	FILE *out;
	int fd;

	umask(mask);
	snprintf(suffixed, sizeof(suffixed), "%s.XXXXXX", name);
	if (join(path, dir, ".", suffixed, err))
		return NULL;
	fd = mkstemp(path);
	if (fd < 0) {
		err_set(err, EXIT_CANT_CREATE, "cannot create files in %s: %s", dir, strerror(errno));
		path[0] = '\0';
		return NULL;
	}
	out = fdopen(fd, "w");
	if (!out || fchmod(fd, 0666 & ~mask)) {
		err_set(err, EXIT_CANT_CREATE, "cannot create files in %s: %s", dir, strerror(errno));
		if (out)
			fclose(out);
		else
			close(fd);
		unlink(path);
		path[0] = '\0';
		return NULL;
	}
	return out;
}

static int check(const char *dir, struct err *err)
{
	char path[PATH_BYTES];
	int failed;
	FILE *out;

	if (make_dirs(dir, err) || refuse_foreign_files(dir, err))
		return err->code;
	out = open_temporary(path, dir, "check", err);
	if (!out)
		return err->code;
	failed = posix_fallocate(fileno(out), 0, ROOM_BYTES);
	fclose(out);
	unlink(path);
	return failed ? err_set(err, EXIT_CANT_CREATE, "no room for a result in %s: %s", dir,
				strerror(failed)) : 0;
}

static int write_temporary(const struct result *r, size_t i, char *path, const char *dir,
			   struct err *err)
{
	FILE *out = open_temporary(path, dir, files[i].name, err);
	int failed;

	if (!out)
		return err->code;
	errno = 0;
	/* fsync: a rename may reach the disk before the data it names */
	failed = files[i].write(r, out) || fsync(fileno(out));
	if (fclose(out) || failed)
		return err_set(err, EXIT_WRITE, "writing %s/%s failed: %s", dir, files[i].name,
			       strerror(errno ? errno : ENOMEM));
	return 0;
}

static int put_in_place(char (*temporary)[PATH_BYTES], const char *dir, struct err *err)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < NFILES; i++) {
		if (join(path, dir, "", files[i].name, err))
			return err->code;
		if (rename(temporary[i], path))
			return err_set(err, EXIT_WRITE, "cannot rename %s to %s: %s", temporary[i],
				       path, strerror(errno));
		temporary[i][0] = '\0';
	}
	return 0;
}

static int write_job_alone(const struct result *r, const char *dir, struct err *err)
{
	const size_t job = NFILES - 1;
	char temporary[PATH_BYTES], path[PATH_BYTES];
	int code = write_temporary(r, job, temporary, dir, err);

	if (!code)
		code = join(path, dir, "", files[job].name, err);
	if (!code && rename(temporary, path))
		code = err_set(err, EXIT_CANT_CREATE, "cannot rename %s to %s: %s", temporary, path,
			       strerror(errno));
	if (code && temporary[0])
		unlink(temporary);
	return code;
}

static int write_all(const struct result *r, const char *dir, struct err *err)
{
	char (*temporary)[PATH_BYTES] = calloc(NFILES, sizeof(*temporary));
	struct hgrm_dir hgrm = { 0 };

	if (!temporary)
		return err_set(err, EXIT_WRITE, "out of memory");
	err->code = 0;
	if (!make_dirs(dir, err))
		refuse_foreign_files(dir, err);
	for (size_t i = 0; !err->code && i < NFILES; i++)
		write_temporary(r, i, temporary[i], dir, err);
	if (!err->code && !hgrm_write(&hgrm, r, dir, err) && !put_in_place(temporary, dir, err)) {
		hgrm_put_in_place(&hgrm, dir, err);
		page_forget(dir);
	}
	hgrm_forget(&hgrm);
	for (size_t i = 0; i < NFILES; i++)
		if (temporary[i][0])
			unlink(temporary[i]);
	free(temporary);
	return err->code;
}

/* Nobody ends the process while a temporary file lies there: a second interrupt waits for it. */
int out_dir_check(const char *dir, struct err *err)
{
	sigset_t before;
	int code;

	signals_hold(&before);
	code = check(dir, err);
	signals_release(&before);
	return code;
}

int out_dir_write(const struct result *r, const char *dir, struct err *err)
{
	sigset_t before;
	int code;

	signals_hold(&before);
	code = write_all(r, dir, err);
	signals_release(&before);
	return code;
}

int out_dir_write_job(const struct result *r, const char *dir, struct err *err)
{
	sigset_t before;
	int code;

	signals_hold(&before);
	code = write_job_alone(r, dir, err);
	signals_release(&before);
	return code;
}
