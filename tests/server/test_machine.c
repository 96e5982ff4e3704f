/* What control groups leave of a machine, read from files that the test writes as Linux does. */
#include "server/machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/server/store_fixture.h"
#include "tests/support/suite.h"

static char root[64];

static void set_up(void)
{
	fixture_folder(root);
}

static void tear_down(void)
{
	fixture_remove(root);
}

/* Writes root/path, and makes the folders on the way. */
static void put(const char *path, const char *text)
{
	char full[512];
	snprintf(full, sizeof full, "%s%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	FILE *file = fopen(full, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void expect(uint64_t cores, uint64_t memory)
{
	struct machine machine = { .cores = 16, .memory = 64000000000 };
	machine_limit(root, &machine);
	ck_assert_uint_eq(machine.cores, cores);
	ck_assert_uint_eq(machine.memory, memory);
}

START_TEST(nothing_there_limits_nothing)
{
	expect(16, 64000000000);
	put("/proc/self/cgroup", "0::/\n");
	expect(16, 64000000000);
	put("/sys/fs/cgroup/memory.max", "max\n");
	put("/sys/fs/cgroup/cpu.max", "max 100000\n");
	expect(16, 64000000000);
}
END_TEST

START_TEST(version_2_in_a_container)
{
	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/memory.max", "536870912\n");
	put("/sys/fs/cgroup/cpu.max", "350000 100000\n");
	expect(3, 536870912); /* whole processors */
	put("/sys/fs/cgroup/cpu.max", "23850 100000\n");
	expect(1, 536870912);
	put("/sys/fs/cgroup/cpu.max", "9900000 100000\n");
	expect(16, 536870912); /* more than there is */
}
END_TEST

START_TEST(version_2_takes_the_least_of_the_groups_above)
{
	put("/proc/self/cgroup", "0::/system.slice/descentd.service\n");
	put("/sys/fs/cgroup/system.slice/descentd.service/memory.max", "max\n");
	put("/sys/fs/cgroup/system.slice/descentd.service/cpu.max", "800000 100000\n");
	put("/sys/fs/cgroup/system.slice/memory.max", "2385000000\n");
	put("/sys/fs/cgroup/system.slice/cpu.max", "200000 50000\n");
	expect(4, 2385000000);
}
END_TEST

START_TEST(a_path_that_leads_nowhere_falls_back_to_the_top)
{
	put("/proc/self/cgroup", "0::/docker/0a1b2c/../elsewhere\n");
	put("/sys/fs/cgroup/memory.max", "1073741824\n");
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	expect(2, 1073741824);
}
END_TEST

START_TEST(version_1)
{
	put("/proc/self/cgroup", "5:cpu,cpuacct:/docker/0a1b\n4:memory:/docker/0a1b\n1:name=systemd:/x\n0::/\n");
	put("/sys/fs/cgroup/memory/docker/0a1b/memory.limit_in_bytes", "9223372036854771712\n");
	put("/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "805306368\n");
	put("/sys/fs/cgroup/cpu,cpuacct/docker/0a1b/cpu.cfs_quota_us", "-1\n");
	put("/sys/fs/cgroup/cpu,cpuacct/docker/0a1b/cpu.cfs_period_us", "100000\n");
	expect(16, 805306368);
	put("/sys/fs/cgroup/cpu,cpuacct/docker/0a1b/cpu.cfs_quota_us", "500000\n");
	expect(5, 805306368);
}
END_TEST

START_TEST(files_that_make_no_sense_limit_nothing)
{
	put("/proc/self/cgroup", "what\n0:\n0::/\n7:memory:/\n\n");
	put("/sys/fs/cgroup/memory.max", "");
	put("/sys/fs/cgroup/cpu.max", "100000 0\n");
	put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "0\n");
	expect(16, 64000000000);
}
END_TEST

START_TEST(the_affinity_mask_counts)
{
	struct machine machine;
	cpu_set_t set, one;
	ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
	CPU_ZERO(&one);
	for (size_t i = 0; CPU_COUNT(&one) == 0; i++) {
		if (CPU_ISSET(i, &set)) {
			CPU_SET(i, &one);
		}
	}
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
	machine_read(&machine);
	ck_assert_uint_eq(machine.cores, 1);
	ck_assert_uint_gt(machine.memory, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tests = tcase_create("limits");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, nothing_there_limits_nothing);
	tcase_add_test(tests, version_2_in_a_container);
	tcase_add_test(tests, version_2_takes_the_least_of_the_groups_above);
	tcase_add_test(tests, a_path_that_leads_nowhere_falls_back_to_the_top);
	tcase_add_test(tests, version_1);
	tcase_add_test(tests, files_that_make_no_sense_limit_nothing);
	tcase_add_test(tests, the_affinity_mask_counts);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
