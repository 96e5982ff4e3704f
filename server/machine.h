/* What of the machine this process may use: processors and memory, as scheduler and container let it. */
#ifndef SERVER_MACHINE_H
#define SERVER_MACHINE_H

#include <stdint.h>

struct machine {
	uint64_t cores;  /* at least 1 */
	uint64_t memory; /* bytes */
};

/* Processors of the affinity mask and RAM, both lowered by machine_limit("", ...). */
void machine_read(struct machine *out);
/* Lowers *machine to what the control groups of this process allow, version 2 and 1, each with those above it: memory,
 * and whole processors that the CPU quota pays for (at least 1: a pool of threads that run in step is as slow as the
 * one that is throttled). root: put before /proc and /sys, "" for the system's own. What cannot be read limits nothing.
 */
void machine_limit(const char *root, struct machine *machine);

#endif
