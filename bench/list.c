/* list.c - `iopt list`: engines, workloads, and the words that options take. */
#include <string.h>

#include "bench/complete.h"
#include "bench/list.h"
#include "bench/manual.h"
#include "bench/suggest.h"
#include "bench/units.h"
#include "bench/verbs.h"

static int list_bash(struct err *err)
{
	(void)err;
	complete_bash(stdout);
	return 0;
}

static int list_zsh(struct err *err)
{
	(void)err;
	complete_zsh(stdout);
	return 0;
}

static int list_fish(struct err *err)
{
	(void)err;
	complete_fish(stdout);
	return 0;
}

static int list_man(struct err *err)
{
	return manual_write(stdout, err);
}

static const struct {
	const char *name;
	void (*print)(void);           /* a part of the list of everything, … */
	int (*alone)(struct err *err); /* … or not; then it may fail */
	bool made;                     /* for installation */
} topics[] = {
	{ "engines", list_engines, NULL, false },
	{ "workloads", list_workloads, NULL, false },
	{ "options", list_options, NULL, false },
	{ "iova", list_iova, NULL, false },
	{ "presets", list_presets, NULL, false },
	{ "traces", list_traces, NULL, false },
	{ "metrics", list_metrics, NULL, false },
	{ "mutants", list_mutants, NULL, false },
	{ "baselines", NULL, list_baselines, false },
	{ "bash", NULL, list_bash, true },
	{ "zsh", NULL, list_zsh, true },
	{ "fish", NULL, list_fish, true },
	{ "man", NULL, list_man, true },
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

/* "A|B|C" of the topics that are made for installation, or of the others. Returns text. */
static char *join_topics(bool made, const char *with, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < NTOPICS; i++)
		if (topics[i].made == made)
			show_more(text, size, "%s%s", *text ? with : "", topics[i].name);
	return text;
}

static void list_everything(void)
{
	for (size_t i = 0; i < NTOPICS; i++) {
		if (!topics[i].print)
			continue;
		if (i)
			putchar('\n');
		topics[i].print();
	}
}

static int list_topic(const char *topic, struct err *err)
{
	char others[200], made[100], did[64];
	struct suggest s;

	suggest_start(&s, topic);
	for (size_t i = 0; i < NTOPICS; i++) {
		if (!strcmp(topic, topics[i].name)) {
			if (topics[i].alone)
				return topics[i].alone(err);
			topics[i].print();
			return 0;
		}
		suggest_offer(&s, topics[i].name);
	}
	return err_set(err, EXIT_USAGE, "%s: not one of %s, %s%s", topic,
		       join_topics(false, ", ", others, sizeof(others)), join_topics(true, ", ", made, sizeof(made)),
		       suggest_text(&s, "", did, sizeof(did)));
}

int verb_list(int argc, char **argv)
{
	char usage[sizeof(about) + 300], others[200], made[100];
	const char *words[NTOPICS + 1] = { NULL };
	const struct help_page page = { .verb = "list", .usage = usage, .words = words };
	const char *topic;
	struct err err;
	int rc;

	for (size_t i = 0; i < NTOPICS; i++)
		words[i] = topics[i].name;
	snprintf(usage, sizeof(usage), "usage: iopt list [TOPIC]\n       iopt list %s\n\nTopics: %s.\n%s",
		 join_topics(true, "|", made, sizeof(made)), join_topics(false, ", ", others, sizeof(others)), about);
	if (!verb_argument(&page, argc, argv, &topic, &rc))
		return rc;
	if (topic)
		return list_topic(topic, &err) ? verb_fail("list", &err) : EXIT_FINE;
	list_everything();
	return EXIT_FINE;
}
