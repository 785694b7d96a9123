/*
 * What a service manager hands over and is told, without its library: listening sockets that were
 * open before the program was started, and that stay open while it is started anew
 * (sd_listen_fds(3)); and datagrams about how far it is (sd_notify(3)).
 */
#ifndef IO_SERVICE_MANAGER_H
#define IO_SERVICE_MANAGER_H

#include <stdbool.h>
#include <stddef.h>

#define PASSED_MAX 8
#define PASSED_NAME_MAX 64

/* A listening stream socket, and the name that its unit gives it. */
struct passed_socket {
	int fd;
	char name[PASSED_NAME_MAX];
};

struct passed_sockets {
	struct passed_socket socket[PASSED_MAX];
	size_t count;
};

/*
 * Takes over what was passed to this process; nothing where nothing was, or where it was passed to
 * another. False with a sentence in `error` where one is no listening socket, or there are too
 * many. Call it before any other file is opened: the descriptors are numbers in the environment.
 */
bool passed_sockets_take(struct passed_sockets *ret, char *error, size_t error_size);

/* Tells the manager, where there is one that listens: lines of NAME=VALUE. False with errno when it
 * could not be told, which is no reason to stop serving. */
bool service_notify(const char *lines);

/* Tells it that the configuration is being read again, which it dates by a clock of the kernel. */
bool service_notify_reloading(void);

#endif
