/*
 * A bare libmicrohttpd server: bench_bare BYTES THREADS. It answers every request with the same body of so many bytes,
 * made once; flags and threads are those of server/http/server.c. Prints its port, ends with its standard input.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static struct MHD_Response *answer;

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **request)
{
	static int seen;
	(void)context, (void)url, (void)method, (void)version, (void)upload;
	if (*request == NULL) {
		*request = &seen;
		return MHD_YES;
	}
	*upload_size = 0;
	return MHD_queue_response(connection, 200, answer);
}

int main(int argc, char **argv)
{
	size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	unsigned threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
	char *body = bench_memory(bytes + 1), end;
	memset(body, 'x', bytes);
	answer = MHD_create_response_from_buffer(bytes, body, MHD_RESPMEM_PERSISTENT);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (answer == NULL || MHD_add_response_header(answer, "Content-Type", "application/json") != MHD_YES) {
		bench_fail("no memory");
	}
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, NULL,
				 MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE,
				 threads > 1 ? threads : 0u, MHD_OPTION_CONNECTION_LIMIT, 1024u, MHD_OPTION_END);
	if (daemon == NULL) {
		bench_fail("the bare server does not start");
	}
	printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	while (read(0, &end, 1) > 0) {
	}
	MHD_stop_daemon(daemon);
	MHD_destroy_response(answer);
	free(body);
	return 0;
}
