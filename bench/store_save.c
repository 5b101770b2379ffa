#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/signals.h"
#include "bench/store.h"
#include "bench/store_place.h"

#define FILE_BYTES 80

/* ".0003": somebody is about to take that number, or did not come to it. 0: no claim. */
static unsigned claim_number(const char *file)
{
	const char *end;
	unsigned number = file[0] == '.' ? store_number(file + 1, &end) : 0;

	return number && !*end ? number : 0;
}

/* The highest number in use or claimed. */
static int last_number(const char *dir, bool claims, unsigned *last, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	*last = 0;
	if (!d)
		return err_set(err, EXIT_CANT_CREATE, "cannot read %s: %s", dir, strerror(errno));
	while ((entry = readdir(d))) {
		unsigned number = store_baseline_number(entry->d_name);

		if (!number && claims)
			number = claim_number(entry->d_name);
		if (number > *last)
			*last = number;
	}
	closedir(d);
	return 0;
}

/*
 * Take the next number: an empty file ".0003" that only one can create. Who has it and then finds
 * number 3 still unused may use it, for whoever used it before did so before giving up the claim. A
 * claim that is left behind by a kill costs a number.
 */
static int claim(const char *dir, char *path, unsigned *number, struct err *err)
{
	char file[FILE_BYTES];
	unsigned last;
	int fd;

	for (;;) {
		if (last_number(dir, true, &last, err))
			return err->code;
		if (last >= STORE_NUMBER_MAX)
			return err_set(err, EXIT_CANT_CREATE, "%s is full", dir);
		*number = last + 1;
		snprintf(file, sizeof(file), ".%04u", *number);
		if (store_join(dir, file, path, err))
			return err->code;
		fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
		if (fd < 0 && errno == EEXIST)
			continue;
		if (fd < 0)
			return err_set(err, EXIT_CANT_CREATE, "cannot create %s: %s", path,
				       strerror(errno));
		close(fd);
		if (!last_number(dir, false, &last, err) && last < *number)
			return 0;
		unlink(path);
		if (err->code)
			return err->code;
	}
}

static int copy(const char *from, const char *dir, char *temporary, struct err *err)
{
	FILE *in = fopen(from, "rb"), *out;
	bool failed = false;
	char *buffer;
	size_t n;

	if (!in)
		return err_set(err, EXIT_BAD_DATA, "cannot read %s: %s", from, strerror(errno));
	buffer = malloc(1 << 16);
	out = buffer ? store_open_temporary(dir, temporary, err) : NULL;
	if (!out) {
		fclose(in);
		free(buffer);
		return buffer ? err->code : err_set(err, EXIT_NO_RESOURCE, "out of memory");
	}
	while (!failed && (n = fread(buffer, 1, 1 << 16, in)))
		failed = fwrite(buffer, 1, n, out) != n;
	failed |= ferror(in);
	fclose(in);
	free(buffer);
	return store_close_temporary(out, failed, temporary, err);
}

/* Of what `git describe` says only what a file name takes; into word[STORE_COMMIT_MAX + 1]. */
static void commit_word(const char *commit, char *word)
{
	snprintf(word, STORE_COMMIT_MAX + 1, "%s", commit && *commit ? commit : "unknown");
	for (; *word; word++)
		if (!store_word_char(*word))
			*word = '_';
}

static int save(const char *dir, const struct stored *result, char *path, struct err *err)
{
	char temporary[STORE_PATH_BYTES], claimed[STORE_PATH_BYTES], file[FILE_BYTES];
	char commit[STORE_COMMIT_MAX + 1];
	unsigned number = 0;

	err->code = 0;
	if (store_make_dirs(dir, err) || copy(result->path, dir, temporary, err))
		return err->code;
	if (claim(dir, claimed, &number, err)) {
		unlink(temporary);
		return err->code;
	}
	commit_word(result->host.commit, commit);
	snprintf(file, sizeof(file), "%04u-%s.json", number, commit);
	if (store_join(dir, file, path, err) || rename(temporary, path)) {
		if (!err->code)
			err_set(err, EXIT_CANT_CREATE, "cannot create %s: %s", path, strerror(errno));
		unlink(temporary);
	}
	unlink(claimed);
	return err->code;
}

int store_save_baseline(const char *name, const struct stored *result, char *path, size_t size,
			struct err *err)
{
	char dir[STORE_PATH_BYTES], kept[STORE_PATH_BYTES];
	sigset_t before;

	if (!store_name_length(name) || store_name_length(name) != strlen(name))
		return store_bad_name(name, err);
	if (!strcmp(result->path, "-"))
		return err_set(err, EXIT_USAGE, "a baseline is a copy of a file: write the result to one "
			       "(iopt run --out DIR) instead of stdin");
	if (!result->complete)
		return err_set(err, EXIT_BAD_DATA, "%s is of an interrupted run: no baseline; "
			       "`iopt run --resume` can complete it", result->path);
	if (store_name_dir(name, strlen(name), dir, EXIT_CANT_CREATE, err))
		return err->code;
	signals_hold(&before); /* nobody ends the process while a file half written lies there */
	save(dir, result, kept, err);
	signals_release(&before);
	if (!err->code)
		snprintf(path, size, "%s", kept);
	return err->code;
}
