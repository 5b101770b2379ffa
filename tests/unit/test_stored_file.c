/* Files of results: whatever is named is read or refused, and both end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "bench/stored.h"

#define CASE "{\"case_id\":\"c\",\"engine\":\"e\",\"workload\":\"w\",\"threads\":1}"
static const char result[] = "\n{\"schema\":\"iopt-result\",\"schema_version\":1,\"cases\":[" CASE "]}\n";

static char folder[] = "/tmp/test_stored_XXXXXX", path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/r.json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void put(const void *bytes, size_t n)
{
	FILE *out = fopen(path, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
}

static void accept(const char *name)
{
	struct stored *s = NULL;
	struct err err = { 0 };

	if (stored_read(&s, name, &err))
		fail_msg("%s", err.text);
	assert_int_equal(s->ncases, 1);
	assert_string_equal(s->path, strcmp(name, "-") ? name : "standard input");
	stored_free(s);
}

static void refuse(const char *name, const char *why)
{
	struct stored *s = NULL;
	struct err err = { 0 };

	assert_int_equal(stored_read(&s, name, &err), EXIT_BAD_DATA);
	assert_null(s);
	assert_memory_equal(err.text, name, strlen(name));
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
}

static size_t packed(unsigned char *to, size_t room, const void *from, size_t n)
{
	z_stream z = { .next_in = (void *)(uintptr_t)from, .avail_in = (unsigned)n, .next_out = to,
		       .avail_out = (unsigned)room };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return z.total_out;
}

static void plain_and_packed(void **state)
{
	unsigned char gz[1024];
	size_t n = packed(gz, sizeof(gz), result, strlen(result));

	(void)state;
	put(result, strlen(result));
	accept(path);
	put(gz, n);
	accept(path);
	put(gz, n / 2);
	refuse(path, "gzip data ends in the middle");
	gz[n / 2] ^= 0x55;
	put(gz, n);
	refuse(path, "damaged gzip data");
}

static void what_is_no_result(void **state)
{
	char deep[64];

	(void)state;
	unlink(path);
	refuse(path, "No such file or directory");
	refuse("", "No such file or directory");
	refuse(folder, "is a directory; name the file, ");
	snprintf(deep, sizeof(deep), "%s/r.json/below", folder);
	put("", 0);
	refuse(path, "empty: was the run cut short, or the disk full?");
	refuse(deep, "Not a directory");
	put(result, strlen(result) - 5);
	refuse(path, "ends in the middle, in line 2");
	put("case_id,group\r\n", 15);
	refuse(path, "it does not begin with {");
	put("  \n\t[1]", 7);
	refuse(path, "it does not begin with {");
	put("\x7f" "ELF\0", 5);
	refuse(path, "binary");
	put("{\"a\":\0}", 7);
	refuse(path, "binary");
}

static void without_end(void **state)
{
	char name[64];
	int fd = memfd_create("large", MFD_CLOEXEC);

	(void)state;
	refuse("/dev/zero", "binary");
	refuse("/dev/urandom", "no result.json of iopt run");
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "{", 1, 0), 1);
	assert_int_equal(ftruncate(fd, (off_t)STORED_BYTES_MAX + 1), 0); /* takes no memory */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	refuse(name, "larger than 1 GiB");
	close(fd);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refuse(path, "a pipe into which nobody writes");
}

/* In another process: in two parts, and after a while. */
static pid_t write_slowly(int fd)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	usleep(20000);
	if (write(fd, result, 10) != 10)
		_exit(1);
	usleep(20000);
	_exit(write(fd, result + 10, strlen(result) - 10) < 0);
}

static void reap(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* As `iopt compare <(ssh a cat r.json) -` has them. */
static void pipes_are_waited_for(void **state)
{
	char name[64];
	int ends[2], stdin_was;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = write_slowly(ends[1]);
	close(ends[1]);
	snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
	accept(name);
	refuse(name, "empty"); /* read to its end, and the writer is gone */
	close(ends[0]);
	reap(child);

	assert_int_equal(pipe(ends), 0);
	child = write_slowly(ends[1]);
	close(ends[1]);
	stdin_was = dup(0);
	assert_int_equal(dup2(ends[0], 0), 0);
	accept("-");
	assert_int_equal(dup2(stdin_was, 0), 0);
	close(stdin_was);
	close(ends[0]);
	reap(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_and_packed),
		cmocka_unit_test(what_is_no_result),
		cmocka_unit_test(without_end),
		cmocka_unit_test(pipes_are_waited_for),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
