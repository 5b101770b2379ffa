/* list_baselines.c - `iopt list baselines`: what is kept, the newest of each looked into. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/list.h"
#include "bench/store.h"

static const char *base(const char *path)
{
	return strrchr(path, '/') + 1; /* paths of the store have one */
}

/* EXIT_NO_RESOURCE; whatever else is wrong is a line of the list. */
static int list_newest(const char *path, size_t older, struct err *err)
{
	char host[192];
	struct stored *s = NULL;
	int code = stored_read(&s, path, err);

	if (code) {
		if (code != EXIT_NO_RESOURCE)
			printf("    broken: %s\n", err->text);
		return code == EXIT_NO_RESOURCE ? code : 0;
	}
	fingerprint_show(&s->host, host, sizeof(host));
	printf("    measured %s, %zu %s, %u %s, commit %s\n    %s\n", s->started_utc, s->ncases,
	       s->ncases == 1 ? "case" : "cases", s->processes,
	       s->processes == 1 ? "process" : "processes",
	       *s->host.commit ? s->host.commit : "unknown", host);
	if (!s->complete)
		printf("    of an interrupted run: not to be compared with\n");
	stored_free(s);
	printf("    %s\n", path);
	if (older)
		printf("    and %zu older\n", older);
	return 0;
}

static int list_name(const char *name, struct err *err)
{
	char **paths = NULL;
	size_t n = 0;
	int code = store_list_baseline(name, &paths, &n, err);

	if (code) {
		printf("  %s: %s\n", name, err->text);
	} else {
		printf("  %s@%lu\n", name, strtoul(base(paths[n - 1]), NULL, 10));
		code = list_newest(paths[n - 1], n - 1, err);
		store_free_list(paths, n);
		if (code)
			return code;
	}
	code = store_list_foreign(name, &paths, &n, err);
	if (code)
		return code;
	for (size_t i = 0; i < n; i++)
		printf("    not put there by iopt, and not read: %s\n", paths[i]);
	store_free_list(paths, n);
	return 0;
}

int list_baselines(struct err *err)
{
	char **names = NULL;
	size_t n = 0;
	int code = store_list_names(&names, &n, err);

	if (code)
		return code;
	printf("Baselines (iopt compare --baseline NAME; an older one is NAME@N)\n");
	for (size_t i = 0; i < n && !code; i++)
		code = list_name(names[i], err);
	if (!n)
		printf("  none is kept: iopt compare --save-baseline NAME RESULT\n");
	store_free_list(names, n);
	return code;
}
