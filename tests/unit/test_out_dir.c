#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "made_result.h"

static char root[64];

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/iopt-test-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static char *in_root(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void put_file(const char *name, const char *text)
{
	FILE *file = fopen(in_root(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static long size_of(const char *name)
{
	struct stat st;

	return stat(in_root(name), &st) ? -1 : (long)st.st_size;
}

static unsigned entries(const char *name)
{
	DIR *dir = opendir(in_root(name));
	struct dirent *entry;
	unsigned n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(dir);
	return n;
}

static void test_all_files_and_no_leftovers(void **state)
{
	static const char *const names[] = { "a/b/result.json", "a/b/summary.csv", "a/b/slices.csv",
					     "a/b/series.csv",
					     "a/b/latency.csv", "a/b/scaling.csv", "a/b/job.ini",
					     "a/b/comparisons.csv", "a/b/workers.csv",
					     "a/b/latency.hlog", "a/b/hgrm" };
	struct result r = made_whole();
	struct err err;
	long first;

	(void)state;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(out_dir_check(in_root("a/b"), &err), 0);
	assert_int_equal(entries("a/b"), 0);
	assert_int_equal(out_dir_write(&r, in_root("a/b"), &err), 0);
	for (size_t i = 0; i < 9; i++)
		assert_true(size_of(names[i]) > 0);
	assert_int_equal(entries("a/b"), 11);
	/* the next result of the same name replaces it */
	first = size_of("a/b/result.json");
	r.ncases--;
	assert_int_equal(out_dir_check(in_root("a/b"), &err), 0);
	assert_int_equal(out_dir_write(&r, in_root("a/b/"), &err), 0);
	r.ncases++;
	assert_true(size_of("a/b/result.json") < first);
	assert_int_equal(entries("a/b"), 11);
	/* but not what has become something else */
	unlink(in_root("a/b/latency.csv"));
	assert_int_equal(symlink("/etc/passwd", in_root("a/b/latency.csv")), 0);
	assert_int_equal(out_dir_check(in_root("a/b"), &err), EXIT_CANT_CREATE);
	assert_non_null(strstr(err.text, "latency.csv"));
	result_free(&r);
}

/* It would be taken for the new result's. */
static void test_the_page_of_the_result_before_is_gone(void **state)
{
	struct result r = made_whole();
	struct err err;

	(void)state;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(out_dir_write(&r, in_root("p"), &err), 0);
	put_file("p/report.html", "<!DOCTYPE html>\n<meta name=\"generator\" content=\"iopt\">\n");
	assert_int_equal(out_dir_write(&r, in_root("p"), &err), 0);
	assert_int_equal(size_of("p/report.html"), -1);
	put_file("p/report.html", "somebody else's");
	assert_int_equal(out_dir_write(&r, in_root("p"), &err), 0);
	assert_true(size_of("p/report.html") > 0);
	result_free(&r);
}

static void test_what_is_not_ours_is_left_alone(void **state)
{
	struct result r = made_result();
	struct err err;

	(void)state;
	mkdir(in_root("x"), 0777);
	put_file("x/summary.csv", "mine\n");
	put_file("x/notes.txt", "mine too\n");
	assert_int_equal(out_dir_check(in_root("x"), &err), EXIT_CANT_CREATE);
	assert_non_null(strstr(err.text, "summary.csv"));
	assert_int_equal(out_dir_write(&r, in_root("x"), &err), EXIT_CANT_CREATE);
	assert_int_equal(size_of("x/summary.csv"), 5);
	put_file("x/result.json", "{ \"schema\": \"other\" }");
	assert_int_equal(out_dir_check(in_root("x"), &err), EXIT_CANT_CREATE);
	unlink(in_root("x/summary.csv"));
	unlink(in_root("x/result.json"));
	mkdir(in_root("x/latency.csv"), 0777);
	assert_int_equal(out_dir_check(in_root("x"), &err), EXIT_CANT_CREATE);
	rmdir(in_root("x/latency.csv"));
	assert_int_equal(out_dir_check(in_root("x"), &err), 0); /* notes.txt is no harm */
	result_free(&r);
}

static void test_where_nothing_can_be_made(void **state)
{
	struct result r = made_result();
	struct err err;

	(void)state;
	put_file("file", "");
	assert_int_equal(out_dir_check(in_root("file"), &err), EXIT_CANT_CREATE);
	assert_int_equal(out_dir_check(in_root("file/below"), &err), EXIT_CANT_CREATE);
	assert_non_null(strstr(err.text, "file"));
	assert_int_equal(out_dir_check("/proc/iopt", &err), EXIT_CANT_CREATE);
	assert_int_equal(out_dir_write(&r, "/proc/iopt", &err), EXIT_CANT_CREATE);
	result_free(&r);
}

static void test_read_only_directory(void **state)
{
	bool root_user = !geteuid();
	struct err err;
	int code;

	(void)state;
	mkdir(in_root("ro"), 0555);
	chmod(root, 0755);
	if (root_user)
		assert_int_equal(seteuid(65534), 0); /* root may write anywhere */
	code = out_dir_check(in_root("ro"), &err);
	if (root_user)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(code, EXIT_CANT_CREATE);
	assert_non_null(strstr(err.text, strerror(EACCES)));
}

static void test_percentile_files_are_replaced_as_a_whole(void **state)
{
	struct result r = made_whole();
	struct err err;
	unsigned files;
	char there[64];

	(void)state;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(out_dir_write(&r, in_root("h"), &err), 0);
	files = entries("h/hgrm");
	assert_true(files > 1);
	/* a case less, and an older file: neither stays */
	put_file("h/hgrm/older-map.hgrm", "");
	for (size_t i = r.ncases; i--;)
		if (r.cases[i].latency[OP_MAP]) {
			free(r.cases[i].latency[OP_MAP]);
			r.cases[i].latency[OP_MAP] = NULL;
			break;
		}
	assert_int_equal(out_dir_check(in_root("h"), &err), 0);
	assert_int_equal(out_dir_write(&r, in_root("h"), &err), 0);
	assert_int_equal(entries("h/hgrm"), files - 1);
	assert_int_equal(entries("h"), 11);
	/* what is not ours in there is not lost */
	put_file("h/hgrm/plot.png", "mine");
	assert_int_equal(out_dir_check(in_root("h"), &err), EXIT_CANT_CREATE);
	assert_non_null(strstr(err.text, "h/hgrm/plot.png is in the way"));
	assert_int_equal(out_dir_write(&r, in_root("h"), &err), EXIT_CANT_CREATE);
	assert_int_equal(size_of("h/hgrm/plot.png"), 4);
	unlink(in_root("h/hgrm/plot.png"));
	mkdir(in_root("h/hgrm/sub.hgrm"), 0777);
	assert_int_equal(out_dir_check(in_root("h"), &err), EXIT_CANT_CREATE);
	rmdir(in_root("h/hgrm/sub.hgrm"));
	/* nor what it might point at */
	strcpy(there, in_root("elsewhere"));
	assert_int_equal(rename(in_root("h/hgrm"), there), 0);
	assert_int_equal(symlink("../elsewhere", in_root("h/hgrm")), 0);
	assert_int_equal(out_dir_check(in_root("h"), &err), EXIT_CANT_CREATE);
	assert_int_equal(entries("elsewhere"), files - 1);
	/* nor one that no result stands beside */
	mkdir(in_root("alone"), 0777);
	mkdir(in_root("alone/hgrm"), 0777);
	assert_int_equal(out_dir_check(in_root("alone"), &err), EXIT_CANT_CREATE);
	assert_non_null(strstr(err.text, "holds no result of iopt"));
	result_free(&r);
}

/* A limit on the size of files stands for a full disk. */
static void test_a_full_disk_leaves_the_old_result(void **state)
{
	struct result r = made_whole();
	struct rlimit old, small;
	struct err err;
	long before;
	int code;

	(void)state;
	assert_int_equal(analyse(&r), 0);
	assert_int_equal(out_dir_write(&r, in_root("full"), &err), 0);
	before = size_of("full/slices.csv");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = (rlim_t)size_of("full/result.json") / 2;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	code = out_dir_write(&r, in_root("full"), &err);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(code, EXIT_WRITE);
	assert_non_null(strstr(err.text, strerror(EFBIG)));
	assert_int_equal(entries("full"), 11);
	assert_int_equal(size_of("full/slices.csv"), before);
	result_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_files_and_no_leftovers),
		cmocka_unit_test(test_the_page_of_the_result_before_is_gone),
		cmocka_unit_test(test_what_is_not_ours_is_left_alone),
		cmocka_unit_test(test_where_nothing_can_be_made),
		cmocka_unit_test(test_read_only_directory),
		cmocka_unit_test(test_percentile_files_are_replaced_as_a_whole),
		cmocka_unit_test(test_a_full_disk_leaves_the_old_result),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
