#include "server/check.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char *host_to_ask(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
}

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	int fd = -1;
	if (getaddrinfo(host, port, &hints, &list) != 0) {
		return -1;
	}
	struct timeval patience = { .tv_sec = 3 };
	for (struct addrinfo *address = list; address != NULL && fd < 0; address = address->ai_next) {
		fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0) {
			continue;
		}
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
		if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

enum status check_health(const struct config *config, struct error *error)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	const char *host = host_to_ask(config->host);
	char port[8];
	snprintf(port, sizeof port, "%u", config->port);
	int fd = dial(host, port);
	if (fd < 0) {
		return error_set(error, E_IO, "nobody answers at %s:%s", host, port);
	}
	char answer[16] = "";
	bool sent = send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof request - 1);
	bool well = sent && recv(fd, answer, 12, MSG_WAITALL) == 12 && strcmp(answer, "HTTP/1.1 200") == 0;
	close(fd);
	return well ? OK : error_set(error, E_IO, "%s:%s does not say that it is well", host, port);
}
