/* topo.h - what `iopt topo` prints. Main thread. */
#pragma once

#include "sys/topology.h"

struct topo_placed {
	const char *place, *smt; /* as asked for; smt NULL: not */
	const unsigned *cpu;     /* by worker */
	unsigned n;              /* 0: no placement is asked for */
};

/* The machine, what of it is ours, and who of the workers goes where; on stdout, as wide as it is. */
void topo_print(const struct topo_placed *placed, const struct topology *t);
