#include "bench/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/store_place.h"
#include "bench/suggest.h"

struct list {
	char **item;
	size_t n, room;
};

static int list_add(struct list *l, const char *text)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		char **item = realloc(l->item, room * sizeof(*item));

		if (!item)
			return -1;
		l->item = item;
		l->room = room;
	}
	l->item[l->n] = strdup(text);
	return l->item[l->n] ? (l->n++, 0) : -1;
}

void store_free_list(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By number where there is one, then by name: 10000 comes after 9999. */
static int compare_paths(const void *a, const void *b)
{
	const char *x = base(*(char *const *)a), *y = base(*(char *const *)b);
	unsigned i = store_baseline_number(x), j = store_baseline_number(y);

	return i != j ? (i > j) - (i < j) : strcmp(x, y);
}

enum want { WANT_BASELINES, WANT_FOREIGN, WANT_NAMES };

/* Fills `path` if so. */
static bool wanted(const char *dir, const char *file, enum want want, char *path)
{
	struct err unused;
	struct stat st;
	bool ours;

	if (file[0] == '.' || store_join(dir, file, path, &unused))
		return false; /* claims, and files not finished */
	if (want == WANT_NAMES)
		return store_name_length(file) == strlen(file) && !stat(path, &st) && S_ISDIR(st.st_mode);
	ours = store_baseline_number(file) && !stat(path, &st) && S_ISREG(st.st_mode);
	return ours == (want == WANT_BASELINES);
}

/* Paths of what is wanted in `dir`, in order; no such directory: none. */
static int scan(const char *dir, enum want want, struct list *out, struct err *err)
{
	char path[STORE_PATH_BYTES];
	DIR *d = opendir(dir);
	struct dirent *entry;

	*out = (struct list){ .item = NULL };
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_set(err, EXIT_BAD_DATA, "cannot read %s: %s", dir, strerror(errno));
	while ((entry = readdir(d)))
		if (wanted(dir, entry->d_name, want, path) && list_add(out, path)) {
			closedir(d);
			store_free_list(out->item, out->n);
			*out = (struct list){ .item = NULL };
			return err_set(err, EXIT_NO_RESOURCE, "out of memory");
		}
	closedir(d);
	if (out->n)
		qsort(out->item, out->n, sizeof(*out->item), compare_paths);
	return 0;
}

int store_list_names(char ***names, size_t *n, struct err *err)
{
	char dir[STORE_PATH_BYTES];
	struct list all = { .item = NULL };
	int code = store_place("baselines", dir, EXIT_BAD_DATA, err);

	if (!code)
		code = scan(dir, WANT_NAMES, &all, err);
	if (code)
		return code;
	for (size_t i = 0; i < all.n; i++) {
		const char *name = base(all.item[i]);

		memmove(all.item[i], name, strlen(name) + 1);
	}
	*names = all.item;
	*n = all.n;
	return 0;
}

int store_list_foreign(const char *name, char ***paths, size_t *n, struct err *err)
{
	char dir[STORE_PATH_BYTES];
	struct list all = { .item = NULL };
	int code;

	if (!store_name_length(name) || store_name_length(name) != strlen(name))
		return store_bad_name(name, err);
	code = store_name_dir(name, strlen(name), dir, EXIT_BAD_DATA, err);
	if (!code)
		code = scan(dir, WANT_FOREIGN, &all, err);
	if (code)
		return code;
	*paths = all.item;
	*n = all.n;
	return 0;
}

/* Nothing of that name; which are there? */
static int no_baseline(const char *name, size_t length, struct err *err)
{
	char all[256] = "", did[96], word[STORE_NAME_MAX + 1];
	char **names = NULL;
	struct suggest s;
	size_t n = 0;
	int code = store_list_names(&names, &n, err);

	if (code)
		return code;
	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	suggest_start(&s, word);
	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(all);

		suggest_offer(&s, names[i]);
		snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", names[i]);
	}
	suggest_text(&s, "", did, sizeof(did));
	code = err_set(err, EXIT_BAD_DATA, "baseline %s: there is none%s (%s%s; `iopt compare "
		       "--save-baseline %s RESULT` keeps one)", word, did, n ? "kept: " : "none is kept",
		       all, word);
	store_free_list(names, n);
	return code;
}

/* Baselines of NAME by number, at least one, no number twice. */
static int list_numbered(const char *name, size_t length, struct list *out, struct err *err)
{
	char dir[STORE_PATH_BYTES];
	int code = store_name_dir(name, length, dir, EXIT_BAD_DATA, err);

	if (!code)
		code = scan(dir, WANT_BASELINES, out, err);
	if (code)
		return code;
	for (size_t i = 1; i < out->n; i++) {
		const char *one = base(out->item[i - 1]), *two = base(out->item[i]);

		if (store_baseline_number(one) != store_baseline_number(two))
			continue;
		code = err_set(err, EXIT_BAD_DATA, "%s: %s and %s have one number: remove or rename the "
			       "one that was put there by hand", dir, one, two);
		store_free_list(out->item, out->n);
		*out = (struct list){ .item = NULL };
		return code;
	}
	return out->n ? 0 : no_baseline(name, length, err);
}

int store_list_baseline(const char *name, char ***paths, size_t *n, struct err *err)
{
	struct list all = { .item = NULL };
	int code;

	if (!store_name_length(name) || store_name_length(name) != strlen(name))
		return store_bad_name(name, err);
	code = list_numbered(name, strlen(name), &all, err);
	if (code)
		return code;
	*paths = all.item;
	*n = all.n;
	return 0;
}

/* NAME@3: 3. NAME: 0, the newest. */
static bool parse_number(const char *at, unsigned *number)
{
	size_t digits;

	*number = 0;
	if (!*at)
		return true;
	digits = strspn(at + 1, "0123456789");
	if (*at != '@' || !digits || digits > 6 || at[1 + digits])
		return false;
	*number = (unsigned)strtoul(at + 1, NULL, 10);
	return *number > 0;
}

int store_find_baseline(const char *name, char *path, size_t size, struct err *err)
{
	size_t length = store_name_length(name);
	struct list all = { .item = NULL };
	const char *found = NULL;
	unsigned number, newest = 0;
	int code;

	if (!length || (name[length] && name[length] != '@'))
		return store_bad_name(name, err);
	if (!parse_number(name + length, &number))
		return err_set(err, EXIT_USAGE, "baseline %.80s: want NAME, or NAME@N with the number of "
			       "one that was kept, such as %.*s@1", name, (int)length, name);
	code = list_numbered(name, length, &all, err);
	if (code)
		return code;
	for (size_t i = 0; i < all.n; i++) {
		newest = store_baseline_number(base(all.item[i]));
		if (!number || newest == number)
			found = all.item[i];
	}
	if (!found)
		code = err_set(err, EXIT_BAD_DATA, "baseline %.80s: there is no number %u; kept are %zu, "
			       "the newest is %u", name, number, all.n, newest);
	else if ((size_t)snprintf(path, size, "%s", found) >= size)
		code = err_set(err, EXIT_BAD_DATA, "%s: the path is too long", found);
	store_free_list(all.item, all.n);
	return code;
}
