/* The machine the tests of this folder run on: load_machine() and free_machine() around each program. */
#pragma once

#include "sys/clock.h"
#include "sys/topology.h"

static struct topology *topo;

static int load_machine(void **state)
{
	struct err err = { 0 };

	(void)state;
	clock_init();
	return topology_load(&topo, NULL, &err);
}

static int free_machine(void **state)
{
	(void)state;
	topology_free(topo);
	return 0;
}
