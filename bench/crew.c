#include "bench/crew.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sys/topology.h"

struct member {
	struct crew *crew;
	unsigned id;
	pthread_t thread;
};

struct crew {
	pthread_mutex_t lock;
	pthread_cond_t wake, done;
	void (*fn)(void *arg, unsigned worker);
	void *arg;
	unsigned long turn;    /* counts jobs handed out */
	unsigned running;
	bool quit;
	int pin_error;         /* of the last worker that could not be pinned */
	unsigned pin_cpu;
	const unsigned *cpus;
	unsigned n;
	struct member members[];
};

static void report_in(struct crew *crew)
{
	if (--crew->running == 0)
		pthread_cond_signal(&crew->done);
}

static void *member_main(void *arg)
{
	struct member *m = arg;
	struct crew *crew = m->crew;
	unsigned long seen = 0;
	int error = crew->cpus ? pin_self(crew->cpus[m->id]) : 0;

	pthread_mutex_lock(&crew->lock);
	if (error) {
		crew->pin_error = error;
		crew->pin_cpu = crew->cpus[m->id];
	}
	report_in(crew);
	for (;;) {
		while (crew->turn == seen && !crew->quit)
			pthread_cond_wait(&crew->wake, &crew->lock);
		if (crew->quit)
			break;
		seen = crew->turn;
		pthread_mutex_unlock(&crew->lock);
		crew->fn(crew->arg, m->id);
		pthread_mutex_lock(&crew->lock);
		report_in(crew);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

static void wait_for_all(struct crew *crew)
{
	while (crew->running)
		pthread_cond_wait(&crew->done, &crew->lock);
}

/* Starts the threads; returns how many came up, with *error set when that is not all. */
static unsigned start(struct crew *crew, unsigned n, int *error)
{
	for (unsigned i = 0; i < n; i++) {
		crew->members[i] = (struct member){ .crew = crew, .id = i };
		*error = pthread_create(&crew->members[i].thread, NULL, member_main, &crew->members[i]);
		if (*error)
			return i;
	}
	return n;
}

int crew_create(struct crew **out, unsigned n, const unsigned *cpus, struct err *err)
{
	struct crew *crew = calloc(1, sizeof(*crew) + n * sizeof(crew->members[0]));
	int error = 0;

	if (!crew)
		return err_set(err, EXIT_NO_RESOURCE, "no memory for %u threads", n);
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->wake, NULL);
	pthread_cond_init(&crew->done, NULL);
	crew->cpus = cpus;
	pthread_mutex_lock(&crew->lock);
	crew->running = n;
	crew->n = start(crew, n, &error);
	crew->running -= n - crew->n;
	wait_for_all(crew);
	pthread_mutex_unlock(&crew->lock);
	if (error) {
		crew_destroy(crew);
		return err_set(err, EXIT_NO_RESOURCE, "cannot start %u threads: %s", n, strerror(error));
	}
	if (crew->pin_error) {
		int pin = crew->pin_error;
		unsigned cpu = crew->pin_cpu;

		crew_destroy(crew);
		return err_set(err, EXIT_NO_RESOURCE, "cannot pin a thread to CPU %u: %s", cpu,
			       strerror(-pin));
	}
	*out = crew;
	return 0;
}

void crew_destroy(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->quit = true;
	pthread_cond_broadcast(&crew->wake);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned i = 0; i < crew->n; i++)
		pthread_join(crew->members[i].thread, NULL);
	pthread_cond_destroy(&crew->done);
	pthread_cond_destroy(&crew->wake);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
}

void crew_run(struct crew *crew, void (*fn)(void *arg, unsigned worker), void *arg)
{
	pthread_mutex_lock(&crew->lock);
	crew->fn = fn;
	crew->arg = arg;
	crew->running = crew->n;
	crew->turn++;
	pthread_cond_broadcast(&crew->wake);
	wait_for_all(crew);
	pthread_mutex_unlock(&crew->lock);
}
