/* Settings: defaults, flags over variables, and a sentence for each thing that can be given wrongly. */
#include "server/config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/machine.h"
#include "tests/support/suite.h"

static struct config config;
static struct error error;

static enum status read_with(char **environment, const char *a, const char *b, const char *c)
{
	char *argv[] = { (char *)"descentd", (char *)a, (char *)b, (char *)c, NULL };
	int argc = 1;
	while (argv[argc] != NULL) {
		argc++;
	}
	memset(&error, 0, sizeof error);
	return config_read(argc, argv, environment, &config, &error);
}

static enum status read_args(const char *a, const char *b, const char *c)
{
	char *none[] = { NULL };
	return read_with(none, a, b, c);
}

static void fails(const char *a, const char *b, const char *part)
{
	ck_assert_int_eq(read_args(a, b, NULL), E_INVALID);
	ck_assert_msg(strstr(error.text, part) != NULL, "\"%s\" is not in \"%s\"", part, error.text);
}

START_TEST(the_defaults_are_those_of_the_contract)
{
	ck_assert_int_eq(read_args(NULL, NULL, NULL), OK);
	ck_assert_str_eq(config.host, "127.0.0.1");
	ck_assert_uint_eq(config.port, 8080);
	ck_assert_str_eq(config.data_dir, "./data");
	struct machine machine;
	machine_read(&machine);
	ck_assert_uint_eq(config.workers, machine.cores);
	ck_assert_uint_eq(config.threads, machine.cores);
	ck_assert_uint_eq(config.max_body, 67108864);
	ck_assert_uint_eq(config.max_queue, 10000);
	ck_assert(isnan(config.max_job_seconds));
	ck_assert_double_eq(config.checkpoint_seconds, 5);
	ck_assert_int_eq(config.log_level, LOG_INFO);
	ck_assert(!config.log_json && !config.no_token && config.token == NULL);
	ck_assert_uint_eq(config.memory, machine.memory / 2);
}
END_TEST

START_TEST(flags_take_their_value_apart_or_after_an_equals_sign)
{
	ck_assert_int_eq(read_args("--listen", "[::1]:0", "--workers=3"), OK);
	ck_assert_str_eq(config.host, "::1");
	ck_assert_uint_eq(config.port, 0);
	ck_assert_uint_eq(config.workers, 3);
	ck_assert_int_eq(read_args("--log-format=json", "--log-level", "warn"), OK);
	ck_assert(config.log_json);
	ck_assert_int_eq(config.log_level, LOG_WARN);
	ck_assert_int_eq(read_args("--max-job-seconds=2.385", "--checkpoint-seconds", ".5"), OK);
	ck_assert_double_eq(config.max_job_seconds, 2.385);
	ck_assert_double_eq(config.checkpoint_seconds, 0.5);
}
END_TEST

START_TEST(sizes_know_their_units)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = { { "4096", 4096 },     { "64MiB", 67108864 }, { "2GB", 2000000000 }, { "1.5g", 1610612736 },
		      { "3 mib", 3145728 }, { "2kb", 2000 },       { "7K", 7168 } };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		ck_assert_msg(read_args("--max-body", sizes[i].text, NULL) == OK, "%s", error.text);
		ck_assert_uint_eq(config.max_body, sizes[i].bytes);
	}
}
END_TEST

START_TEST(flags_win_over_variables)
{
	char *environment[] = { (char *)"DESCENT_WORKERS=5", (char *)"DESCENT_DATA_DIR=/x",
				(char *)"DESCENT_WORKERS_X=9", NULL };
	ck_assert_int_eq(read_with(environment, NULL, NULL, NULL), OK);
	ck_assert_uint_eq(config.workers, 5);
	ck_assert_str_eq(config.data_dir, "/x");
	ck_assert_int_eq(read_with(environment, "--workers", "6", NULL), OK);
	ck_assert_uint_eq(config.workers, 6);
	char *bad[] = { (char *)"DESCENT_WORKERS=none", NULL };
	ck_assert_int_eq(read_with(bad, NULL, NULL, NULL), E_INVALID);
	ck_assert_ptr_nonnull(strstr(error.text, "DESCENT_WORKERS: \"none\""));
}
END_TEST

START_TEST(a_wrong_value_is_named_with_what_is_allowed)
{
	fails("--workers", "0", "--workers: \"0\" is not a whole number from 1 to 1024");
	fails("--workers", "2.385", "\"2.385\"");
	fails("--workers", "-1", "from 1 to 1024");
	fails("--workers", "99999999999999999999999", "from 1 to 1024");
	fails("--workers", NULL, "--workers needs a value: --workers N");
	fails("--listen", "localhost", "is not HOST:PORT");
	fails("--listen", "localhost:65536", "0 to 65535");
	fails("--listen", "localhost:80x", "is not HOST:PORT");
	fails("--listen", ":80", "is not HOST:PORT");
	fails("--listen", "::1:80", "[::1]:8080");
	fails("--max-body", "64 parsecs", "such as 64MiB");
	fails("--max-body", "1", "at least 1024 bytes");
	fails("--max-body", "nan", "such as 64MiB");
	fails("--checkpoint-seconds", "0", "from 0.001");
	fails("--checkpoint-seconds", "inf", "seconds");
	fails("--log-level", "loud", "debug, info, warn, error");
	fails("--log-format", "xml", "text, json");
	fails("--no-token=maybe", NULL, "neither 1 nor 0");
	fails("--token-file", "/does/not/exist", "No such file");
}
END_TEST

START_TEST(an_unknown_flag_gets_the_nearest_one)
{
	fails("--worker", "3", "did you mean --workers?");
	fails("--lisen=1", NULL, "did you mean --listen?");
	fails("--hlep", NULL, "did you mean --help?");
	fails("something entirely else", NULL, "--help lists");
}
END_TEST

START_TEST(an_open_address_needs_a_token_or_the_word_that_it_needs_none)
{
	fails("--listen", "0.0.0.0:80", "--no-token");
	fails("--listen", "example.org:80", "--token-file");
	ck_assert_int_eq(read_args("--listen", "0.0.0.0:80", "--no-token"), OK);
	ck_assert(config.no_token);
	ck_assert_int_eq(read_args("--listen", "0.0.0.0:80", "--check"), OK);
	char *token[] = { (char *)"DESCENT_TOKEN=s3cret", NULL };
	ck_assert_int_eq(read_with(token, "--listen", "0.0.0.0:80", NULL), OK);
	ck_assert_str_eq(config.token, "s3cret");
	config_fini(&config);
	char *none[] = { (char *)"DESCENT_NO_TOKEN=1", NULL };
	ck_assert_int_eq(read_with(none, "--listen", "0.0.0.0:80", NULL), OK);
	char *zero[] = { (char *)"DESCENT_NO_TOKEN=0", NULL };
	ck_assert_int_eq(read_with(zero, "--listen", "0.0.0.0:80", NULL), E_INVALID);
	ck_assert_int_eq(read_args("--listen", "127.0.0.2:80", NULL), OK);
}
END_TEST

START_TEST(the_token_is_the_first_line_of_its_file)
{
	char path[] = "/tmp/test_config_XXXXXX";
	int fd = mkstemp(path);
	ck_assert_int_eq(write(fd, "abc-2.385\nmore\n", 15), 15);
	ck_assert_int_eq(read_args("--token-file", path, NULL), OK);
	ck_assert_str_eq(config.token, "abc-2.385");
	config_fini(&config);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	fails("--token-file", path, "1 to 1024 visible characters");
	ck_assert_int_eq(pwrite(fd, "two words\n", 10, 0), 10);
	fails("--token-file", path, "visible characters");
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(the_help_names_every_flag_and_variable)
{
	static const char *const words[] = { "--listen HOST:PORT",
					     "DESCENT_LISTEN",
					     "--data-dir",
					     "--workers",
					     "--threads",
					     "--token-file",
					     "DESCENT_TOKEN",
					     "--no-token",
					     "--max-body",
					     "--max-queue",
					     "--memory",
					     "--max-job-seconds",
					     "--checkpoint-seconds",
					     "--log-level",
					     "DESCENT_LOG_FORMAT",
					     "--check",
					     "--version",
					     "--help",
					     "DESCENT_ISA" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		ck_assert_msg(strstr(config_help(), words[i]) != NULL, "%s", words[i]);
	}
	ck_assert_uint_lt(strlen(config_help()), 4000);
	ck_assert_int_eq(read_args("--version", NULL, NULL), OK);
	ck_assert_int_eq(config.action, CONFIG_VERSION);
	ck_assert_int_eq(read_args("--help", NULL, NULL), OK);
	ck_assert_int_eq(config.action, CONFIG_HELP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");
	suite_add_tcase(suite, tests);
	tcase_add_test(tests, the_defaults_are_those_of_the_contract);
	tcase_add_test(tests, flags_take_their_value_apart_or_after_an_equals_sign);
	tcase_add_test(tests, sizes_know_their_units);
	tcase_add_test(tests, flags_win_over_variables);
	tcase_add_test(tests, a_wrong_value_is_named_with_what_is_allowed);
	tcase_add_test(tests, an_unknown_flag_gets_the_nearest_one);
	tcase_add_test(tests, an_open_address_needs_a_token_or_the_word_that_it_needs_none);
	tcase_add_test(tests, the_token_is_the_first_line_of_its_file);
	tcase_add_test(tests, the_help_names_every_flag_and_variable);
	return suite_run(suite);
}
