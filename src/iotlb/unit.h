/*
 * unit.h - one IOMMU with a device behind it: the device table entry it has been told of, a command
 * ring, and an IOTLB. The device's thread obeys commands and translates; drivers queue commands from
 * any thread and wait for their completion.
 *
 * Who may run beside whom: unit_obey and unit_translate by the device's thread; the others by any
 * thread at any time.
 *
 * Source: AMD IOMMU Specification, 48882, 2.4 (command buffer; COMPLETION_WAIT is answered when all
 * commands before it have been carried out).
 */
#pragma once

#include "iotlb/iotlb.h"

struct iotlb_unit;

struct unit_config {
	struct walker walker;
	unsigned leaves, tables; /* of the IOTLB; 0: nothing is cached */
	uint64_t seed;
};

struct iotlb_unit *unit_create(const struct unit_config *config);
void unit_destroy(struct iotlb_unit *u);

/* Device: carry out what is queued; the number of commands. */
unsigned unit_obey(struct iotlb_unit *u);
/* Device: through the IOTLB, else by walking from its copy of the device table entry. */
struct walk_result unit_translate(struct iotlb_unit *u, uint64_t iova, uint8_t wanted);

/*
 * Driver: make the entry in memory stand for a table at least as tall as `dte` (several workers may tell
 * of several roots: the tallest stays). True: it was changed, an invalidation of it is due. The device
 * goes on with its copy until it obeys that.
 */
bool unit_set_dte(struct iotlb_unit *u, iotlb_dte dte);
/* Driver: queue a command. Waits (lets others run) while the ring is full. */
void unit_invalidate_dte(struct iotlb_unit *u);
void unit_invalidate(struct iotlb_unit *u, uint64_t iova, unsigned size_lg2, bool pde);
/* Driver: queue a COMPLETION_WAIT; the ticket to wait for. */
uint64_t unit_complete(struct iotlb_unit *u);
/* acquire: pairs with the device's release when it has carried out everything before the ticket. */
bool unit_completed(struct iotlb_unit *u, uint64_t ticket);
/* Until then, letting others run: the device's thread must be among them. */
void unit_wait(struct iotlb_unit *u, uint64_t ticket);

/* At rest. */
struct iotlb_stats unit_stats(const struct iotlb_unit *u);
