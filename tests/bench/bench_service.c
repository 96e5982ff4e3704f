/*
 * The service from outside: bench_service PROGRAM FOLDER [ROUNDS].
 *
 *   start   from spawning it on an empty folder to its first line on standard output; resident memory when it idles
 *   post    a job on iris, inline, with Prefer: wait, until the answer, less the training seconds that the answer
 *           reports; in turn with fdatasync of 8 KB written at the end of a file in the same folder
 *
 * Every process that it starts is ended and waited for before it ends.
 */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/text.h"
#include "tests/bench/bench.h"

enum { STARTS = 15, WARM_UPS = 3, IDLE_NANOSECONDS = 300000000, SYNC_BYTES = 8192 };

struct service {
	pid_t pid;
	char url[128]; /* "http://127.0.0.1:PORT" */
	double seconds_to_listen;
};

static _Noreturn void become(const char *program, const char *folder, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	char log[4200];
	snprintf(log, sizeof log, "%s.log", folder);
	int err = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	dup2(out, 1);
	dup2(err < 0 ? out : err, 2);
	execl(program, program, "--listen", "127.0.0.1:0", "--data-dir", folder, (char *)NULL);
	_exit(127);
}

static void service_start(struct service *service, const char *program, const char *folder)
{
	int ends[2];
	char line[200] = "";
	size_t length = 0;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		bench_fail("no pipe");
	}
	double begin = bench_now();
	service->pid = fork();
	if (service->pid == 0) {
		become(program, folder, ends[1]);
	}
	close(ends[1]);
	while (length + 1 < sizeof line && memchr(line, '\n', length) == NULL) {
		ssize_t got = read(ends[0], line + length, sizeof line - 1 - length);
		if (got <= 0) {
			bench_fail("%s did not start, see %s.log", program, folder);
		}
		length += (size_t)got;
	}
	service->seconds_to_listen = bench_now() - begin;
	close(ends[0]);
	if (sscanf(line, "descentd listening on %127s", service->url) != 1) {
		bench_fail("not a first line: %s", line);
	}
}

static void service_stop(struct service *service)
{
	kill(service->pid, SIGTERM);
	waitpid(service->pid, NULL, 0);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info, (void)kind, (void)where;
	return remove(path);
}

/* VmRSS of a process in MiB. */
static double resident(pid_t pid)
{
	char path[64], line[256];
	double kilobytes = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		sscanf(line, "VmRSS: %lf", &kilobytes);
	}
	if (file != NULL) {
		fclose(file);
	}
	return kilobytes / 1024;
}

static void bench_start(const char *program, const char *folder)
{
	for (size_t i = 0; i < STARTS; i++) {
		struct service service;
		mkdir(folder, 0700);
		service_start(&service, program, folder);
		bench_result("start.ms", 1e3 * service.seconds_to_listen);
		if (i < 3) {
			nanosleep(&(struct timespec){ .tv_nsec = IDLE_NANOSECONDS }, NULL);
			bench_result("idle.mib", resident(service.pid));
		}
		service_stop(&service);
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	}
}

/* --- a job on iris --- */

/* {"dataset": {"inline": {"columns": [...], "rows": [[...], ...]}, "target": ...}, "model": ...} from the CSV file. */
static char *iris_body(const char *path)
{
	char line[512];
	struct text body;
	FILE *file = fopen(path, "r");
	if (file == NULL || fgets(line, sizeof line, file) == NULL) {
		bench_fail("%s cannot be read", path);
	}
	text_init(&body);
	text_puts(&body, "{\"dataset\":{\"inline\":{\"columns\":[");
	const char *separator = "";
	for (char *name = strtok(line, ",\r\n"); name != NULL; name = strtok(NULL, ",\r\n")) {
		text_printf(&body, "%s\"%s\"", separator, name);
		separator = ",";
	}
	text_puts(&body, "],\"rows\":[");
	separator = "";
	while (fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		text_printf(&body, "%s[%s]", separator, line);
		separator = ",";
	}
	fclose(file);
	text_puts(&body, "]},\"target\":\"target\"},\"model\":{\"type\":\"softmax_regression\"}}");
	return body.data;
}

static size_t keep(char *bytes, size_t size, size_t count, void *context)
{
	text_add(context, bytes, size * count);
	return size * count;
}

/* The training seconds that the answer to a POST reports. */
static double training_seconds(const struct text *answer)
{
	cJSON *job = cJSON_ParseWithLength(answer->data, answer->length);
	const char *status = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(job, "status"));
	const cJSON *progress = cJSON_GetObjectItemCaseSensitive(job, "progress");
	const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(progress, "seconds");
	if (status == NULL || strcmp(status, "succeeded") != 0 || !cJSON_IsNumber(seconds)) {
		bench_fail("not a job that succeeded: %s", answer->data);
	}
	double value = seconds->valuedouble;
	cJSON_Delete(job);
	return value;
}

static void sync_once(int file)
{
	static const char bytes[SYNC_BYTES];
	double begin = bench_now();
	if (write(file, bytes, sizeof bytes) != SYNC_BYTES || fdatasync(file) != 0) {
		bench_fail("a file cannot be written");
	}
	bench_result("post.fdatasync.ms", 1e3 * (bench_now() - begin));
}

static void post_once(CURL *curl, bool warm)
{
	struct text answer;
	text_init(&answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	double begin = bench_now();
	CURLcode code = curl_easy_perform(curl);
	double seconds = bench_now() - begin;
	if (code != CURLE_OK) {
		bench_fail("POST: %s", curl_easy_strerror(code));
	}
	double training = training_seconds(&answer);
	if (warm) {
		bench_result("post.total.ms", 1e3 * seconds);
		bench_result("post.beyond.ms", 1e3 * (seconds - training));
	}
	text_fini(&answer);
}

static void bench_post(const char *program, const char *folder, size_t rounds)
{
	struct service service;
	char url[256], path[4200];
	char *body = iris_body("tests/data/iris.csv");
	service_start(&service, program, folder);
	snprintf(path, sizeof path, "%s/fdatasync", folder);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	snprintf(url, sizeof url, "%s/v1/jobs", service.url);
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	headers = curl_slist_append(headers, "Prefer: wait=30");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	for (size_t i = 0; i < WARM_UPS + rounds; i++) {
		post_once(curl, i >= WARM_UPS);
		sync_once(file);
		sync_once(file);
		sync_once(file);
	}
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	close(file);
	service_stop(&service);
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(body);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		bench_fail("usage: bench_service PROGRAM FOLDER [ROUNDS]");
	}
	bench_start(argv[1], argv[2]);
	bench_post(argv[1], argv[2], argc > 3 ? strtoul(argv[3], NULL, 10) : 40);
	return 0;
}
