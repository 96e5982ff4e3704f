/*
 * descentd: settings, the parts in their order, and their end.
 *
 *   store -> HTTP is told of changes -> job runners -> HTTP listens -> "descentd listening on ..."
 *   SIGTERM or SIGINT -> HTTP -> job runners -> store
 *
 * Everything that a handler uses is there before the first request and until after the last. A second signal ends the
 * process at once: what it computed since the last checkpoint is done again at the next start.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "api/version.h"
#include "core/kernels/gemm.h"
#include "core/kernels/kernels.h"
#include "server/check.h"
#include "server/content.h"
#include "server/dataset/import.h"
#include "server/log.h"
#include "server/routes/job_cache.h"
#include "server/routes/routes.h"
#include "server/service.h"

extern char **environ;

/* HTTP_WORK_THREADS: a few, for they compete with the jobs for the cores. */
enum { HTTP_THREADS = 4, HTTP_WORK_THREADS = 2, CACHE_ENTRIES = 4096 };
#define HEAD_SECONDS 10.0
#define BODY_SECONDS 30.0
/* The end within two seconds: these for the files of checkpoints, the rest for what the clients still read, the last
 * commits and giving the memory back. Measured: state of 583 MB on a disk of 400 MB/s, see docs/decisions.md. */
#define LEAVE_SECONDS 1.3
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STOP_SECONDS 30
#else
#define STOP_SECONDS 1.85
#endif

static void on_request(void *context, const struct http_request *request, int status, double seconds)
{
	(void)context;
	log_request(http_method(request), http_path(request), status, seconds, http_request_id(request));
}

static void on_change(void *context, const char *job_id, enum job_status status)
{
	struct service *service = context;
	if (status == JOB_STATUS_COUNT || job_status_ended(status)) {
		http_notify_end(service->http, job_id);
	} else {
		http_notify(service->http, job_id);
	}
}

/* A connection is a descriptor: takes as many as the system lets us. */
static void raise_limits(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* The instruction set for all arithmetic, before any thread runs. */
static enum status choose_kernels(struct error *error)
{
	const char *isa = getenv("DESCENT_ISA");
	if (!kernels_select(isa == NULL || isa[0] == '\0' ? NULL : isa)) {
		return error_set(error, E_INVALID,
				 "DESCENT_ISA: \"%.40s\" is not baseline, avx2 or avx512, or this processor lacks it",
				 isa);
	}
	gemm_settings();
	return OK;
}

static enum status create_http(struct service *service, struct error *error)
{
	const struct config *config = service->config;
	struct http_options options = {
		.host = config->host,
		.port = config->port,
		.token = config->token,
		.any_host = config->no_token && !config_loopback(config),
		.max_body = (size_t)config->max_body,
		.threads = HTTP_THREADS,
		.work_threads = HTTP_WORK_THREADS,
		.head_seconds = HEAD_SECONDS,
		.body_seconds = BODY_SECONDS,
		.routes = routes_table,
		.route_count = routes_count,
		.service = service,
		.log = log_wants(LOG_INFO) ? on_request : NULL,
	};
	return http_create(&options, &service->http, error);
}

static enum status start(struct service *service, struct error *error)
{
	const struct config *config = service->config;
	enum status status = choose_kernels(error);
	if (status == OK) {
		status = store_open(config->data_dir, &service->store, error);
	}
	if (status != OK) {
		return status;
	}
	import_clean(config->data_dir);
	content_sweep(service);
	store_watch_content(service->store, content_remove, service);
	service->cache = job_cache_create(CACHE_ENTRIES);
	if (service->cache == NULL) {
		return error_set(error, E_MEMORY, "out of memory");
	}
	struct workers_options options = {
		.data_dir = config->data_dir,
		.workers = (size_t)config->workers,
		.threads = (size_t)config->threads,
		.checkpoint_seconds = config->checkpoint_seconds,
		.max_job_seconds = config->max_job_seconds,
		.memory_budget = config->memory,
		.leave_seconds = LEAVE_SECONDS,
	};
	/* HTTP is told of every change from the first on, so that none is missed by a request that waits for it. */
	status = create_http(service, error);
	if (status == OK) {
		store_watch(service->store, on_change, service);
		status = workers_start(service->store, &options, &service->workers, error);
	}
	return status == OK ? http_listen(service->http, error) : status;
}

static void stop(struct service *service)
{
	if (service->workers != NULL) {
		workers_halt(service->workers); /* they write while HTTP comes to its end */
	}
	if (service->store != NULL) {
		store_watch(service->store, NULL, NULL);
	}
	http_stop(service->http);
	workers_stop(service->workers);
	if (service->store != NULL) {
		store_close(service->store);
	}
	job_cache_destroy(service->cache);
}

/* SIGTERM and SIGINT are taken by sigwait; blocked here, they are blocked in every thread that is started later. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk, and answered 507 */
}

/* A disk or an evaluation that hangs: the store is whole at any moment, so the process may end here. The next start
 * finds the jobs that were not given back as after a crash. */
static void on_late(int number)
{
	static const char text[] = "descentd: the stop takes too long; what runs goes on from its last checkpoint\n";
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	(void)number, (void)written;
	_exit(EXIT_SUCCESS);
}

static void limit_stop(void)
{
	const struct sigaction action = { .sa_handler = on_late };
	const struct itimerval timer = { .it_value = { (time_t)STOP_SECONDS,
						       (suseconds_t)((STOP_SECONDS - (int)STOP_SECONDS) * 1e6) } };
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* OpenBLAS is loaded only now, when clients can already be heard: a start takes milliseconds. */
static enum status serve_until_signal(const struct config *config, const sigset_t *signals)
{
	const char *build = workers_build();
	if (build == NULL) {
		log_line(LOG_ERROR, "libopenblas.so.0 cannot be loaded (Debian package libopenblas0-pthread)");
		return E_UNSUPPORTED;
	}
	log_line(LOG_INFO, "descentd %s, data in %s", build, config->data_dir);
	int number = 0;
	sigwait(signals, &number);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL);
	limit_stop();
	log_line(LOG_INFO, "stopping");
	return OK;
}

static int serve(const struct config *config)
{
	struct service service = { .config = config };
	struct error error = { 0 };
	sigset_t signals;
	block_signals(&signals);
	raise_limits();
	log_init(config->log_level, config->log_json);
	pthread_rwlockattr_t fair; /* a deletion is not kept waiting by uploads that come and come */
	pthread_rwlockattr_init(&fair);
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&service.files_lock, &fair);
	pthread_rwlockattr_destroy(&fair);
	enum status status = start(&service, &error);
	if (status == OK) {
		bool v6 = strchr(config->host, ':') != NULL;
		printf("descentd listening on http://%s%s%s:%u\n", v6 ? "[" : "", config->host, v6 ? "]" : "",
		       http_port(service.http));
		fflush(stdout);
		status = serve_until_signal(config, &signals);
	} else {
		fprintf(stderr, "descentd: %s\n", error.text[0] != '\0' ? error.text : status_text(status));
	}
	stop(&service);
	pthread_rwlock_destroy(&service.files_lock);
	return status == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check(const struct config *config)
{
	struct error error = { 0 };
	if (check_health(config, &error) != OK) {
		fprintf(stderr, "descentd: %s\n", error.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct config config;
	struct error error = { 0 };
	int code = EXIT_SUCCESS;
	if (config_read(argc, argv, environ, &config, &error) != OK) {
		fprintf(stderr, "descentd: %s\n", error.text);
		return 2;
	}
	switch (config.action) {
	case CONFIG_SERVE:
		code = serve(&config);
		break;
	case CONFIG_VERSION:
		printf("descentd %s\n", DESCENT_VERSION);
		break;
	case CONFIG_HELP:
		fputs(config_help(), stdout);
		break;
	case CONFIG_CHECK:
		code = check(&config);
		break;
	}
	config_fini(&config);
	return code;
}
