/*
 * site.c - the accesses in the sources. Each knows the orders that are written there; any can be
 * weakened while the program runs, to see whether somebody notices.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct ex_site *ex_sites;
static struct ex_weakening weakening; /* .file NULL: none */

const char *ex_base_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static enum ex_order without_acquire(enum ex_order order)
{
	return order >= EX_release ? EX_release : EX_relaxed;
}

static enum ex_order without_release(enum ex_order order)
{
	return order >= EX_acq_rel ? EX_acquire : EX_relaxed;
}

/* The orders in force. */
static void weaken(struct ex_site *site)
{
	site->order = site->written;
	site->lost = site->written_lost;
	if (!weakening.file || site->line != weakening.line ||
	    strcmp(ex_base_name(site->file), weakening.file) ||
	    (weakening.text && strcmp(site->text, weakening.text)))
		return;
	switch (weakening.what) {
	case EX_LOSE_ACQUIRE: site->order = without_acquire(site->written); break;
	case EX_LOSE_RELEASE: site->order = without_release(site->written); break;
	case EX_LOSE_FAILURE: site->lost = EX_relaxed; break;
	}
}

void ex_site_meet(struct ex_site *site)
{
	site->known = true;
	site->next = ex_sites;
	ex_sites = site;
	weaken(site);
}

void ex_weaken(const struct ex_weakening *what)
{
	weakening = what ? *what : (struct ex_weakening){ .file = NULL };
	for (struct ex_site *s = ex_sites; s; s = s->next)
		weaken(s);
}

void ex_reaching(uint64_t bits)
{
	ex_run.reaching = bits;
}
