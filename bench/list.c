/* list.c - `iopt list`: engines, workloads, and the words that options take. */
#include <string.h>

#include "bench/complete.h"
#include "bench/list.h"
#include "bench/manual.h"
#include "bench/suggest.h"
#include "bench/verbs.h"

static void list_bash(void)
{
	complete_bash(stdout);
}

static void list_zsh(void)
{
	complete_zsh(stdout);
}

static void list_fish(void)
{
	complete_fish(stdout);
}

static void list_man(void)
{
	manual_write(stdout);
}

static const struct {
	const char *name;
	void (*print)(void);
	bool apart; /* no part of the list of everything */
} topics[] = {
	{ "engines", list_engines, false },
	{ "workloads", list_workloads, false },
	{ "options", list_options, false },
	{ "iova", list_iova, false },
	{ "presets", list_presets, false },
	{ "traces", list_traces, false },
	{ "metrics", list_metrics, false },
	{ "mutants", list_mutants, false },
	{ "bash", list_bash, true },
	{ "zsh", list_zsh, true },
	{ "fish", list_fish, true },
	{ "man", list_man, true },
};

#define NTOPICS (sizeof(topics) / sizeof(topics[0]))

static const char about[] =
	"\n"
	"Name what can be measured and what options of `iopt run` take. Without an argument: all of\n"
	"that. Mutants are known bugs that `iopt verify` can switch on, to see that they are noticed.\n"
	"Baselines are the results that `iopt compare --save-baseline` has kept here.\n"
	"\n"
	"The completion of a shell, and iopt(1) in man(7), are written for installation; they are made\n"
	"of the same tables as this.\n"
	"\n"
	"Examples:\n"
	"  iopt list engines\n"
	"  source <(iopt list bash)\n"
	"  iopt list man | man -l -\n";

/* "A|B|C" of the topics that are a part of everything, or of those that are not. Returns text. */
static char *join_topics(bool apart, const char *with, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < NTOPICS; i++)
		if (topics[i].apart == apart && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? with : "", topics[i].name);
	return text;
}

/* One of the topics is that; false: none. */
static bool show_topic(const char *topic)
{
	for (size_t i = 0; i < NTOPICS; i++) {
		if (!topic && !topics[i].apart && i)
			putchar('\n');
		if (topic ? !strcmp(topic, topics[i].name) : !topics[i].apart)
			topics[i].print();
		if (topic && !strcmp(topic, topics[i].name))
			return true;
	}
	return !topic;
}

int verb_list(int argc, char **argv)
{
	const char *words[NTOPICS + 2] = { "baselines" };
	char usage[sizeof(about) + 300], kinds[200], made[100], did[64];
	const struct help_page page = { .verb = "list", .usage = usage, .words = words };
	const char *topic;
	struct suggest s;
	struct err err;
	int rc;

	for (size_t i = 0; i < NTOPICS; i++)
		words[i + 1] = topics[i].name;
	snprintf(usage, sizeof(usage), "usage: iopt list [%s|baselines]\n       iopt list %s\n%s",
		 join_topics(false, "|", kinds, sizeof(kinds)), join_topics(true, "|", made, sizeof(made)), about);
	if (!verb_argument(&page, argc, argv, &topic, &rc))
		return rc;
	if (topic && !strcmp(topic, "baselines"))
		return list_baselines(&err) ? verb_fail("list", &err) : EXIT_FINE;
	if (show_topic(topic))
		return EXIT_FINE;
	suggest_start(&s, topic);
	for (size_t i = 0; words[i]; i++)
		suggest_offer(&s, words[i]);
	err_set(&err, EXIT_USAGE, "%s: not one of %s, baselines, %s%s", topic,
		join_topics(false, ", ", kinds, sizeof(kinds)), join_topics(true, ", ", made, sizeof(made)),
		suggest_text(&s, "", did, sizeof(did)));
	return verb_fail("list", &err);
}
