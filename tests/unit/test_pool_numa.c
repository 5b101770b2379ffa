/* What the pool of sanitizer builds has not: nodes, batches, address space, refusals. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mem/pool.h"

#ifdef IOPT_SANITIZED

int main(void)
{
	return 0;
}

#else

#include "mem/pool_internal.h"

#define BATCH 72u /* of depot.h */

/* Two nodes whatever the machine has: memory of one that is not there lies anywhere. */
static void count_node(void *ctx, const struct page_desc *page, unsigned os_node)
{
	(void)page;
	((uint64_t *)ctx)[os_node]++;
}

static bool where_counts(struct pool *pool, uint32_t owner, uint64_t by_node[POOL_NODES_MAX])
{
	memset(by_node, 0, POOL_NODES_MAX * sizeof(by_node[0]));
	return pool_where(pool, owner, count_node, by_node);
}

static struct pool *two_nodes(enum pool_mem mem, enum pool_zero zero)
{
	struct pool_config config = { .mem = mem, .zero = zero };
	static const unsigned os[] = { 0, 1 };
	struct pool *pool = NULL;
	struct err err;

	assert_int_equal(pool_create_nodes(&pool, &config, os, 2, &err), 0);
	return pool;
}

static void test_foreign_pages_go_home(void **state)
{
	struct pool *pool = two_nodes(POOL_MEM_LOCAL, POOL_ZERO_ALLOC);
	struct pool_cache *a = pool_cache_create(pool, 0), *b = pool_cache_create(pool, 1);
	static void *pages[5 * BATCH];
	unsigned again = 0;
	void *other;

	(void)state;
	for (unsigned i = 0; i < 5 * BATCH; i++) {
		pages[i] = page_alloc(a, 1);
		assert_int_equal(page_desc(pages[i])->node, 0);
	}
	for (unsigned i = 0; i < 5 * BATCH; i++)
		page_free(b, pages[i]);
	/* b keeps none of them for itself */
	for (unsigned i = 0; i < 2 * BATCH; i++) {
		other = page_alloc(b, 2);
		assert_int_equal(page_desc(other)->node, 1);
		assert_int_equal(page_desc(other)->generation, 1);
	}
	/* a gets back whatever filled b's batches: all five */
	for (unsigned i = 0; i < 5 * BATCH; i++)
		again += page_desc(page_alloc(a, 1))->generation == 2;
	assert_int_equal(again, 5 * BATCH);
	pool_cache_destroy(a);
	pool_cache_destroy(b);
	pool_destroy(pool);
}

/* A page is kept in every round, so that each cache gives back a batch with a hole in it. */
static void test_broken_batches_are_mended(void **state)
{
	struct pool *pool = two_nodes(POOL_MEM_LOCAL, POOL_ZERO_ALLOC);

	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct pool_cache *cache = pool_cache_create(pool, 0);
		void *pages[BATCH + 7];

		for (unsigned i = 0; i < BATCH + 7; i++)
			pages[i] = page_alloc(cache, 1);
		for (unsigned i = 1; i < BATCH + 7; i++)
			page_free(cache, pages[i]);
		pool_cache_destroy(cache);
	}
	/* 1000 pages kept and two batches at work */
	assert_int_equal(pool_stats(pool).chunks, 3);
	pool_destroy(pool);
}

static void test_interleave(void **state)
{
	struct pool *pool = two_nodes(POOL_MEM_INTERLEAVE, POOL_ZERO_ALLOC);
	struct pool_cache *cache = pool_cache_create(pool, 1);
	unsigned by_node[2] = { 0, 0 };
	void *pages[300];

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		pages[i] = page_alloc(cache, 1);
		by_node[page_desc(pages[i])->node]++;
	}
	assert_int_equal(by_node[0], 150);
	assert_int_equal(by_node[1], 150);
	for (unsigned i = 0; i < 300; i++)
		page_free(cache, pages[i]);
	pool_cache_destroy(cache);
	pool_destroy(pool);
}

static void test_ahead_counts_latecomers(void **state)
{
	struct pool *pool = two_nodes(POOL_MEM_LOCAL, POOL_ZERO_AHEAD);
	struct pool_cache *cache = pool_cache_create(pool, 0);

	(void)state;
	page_alloc(cache, 1);
	assert_int_equal(pool_stats(pool).zeroed_late, 1);
	page_cache_refill(cache);
	for (unsigned i = 0; i < BATCH; i++)
		page_alloc(cache, 1);
	assert_int_equal(pool_stats(pool).zeroed_late, 1);
	page_alloc(cache, 1);
	assert_int_equal(pool_stats(pool).zeroed_late, 2);
	pool_cache_destroy(cache);
	pool_destroy(pool);
}

static void test_reserve(void **state)
{
	struct pool *pool = two_nodes(POOL_MEM_LOCAL, POOL_ZERO_ALLOC);
	struct pool_cache *a = pool_cache_create(pool, 0), *b = pool_cache_create(pool, 0);
	struct rusage before, after;

	(void)state;
	/* each gets its own, and asking again for what is there gets no more */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pool_reserve(a, 1500), 0);
		assert_int_equal(pool_reserve(b, 1500), 0);
	}
	assert_int_equal(pool_stats(pool).chunks, 6);
	getrusage(RUSAGE_SELF, &before);
	for (unsigned i = 0; i < 1500; i++) {
		assert_non_null(page_alloc(a, 1));
		assert_non_null(page_alloc(b, 1));
	}
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(pool_stats(pool).chunks, 6);
	/* 3000 pages without a fault of their own; the test's own few do not matter */
	assert_true(after.ru_minflt - before.ru_minflt < 100);
	pool_cache_destroy(a);
	pool_cache_destroy(b);
	pool_destroy(pool);
}

static void test_real_nodes(void **state)
{
	struct pool_config config = { .mem = POOL_MEM_BIND, .node = 0 };
	uint64_t by_node[POOL_NODES_MAX], sum = 0;
	struct pool *pool = NULL;
	struct pool_cache *cache;
	struct err err;

	(void)state;
	if (pool_create(&pool, &config, &err)) {
		assert_int_equal(err.code, EXIT_NO_RESOURCE); /* a machine that refuses */
		return;
	}
	cache = pool_cache_create(pool, 0);
	for (unsigned i = 0; i < 1100; i++)
		page_alloc(cache, 1 + i % 2);
	if (where_counts(pool, 0, by_node)) {
		for (unsigned i = 0; i < POOL_NODES_MAX; i++)
			sum += by_node[i];
		assert_int_equal(sum, 1100);
		assert_int_equal(by_node[0], 1100);
		assert_true(where_counts(pool, 2, by_node));
		assert_int_equal(by_node[0], 550);
	}
	pool_cache_destroy(cache);
	pool_destroy(pool);
}

static void test_no_such_node(void **state)
{
	struct pool_config config = { .mem = POOL_MEM_BIND, .node = 999 };
	struct pool *pool;
	struct err err;

	(void)state;
	assert_int_equal(pool_create(&pool, &config, &err), EXIT_NO_RESOURCE);
	assert_non_null(strstr(err.text, "--mem bind:999"));
	assert_non_null(strstr(err.text, "nodes 0"));
	config.mem = POOL_MEM_DEVICE;
	assert_int_equal(pool_create(&pool, &config, &err), EXIT_NO_RESOURCE);
	assert_non_null(strstr(err.text, "--mem device:999"));
}

/* The node of each cache or nothing: never the nearest instead, as for local. */
static void test_remote(void **state)
{
	struct pool_config config = { .mem = POOL_MEM_REMOTE };
	static const unsigned os[] = { 0, 62 };
	uint64_t by_node[POOL_NODES_MAX];
	struct pool *pool = NULL;
	struct pool_cache *cache;
	struct err err;

	(void)state;
	if (pool_create_nodes(&pool, &config, os, 2, &err)) {
		assert_int_equal(err.code, EXIT_NO_RESOURCE); /* a machine that refuses */
		return;
	}
	assert_null(pool_cache_create(pool, 5));  /* no node of the pool */
	assert_null(pool_cache_create(pool, 62)); /* a node that is not there: binding is refused */
	cache = pool_cache_create(pool, 0);
	assert_non_null(cache);
	for (unsigned i = 0; i < 100; i++)
		assert_non_null(page_alloc(cache, 1));
	if (where_counts(pool, 0, by_node))
		assert_int_equal(by_node[0], 100);
	pool_cache_destroy(cache);
	pool_destroy(pool);
}

/* Every call of `number` fails with EPERM from here on, as containers do it. */
static int refuse(int number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#define SKIPPED 77

/* What `body` returns in a child of its own: 0 fine, SKIPPED, else the line of the failed check. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			return __LINE__ % 200 + 1;                                                 \
	} while (0)

static int mbind_refused(void)
{
	struct pool_config config = { .mem = POOL_MEM_BIND };
	struct pool_cache *cache;
	struct pool *pool = NULL;
	struct err err;

	if (refuse(SYS_mbind))
		return SKIPPED;
	CHECK(pool_create(&pool, &config, &err) == EXIT_NO_RESOURCE);
	CHECK(strstr(err.text, "--mem bind:0: mbind is refused"));
	config.mem = POOL_MEM_REMOTE;
	CHECK(pool_create(&pool, &config, &err) == EXIT_NO_RESOURCE);
	CHECK(strstr(err.text, "--mem remote: mbind is refused"));
	config.mem = POOL_MEM_LOCAL;
	CHECK(!pool_create(&pool, &config, &err));
	CHECK(pool_warning(pool) && strstr(pool_warning(pool), "mbind is refused"));
	cache = pool_cache_create(pool, 0);
	CHECK(cache && page_alloc(cache, 1));
	pool_cache_destroy(cache);
	pool_destroy(pool);
	return 0;
}

static int move_pages_refused(void)
{
	struct pool_config config = { .mem = POOL_MEM_LOCAL };
	uint64_t by_node[POOL_NODES_MAX];
	struct pool_cache *cache;
	struct pool *pool = NULL;
	struct err err;

	if (refuse(SYS_move_pages))
		return SKIPPED;
	CHECK(!pool_create(&pool, &config, &err));
	cache = pool_cache_create(pool, 0);
	CHECK(cache && page_alloc(cache, 1));
	CHECK(!where_counts(pool, 0, by_node));
	return 0;
}

static int address_space_exhausted(void)
{
	struct pool_config config = { .mem = POOL_MEM_LOCAL };
	struct rlimit limit = { (rlim_t)1 << 30, (rlim_t)1 << 30 };
	struct pool_cache *cache;
	struct pool *pool = NULL;
	unsigned n = 0, again = 0;
	void *list = NULL, *page;
	struct err err;

	if (setrlimit(RLIMIT_AS, &limit))
		return SKIPPED;
	CHECK(!pool_create(&pool, &config, &err));
	cache = pool_cache_create(pool, 0);
	CHECK(cache);
	CHECK(pool_reserve(cache, (size_t)1 << 20) == -ENOMEM);
	for (; (page = page_alloc(cache, 1)); n++) {
		*(void **)page = list;
		list = page;
	}
	CHECK(n > BATCH);
	while ((page = list)) {
		list = *(void **)page;
		page_free(cache, page);
	}
	while (page_alloc(cache, 1))
		again++;
	CHECK(again == n);
	CHECK(pool_stats(pool).allocated == n + again);
	CHECK(pool_stats(pool).freed == n);
	return 0;
}

static void test_refusals(void **state)
{
	int (*const bodies[])(void) = { mbind_refused, move_pages_refused,
					address_space_exhausted };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int rc = in_child(bodies[i]);

		assert_true(rc == 0 || rc == SKIPPED);
	}
}

static uint64_t resident_bytes(void)
{
	unsigned long size, resident;
	FILE *f = fopen("/proc/self/statm", "re");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &size, &resident), 2);
	fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A default run makes a pool per case: one of few pages stays below 2 MiB and leaves nothing. */
static void test_small_pools_stay_small(void **state)
{
	struct pool_config config = { .mem = POOL_MEM_LOCAL };
	uint64_t before = resident_bytes(), most = 0;
	struct err err;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct pool *pool = NULL;
		struct pool_cache *cache;

		assert_int_equal(pool_create(&pool, &config, &err), 0);
		cache = pool_cache_create(pool, 0);
		for (int k = 0; k < 20; k++)
			page_alloc(cache, 1);
		if (resident_bytes() > most)
			most = resident_bytes();
		pool_cache_destroy(cache);
		pool_destroy(pool);
	}
	assert_true(most - before < (uint64_t)2 << 20);
}

/* "nh" among the VmFlags of the mapping that holds the page: no huge page will ever be there. */
static void test_no_huge_pages(void **state)
{
	struct pool *pool = two_nodes(POOL_MEM_LOCAL, POOL_ZERO_ALLOC);
	struct pool_cache *cache = pool_cache_create(pool, 0);
	unsigned long page = (unsigned long)page_alloc(cache, 1);
	FILE *f = fopen("/proc/self/smaps", "re");
	bool inside = false, found = false,
	     huge = !access("/sys/kernel/mm/transparent_hugepage", F_OK);
	char line[512];

	(void)state;
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = page >= from && page < to;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, " nh") != NULL;
	}
	if (f)
		fclose(f);
	assert_true(!f || !huge || found);
	pool_cache_destroy(cache);
	pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign_pages_go_home),
		cmocka_unit_test(test_broken_batches_are_mended),
		cmocka_unit_test(test_interleave),
		cmocka_unit_test(test_ahead_counts_latecomers),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_real_nodes),
		cmocka_unit_test(test_no_such_node),
		cmocka_unit_test(test_remote),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_small_pools_stay_small),
		cmocka_unit_test(test_no_huge_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
