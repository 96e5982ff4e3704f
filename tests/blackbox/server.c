/* The program under test. See server.h. */
#include "tests/blackbox/server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FLAGS_MAX = 32, ENVIRONMENT_MAX = 64 };

static char scratch[128];

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info, (void)kind, (void)where;
	return remove(path);
}

int blackbox_run(Suite *suite)
{
	const char *top = getenv("TMPDIR");
	snprintf(scratch, sizeof scratch, "%.100s/descentd-test-XXXXXX", top ? top : "/tmp");
	if (mkdtemp(scratch) == NULL) {
		perror(scratch);
		return EXIT_FAILURE;
	}
	int code = suite_run(suite);
	nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return code;
}

double blackbox_patience(void)
{
#if defined(__SANITIZE_THREAD__)
	return 20;
#elif defined(__SANITIZE_ADDRESS__)
	return 10;
#else
	return 1;
#endif
}

double seconds_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void pause_briefly(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

void server_folder(char *dir, size_t size)
{
	ck_assert_msg(scratch[0] != '\0', "main must call blackbox_run");
	snprintf(dir, size, "%s/data-XXXXXX", scratch);
	ck_assert_msg(mkdtemp(dir) != NULL, "%s: %s", dir, strerror(errno));
}

static const char *program(void)
{
	const char *path = getenv("DESCENTD");
	return path ? path : "build/descentd";
}

/* In the child: never returns. The environment's own DESCENT_* are left out, they are the user's. */
static _Noreturn void become_program(char **arguments, const char *const *extra, const char *out, const char *err)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int standard_out = open(out, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int standard_err = open(err, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (standard_out < 0 || standard_err < 0 || dup2(standard_out, 1) < 0 || dup2(standard_err, 2) < 0)
		_exit(126);
	close(standard_out);
	close(standard_err);
	extern char **environ;
	char *environment[ENVIRONMENT_MAX + FLAGS_MAX];
	size_t count = 0;
	for (char **one = environ; *one && count < ENVIRONMENT_MAX; one++)
		if (strncmp(*one, "DESCENT_", 8) != 0)
			environment[count++] = *one;
	for (size_t i = 0; extra && extra[i] && i + 1 < FLAGS_MAX; i++)
		environment[count++] = (char *)(uintptr_t)extra[i];
	environment[count] = NULL;
	execve(arguments[0], arguments, environment);
	_exit(127);
}

static pid_t spawn(const char *dir, const char *const *flags, const char *const *extra, const char *out,
		   const char *err)
{
	char *arguments[FLAGS_MAX + 8];
	size_t count = 0;
	arguments[count++] = (char *)(uintptr_t)program();
	if (dir) {
		arguments[count++] = (char *)(uintptr_t) "--data-dir";
		arguments[count++] = (char *)(uintptr_t)dir;
	}
	for (size_t i = 0; flags && flags[i]; i++) {
		ck_assert_uint_lt(i, FLAGS_MAX);
		arguments[count++] = (char *)(uintptr_t)flags[i];
	}
	arguments[count] = NULL;
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		become_program(arguments, extra, out, err);
	return child;
}

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t length = 0, room = 4096;
	char *text = malloc(room);
	ck_assert_ptr_nonnull(text);
	while (file) {
		length += fread(text + length, 1, room - length - 1, file);
		if (length + 1 < room)
			break;
		text = realloc(text, room *= 2);
		ck_assert_ptr_nonnull(text);
	}
	text[length] = '\0';
	if (file)
		fclose(file);
	return text;
}

static void log_path(const struct server *server, const char *stream, char *path, size_t size)
{
	snprintf(path, size, "%s.%s", server->dir, stream);
}

char *server_log(const struct server *server, const char *stream)
{
	char path[300];
	log_path(server, stream, path, sizeof path);
	return read_all(path);
}

bool server_stopped_late(const struct server *server)
{
	char *err = server_log(server, "err");
	const bool late =
		strstr(err, "the stop takes too long") != NULL || strstr(err, "no checkpoint of step") != NULL;
	free(err);
	return late;
}

/* Waits for the child's end, at most `seconds`. Returns the exit code, or -1 when it still runs. */
static int reap(pid_t pid, double seconds)
{
	double until = seconds_now() + seconds;
	int state;
	for (;;) {
		pid_t ended = waitpid(pid, &state, WNOHANG);
		ck_assert_int_ge(ended, 0);
		if (ended == pid)
			return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
		if (seconds_now() > until)
			return -1;
		pause_briefly();
	}
}

/* The contract: the first line on standard output is "descentd listening on http://HOST:PORT". */
static void wait_until_it_listens(struct server *server)
{
	double until = seconds_now() + HANG_SECONDS;
	for (;;) {
		char *out = server_log(server, "out");
		unsigned port = 0;
		bool line = strchr(out, '\n') != NULL;
		int found = sscanf(out, "descentd listening on http://127.0.0.1:%u\n", &port);
		free(out);
		if (line) {
			ck_assert_msg(found == 1 && port > 0, "the first line does not say where it listens");
			server->port = port;
			snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u", port);
			return;
		}
		int code = reap(server->pid, 0);
		if (code >= 0 || seconds_now() > until) {
			char *err = server_log(server, "err");
			if (code >= 0)
				server->pid = 0;
			ck_abort_msg("%s did not start (%d): %s", program(), code, err);
		}
		pause_briefly();
	}
}

void server_restart(struct server *server, const char *const *flags)
{
	ck_assert_int_eq(server->pid, 0);
	char out[300], err[300];
	log_path(server, "out", out, sizeof out);
	log_path(server, "err", err, sizeof err);
	remove(out);
	remove(err);
	const char *all[FLAGS_MAX] = { "--listen", "127.0.0.1:0" };
	for (size_t i = 0; flags && flags[i]; i++) {
		ck_assert_uint_lt(i + 3, FLAGS_MAX);
		all[i + 2] = flags[i];
	}
	server->pid = spawn(server->dir, all, NULL, out, err);
	wait_until_it_listens(server);
}

struct server *server_start(const char *const *flags)
{
	struct server *server = calloc(1, sizeof *server);
	ck_assert_ptr_nonnull(server);
	server_folder(server->dir, sizeof server->dir);
	server_restart(server, flags);
	return server;
}

void server_kill(struct server *server)
{
	ck_assert_int_gt(server->pid, 0);
	ck_assert_int_eq(kill(server->pid, SIGKILL), 0);
	ck_assert_int_eq(reap(server->pid, HANG_SECONDS), 128 + SIGKILL);
	server->pid = 0;
}

int server_terminate(struct server *server, double *seconds)
{
	ck_assert_int_gt(server->pid, 0);
	double start = seconds_now();
	ck_assert_int_eq(kill(server->pid, SIGTERM), 0);
	int code = reap(server->pid, HANG_SECONDS);
	ck_assert_msg(code >= 0, "SIGTERM does not end it");
	server->pid = 0;
	if (seconds)
		*seconds = seconds_now() - start;
	return code;
}

void server_destroy(struct server *server)
{
	if (server == NULL)
		return;
	if (server->pid) {
		int code = server_terminate(server, NULL);
		char *err = server_log(server, "err");
		ck_assert_msg(code == 0, "ended with %d: %s", code, err);
		free(err);
	}
	free(server);
}

int program_run(const char *dir, const char *const *flags, const char *const *environment, char **output)
{
	char path[300];
	snprintf(path, sizeof path, "%s/program.log", scratch);
	remove(path);
	pid_t child = spawn(dir, flags, environment, path, path);
	int code = reap(child, HANG_SECONDS);
	if (code < 0)
		kill(child, SIGKILL);
	ck_assert_msg(code >= 0, "it goes on running");
	if (output)
		*output = read_all(path);
	return code;
}
