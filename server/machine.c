/*
 * /proc/self/cgroup names a group in each hierarchy; its files lie below /sys/fs/cgroup:
 *
 *   version 2   0::/GROUP           GROUP/memory.max ("max" or bytes), GROUP/cpu.max ("max" or a quota, then a period)
 *   version 1   N:memory:/GROUP     memory/GROUP/memory.limit_in_bytes
 *               N:cpu,cpuacct:/G    cpu,cpuacct/G/cpu.cfs_quota_us (-1: none), cpu.cfs_period_us
 *
 * A limit of a group above holds too. In a container the group's own folder is often mounted as the top, and the path
 * in /proc leads nowhere: the walk upwards ends at the top all the same.
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst, scheduler/sched-bwc.rst.
 */
#include "server/machine.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

/* Up to `most` numbers of the first line of a file; returns how many there are. A word, such as "max", ends them. */
static int read_numbers(const char *folder, const char *name, uint64_t *number, int most)
{
	char path[PATH_SIZE + 64];
	int count = 0;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		return 0;
	}
	while (count < most && fscanf(file, "%" SCNu64, &number[count]) == 1) {
		count++;
	}
	fclose(file);
	return count;
}

static void limit_memory(struct machine *machine, const char *folder, const char *name)
{
	uint64_t bytes;
	if (read_numbers(folder, name, &bytes, 1) == 1 && bytes > 0 && bytes < machine->memory) {
		machine->memory = bytes;
	}
}

static void limit_cores(struct machine *machine, uint64_t quota, uint64_t period)
{
	/* A quota of -1, read without its sign, is none. */
	if (period > 0 && quota > 0 && quota / period < machine->cores) {
		machine->cores = quota / period > 1 ? quota / period : 1;
	}
}

static void look_2(const char *folder, struct machine *machine)
{
	uint64_t cpu[2];
	limit_memory(machine, folder, "memory.max");
	if (read_numbers(folder, "cpu.max", cpu, 2) == 2) {
		limit_cores(machine, cpu[0], cpu[1]);
	}
}

static void look_1(const char *folder, struct machine *machine)
{
	uint64_t quota, period;
	limit_memory(machine, folder, "memory.limit_in_bytes");
	if (read_numbers(folder, "cpu.cfs_quota_us", &quota, 1) == 1 &&
	    read_numbers(folder, "cpu.cfs_period_us", &period, 1) == 1) {
		limit_cores(machine, quota, period);
	}
}

/* Looks at top/group and at all above it, the top included. */
static void walk(const char *top, const char *group, struct machine *machine,
		 void (*look)(const char *folder, struct machine *machine))
{
	char folder[PATH_SIZE];
	const size_t length = strlen(top);
	int used = snprintf(folder, sizeof folder, "%s%s", top, group);
	if (used < 0 || (size_t)used >= sizeof folder) {
		folder[length < sizeof folder ? length : 0] = '\0';
	}
	for (;;) {
		look(folder, machine);
		char *slash = strrchr(folder, '/');
		if (slash == NULL || strlen(folder) <= length) {
			return;
		}
		*slash = '\0';
	}
}

/* One line of /proc/self/cgroup: number, controllers, group. */
static void read_line(const char *root, char *line, struct machine *machine)
{
	char top[PATH_SIZE / 2];
	char *controllers = strchr(line, ':');
	char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
	if (group == NULL) {
		return;
	}
	controllers++;
	*group++ = '\0';
	group[strcspn(group, "\n")] = '\0';
	if (strcmp(group, "/") == 0) {
		group = "";
	}
	snprintf(top, sizeof top, "%s/sys/fs/cgroup", root);
	if (controllers[0] == '\0') {
		walk(top, group, machine, look_2);
	} else if (strcmp(controllers, "memory") == 0 || strncmp(controllers, "cpu,", 4) == 0 ||
		   strcmp(controllers, "cpu") == 0) {
		snprintf(top, sizeof top, "%s/sys/fs/cgroup/%s", root, controllers);
		walk(top, group, machine, look_1);
	}
}

void machine_limit(const char *root, struct machine *machine)
{
	char path[PATH_SIZE], line[PATH_SIZE];
	snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		return;
	}
	while (fgets(line, sizeof line, file) != NULL) {
		read_line(root, line, machine);
	}
	fclose(file);
}

void machine_read(struct machine *out)
{
	const long online = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES);
	cpu_set_t set;
	const int allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
	const long cores = allowed > 0 ? allowed : online;
	*out = (struct machine){
		.cores = cores > 0 ? (uint64_t)cores : 1,
		.memory = pages > 0 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : (uint64_t)2 << 30,
	};
	machine_limit("", out);
}
