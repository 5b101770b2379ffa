/* topo.h - `iopt topo`: the machine, its distances, and which CPUs a placement takes. */
#pragma once

/* argv[0] is the first word after the verb. Returns an enum iopt_exit. */
int verb_topo(int argc, char **argv);
