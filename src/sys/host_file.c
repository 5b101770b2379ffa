#include "sys/host_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 1024
#define FILE_BYTES_MAX ((size_t)1 << 20)
/* version 1 says "none" with a number of pages short of 2^63 bytes */
#define MEMORY_NONE ((uint64_t)1 << 60)

static bool join(char *out, const char *root, const char *path)
{
	return snprintf(out, PATH_BYTES, "%s%s", root, path) < PATH_BYTES;
}

char *host_file(const char *root, const char *path)
{
	char name[PATH_BYTES];
	size_t used = 0, size = 4096, got;
	char *text = NULL;
	FILE *f = join(name, root, path) ? fopen(name, "re") : NULL;

	if (!f)
		return NULL;
	do {
		char *more = realloc(text, size + 1);

		if (!more)
			break;
		text = more;
		got = fread(text + used, 1, size - used, f);
		used += got;
		size *= used == size ? 2 : 1;
	} while (got && size <= FILE_BYTES_MAX);
	fclose(f);
	if (text)
		text[used] = '\0';
	return text;
}

bool host_line(const char *root, const char *path, char *line, size_t size)
{
	char *text = host_file(root, path);

	line[0] = '\0';
	if (!text)
		return false;
	text[strcspn(text, "\n")] = '\0';
	snprintf(line, size, "%s", text);
	free(text);
	return line[0] != '\0';
}

bool host_exists(const char *root, const char *path)
{
	char name[PATH_BYTES];

	return join(name, root, path) && !access(name, F_OK);
}

/*
 * This process's group in a hierarchy: version 2's line is "0::/path", version 1's
 * "N:controller,controller:/path".
 */
static bool group_path(const char *root, const char *controller, char path[PATH_BYTES])
{
	char *text = host_file(root, "/proc/self/cgroup"), *save = NULL;
	bool found = false;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line && !found;
	     line = strtok_r(NULL, "\n", &save)) {
		char *names = strchr(line, ':'), *where = names ? strchr(names + 1, ':') : NULL;
		char *inner = NULL;

		if (!where)
			continue;
		*where++ = '\0';
		names++;
		found = !*controller && !*names;
		for (char *name = strtok_r(names, ",", &inner); name && !found;
		     name = strtok_r(NULL, ",", &inner))
			found = !strcmp(name, controller);
		if (found)
			snprintf(path, PATH_BYTES, "%s", where);
	}
	free(text);
	return found;
}

static void lower(double *limit, double value)
{
	if (value > 0 && (*limit <= 0 || value < *limit))
		*limit = value;
}

static void lower_bytes(uint64_t *limit, uint64_t value)
{
	if (value && value < MEMORY_NONE && (!*limit || value < *limit))
		*limit = value;
}

static bool group_line(const char *root, const char *mount, const char *path, const char *file,
		       char *line, size_t size)
{
	char name[PATH_BYTES];

	return snprintf(name, sizeof(name), "%s%s/%s", mount, strcmp(path, "/") ? path : "", file) <
		       (int)sizeof(name) &&
	       host_line(root, name, line, size);
}

/* "quota period" or "max period", both in microseconds; bytes or "max". */
static void read_v2(const char *root, const char *path, double *cpus, uint64_t *bytes)
{
	double quota, period;
	char line[64];

	if (group_line(root, "/sys/fs/cgroup", path, "cpu.max", line, sizeof(line)) &&
	    sscanf(line, "%lf %lf", &quota, &period) == 2 && period > 0)
		lower(cpus, quota / period);
	if (group_line(root, "/sys/fs/cgroup", path, "memory.max", line, sizeof(line)))
		lower_bytes(bytes, strtoull(line, NULL, 10));
}

static void read_v1_cpu(const char *root, const char *path, double *cpus)
{
	char quota[64], period[64];

	if (group_line(root, "/sys/fs/cgroup/cpu", path, "cpu.cfs_quota_us", quota,
		       sizeof(quota)) &&
	    group_line(root, "/sys/fs/cgroup/cpu", path, "cpu.cfs_period_us", period,
		       sizeof(period)) &&
	    strtod(period, NULL) > 0)
		lower(cpus, strtod(quota, NULL) / strtod(period, NULL));
}

static void read_v1_memory(const char *root, const char *path, uint64_t *bytes)
{
	char line[64];

	if (group_line(root, "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", line,
		       sizeof(line)))
		lower_bytes(bytes, strtoull(line, NULL, 10));
}

/* From a group to the one above; false at the top. Inside a container the top is what is seen. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !strcmp(path, "/"))
		return false;
	slash[slash == path] = '\0';
	return true;
}

void host_cgroup(const char *root, double *cpus, uint64_t *memory_bytes)
{
	char path[PATH_BYTES];

	*cpus = 0;
	*memory_bytes = 0;
	if (group_path(root, "", path))
		do
			read_v2(root, path, cpus, memory_bytes);
		while (go_up(path));
	if (group_path(root, "cpu", path))
		do
			read_v1_cpu(root, path, cpus);
		while (go_up(path));
	if (group_path(root, "memory", path))
		do
			read_v1_memory(root, path, memory_bytes);
		while (go_up(path));
}
