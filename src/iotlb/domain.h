/*
 * domain.h - what a driver does around a page table so that devices see it right. An operation:
 *
 *   1. the engine carries it out; tables it has taken out of the tree are in the worker's gather list;
 *   2. has the root grown, by whomever: tell every unit and wait, before the call returns. (Whoever
 *      finds a taller root does this, not only who grew it: otherwise a second worker could map below
 *      the new root and return before the device knows, bug B6.)
 *   3. has anything been unmapped, or a table been retired: invalidate that range in every unit, with
 *      the walk cache if a table went, and wait for completion;
 *   4. hand the gather list to the grace period: for the walkers among the CPUs. The devices' grace
 *      period was step 3.
 *
 * After an unmap has returned no device translates the range; after a map has returned every device
 * finds it. Bugs of this protocol that can be switched on (pt/mutant.h): B4, B5, B6, B20, B22, the
 * walk cache left alone (B19), no grace period.
 *
 * Any number of workers at once, each with its own struct domain_worker; devices run on threads of
 * their own meanwhile (unit.h), or nobody's completion would ever come.
 */
#pragma once

#include "iotlb/unit.h"
#include "mem/grace.h"
#include "pt/engine.h"

#define DOMAIN_UNITS_MAX 4u

struct domain {
	struct pt *pt;
	const struct pt_engine *engine; /* run() of it: genuine, or from the laboratory */
	struct iotlb_unit *unit[DOMAIN_UNITS_MAX];
	unsigned units;                 /* 0: no devices, step 4 only */
	alignas(CACHE_ALIGN) _Atomic(uint64_t) dte_seen; /* what every unit is known to have obeyed */
	_Atomic(uint32_t) updated;      /* B4: the flag of 2019 */
};

struct domain_worker {
	struct pt_worker w;             /* id and pages set by the caller */
	/* Online while it works, quiescent when the caller says so; NULL: retired pages stay in w.gather. */
	struct grace_worker *grace;
	uint64_t flushes, waits;
};

/* Every unit learns of the table's root. At rest. */
void domain_init(struct domain *d, struct pt *pt, const struct pt_engine *engine);
/* Before workers start; the unit has been told of the root when it returns, if its thread runs. */
void domain_attach(struct domain *d, struct iotlb_unit *unit);
/* Carry out one operation as above. op->result and op->err as run() leaves them. */
void domain_run(struct domain *d, struct domain_worker *w, struct pt_op *op);
