/*
 * The program under test: started as a user would start it, in a fresh data folder, on a free port.
 *
 * - The program is the one that $DESCENTD names (build/descentd otherwise).
 * - Whatever happens, no process outlives its test: the kernel kills it with the test's own (PR_SET_PDEATHSIG). All
 *   folders lie in one that blackbox_run removes.
 * - server_destroy ends the program with SIGTERM and expects exit code 0, so that a sanitizer's findings fail the test
 *   that caused them.
 * Nothing here returns an error: what goes wrong fails the test at once.
 */
#ifndef TESTS_BLACKBOX_SERVER_H
#define TESTS_BLACKBOX_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/support/suite.h"

struct server {
	pid_t pid; /* 0: does not run */
	unsigned port;
	char url[64];   /* http://127.0.0.1:PORT */
	char dir[256];  /* data folder */
	char token[64]; /* sent with every call when not empty */
};

/* Runs a suite of black-box tests in a scratch folder of its own; returns the exit code for main. */
int blackbox_run(Suite *suite);
/* How much slower than a plain build this one may be: 1, more under sanitizers. It scales the work of a test, no limit.
 */
double blackbox_patience(void);
/* A guard against hangs, in any build: nothing that these tests wait for takes as long on any machine. Check's own
 * limits (scripts/run-tests.sh) lie above. */
enum { HANG_SECONDS = 500 };
/* Of a clock that nobody sets. */
double seconds_now(void);

/* A fresh, empty folder inside the scratch folder. */
void server_folder(char *dir, size_t size);
/* Starts the program in a fresh folder; flags: further ones, NULL-terminated, or NULL. Returned owned. */
struct server *server_start(const char *const *flags);
/* Starts it again in the same folder (it must not run). */
void server_restart(struct server *server, const char *const *flags);
/* kill -9. */
void server_kill(struct server *server);
/* SIGTERM; returns the exit code (128 + signal when it died of one) and how long it took. */
int server_terminate(struct server *server, double *seconds);
/* Ends it if it runs (exit code 0 is expected), frees. */
void server_destroy(struct server *server);
/* Whether its last stop was cut short, on a machine too slow to stop in two seconds: then what ran
 * begins where a crash would have left it. To be asked before the next start. */
bool server_stopped_late(const struct server *server);
/* What it wrote to standard output ("out") or standard error ("err") since its last start. Returned owned: free. */
char *server_log(const struct server *server, const char *stream);

/* Runs the program to its end and returns its exit code; *output (owned: free) holds both its streams.
 * dir NULL: none is named. extra environment: "NAME=value" strings, NULL-terminated, or NULL. */
int program_run(const char *dir, const char *const *flags, const char *const *environment, char **output);

#define FLAGS(...)                                                                                                     \
	(const char *const[])                                                                                          \
	{                                                                                                              \
		__VA_ARGS__, NULL                                                                                      \
	}

#endif
